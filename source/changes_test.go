package source_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// spoilt has records of a survey with values that no column can hold as they
// are: bad dates, text that is none, a number beyond any, names that repeat.
func spoilt(t *testing.T, file []byte) []byte {
	lines := recordsOf(t, file)
	for i, line := range lines[:3] {
		var row map[string]json.RawMessage
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		var values map[string]any
		if err := json.Unmarshal(row["values"], &values); err != nil {
			t.Fatal(err)
		}
		values["startDate"], values["endDate"] = "0000-00-00 secret", "9999-12-31T24:00:00Z"
		values["locationLatitude"], values["progress"] = json.RawMessage("1e400"), "most of it"
		if i == 0 {
			values["_lastModifiedDate"] = "yesterday"
		}
		encoded := mustJSON(t, values)
		encoded = append(encoded[:len(encoded)-1], ",\"plan\":\"a\",\"plan\":\"b\",\"half\":\"\\ud800\",\"bytes\":\"\xff\"}"...)
		row["values"] = nil
		lines[i] = strings.Replace(string(mustJSON(t, row)), `"values":null`, `"values":`+string(encoded), 1)
	}
	return archive(t, "survey.ndjson", strings.Join(lines, "\n"))
}

// What is changed on its way is told once, without the values, wherever the
// rows go.
func TestRead_TellsOfValuesThatAreChanged(t *testing.T) {
	unfit := "reason=SOURCE_SERIALIZATION_ERROR"
	want := []string{
		"end_date are not as Qualtrics sent them change=nulled " + unfit + " values=3",
		"last_modified_date are not as Qualtrics sent them change=nulled " + unfit + " values=1",
		"progress are not as Qualtrics sent them change=nulled " + unfit + " values=3",
		"start_date are not as Qualtrics sent them change=nulled " + unfit + " values=3",
		"values are not as Qualtrics sent them change=renamed reason=REPEATED_NAME values=3",
		"values are not as Qualtrics sent them change=truncated " + unfit + " values=3",
	}
	beyond := "location_latitude are not as Qualtrics sent them change=nulled " + unfit + " values=3"
	for name, test := range map[string]struct {
		args []string
		want []string
	}{
		"airbyte": {[]string{"read", "--config", "config.json", "--catalog", "catalog.json"}, want},
		"singer":  {[]string{"tap", "--config", "config.json"}, want},
		"ndjson":  {[]string{"export", "--config", "config.json", "--format", "ndjson", "--streams", "responses", "--to"}, want},
		"parquet": {[]string{"export", "--config", "config.json", "--streams", "responses", "--to"}, slices.Insert(slices.Clone(want), 2, beyond)},
	} {
		told := func(t *testing.T) {
			tn := newTenant(t, small)
			tn.config["deletions"] = map[string]any{"mode": "off"}
			survey := tn.surveyIDs(t)[0]
			tn.config["surveys"] = map[string]any{"ids": []string{survey}}
			tn.damaging(survey, func(_ int, file []byte) []byte { return spoilt(t, file) })
			tn.files["catalog.json"] = catalogOf(t, "responses")
			args := test.args
			if args[0] == "export" {
				args = append(args, filepath.Join(t.TempDir(), "data"))
			}
			got := tn.run(t, args...)
			if got.code != 0 {
				t.Fatalf("code %d: %s", got.code, got.stderr)
			}
			var told []string
			for line := range strings.Lines(got.stdout + got.stderr) {
				_, change, ok := strings.Cut(line, "values of responses.")
				if !ok {
					continue
				}
				change, _, _ = strings.Cut(change, "\"")
				told = append(told, strings.TrimSpace(change))
			}
			if diff := cmp.Diff(test.want, told); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
			if strings.Contains(fmt.Sprint(told), "secret") {
				t.Error("the log holds a value")
			}
		}
		t.Run(name, func(t *testing.T) {
			if test.args[0] == "export" { // the compressors are shared with other tests
				t.Parallel()
				told(t)
				return
			}
			insideBubble(t, told)
		})
	}
}
