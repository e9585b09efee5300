package source_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// tapped is what a run of the tap wrote.
type tapped struct {
	result
	*reading
	state   []byte // value of the last line
	types   []string
	batches []batchMessage
	// pieces are the streams of the records, in order, each once for all that
	// follow each other.
	pieces []string
}

// tap runs the tap and checks what every target relies on: a stream's schema
// comes once and before its records, every record has the columns of the
// schema, and the last line is a state.
func (tn *tenant) tap(t *testing.T, args ...string) *tapped {
	t.Helper()
	got := &tapped{result: tn.run(t, append([]string{"tap"}, args...)...), reading: &reading{records: make(map[string][]map[string]any)}}
	columns := make(map[string]map[string]any)
	take := func(stream string, row map[string]any) {
		wanted := slices.Sorted(maps.Keys(columns[stream]))
		if names := slices.Sorted(maps.Keys(row)); !slices.Equal(names, wanted) {
			t.Fatalf("a record of %s has the columns %v, its schema %v", stream, names, wanted)
		}
		got.records[stream] = append(got.records[stream], row)
	}
	output, err := testkit.ReadSinger([]byte(got.stdout))
	if err != nil {
		t.Fatal(err)
	}
	texts := strings.Split(got.stdout, "\n")
	for i, line := range output.Lines {
		got.types = append(got.types, line.Type)
		switch line.Type {
		case "SCHEMA":
			if columns[line.Stream] != nil {
				t.Errorf("the schema of %s comes twice", line.Stream)
			}
			var schema struct{ Properties map[string]any }
			if err := json.Unmarshal(line.Schema, &schema); err != nil {
				t.Fatal(err)
			}
			columns[line.Stream] = schema.Properties
		case "RECORD":
			take(line.Stream, parseRow(t, line.Data))
			if n := len(got.pieces); n == 0 || got.pieces[n-1] != line.Stream {
				got.pieces = append(got.pieces, line.Stream)
			}
		case "BATCH":
			var batch batchMessage
			strict := json.NewDecoder(strings.NewReader(texts[i]))
			strict.DisallowUnknownFields()
			if err := strict.Decode(&batch); err != nil {
				t.Fatalf("line %s: %v", texts[i], err)
			}
			got.batches = append(got.batches, batch)
			for _, row := range batch.rows(t, columns[batch.Stream]) {
				take(batch.Stream, row)
			}
		}
	}
	got.state = output.States[""]
	if n := len(got.types); n > 0 && got.types[n-1] != "STATE" {
		t.Errorf("the last line is a %s", got.types[n-1])
	}
	return got
}

// What a target holds after a full and some incremental runs is what exists.
func TestTap_DeliversEverything(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 61, Surveys: 4, Responses: 200, Contacts: 40})
		first := tn.tap(t, "--config", "config.json")
		if first.result.code != 0 {
			t.Fatalf("code %d: %s", first.result.code, first.stderr)
		}
		tables := merge(nil, first.reading)
		state := first.state
		for range 3 {
			tn.Advance(6*time.Hour, false)
			tn.Advance(20*time.Minute, true)
			tn.files["state.json"] = state
			next := tn.tap(t, "--state", "state.json", "--config", "config.json")
			if next.result.code != 0 {
				t.Fatalf("code %d: %s", next.result.code, next.stderr)
			}
			if len(next.records["responses"]) >= len(first.records["responses"]) {
				t.Errorf("%d responses were read again", len(next.records["responses"]))
			}
			tables, state = merge(tables, next.reading), next.state
		}
		for _, stream := range []string{"surveys", "responses", "contacts"} {
			tn.compareTruth(t, stream, tables[stream])
		}
		if !slices.Equal(first.types[:5], []string{"SCHEMA", "SCHEMA", "SCHEMA", "SCHEMA", "SCHEMA"}) {
			t.Errorf("the first lines are %v, want the five schemas", first.types[:5])
		}
	})
}

