//go:build unix

package integration_tests_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source/airbyte/airbytetest"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// Catalogs as they are written by those who run a source.
func (c *conformer) catalogs() map[string][]byte {
	schema := `{"type":"object","properties":{"survey_id":{"type":"string"}}}`
	return map[string][]byte{
		"the platform": []byte(`{"streams":[{"stream":{"name":"surveys","json_schema":` + schema + `,"supported_sync_modes":["full_refresh","incremental"],"source_defined_cursor":true,
			"default_cursor_field":["last_modified"],"source_defined_primary_key":[["survey_id"]],"is_resumable":true,"is_file_based":false},"sync_mode":"incremental",
			"destination_sync_mode":"append_dedup","cursor_field":["last_modified"],"primary_key":[["survey_id"]],"generation_id":4,"minimum_generation_id":0,"sync_id":812,"include_files":false}]}`),
		"acceptance tests": []byte(`{"streams":[{"stream":{"name":"surveys","json_schema":` + schema + `,"supported_sync_modes":["full_refresh","incremental"],"source_defined_cursor":null,
			"default_cursor_field":null,"source_defined_primary_key":null,"namespace":null,"is_resumable":null,"is_file_based":null},"sync_mode":"full_refresh","destination_sync_mode":"append",
			"cursor_field":null,"primary_key":null,"generation_id":null,"minimum_generation_id":null,"sync_id":null,"destination_object_name":null,"include_files":null}]}`),
		"PyAirbyte": []byte(`{"streams":[{"stream":{"name":"surveys","json_schema":` + schema + `,"supported_sync_modes":["full_refresh","incremental"]},"sync_mode":"incremental",
			"destination_sync_mode":"overwrite"}]}`),
		"a newer platform": []byte(`{"streams":[{"stream":{"name":"surveys","json_schema":` + schema + `,"supported_sync_modes":["full_refresh"],"new":{"a":[1]}},"sync_mode":"full_refresh",
			"destination_sync_mode":"soft_delete","new":true}],"new":[null]}`),
	}
}

func TestConformance_TakesWhatOthersHandOver(t *testing.T) {
	t.Parallel()
	c := newConformer(t)
	valid := c.reads(c.all("incremental"), nil)
	state := string(valid.newest["surveys"])
	inner := strings.TrimSuffix(strings.TrimPrefix(state, "{"), "}")
	states := map[string]struct {
		text  string
		knows bool // where it was: nothing is new
	}{
		"none":                         {"[]", false},
		"an empty file":                {"", false},
		"a platform's":                 {`[{` + inner + `,"id":12,"global":null,"data":null,"destinationStats":{"recordCount":5.0}}]`, true},
		"with streams of others":       {`[` + state + `,{"type":"STREAM","stream":{"stream_descriptor":{"name":"tickets","namespace":null},"stream_state":{"a":1}}}]`, true},
		"one that was reset":           {`[{"type":"STREAM","global":null,"stream":{"stream_descriptor":{"name":"surveys","namespace":null},"stream_state":null}}]`, false},
		"with a global part":           {`[{"type":"GLOBAL","global":{"shared_state":{},"stream_states":[]}},` + state + `]`, true},
		"in the envelope of a message": {`[{"type":"STATE","state":` + state + `}]`, true},
		"an object of long ago":        {`{"surveys":` + string(streamState(t, state)) + `}`, true},
	}
	for producer, catalog := range c.catalogs() {
		for name, state := range states {
			read := c.reads(catalog, []byte(state.text))
			knows := state.knows && bytes.Contains(catalog, []byte(`"sync_mode":"incremental"`))
			if read.newest["surveys"] == nil || len(read.newest) != 1 || len(read.records) == 0 != knows {
				t.Errorf("a catalog of %s with the state %q: %d records and the states of %v", producer, name, len(read.records), sortedKeys(read.newest))
			}
		}
	}
}

// streamState is the opaque part of a state.
func streamState(t *testing.T, state string) json.RawMessage {
	t.Helper()
	var message struct {
		Stream struct {
			State json.RawMessage `json:"stream_state"`
		}
	}
	if err := json.Unmarshal([]byte(state), &message); err != nil {
		t.Fatal(err)
	}
	return message.Stream.State
}

// Platforms decide by the code, and by the first error whether to try again.
func TestConformance_FailuresHaveTheirCodeAndType(t *testing.T) {
	t.Parallel()
	c := newConformer(t)
	secrets := c.tenant.Credentials()
	token := map[string]any{"credentials": map[string]any{"auth_type": "api_token", "api_token": "a-token-of-nobody"}}
	narrow := serveSite(t, sandbox.Options{Seed: 7, Surveys: 2, Responses: 20, Contacts: 5, Scopes: []string{"read:surveys", "read:survey_responses"}})
	oauth := map[string]any{"credentials": testkit.OAuth(secrets.ClientID, secrets.ClientSecret)}
	all, nothing := testkit.Catalog(killedStreams...), []byte(`{"streams":[{"stream":{"name":"__AIRBYTE__stream_that_does_not_exist"},"sync_mode":"INVALID","destination_sync_mode":"INVALID"}]}`)
	tests := map[string]struct {
		site            *site
		other           map[string]any
		command         string
		catalog, states []byte
		code            int
		failure, of     string // of the first error; "" for of is the whole run
	}{
		"a wrong token":               {c.site, token, "read", all, nil, 1, "config_error", ""},
		"a setting of a wrong type":   {c.site, map[string]any{"lookback_minutes": "many"}, "read", all, nil, 1, "config_error", ""},
		"the same, discovering":       {c.site, map[string]any{"lookback_minutes": "many"}, "discover", nil, nil, 1, "config_error", ""},
		"a catalog nobody can follow": {c.site, nil, "read", nothing, nil, 1, "config_error", ""},
		"a catalog that is none":      {c.site, nil, "read", []byte("{"), nil, 1, "config_error", ""},
		"a state that is none":        {c.site, nil, "read", all, []byte(`[{"type":"STREAM"`), 1, "config_error", ""},
		"a state of another product":  {c.site, nil, "read", all, []byte(`[{"type":"STREAM","stream":{"stream_descriptor":{"name":"responses"},"stream_state":{"cursor":"2024-01-01"}}}]`), 1, "config_error", ""},
		"a stream without its scope":  {narrow, oauth, "read", all, nil, 4, "config_error", "contacts"},
		"an unknown stream":           {c.site, nil, "read", testkit.Catalog("surveys", "tickets"), nil, 4, "config_error", "tickets"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := &conformer{user: newUser(t), site: test.site}
			args := []string{test.command, "--config", u.file("config.json", testkit.Encode(test.site.config(test.other)))}
			if test.catalog != nil {
				args = append(args, "--catalog", u.file("catalog.json", test.catalog))
			}
			if test.states != nil {
				args = append(args, "--state", u.file("state.json", test.states))
			}
			_, messages := u.runs(test.code, args...)
			at := slices.IndexFunc(messages, func(m airbytetest.Message) bool { return m.Trace != nil && m.Trace.Error != nil })
			if at < 0 {
				t.Fatal("no error came")
			}
			if first := messages[at].Trace.Error; first.FailureType != test.failure || first.Stream.Name != test.of || first.Message == "" {
				t.Errorf("the first error is %+v, want a %s of %q", *first, test.failure, test.of)
			}
		})
	}
}
