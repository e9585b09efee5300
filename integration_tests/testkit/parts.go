package testkit

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/response"
	"github.com/birdie-ai/source-qualtrics/source/stream"
)

// Part is a row of [Parts]: one value of a response.
type Part struct {
	// Id of the survey.
	SurveyID string `json:"survey_id"`
	// Id of the response.
	ResponseID string `json:"response_id"`
	// Name of the value; * in the marker of a response without values.
	ValueKey string `json:"value_key"`
	// As in responses.
	LastModifiedDate time.Time `json:"last_modified_date"`
	// As in responses; "deleted" in the marker of a deleted response.
	ResponseVersion string `json:"response_version"`
	// As in responses.
	DeletedAt *time.Time `json:"deleted_at"`
	// The value, as JSON.
	Value *string `json:"value"`
	// Text of the value's question by the survey's definition.
	QuestionText *string `json:"question_text"`
}

// Parts is a stream of the answers and embedded data of each response, one row per value.
// The product has no such stream yet. This one shows that all rows of a response take the
// place of its earlier rows, and that a stream gets the survey's definition.
func Parts(name string) *stream.Stream {
	responses, _ := stream.ByName("responses")
	return &stream.Stream{
		Name: name, Summary: "The values of each response", Record: Part{},
		Key: []string{"survey_id", "response_id", "value_key"}, Cursor: "last_modified_date",
		Parent: []string{"survey_id", "response_id"}, Version: "response_version",
		Feed: responses.Feed, Scopes: responses.Scopes, Needs: feed.NeedDefinition,
		Project: projectParts, Marker: markParts,
	}
}

func projectParts(doc *feed.Document, emit stream.Emit) error {
	part, err := partOf(doc)
	if err != nil {
		return err
	}
	content := doc.Content.(*response.Response) //nolint:forcetypeassert // partOf has checked it
	texts := make(map[string]*string)
	for _, question := range doc.Survey.Definition.Questions {
		texts[question.ID] = question.Text
	}
	taken := map[string]bool{"": true, record.MarkerKey: true}
	for _, object := range [][]byte{content.Answers, content.EmbeddedData} {
		value, err := frame.Record(object)
		if err != nil {
			return err
		}
		for _, m := range value.Object.Members {
			row, text := part, string(m.Value)
			row.ValueKey, row.Value, row.QuestionText = string(m.Name), &text, texts[questionID.FindString(string(m.Name))]
			var changes []record.Change
			for taken[row.ValueKey] {
				row.ValueKey += "_dup"
				changes = []record.Change{record.Rename("value_key")}
			}
			taken[row.ValueKey] = true
			if err := emit(&row, changes...); err != nil {
				return err
			}
		}
	}
	return nil
}

var questionID = regexp.MustCompile(`^QID\d+`)

func markParts(doc *feed.Document, emit stream.Emit) error {
	marker, err := partOf(doc)
	if err != nil {
		return err
	}
	marker.ValueKey = record.MarkerKey
	return emit(&marker)
}

// partOf is the part of every row that the stream of responses also has.
func partOf(doc *feed.Document) (part Part, err error) {
	responses, _ := stream.ByName("responses")
	err = responses.Project(doc, func(rec any, _ ...record.Change) error {
		row := rec.(*stream.Response) //nolint:forcetypeassert // the stream's own rows
		part = Part{SurveyID: row.SurveyID, ResponseID: row.ResponseID, LastModifiedDate: row.LastModifiedDate, DeletedAt: row.DeletedAt}
		part.ResponseVersion = record.DeletedVersion
		if row.ResponseVersion != nil {
			part.ResponseVersion = *row.ResponseVersion
		}
		return nil
	})
	return part, err
}

// Live returns the responses that a table of [Parts] shows. By the rule for its readers,
// only the rows of the newest version of a response count. That version is that of the row
// with the greatest cursor, of equal ones that of the last. A response has its values and
// its version, and is deleted if its newest row says so.
func Live(parts Table) (Table, error) {
	type one struct {
		newest *Row
		rows   []Part
	}
	responses := make(map[string]*one)
	versions := make(map[string]string)
	for key, row := range parts {
		var part Part
		if err := json.Unmarshal(row.Data, &part); err != nil {
			return nil, fmt.Errorf("the row %s: %w", key, err)
		}
		parent := part.SurveyID + "/" + part.ResponseID
		of := responses[parent]
		if of == nil {
			of = &one{}
			responses[parent] = of
		}
		of.rows = append(of.rows, part)
		if n := of.newest; n == nil || row.Cursor > n.Cursor || row.Cursor == n.Cursor && row.Order > n.Order {
			of.newest, versions[parent] = row, part.ResponseVersion
		}
	}
	live := make(Table, len(responses))
	for parent, of := range responses {
		values := make(map[string]json.RawMessage)
		for _, part := range of.rows {
			if part.ResponseVersion == versions[parent] && part.ValueKey != record.MarkerKey {
				values[part.ValueKey] = json.RawMessage(*part.Value)
			}
		}
		data, err := json.Marshal(map[string]any{"response_version": versions[parent], "answer_values": values})
		if err != nil {
			return nil, err
		}
		live[parent] = &Row{Key: parent, Cursor: of.newest.Cursor, Order: of.newest.Order, Deleted: versions[parent] == record.DeletedVersion, Data: data}
	}
	return live, nil
}

// ParentKey is the key of the response that a row of [Parts] belongs to.
func ParentKey(key string) string {
	parts := strings.SplitN(key, "/", 3)
	return strings.Join(parts[:min(len(parts), 2)], "/")
}

// ValuesOnly returns a comparison of responses by nothing but their values, as [Live] has
// them.
func ValuesOnly() *Comparer {
	responses, _ := stream.ByName("responses")
	ignored := make(map[string]bool)
	for _, column := range responses.Table().Columns {
		ignored[column.Name] = column.Name != "answer_values"
	}
	return &Comparer{Ignored: ignored}
}