// There are targets that begin a file with every record of another stream than
// the one before.
func TestTap_WritesOneStreamAfterTheOther(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 67, Surveys: 12, Responses: 400, Contacts: 20})
		tn.config["deletions"] = map[string]any{"audit_days": 1}
		first := tn.tap(t, "--config", "config.json")
		tn.Advance(2*24*time.Hour, false)
		tn.Advance(time.Hour, true)
		tn.files["state.json"] = first.state
		second := tn.tap(t, "--config", "config.json", "--state", "state.json")
		// What is missing in an audit is confirmed a look-back later.
		tn.Advance(time.Hour, true)
		tn.files["state.json"] = second.state
		third := tn.tap(t, "--config", "config.json", "--state", "state.json")
		for run, got := range map[string]*tapped{"first": first, "second": second, "third": third} {
			if got.result.code != 0 || len(got.records["sync_audit"]) < 10 {
				t.Fatalf("%s: code %d: %s", run, got.result.code, got.stderr)
			}
			// Who comes first has the turn, be it with one row. Questions and their
			// choices are announced survey by survey, before they are written.
			got.pieces = slices.DeleteFunc(got.pieces, func(stream string) bool { return strings.HasPrefix(stream, "question") })
			if most := len(got.records) + 2; len(got.pieces) > most {
				t.Errorf("%s: the records are in %d pieces, want %d at most: %v", run, len(got.pieces), most, got.pieces)
			}
		}
		if len(third.records["response_deletions"]) == 0 {
			t.Error("nothing was found deleted: the order says little")
		}
	})
}

func TestTap_ReadsWhatTheCatalogSelects(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 62, Surveys: 2, Responses: 20, Contacts: 3})
		discovered := tn.run(t, "tap", "--config", "config.json", "--discover")
		var catalog map[string][]map[string]any
		if err := json.Unmarshal([]byte(discovered.stdout), &catalog); err != nil || discovered.code != 0 {
			t.Fatalf("code %d, %v", discovered.code, err)
		}
		if calls := len(tn.Requests()); calls != 0 {
			t.Errorf("discovery made %d kinds of calls", calls)
		}
		for _, entry := range catalog["streams"] {
			for _, m := range entry["metadata"].([]any) {
				m := m.(map[string]any)
				breadcrumb := m["breadcrumb"].([]any)
				chosen := len(breadcrumb) == 0 && entry["tap_stream_id"] == "responses"
				m["metadata"].(map[string]any)["selected"] = chosen || (len(breadcrumb) > 0 && breadcrumb[1] == "duration")
			}
		}
		catalog["streams"] = append(catalog["streams"], map[string]any{"tap_stream_id": "gone", "metadata": []any{}})
		tn.files["catalog.json"] = testkit.Encode(catalog)
		tn.files["state.json"] = []byte(`{"bookmarks":{"contacts":{"v":1,"partitions":{}},"elsewhere":{"id":7}}}`)
		got := tn.tap(t, "--config", "config.json", "--properties", "catalog.json", "--state", "state.json")
		if got.result.code != 0 || len(got.records) != 1 || len(got.records["responses"]) == 0 {
			t.Fatalf("code %d, streams %v: %s", got.result.code, slices.Collect(maps.Keys(got.records)), got.stderr)
		}
		columns := slices.Sorted(maps.Keys(got.records["responses"][0]))
		if want := []string{"duration", "last_modified_date", "response_id", "survey_id"}; !slices.Equal(columns, want) {
			t.Errorf("got the columns %v, want %v", columns, want)
		}
		if !strings.Contains(got.stderr, "does not exist: it is left out") {
			t.Errorf("nothing is said of the stream that does not exist: %s", got.stderr)
		}
		var state struct{ Bookmarks map[string]json.RawMessage }
		if err := json.Unmarshal(got.state, &state); err != nil || string(state.Bookmarks["elsewhere"]) != `{"id":7}` || state.Bookmarks["contacts"] == nil || state.Bookmarks["responses"] == nil {
			t.Errorf("the state is %s", got.state)
		}
	})
}

