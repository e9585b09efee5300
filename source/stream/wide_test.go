package stream_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/stream"
)

// columnNames are the names of columns by value key.
func columnNames(t *testing.T, tags bool, keys map[string]string) map[string]string {
	t.Helper()
	schema := make(map[string]qualtrics.Property)
	for key, tag := range keys {
		schema[key] = qualtrics.Property{DataType: "question", Type: "string", ExportTag: tag}
	}
	names := make(map[string]string)
	for _, column := range stream.WideColumns(schema, tags) {
		for key := range keys {
			if text := column.Description + ","; strings.HasPrefix(text, "Value key "+key+",") {
				names[key] = column.Name
			}
		}
	}
	return names
}

func TestWideColumns_NamesDependOnTheKeyAlone(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"QID1": "qid1", "QID1_TEXT": "qid1_text", "QID13_x4_TEXT": "qid13_x4_text", "2_QID3": "loop2_qid3", "1_2_QID3_7": "loop1_2_qid3_7",
		"QID8#1_2": "qid8_c1_2", "QID64_G0_13_RANK": "qid64_g0_13_rank", "QID2_NPS_GROUP": "qid2_nps_group", "Q_URL": "q_url", "SC_12": "sc_12",
	}
	keys := make(map[string]string)
	for key := range want {
		keys[key] = "Tag of " + key
	}
	if diff := cmp.Diff(want, columnNames(t, false, keys)); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}

// Keys that names cannot show have a hash, so that no two keys share a column.
func TestWideColumns_KeysThatNamesCannotShowHaveAHash(t *testing.T) {
	t.Parallel()
	safe := regexp.MustCompile(`^[a-z][a-z0-9_]*_x[a-z2-7]{12}$`)
	keys := make(map[string]string)
	for _, key := range []string{
		"QID8_C1_2", "QID13_X4_TEXT", "qid1", "QID1_text", "SC_0aB", "SC_0Ab", "QID1-TEXT", "QID1__TEXT", "QID1_", "", "_", "1", "顧客", "status", "response_id",
		"QID1_" + strings.Repeat("A", 300), "QID1_" + strings.Repeat("A", 301), "QID1_x1234567890", "LOOP2_QID3", "a\x00b",
	} {
		keys[key] = ""
	}
	seen := make(map[string]string)
	for key, name := range columnNames(t, false, keys) {
		if !safe.MatchString(name) || len(name) > 63 {
			t.Errorf("%q: got the name %q", key, name)
		}
		if other, taken := seen[name]; taken {
			t.Errorf("%q and %q share the name %s", key, other, name)
		}
		seen[name] = key
	}
	if len(seen) != len(keys) {
		t.Errorf("got %d names of %d keys: %v", len(seen), len(keys), seen)
	}
}

