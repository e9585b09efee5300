package source_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// Input that is odd and can be understood is read as whoever gave it would
// expect, and what is not followed is said.
func TestTap_MakesTheBestOfOddInput(t *testing.T) {
	t.Parallel()
	surveys := func(metadata string) string {
		return `{"streams":[{"tap_stream_id":"surveys","metadata":[` + metadata + `]},{"tap_stream_id":"contacts","selected":false}]}`
	}
	const all, nothing, unchanged = "all", "nothing", "unchanged"
	for name, test := range map[string]struct {
		catalog, state string // what stands for NEWEST is the state of a run before
		want           string // surveys: all of them, nothing at all, or the state that is there
		said           string
		without        string // column
	}{
		"an audit of nothing":         {`{"streams":[{"tap_stream_id":"sync_audit"},{"tap_stream_id":"surveys"}]}`, ``, all, "it stays empty stream=sync_audit", ""},
		"nothing selected":            {`{"streams":[]}`, `NEWEST`, nothing, "selects no stream", ""},
		"all deselected":              {surveys(`{"breadcrumb":[],"metadata":{"selected":false}}`), `NEWEST`, nothing, "selects no stream", ""},
		"a stream nobody knows":       {`{"streams":[{"tap_stream_id":"gone"}]}`, ``, nothing, "does not exist: it is left out", ""},
		"one among those that exist":  {`{"streams":[{"tap_stream_id":"gone","metadata":[]},{"tap_stream_id":"surveys"}]}`, ``, all, "does not exist: it is left out", ""},
		"a part of a column":          {surveys(`{"breadcrumb":["properties","name","properties","x"],"metadata":{"selected":false}}`), ``, all, "parts of a column cannot be chosen", ""},
		"the place of all columns":    {surveys(`{"breadcrumb":["properties"],"metadata":{"selected":false}}`), ``, all, `a column is at [`, ""},
		"a place that is none":        {surveys(`{"breadcrumb":["surveys","name"],"metadata":{"selected":false}}`), ``, all, `a column is at [`, ""},
		"a column nobody knows":       {surveys(`{"breadcrumb":["properties","naem"],"metadata":{"selected":false}}`), ``, all, "names a column that does not exist", ""},
		"a choice that is text":       {surveys(`{"breadcrumb":["properties","name"],"metadata":{"selected":"false"}}`), ``, all, "", "name"},
		"a choice that is none":       {surveys(`{"breadcrumb":["properties","name"],"metadata":{"selected":0}}`), ``, all, "selected is neither true nor false", ""},
		"a key that is deselected":    {surveys(`{"breadcrumb":["properties","survey_id"],"metadata":{"inclusion":"automatic","selected":false}}`), ``, all, "the replication key cannot be left out", ""},
		"a column that is deselected": {surveys(`{"breadcrumb":["properties","name"],"metadata":{"selected":false}}`), ``, all, "", "name"},
		"an empty state":              {surveys(``), ``, all, "", ""},
		"a blank one":                 {surveys(``), " \n", all, "", ""},
		"null":                        {surveys(``), `null`, all, "", ""},
		"no members":                  {surveys(``), `{}`, all, "", ""},
		"no bookmarks":                {surveys(``), `{"bookmarks":null}`, all, "", ""},
		"the value":                   {surveys(``), `NEWEST`, unchanged, "", ""},
		"the whole message":           {surveys(``), `{"type":"STATE","value":NEWEST}`, unchanged, "", ""},
		"a message in small letters":  {surveys(``), `{"value":NEWEST,"type":"state"}`, unchanged, "", ""},
		"the value with its name":     {surveys(``), `{"value":NEWEST}`, unchanged, "", ""},
		"as Meltano stores it":        {surveys(``), `{"singer_state":NEWEST}`, unchanged, "", ""},
		"after a byte order mark":     {surveys(``), "\ufeffNEWEST\n", unchanged, "", ""},
		"a state of another tap":      {surveys(``), `{"bookmarks":{"survey_responses":{"partitions":[]}},"users":1}`, all, "streams that this tap does not have: they are passed on as they are streams=survey_responses", ""},
		"one of an old kind of taps":  {surveys(``), `{"users":{"since":"2026"}}`, all, "no bookmark of a selected stream: all of them are read from the beginning", ""},
		"one that was syncing":        {surveys(``), `{"bookmarks":{"surveys":{}},"currently_syncing":"surveys"}`, all, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, sandbox.Options{Seed: 68, Surveys: 3, Responses: 1, Contacts: 1})
				tn.files["surveys.json"] = []byte(surveys(""))
				newest := tn.tap(t, "--config", "config.json", "--catalog", "surveys.json").state
				tn.files["catalog.json"] = []byte(test.catalog)
				tn.files["state.json"] = []byte(strings.ReplaceAll(test.state, "NEWEST", string(newest)))
				got := tn.tap(t, "--config", "config.json", "--catalog", "catalog.json", "--state", "state.json")
				if got.result.code != 0 || !strings.Contains(got.stderr, test.said) {
					t.Errorf("code %d, want %q: %s", got.result.code, test.said, got.stderr)
				}
				if test.said == "" && strings.Contains(got.stderr, "warn") {
					t.Errorf("it warns: %s", got.stderr)
				}
				rows := got.records["surveys"]
				switch test.want {
				case nothing:
					if got.stdout != "" {
						t.Errorf("there is output: %.300s", got.stdout)
					}
				case unchanged:
					if len(rows) != 0 || string(got.state) != string(newest) {
						t.Errorf("%d rows, and the state %.200s, want %.200s", len(rows), got.state, newest)
					}
				case all:
					if len(rows) != 3 {
						t.Fatalf("%d rows", len(rows))
					}
					if _, has := rows[0]["name"]; has == (test.without == "name") {
						t.Errorf("the columns are %v", slices.Sorted(maps.Keys(rows[0])))
					}
					var state struct{ Bookmarks map[string]json.RawMessage }
					if err := json.Unmarshal(got.state, &state); err != nil || state.Bookmarks["surveys"] == nil || strings.Contains(string(got.state), "currently_syncing") {
						t.Errorf("the state is %s", got.state)
					}
					if strings.Contains(test.state, "survey_responses") && string(state.Bookmarks["survey_responses"]) != `{"partitions":[]}` {
						t.Errorf("what is of others is lost: %s", got.state)
					}
				}
			})
		})
	}
}