func TestTap_SaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args  []string
		files map[string]string
		code  int
		want  string
	}{
		"no configuration":            {nil, nil, 1, "--config is missing"},
		"a configuration that is not": {[]string{"--config", "absent.json"}, nil, 1, "reading the configuration"},
		"no JSON":                     {[]string{"--config", "bad.json"}, map[string]string{"bad.json": "{"}, 1, "bad.json is not valid JSON"},
		"settings of a wrong type":    {[]string{"--config", "config.json", "--config", "bad.json"}, map[string]string{"bad.json": `{"nested_as_text":"often"}`}, 1, "nested_as_text must be true or false"},
		"a catalog without a place":   {[]string{"--config", "config.json", "--catalog", "bad.json"}, map[string]string{"bad.json": `{"streams":[{"tap_stream_id":"surveys","metadata":[{"metadata":{"breadcrumb":["properties","name"],"selected":false}}]}]}`}, 1, `has a part without a "breadcrumb"; --discover prints one`},
		"a place that is text":        {[]string{"--config", "config.json", "--catalog", "bad.json"}, map[string]string{"bad.json": `{"streams":[{"tap_stream_id":"surveys","metadata":[{"breadcrumb":"name","metadata":{}}]}]}`}, 1, "breadcrumb cannot be a JSON string"},
		"a choice that is text":       {[]string{"--config", "config.json", "--catalog", "bad.json"}, map[string]string{"bad.json": `{"streams":[{"tap_stream_id":"surveys","selected":"no"}]}`}, 1, "selected cannot be a JSON string"},
		"a catalog of Airbyte":        {[]string{"--config", "config.json", "--catalog", "bad.json"}, map[string]string{"bad.json": `{"streams":[{"stream":{"name":"surveys"}}]}`}, 1, "--discover prints one"},
		"an empty catalog":            {[]string{"--config", "config.json", "--catalog", "bad.json"}, map[string]string{"bad.json": ""}, 1, "it is empty"},
		"a stream that came twice":    {[]string{"--config", "config.json", "--catalog", "bad.json"}, map[string]string{"bad.json": `{"streams":[{"tap_stream_id":"surveys"},{"stream":"surveys"}]}`}, 1, "twice"},
		"a method nobody knows":       {[]string{"--config", "config.json", "--catalog", "bad.json"}, map[string]string{"bad.json": `{"streams":[{"tap_stream_id":"surveys","replication_method":"LOG_BASED"}]}`}, 1, "INCREMENTAL or FULL_TABLE"},
		"no state there":              {[]string{"--config", "config.json", "--state", "absent.json"}, nil, 1, "reading the state"},
		"a state of several lines":    {[]string{"--config", "config.json", "--state", "bad.json"}, map[string]string{"bad.json": "{\"bookmarks\":{}}\n{\"bookmarks\":{}}\n"}, 1, "tail -n 1"},
		"a state of Airbyte":          {[]string{"--config", "config.json", "--state", "bad.json"}, map[string]string{"bad.json": `[{"type":"STREAM"}]`}, 1, "cannot be a JSON array"},
		"a state that was cut":        {[]string{"--config", "config.json", "--state", "bad.json"}, map[string]string{"bad.json": `{"bookmarks":{"surveys":{"v":1`}, 1, "it ends too early"},
		"bookmarks that are a list":   {[]string{"--config", "config.json", "--state", "bad.json"}, map[string]string{"bad.json": `{"bookmarks":[]}`}, 1, `its "bookmarks" are not an object`},
		"a bookmark that is a list":   {[]string{"--config", "config.json", "--state", "bad.json"}, map[string]string{"bad.json": `{"bookmarks":{"surveys":[]}}`}, 1, "the state of stream surveys cannot be read (it cannot be decoded)"},
		"a state of another brand":    {[]string{"--config", "config.json", "--state", "bad.json"}, map[string]string{"bad.json": `{"bookmarks":{"surveys":{"v":1,"brand":"other"}}}`}, 1, `belongs to the Qualtrics brand "other"`},
		"a state of a newer tap":      {[]string{"--config", "config.json", "--state", "bad.json"}, map[string]string{"bad.json": `{"bookmarks":{"surveys":{"v":99}}}`}, 1, "made by a newer release"},
		"a catalog that is none":      {[]string{"--config", "config.json", "--catalog", "bad.json"}, map[string]string{"bad.json": `[]`}, 1, "reading the catalog"},
		"a state of another tap":      {[]string{"--config", "config.json", "--state", "bad.json"}, map[string]string{"bad.json": `{"bookmarks":{"responses":{"replication_key_value":"2026"}}}`}, 1, "not one of this connector"},
		"a state that is none":        {[]string{"--config", "config.json", "--state", "bad.json"}, map[string]string{"bad.json": `[1]`}, 1, "reading the state"},
		"an unknown flag":             {[]string{"--nonsense"}, nil, 1, "see"},
		"nothing selected":            {[]string{"--config", "config.json", "--catalog", "bad.json"}, map[string]string{"bad.json": `{"streams":[]}`}, 0, "selects no stream"},
		"a mistaken test":             {[]string{"--config", "config.json", "--test=some"}, nil, 1, "all or schema"},
		"a discovery of a wrong type": {[]string{"--config", "bad.json", "--discover"}, map[string]string{"bad.json": `{"nested_as_text":"often"}`}, 1, "nested_as_text must be true or false"},
		"a mistaken format":           {[]string{"--about", "--format", "xml"}, nil, 1, "text, json or markdown"},
	} {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, sandbox.Options{Seed: 63, Surveys: 1, Responses: 1, Contacts: 1})
				for file, text := range test.files {
					tn.files[file] = []byte(text)
				}
				got := tn.run(t, append([]string{"tap"}, test.args...)...)
				if got.code != test.code || got.stdout != "" || !strings.Contains(got.stderr, test.want) {
					t.Errorf("code %d, want %d; stdout %q; stderr %q, want %q", got.code, test.code, got.stdout, got.stderr, test.want)
				}
			})
		})
	}
}

