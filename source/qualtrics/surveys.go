package qualtrics

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"time"
)

// Account is who the credentials act as (API §1.5).
type Account struct {
	BrandID    string `json:"brandId"`
	UserID     string `json:"userId"`
	UserName   string `json:"userName"`
	DataCenter string `json:"datacenter"`
}

// WhoAmI asks who the credentials act as.
func (c *Client) WhoAmI(ctx context.Context) (Account, error) {
	var account Account
	err := c.get(ctx, request{to: toWhoAmI, method: http.MethodGet, path: "/whoami"}, &account)
	return account, err
}

// Survey is an element of the survey list (API §2.1). Dates that cannot be
// read are zero.
type Survey struct {
	ID           SurveyID
	Name         string
	OwnerID      string // UR_…
	LastModified time.Time
	CreationDate time.Time
	IsActive     bool
}

func surveyOf(m members) (Survey, error) {
	survey := Survey{ID: SurveyID(text(m.text("id"))), Name: text(m.text("name")), OwnerID: text(m.text("ownerId"))}
	if survey.ID == "" {
		return survey, errors.New("a survey has no id")
	}
	if at := m.time("lastModified", "lastModifiedDate"); at != nil {
		survey.LastModified = *at
	}
	if at := m.time("creationDate"); at != nil {
		survey.CreationDate = *at
	}
	if is := m.boolean("isActive"); is != nil {
		survey.IsActive = *is
	}
	return survey, nil
}

// Surveys yields the surveys that the user owns or that are shared with him
// individually, in no order that could be relied on (API §2.1).
func (c *Client) Surveys(ctx context.Context) iter.Seq2[Survey, error] {
	return list(ctx, c, request{to: toSurveys, path: "/surveys"}, func(raw json.RawMessage) (Survey, error) {
		return surveyOf(membersOf(raw))
	})
}

// ResponseCounts are the counters of a survey (API §2.3).
type ResponseCounts struct {
	Auditable int64 // recorded responses
	Generated int64 // test and preview responses
	Deleted   int64 // responses that were removed
}

// SurveyDetail is what the legacy survey call says beyond the list (API §2.3).
type SurveyDetail struct {
	Survey
	OrganizationID string // brand
	Counts         ResponseCounts
	EmbeddedData   []string // names that the survey flow sets
	QuestionIDs    []string // QID…, in no order
}

// Survey reads one survey with its counters.
func (c *Client) Survey(ctx context.Context, survey SurveyID) (SurveyDetail, error) {
	var raw json.RawMessage
	call := request{to: toSurvey, method: http.MethodGet, path: "/surveys/" + id(survey), survey: survey}
	if err := c.get(ctx, call, &raw); err != nil {
		return SurveyDetail{}, err
	}
	m := membersOf(raw)
	listed, err := surveyOf(m)
	if err != nil {
		return SurveyDetail{}, err
	}
	counts := membersOf(m["responseCounts"])
	detail := SurveyDetail{
		Survey:         listed,
		OrganizationID: text(m.text("organizationId")),
		Counts:         ResponseCounts{counts.integer("auditable"), counts.integer("generated"), counts.integer("deleted")},
	}
	for _, field := range m.list("embeddedData") {
		if name := membersOf(field).text("name"); name != nil {
			detail.EmbeddedData = append(detail.EmbeddedData, *name)
		}
	}
	for question := range membersOf(m["questions"]) {
		detail.QuestionIDs = append(detail.QuestionIDs, question)
	}
	return detail, nil
}

// SurveyDefinition is a survey as its editor sees it (API §2.2).
type SurveyDefinition struct {
	BrandID string
	Name    string
	Raw     json.RawMessage // the whole result
}

// Definition reads a survey's definition.
func (c *Client) Definition(ctx context.Context, survey SurveyID) (SurveyDefinition, error) {
	var raw json.RawMessage
	call := request{to: toDefinition, method: http.MethodGet, path: "/survey-definitions/" + id(survey), survey: survey}
	if err := c.get(ctx, call, &raw); err != nil {
		return SurveyDefinition{}, err
	}
	m := membersOf(raw)
	return SurveyDefinition{BrandID: text(m.text("BrandID")), Name: text(m.text("SurveyName")), Raw: raw}, nil
}

// Property says what a key of a response's values is (API §2.4).
type Property struct {
	DataType   string // question, metadata or embeddedData
	QuestionID string // of question keys
}

// ResponseSchema reads what the keys of a survey's responses are, by key.
func (c *Client) ResponseSchema(ctx context.Context, survey SurveyID) (map[string]Property, error) {
	var raw json.RawMessage
	call := request{to: toSchema, method: http.MethodGet, path: "/surveys/" + id(survey) + "/response-schema", survey: survey}
	if err := c.get(ctx, call, &raw); err != nil {
		return nil, err
	}
	values := membersOf(membersOf(membersOf(membersOf(raw)["properties"])["values"])["properties"])
	properties := make(map[string]Property, len(values))
	for key, property := range values {
		m := membersOf(property)
		properties[key] = Property{DataType: text(m.text("dataType")), QuestionID: text(m.text("questionId"))}
	}
	return properties, nil
}

// Response reads one response as an export holds it (API §3.7). It returns
// [ErrNotReady] while a new one cannot be read.
func (c *Client) Response(ctx context.Context, survey SurveyID, response ResponseID) (json.RawMessage, error) {
	var record json.RawMessage
	call := request{to: toResponse, method: http.MethodGet, path: "/surveys/" + id(survey) + "/responses/" + id(response), survey: survey}
	call.accept = func(answer *http.Response) error {
		if answer.StatusCode == http.StatusAccepted {
			return ErrNotReady
		}
		return c.decode(answer, &record)
	}
	return record, c.send(ctx, call)
}
