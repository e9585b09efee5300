package stream

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/birdie-ai/source-qualtrics/schemas"
	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/record"
)

// WideColumn is the column of a value key in a stream of [Wide].
type WideColumn struct {
	Name        string
	Kind        record.Kind // all but Integer, because Qualtrics writes 10.0 for 10 (API §3.6)
	Description string
}

// MaxWideColumns is the largest number of columns of a wide stream. PostgreSQL has at most
// 1,600 columns in a table, and other destinations have similar limits.
const MaxWideColumns = 1500

// TooWideError reports a survey with too many value keys.
type TooWideError struct{ Columns int }

// Error names the limit and another stream.
func (e *TooWideError) Error() string {
	return fmt.Sprintf("the survey needs %d columns, and a table of one row per response has at most %d: select answers, which has a row for each answer", e.Columns, MaxWideColumns)
}

// inWide are the columns of responses that wide streams have, too: all but the maps of answers.
var inWide = slices.DeleteFunc(reflect.VisibleFields(reflect.TypeFor[Response]()), func(field reflect.StructField) bool {
	return slices.Contains([]string{"Values", "Labels", "DisplayedFields", "DisplayedValues"}, field.Name)
})

// Wide returns the stream with one row for each response of one survey, and a column for each
// value key. [WideNames] makes its name. The columns come from the survey's response schema,
// or from the catalog that an earlier discover printed.
func Wide(name string, columns []WideColumn) (*Stream, error) {
	if !IsWide(name) {
		return nil, fmt.Errorf("%.80q is not a name of a survey's wide stream", name)
	}
	if total := len(inWide) + len(columns); total > MaxWideColumns {
		return nil, &TooWideError{Columns: total}
	}
	fields, err := wideFields(columns)
	if err != nil {
		return nil, err
	}
	typ := reflect.StructOf(fields)
	w := &wideRows{record: typ, columns: columns, byKey: make(map[string][]int), known: make(map[string][]int), unlisted: make(map[string]bool)}
	for i, column := range columns {
		part := keyPart(column.Name)
		w.byKey[part] = append(w.byKey[part], i)
	}
	s := &Stream{
		Name:     name,
		Summary:  "The responses of one survey, with a column for each value key",
		Record:   reflect.Zero(typ).Interface(),
		Key:      []string{"survey_id", "response_id"},
		Cursor:   "last_modified_date",
		Feed:     feed.Responses,
		Scopes:   []string{"read:survey_responses", "read:surveys"},
		Safe:     true,
		Project:  w.project,
		Takes:    func(survey string) bool { return name == plainWideName(survey) || name == hashedWideName(survey) },
		Unlisted: w.missing,
	}
	if err := s.prepare(); err != nil {
		return nil, fmt.Errorf("making stream %s: %w", name, err)
	}
	w.table = s.table
	return s, nil
}

// wideFields are the fields of a record: columns of responses, and then those of value keys.
func wideFields(columns []WideColumn) ([]reflect.StructField, error) {
	known, err := schemas.Columns(Response{}, schemas.Published())
	if err != nil {
		return nil, err
	}
	descriptions := make(map[string]string, len(known))
	for _, column := range known {
		descriptions[column.Name] = column.Description
	}
	fields := make([]reflect.StructField, 0, len(inWide)+len(columns))
	for _, field := range inWide {
		tag := string(field.Tag) + described(descriptions[field.Tag.Get("json")])
		fields = append(fields, reflect.StructField{Name: field.Name, Type: field.Type, Tag: reflect.StructTag(tag)})
	}
	types := map[record.Kind]reflect.Type{
		record.String: reflect.TypeFor[*string](), record.Number: reflect.TypeFor[*json.Number](), record.Boolean: reflect.TypeFor[*bool](),
		record.Timestamp: reflect.TypeFor[*time.Time](), record.Object: reflect.TypeFor[json.RawMessage](), record.Array: reflect.TypeFor[json.RawMessage](),
	}
	for i, column := range columns {
		if keyPart(column.Name) == "" || types[column.Kind] == nil {
			return nil, fmt.Errorf("%.80q (%s) is not a column of a value key", column.Name, column.Kind)
		}
		tag := "json:" + strconv.Quote(column.Name) + described(column.Description)
		if column.Kind == record.Array {
			tag += ` jsonschema:"type=array"`
		}
		fields = append(fields, reflect.StructField{Name: "Value" + strconv.Itoa(i), Type: types[column.Kind], Tag: reflect.StructTag(tag)})
	}
	return fields, nil
}

func described(text string) string {
	if text == "" {
		return ""
	}
	return " jsonschema_description:" + strconv.Quote(strings.Join(strings.Fields(text), " "))
}