func TestWideColumns_TagsComeBeforeTheKeyAndAreNeverUniqueByThemselves(t *testing.T) {
	t.Parallel()
	got := columnNames(t, true, map[string]string{
		"QID1": "NPS", "QID2": "nps", "QID3": "NPS", "QID4": "", "QID5": "5. Why?", "QID6": "QID6", "QID7": "顧客", "QID8": strings.Repeat("long ", 30), "QID9": "survey_id",
	})
	want := map[string]string{
		"QID1": "nps__qid1", "QID2": "nps__qid2", "QID3": "nps__qid3", "QID4": "qid4", "QID5": "t_5_why__qid5", "QID6": "qid6", "QID7": "qid7",
		"QID8": "long_long_long_long_long_long_long_long_long_long_long_lo__qid8", "QID9": "survey_id__qid9",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}

func TestWideNames_AreUniqueEvenIfIDsDifferInTheirCaseOnly(t *testing.T) {
	t.Parallel()
	ids := []string{"SV_0aB", "SV_0Ab", "SV_other"}
	names := stream.WideNames(ids)
	if names[2] != "responses_wide__sv_other" || names[0] == names[1] {
		t.Errorf("got %v", names)
	}
	for i, name := range names {
		s, ok := stream.ByName(name)
		if !ok || !stream.IsWide(name) {
			t.Fatalf("there is no stream %s", name)
		}
		for j, id := range ids {
			if s.Takes(id) != (i == j) {
				t.Errorf("%s takes %s: %v", name, id, i != j)
			}
		}
	}
}

// The schema of a stream is all that a later run needs to make it again.
func TestWide_IsMadeAgainOfItsSchema(t *testing.T) {
	t.Parallel()
	columns := stream.WideColumns(map[string]qualtrics.Property{
		"QID10": {DataType: "question", Type: "number", ExportTag: "Q10", Description: "How\nlikely…"},
		"QID2":  {DataType: "question", Type: "array"}, "QID3_TEXT": {DataType: "question", Type: "string"},
		"QID4": {Type: "string", Format: "date-time"}, "QID5": {Type: "boolean"}, "QID6": {Type: "object"}, "QID7": {Type: "integer"}, "QID8": {},
		"status": {DataType: "metadata", Type: "integer"}, "Country": {DataType: "embeddedData", Type: "string"},
	}, false)
	kinds := make(map[string]record.Kind)
	for _, column := range columns {
		kinds[column.Name] = column.Kind
	}
	if diff := cmp.Diff(map[string]record.Kind{
		"qid10": record.Number, "qid2": record.Array, "qid3_text": record.String, "qid4": record.Timestamp, "qid5": record.Boolean,
		"qid6": record.Object, "qid7": record.Number, "qid8": record.String,
	}, kinds); diff != "" {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
	made, err := stream.Wide("responses_wide__sv_1", columns)
	if err != nil {
		t.Fatal(err)
	}
	schema, err := made.Schema()
	if err != nil {
		t.Fatal(err)
	}
	again, err := stream.WideColumnsIn(schema)
	if err != nil {
		t.Fatal(err)
	}
	columns[len(columns)-1].Description = "Value key QID10, export tag Q10: How likely…"
	if diff := cmp.Diff(columns, again); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
	for _, column := range made.Table().Columns[:5] {
		if !strings.Contains(string(schema), `"`+column.Name+`":{"type":`) {
			t.Errorf("the schema lacks %s", column.Name)
		}
	}
	if !strings.Contains(string(schema), "Id of the response (R_…), unique within its survey.") {
		t.Error("the schema does not describe the columns of responses")
	}
}

func TestMergeWide_KeepsNamesAndKindsOfEarlierColumns(t *testing.T) {
	t.Parallel()
	before := []stream.WideColumn{{Name: "nps__qid1", Kind: record.Number}, {Name: "old__qid3", Kind: record.String}}
	now := []stream.WideColumn{{Name: "score__qid1", Kind: record.String, Description: "new"}, {Name: "why__qid2", Kind: record.String}}
	want := []stream.WideColumn{{Name: "nps__qid1", Kind: record.Number, Description: "new"}, {Name: "why__qid2", Kind: record.String}, {Name: "old__qid3", Kind: record.String}}
	if diff := cmp.Diff(want, stream.MergeWide(before, now)); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
}

func TestWide_RefusesTooManyColumns(t *testing.T) {
	t.Parallel()
	schema := make(map[string]qualtrics.Property)
	for i := range stream.MaxWideColumns {
		schema[fmt.Sprintf("QID%d", i)] = qualtrics.Property{Type: "string"}
	}
	var wide *stream.TooWideError
	if _, err := stream.Wide("responses_wide__sv_1", stream.WideColumns(schema, false)); !errors.As(err, &wide) || !strings.Contains(err.Error(), "select answers") {
		t.Errorf("got %v, want advice to select answers", err)
	}
	fit := stream.WideColumns(schema, false)[:stream.MaxWideColumns-24]
	made, err := stream.Wide("responses_wide__sv_1", fit)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(made.Table().Columns); got != stream.MaxWideColumns {
		t.Errorf("got %d columns, want %d", got, stream.MaxWideColumns)
	}
}

func TestWideColumnsOf_LeavesOtherColumnsOut(t *testing.T) {
	t.Parallel()
	got := stream.WideColumnsOf(map[string]json.RawMessage{
		"survey_id": json.RawMessage(`{"type":"string"}`), "mine": json.RawMessage(`{"type":"string"}`), "_sdc_deleted_at": json.RawMessage(`{}`),
		"QID1": json.RawMessage(`{}`), "qid1": json.RawMessage(`7`), "a__qid2": json.RawMessage(`{"type":["null","number"]}`), "qid3": json.RawMessage(`{"type":["string","null"]}`),
	})
	want := []stream.WideColumn{{Name: "qid1", Kind: record.String}, {Name: "a__qid2", Kind: record.Number}, {Name: "qid3", Kind: record.String}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
}