// Whoever sets up a project looks at the columns before the account is known.
func TestTap_DiscoversBeforeTheConfigurationIsComplete(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 63, Surveys: 1, Responses: 1, Contacts: 1})
		tn.files["some.json"] = []byte(`{"sdc_deleted_at":true,"credentials":{"auth_type":"api_token","api_token":"x"}}`)
		got := tn.run(t, "tap", "--config", "some.json", "--discover")
		if got.code != 0 || !strings.Contains(got.stdout, `"_sdc_deleted_at"`) || got.stderr != "" {
			t.Errorf("code %d: %s", got.code, got.stderr)
		}
	})
}

// Meltano gives whatever files it has, and settings by the environment.
func TestTap_TakesEveryCombinationOfFlags(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 64, Surveys: 2, Responses: 10, Contacts: 3})
		discovered := tn.run(t, "tap", "--discover")
		if discovered.code != 0 {
			t.Fatalf("code %d: %s", discovered.code, discovered.stderr)
		}
		tn.files["catalog.json"], tn.files["state.json"] = []byte(discovered.stdout), nil
		files := []string{"--config", "config.json", "--catalog", "catalog.json", "--state", "state.json"}
		for _, test := range []struct{ flag, want string }{
			{"--discover", `"tap_stream_id": "surveys"`},
			{"--about", "Settings:"},
			{"--version", "tap-qualtrics v"},
			{"--test", `{"type":"RECORD","stream":"responses"`},
			{"--test=schema", `{"type":"SCHEMA","stream":"contacts"`},
		} {
			if got := tn.run(t, append([]string{"tap", test.flag}, files...)...); got.code != 0 || !strings.Contains(got.stdout, test.want) {
				t.Errorf("%s: code %d, %.200s, %s", test.flag, got.code, got.stdout, got.stderr)
			}
		}
		// One record of each stream and no more.
		trial := tn.tap(t, append([]string{"--test"}, files...)...)
		for stream, rows := range trial.records {
			if len(rows) != 1 {
				t.Errorf("--test gives %d records of %s", len(rows), stream)
			}
		}
		credentials := tn.config["credentials"]
		tn.env = map[string]string{
			"TAP_QUALTRICS_CREDENTIALS": string(testkit.Encode(credentials)), "TAP_QUALTRICS_NESTED_AS_TEXT": "yes",
			"TAP_QUALTRICS_LOOKBACK_MINUTES": "30", "TAP_QUALTRICS_DIRECTORIES": "POOL_000000000000000", "TAP_QUALTRICS_START_DATE": "2020-11-20T09:12:43.908809",
		}
		tn.config = map[string]any{"data_center": "sandbox1", "credentials": map[string]any{"auth_type": "api_token", "api_token": "an old token"}}
		got := tn.tap(t, "--config", "ENV", "--config", "config.json")
		if len(got.records["responses"]) == 0 || !strings.Contains(got.stderr, "POOL_000000000000000") {
			t.Fatalf("code %d: %s", got.result.code, got.stderr)
		}
		for _, row := range got.records["responses"] {
			if _, isText := row["answer_values"].(string); !isText {
				t.Fatalf("the values are no text: %v", row["answer_values"])
			}
		}
	})
}

