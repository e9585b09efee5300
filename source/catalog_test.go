package source_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
)

// readCatalog reads with a catalog as it is.
func (tn *tenant) readCatalog(t *testing.T, catalog string) *reading {
	t.Helper()
	tn.files["catalog.json"] = []byte(catalog)
	return parseReading(t, tn.run(t, "read", "--config", "config.json", "--catalog", "catalog.json"), nil)
}

func TestRead_RefusesACatalogThatItCannotFollow(t *testing.T) {
	t.Parallel()
	surveys := `{"stream":{"name":"surveys","json_schema":{},"supported_sync_modes":["full_refresh"]},"sync_mode":%,"destination_sync_mode":"append"}`
	tests := map[string]struct{ catalog, says string }{
		"a mode that is invalid":        {`{"streams":[` + strings.Replace(surveys, "%", `"INVALID"`, 1) + `]}`, `the sync_mode of stream "surveys" is "INVALID"; it can be full_refresh or incremental`},
		"a mode that is a number":       {`{"streams":[` + strings.Replace(surveys, "%", `1`, 1) + `]}`, "sync_mode cannot be a JSON number"},
		"a destination mode of its own": {`{"streams":[{"stream":{"name":"surveys"},"destination_sync_mode":"mirror"}]}`, `the destination_sync_mode of stream "surveys" is "mirror"`},
		"a stream twice":                {`{"streams":[{"stream":{"name":"surveys"}},{"stream":{"name":"surveys"}}]}`, `it names stream "surveys" twice`},
		"a namespace":                   {`{"streams":[{"stream":{"name":"surveys","namespace":"public"}}]}`, `stream "surveys" has the namespace "public", but streams of this source have none: refresh the catalog with discover`},
		"no streams":                    {`{}`, `it has no "streams"`},
		"the message of discover":       {`{"type":"CATALOG","catalog":{"streams":[]}}`, `it is the message of discover: a configured catalog is {"streams": [`},
		"null for the streams":          {`{"streams":null}`, `it has no "streams"`},
		"null for everything":           {`null`, `it has no "streams"`},
		"null for a stream":             {`{"streams":[{"stream":null,"sync_mode":null,"destination_sync_mode":null}]}`, "stream number 1 has no name"},
		"null for an entry":             {`{"streams":[null]}`, "stream number 1 has no name"},
		"null for a name":               {`{"streams":[{"stream":{"name":null}}]}`, "stream number 1 has no name"},
		"text":                          {`streams: [surveys]`, "it is not valid JSON: a mistake at byte 1"},
		"nothing":                       {``, "it is empty"},
		"half of it":                    {`{"streams":[{"stream":`, "it is not valid JSON: it ends too early"},
		"two of it":                     {`{"streams":[]} {"streams":[]}`, "something follows its end"},
		"a list":                        {`[]`, "it cannot be a JSON array"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := newTenant(t, small)
			got := tn.readCatalog(t, test.catalog)
			ending{code: 1, kinds: []string{"config_error"}, says: []string{"reading the catalog: ", test.says}}.compare(t, got)
			if calls := requests(tn); got.count() != 0 || string(got.states) != "[]" || calls != 0 {
				t.Errorf("got %d records, the states %s and %d calls, want none", got.count(), got.states, calls)
			}
		})
	}
}

func TestRead_ReadsTheKnownStreamsOfACatalogWithUnknownOnes(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small)
		streams := []string{"tickets", "surveys", "Responses", "contacts"}
		got := tn.read(t, nil, streams...)
		ending{
			code: 4, kinds: []string{"config_error", "config_error"},
			says: []string{`there is no stream "tickets": refresh the catalog with discover`, `there is no stream "Responses"`},
			statuses: map[string]string{
				"tickets": "INCOMPLETE", "surveys": "COMPLETE", "Responses": "INCOMPLETE", "contacts": "COMPLETE",
			},
		}.compare(t, got)
		var failed []string
		for _, e := range got.errors {
			failed = append(failed, e.stream)
		}
		if want := []string{"tickets", "Responses"}; !slices.Equal(failed, want) {
			t.Errorf("got errors of %v, want of %v", failed, want)
		}
		tables := merge(nil, got)
		tn.compareTruth(t, "surveys", tables["surveys"])
		tn.compareTruth(t, "contacts", tables["contacts"])
	})
}

