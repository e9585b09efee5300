package qualtrics

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"time"
)

// Account is the account that the credentials belong to (API §1.5).
type Account struct {
	BrandID    string `json:"brandId"`
	UserID     string `json:"userId"`
	UserName   string `json:"userName"`
	DataCenter string `json:"datacenter"`
}

// WhoAmI asks for the account that the credentials belong to.
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
	// ActiveUnknown is set if Qualtrics does not say whether the survey is active.
	ActiveUnknown bool
	Altered       []Altered // fields that differ from the answer
	Read          bool      // set for an answer of Qualtrics; otherwise only the id is known
}

// Inactive reports whether Qualtrics says that the survey takes no responses.
func (s *Survey) Inactive() bool { return !s.IsActive && !s.ActiveUnknown }

func surveyOf(m *fields) (Survey, error) {
	survey := Survey{ID: SurveyID(m.id("id")), Name: text(m.text("Name", "name")), OwnerID: text(m.text("OwnerID", "ownerId"))}
	if survey.ID == "" {
		return survey, errors.New("a survey has no id")
	}
	if at := m.time("LastModified", "lastModified", "lastModifiedDate"); at != nil {
		survey.LastModified = *at
	}
	if at := m.time("CreationDate", "creationDate"); at != nil {
		survey.CreationDate = *at
	}
	is := m.boolean("IsActive", "isActive")
	survey.IsActive, survey.ActiveUnknown = is != nil && *is, is == nil
	survey.Altered, survey.Read = m.altered, true
	return survey, nil
}

// SurveyList lists the surveys that the user owns, or that are shared with the user
// individually. Their order is not reliable (API §2.1).
func (c *Client) SurveyList() Listing[Survey] {
	return listing(c, "the list of surveys", request{to: toSurveys, path: "/surveys"}, surveyOf, func(survey Survey) string { return string(survey.ID) })
}

// Surveys yields the surveys of one pass over the list.
func (c *Client) Surveys(ctx context.Context) iter.Seq2[Survey, error] {
	return c.SurveyList().Pages(ctx)
}

// AllSurveys reads the list of surveys until it is complete.
func (c *Client) AllSurveys(ctx context.Context) ([]Survey, error) { return c.SurveyList().All(ctx) }

// ResponseCounts are the counters of a survey (API §2.3).
type ResponseCounts struct {
	Auditable int64 // recorded responses
	Generated int64 // test and preview responses
	Deleted   int64 // responses that were removed
}

// SurveyDetail is a survey with the members that only the legacy survey call returns
// (API §2.3).
type SurveyDetail struct {
	Survey
	OrganizationID string          // brand
	Counts         *ResponseCounts // nil: unknown
	EmbeddedData   []string        // names that the survey flow sets
	QuestionIDs    []string        // QID…, in no order
	Questions      []SurveyQuestion
	ListsQuestions bool // the answer has a list of questions, which may be empty
}

// Survey reads one survey with its counters.
func (c *Client) Survey(ctx context.Context, survey SurveyID) (SurveyDetail, error) {
	var (
		m      members
		listed Survey
	)
	call := request{to: toSurvey, method: http.MethodGet, path: "/surveys/" + id(survey), survey: survey}
	err := c.get(ctx, call, checked(func(result *fields) (err error) {
		m = membersOf(result.raw)
		if listed, err = surveyOf(result); err == nil && listed.ID != survey {
			err = fmt.Errorf("it is about survey %.40q", listed.ID)
		}
		return err
	}))
	if err != nil {
		return SurveyDetail{}, err
	}
	counts := membersOf(m["responseCounts"])
	detail := SurveyDetail{
		Survey:         listed,
		OrganizationID: text(m.text("organizationId")),
	}
	auditable, generated, deleted := counts.count("auditable"), counts.count("generated"), counts.count("deleted")
	if auditable != nil && generated != nil && deleted != nil {
		detail.Counts = &ResponseCounts{*auditable, *generated, *deleted}
	}
	for _, field := range m.list("embeddedData") {
		if name := membersOf(field).text("name"); name != nil {
			detail.EmbeddedData = append(detail.EmbeddedData, *name)
		}
	}
	questions := membersOf(m["questions"])
	elements, isList := listOf(m["questions"])
	detail.ListsQuestions = isList && len(elements) == len(questions)
	for question, raw := range questions {
		detail.QuestionIDs = append(detail.QuestionIDs, question)
		detail.Questions = append(detail.Questions, surveyQuestionOf(question, raw))
	}
	return detail, nil
}

// IsPermanent reports whether later runs will fail too: Qualtrics refuses the call, or
// answers in a shape that cannot be read.
func IsPermanent(err error) bool {
	var answer *APIError
	if errors.As(err, &answer) {
		return answer.kind() != KindTransient && answer.Status/100 == 4 && answer.Status != http.StatusUnauthorized
	}
	return errors.Is(err, errNoValues)
}

// Response reads one response in the form of an export (API §3.7). It returns
// [ErrNotReady] if a new response cannot be read yet.
func (c *Client) Response(ctx context.Context, survey SurveyID, response ResponseID) (json.RawMessage, error) {
	var record json.RawMessage
	call := request{to: toResponse, method: http.MethodGet, path: "/surveys/" + id(survey) + "/responses/" + id(response), survey: survey}
	call.accept = func(answer *http.Response) error {
		if answer.StatusCode == http.StatusAccepted {
			return ErrNotReady
		}
		return c.decode(call, answer, checked(func(m *fields) error {
			if m.id("responseId") == "" {
				return errors.New("it holds no responseId")
			}
			record = m.raw
			return nil
		}))
	}
	return record, c.send(ctx, call)
}