// The end of a log is the reason, as JSON where Meltano asks for it.
func TestTap_LogsAsMeltanoAsks(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 65, Surveys: 1, Responses: 1, Contacts: 1})
		tn.config["credentials"] = map[string]any{"auth_type": "api_token", "api_token": "a-token-that-is-wrong"}
		tn.files["logging.json"] = []byte(`{"root":{"level":"INFO"},"formatters":{"structured":{"()":"singer_sdk.logging.StructuredFormatter"}}}`)
		for _, structured := range []bool{false, true} {
			if structured {
				tn.env["SINGER_SDK_LOG_CONFIG"] = "logging.json"
			}
			got := tn.run(t, "tap", "--config", "config.json")
			lines := strings.Split(strings.TrimSpace(got.stderr), "\n")
			last := lines[len(lines)-1]
			if got.code != 1 || !strings.Contains(last, "generate a new API token") || strings.HasPrefix(last, "{") != structured {
				t.Errorf("structured %v: code %d, the last line is %q", structured, got.code, last)
			}
			if structured {
				for _, line := range lines {
					if !json.Valid([]byte(line)) {
						t.Errorf("no JSON: %s", line)
					}
				}
			}
		}
	})
}

// Of a run that is partly complete the last line says what is missing.
func TestTap_EndsWithWhatIsNotComplete(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 65, Surveys: 3, Responses: 30, Contacts: 1})
		next := tn.transport
		tn.transport = tripper(func(r *http.Request) (*http.Response, error) {
			if strings.Contains(r.URL.Path, "/directories") {
				return answer(r, 403, `{"meta":{"error":{"errorMessage":"no contacts for you","errorCode":"AUTH_6"}}}`), nil
			}
			return next.RoundTrip(r)
		})
		tn.files["catalog.json"] = []byte(`{"streams":[{"tap_stream_id":"surveys"},{"tap_stream_id":"responses"},{"tap_stream_id":"contacts"}]}`)
		got := tn.tap(t, "--config", "config.json", "--catalog", "catalog.json")
		lines := strings.Split(strings.TrimSpace(got.stderr), "\n")
		if last := lines[len(lines)-1]; got.result.code != 4 || !strings.Contains(last, "not complete stream=contacts") || !strings.Contains(last, "no contacts for you") {
			t.Errorf("code %d, the last line is %q", got.result.code, last)
		}
		if len(got.records["responses"]) == 0 || !strings.Contains(string(got.state), `"responses":`) {
			t.Errorf("%d responses, the state is %s", len(got.records["responses"]), got.state)
		}
	})
}

// A full read says which version is complete.
func TestTap_ActivatesVersions(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 66, Surveys: 2, Responses: 10, Contacts: 3})
		tn.config["emit_activate_version_messages"] = true
		tn.files["catalog.json"] = []byte(`{"streams":[{"tap_stream_id":"surveys","replication_method":"FULL_TABLE"},{"tap_stream_id":"responses"}]}`)
		got := tn.tap(t, "--config", "config.json", "--catalog", "catalog.json")
		if n := strings.Count(got.stdout, `"type":"ACTIVATE_VERSION","stream":"surveys"`); got.result.code != 0 || n != 1 || strings.Contains(got.stdout, `"type":"ACTIVATE_VERSION","stream":"responses"`) {
			t.Errorf("code %d, the version of surveys is activated %d times", got.result.code, n)
		}
	})
}