func TestRead_RefusesACatalogOfUnknownStreamsOnly(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small)
		got := tn.read(t, nil, "tickets", "distributions")
		ending{
			code: 1, kinds: []string{"config_error", "config_error"}, says: []string{`there is no stream "tickets"`, `there is no stream "distributions"`},
			statuses: incomplete("tickets", "distributions"),
		}.compare(t, got)
		if got.count() != 0 || string(got.states) != "[]" {
			t.Errorf("got %d records and the states %s, want neither", got.count(), got.states)
		}
	})
}

func TestRead_TakesACatalogWithNullsEverywhere(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small)
		got := tn.readCatalog(t, "\ufeff"+`{"streams":[
			{"stream":{"name":"surveys","json_schema":null,"supported_sync_modes":null,"source_defined_cursor":null,"default_cursor_field":null,
			"source_defined_primary_key":null,"namespace":null,"is_resumable":null},"sync_mode":null,"destination_sync_mode":null,"cursor_field":null,
			"primary_key":null,"generation_id":null,"minimum_generation_id":null,"sync_id":null,"include_files":null},
			{"stream":{"name":"responses","namespace":""},"sync_mode":"incremental"}],"unheard_of":null}`)
		ending{statuses: map[string]string{"surveys": "COMPLETE", "responses": "COMPLETE"}}.compare(t, got)
		tables := merge(nil, got)
		tn.compareTruth(t, "surveys", tables["surveys"])
		tn.compareTruth(t, "responses", tables["responses"])
		if streams := slices.Sorted(maps.Keys(tables)); len(streams) != 2 {
			t.Errorf("got records of %v, want those of the two streams", streams)
		}
	})
}

func TestRead_TakesACatalogOfNoStreams(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		got := newTenant(t, small).readCatalog(t, `{"streams":[]}`)
		ending{}.compare(t, got)
		if got.count() != 0 || string(got.states) != "[]" {
			t.Errorf("got %d records and the states %s, want neither", got.count(), got.states)
		}
	})
}

// A catalog may hold what it likes: whatever is no stream fails by itself, and
// the output stays lines of the protocol.
func TestRead_TakesAHostileCatalog(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		hostile := []string{
			"../../etc/passwd", "/etc/passwd", `..\..\x`, "surveys/../x", "surveys\x00", "surveys\n{\"type\":\"STATE\"}", "\u2028", "\x1b[31m", "_state", "%2e%2e", "..",
			strings.Repeat("long", 50_000), "surveys ", "SURVEYS", "ｓurveys", "\U0001F4A9", "", "surveys",
		}
		var entries []string
		for _, name := range hostile {
			if name != "" {
				entries = append(entries, `{"stream":{"name":`+quote(name)+`}}`)
			}
		}
		tn := newTenant(t, small)
		got := tn.readCatalog(t, `{"streams":[`+strings.Join(entries, ",")+`]}`)
		if got.code != 4 || len(got.errors) != len(entries)-1 || got.statuses["surveys"] != "COMPLETE" {
			t.Errorf("got exit code %d, %d errors and the statuses %v, want 4, %d and complete surveys", got.code, len(got.errors), got.statuses, len(entries)-1)
		}
		for _, e := range got.errors {
			if e.kind != "config_error" || len(e.message) > 500 {
				t.Errorf("got a %s of %d bytes, want a short config_error", e.kind, len(e.message))
			}
		}
		tn.compareTruth(t, "surveys", merge(nil, got)["surveys"])
	})
}

func TestRead_TakesACatalogOfAHundredThousandStreams(t *testing.T) {
	t.Parallel()
	streams := 100_000
	if !thorough.Asked() {
		streams = 5000
	}
	var catalog strings.Builder
	catalog.WriteString(`{"streams":[`)
	for n := range streams {
		fmt.Fprintf(&catalog, `{"stream":{"name":"s%d"}},`, n)
	}
	catalog.WriteString(`{"stream":{"name":"s0"}}]}`)
	tn := newTenant(t, small)
	got := tn.readCatalog(t, catalog.String())
	ending{code: 1, kinds: []string{"config_error"}, says: []string{`it names stream "s0" twice`}}.compare(t, got)
	unique := strings.TrimSuffix(catalog.String(), `,{"stream":{"name":"s0"}}]}`) + "]}"
	tn.files["catalog.json"] = []byte(unique)
	all := collectReading(t, tn.run(t, "read", "--config", "config.json", "--catalog", "catalog.json"), nil)
	if all.code != 1 || len(all.errors) != streams || all.errors[streams-1].stream != fmt.Sprint("s", streams-1) {
		t.Errorf("got exit code %d and %d errors, want 1 and one for each stream", all.code, len(all.errors))
	}
}
