package stream

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/response"
)

// ResponseEmbeddedData is a row of response_embedded_data: one field of the embedded data of
// a response.
type ResponseEmbeddedData struct {
	// Id of the survey (SV_…).
	SurveyID string `json:"survey_id"`
	// Id of the response (R_…), unique within its survey.
	ResponseID string `json:"response_id"`
	// Name of the field, as in embedded_data of responses. Names can differ in their case
	// only. A name that is empty or * has a slash before it, and so has one that begins with
	// a slash or holds NUL. In a response without embedded data, and in a deleted one, the
	// only row has *.
	Field string `json:"field"`
	// As in responses; all fields of a response have the same.
	LastModifiedDate time.Time `json:"last_modified_date"`
	// As in responses; deleted for a deleted response. Rows with another version
	// than the newest row of their response no longer count.
	ResponseVersion string `json:"response_version"`
	// As in responses.
	DeletedAt *time.Time `json:"deleted_at"`
	// As in responses.
	RecordedDate *time.Time `json:"recorded_date"`
	// The value as exported: a text, the digits of a number, or JSON.
	ValueText *string `json:"value_text"`
	// The value, if it is a number, or a text that is written as one. Mostly Qualtrics
	// exports texts. 0042 is no number.
	ValueNumber *json.Number `json:"value_number"`
	// The value, if it is true or false, also as text in any case.
	ValueBoolean *bool `json:"value_boolean"`
	// The value, if it is a text with a date such as 2026-01-31 or 2026-01-31T12:00:00Z. A
	// date without a zone is read as UTC.
	ValueDate *time.Time `json:"value_date"`
	// Whether the survey declared the field when the response was read. If not, for example
	// a link set it, or the survey no longer had it. Null: the account may not read the
	// survey.
	IsDeclared *bool `json:"is_declared"`
}

var _ = Register(&Stream{
	Name:    "response_embedded_data",
	Summary: "One row for each field of a response's embedded data, with typed value; only if selected by its name",
	Record:  ResponseEmbeddedData{},
	Key:     []string{"survey_id", "response_id", "field"},
	Cursor:  "last_modified_date",
	Feed:    feed.Responses,
	Scopes:  []string{"read:survey_responses", "read:surveys"},
	Safe:    true,
	Needs:   feed.NeedEmbeddedData.Optional(),
	Parent:  []string{"survey_id", "response_id"},
	Version: "response_version",
	Project: projectEmbeddedData,
	Marker:  marker(markField),

	ByName: true, // many rows per response, which responses has, too
})

func projectEmbeddedData(doc *feed.Document, emit Emit) error {
	var (
		c       cells
		scanner frame.Scanner
	)
	got, head, err := headOf(doc, &c)
	if err != nil || len(got.EmbeddedData) == 0 {
		return err
	}
	fields, ok := scanner.Object(got.EmbeddedData)
	if !ok {
		return fmt.Errorf("projecting response %s: its embedded data are no object", doc.ID)
	}
	before := slices.Clip(c.changes)
	for i := range fields.Members {
		c.changes = before
		name, value := string(fields.Members[i].Name), fields.Members[i].Value
		row := embeddedDataOf(&head)
		row.Field = fieldKey(name)
		c.embeddedValue(&row, value)
		if declared, known := doc.Survey.Declares(name); known {
			row.IsDeclared = &declared
		}
		changes := memberChanges(got, "embedded_data", value, columnText{"field", &row.Field}, columnText{"value_text", row.ValueText})
		if err := emit(&row, append(c.changes, changes...)...); err != nil {
			return err
		}
	}
	return nil
}

func markField(head *responseHead) ResponseEmbeddedData {
	row := embeddedDataOf(head)
	row.Field = record.MarkerKey
	return row
}

// embeddedDataOf returns a field with the columns that all fields of a response share.
func embeddedDataOf(head *responseHead) ResponseEmbeddedData {
	return ResponseEmbeddedData{
		SurveyID: head.surveyID, ResponseID: head.responseID, LastModifiedDate: head.modified, ResponseVersion: head.version,
		DeletedAt: head.deleted, RecordedDate: head.recorded,
	}
}

// fieldKey returns the key of a field, which is its name where possible. Keys of two names
// differ, also in an output that replaces NUL, and none is the key of a marker.
func fieldKey(name string) string {
	switch {
	case strings.Contains(name, "\x00"):
		return "/!" + strings.NewReplacer("/", "//", "\x00", "/!").Replace(name)
	case name == "", name == record.MarkerKey, name[0] == '/':
		return "/" + name
	}
	return name
}

// embeddedValue fills the columns of the value. The type of a text is assumed from its form,
// so a text of another form is no change.
func (c *cells) embeddedValue(row *ResponseEmbeddedData, value []byte) {
	kind := frame.Kind(value)
	if kind == 'n' {
		return
	}
	text, ok := c.scalar(value)
	if !ok { // an array, or an object
		text = c.word(value)
	}
	row.ValueText = keep(c.texts[:], &c.taken.texts, text)
	if kind == '0' || kind == '"' && writtenAsNumber(text) {
		row.ValueNumber = keep(c.numbers[:], &c.taken.numbers, json.Number(text))
	}
	if kind != '[' && kind != '{' && (strings.EqualFold(text, "true") || strings.EqualFold(text, "false")) {
		is := len(text) == len("true")
		row.ValueBoolean = &is
	}
	// Most texts are no dates, and each failing layout takes memory.
	if kind != '"' || len(text) < len(time.DateOnly) || text[len("2006")] != '-' {
		return
	}
	// Assumed: a date without a zone is UTC, as in all exported metadata (API §3.5).
	if at, ok := response.ParseTime(text); ok {
		row.ValueDate = keep(c.times[:], &c.taken.times, at)
		c.exact("value_date", text)
	}
}

// writtenAsNumber reports whether a text is a number of JSON and nothing else, which a 64-bit
// number can hold. A longer one is rather an identifier.
func writtenAsNumber(text string) bool {
	const longest = 64
	if len(text) > longest || strings.TrimSpace(text) != text || !isNumber(text) {
		return false
	}
	_, err := strconv.ParseFloat(text, 64)
	return err == nil
}
