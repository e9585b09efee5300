package response

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/privacy"
)

// private parses a record with privacy settings.
func private(t *testing.T, settings privacy.Settings, raw string) (columns map[string]string, version, canonical string, leftOut int) {
	t.Helper()
	rules, _, problems := privacy.New(settings)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	keys := NewKeys([]string{"plan", "email", "ref"}, []string{"QID1", "QID2"}, nil)
	keys.Privacy = rules.Survey("SV_1", privacy.Facts{Known: true, Questions: []privacy.Question{{ID: "QID1", Tag: "Q1"}, {ID: "QID2", Tag: "Email", FreeText: true}}})
	value, err := frame.Record([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	var r Response
	if err := r.Parse(value.Object, keys); err != nil {
		t.Fatal(err)
	}
	content, err := r.Canonical(nil)
	if err != nil {
		t.Fatal(err)
	}
	return read(&r), string(r.AppendVersion(nil)), string(content), r.LeftOut
}

// record is a response with personal data. ~ stands for the data itself.
const record = `{"responseId":"R_1","values":{"status":0,"ipAddress":"~","QID1":1,"QID2_TEXT":"~","1_QID2_TEXT":"~","email":"~","email":"~","\u0065mail":"~",` +
	`"recipientEmail":"~","plan":"gold","_lastModifiedDate":"2026-01-15T12:00:00Z"},"labels":{"status":"IP Address","QID1":"One","QID2":"~","email":"~"},` +
	`"displayedFields":["QID1","QID2_TEXT","~"],"displayedValues":{"QID1":[1],"QID2":["~"]}}`

func TestResponse_NothingDependsOnExcludedValues(t *testing.T) {
	t.Parallel()
	with := func(text string) string { return strings.ReplaceAll(record, "~", text) }
	strict := privacy.Settings{Strict: true}
	columns, version, canonical, leftOut := private(t, strict, with("someone"))
	want := map[string]string{
		"id": "R_1", "status": "0", "status label": `"IP Address"`, "answers": `{"QID1":1}`, "embedded": `{"plan":"gold"}`, "labels": `{"QID1":"One"}`,
		"displayed fields": `["QID1","someone"]`, "displayed values": `{"QID1":[1]}`, "_lastModifiedDate": `"2026-01-15T12:00:00Z"`, "modified": "2026-01-15T12:00:00Z",
	}
	if diff := cmp.Diff(want, columns); diff != "" {
		t.Error(diff)
	}
	if leftOut != 7 {
		t.Errorf("%d values were left out", leftOut)
	}
	guessed := strings.ReplaceAll(with("somebody else"), `_TEXT","somebody else"]`, `_TEXT","someone"]`)
	otherColumns, otherVersion, otherCanonical, _ := private(t, strict, guessed)
	if cmp.Diff(columns, otherColumns) != "" || version != otherVersion || canonical != otherCanonical {
		t.Errorf("a column, the version or the content for the row hash depends on an excluded value: %s\n%s\n%s", canonical, otherCanonical, cmp.Diff(columns, otherColumns))
	}
	without := `{"responseId":"R_1","values":{"status":0,"QID1":1,"plan":"gold","_lastModifiedDate":"2026-01-15T12:00:00Z"},"labels":{"status":"IP Address","QID1":"One"},` +
		`"displayedFields":["QID1","someone"],"displayedValues":{"QID1":[1]}}`
	columns, bare, _, leftOut := private(t, strict, without)
	if cmp.Diff(want, columns) != "" || bare != version || leftOut != 0 {
		t.Error("a response without the values differs from one whose values are left out")
	}
}

func TestResponse_HashesReplaceValuesEverywhere(t *testing.T) {
	t.Parallel()
	settings := privacy.Settings{
		Hash: []string{"recipientEmail", "ipAddress", "embedded_data.email"}, Key: "0123456789abcdef0123456789abcdef", Questions: []string{"QID2"},
	}
	text := strings.ReplaceAll(record, "~", "someone")
	columns, version, canonical, _ := private(t, settings, text)
	for name, content := range map[string]string{"columns": strings.Join([]string{columns["embedded"], columns["recipientEmail"], columns["ipAddress"], columns["labels"]}, " "), "content": canonical} {
		if strings.Contains(strings.ReplaceAll(content, `["QID1","someone"]`, ""), "someone") {
			t.Errorf("the %s hold the value: %s", name, content)
		}
	}
	if len(columns["recipientEmail"]) != 66 || columns["recipientEmail"] == columns["ipAddress"] || !strings.Contains(columns["embedded"], `"email_dup":"`) {
		t.Errorf("got %v", columns)
	}
	_, other, otherCanonical, _ := private(t, settings, strings.ReplaceAll(record, "~", "someone else"))
	if version == other || canonical == otherCanonical {
		t.Error("another value is no change")
	}
}
