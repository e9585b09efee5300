package source_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// mergedState is what Meltano stores with --state-strategy=merge: objects are
// merged key by key, and whatever else the newer state has replaces the older.
func mergedState(t *testing.T, older, newer []byte) []byte {
	t.Helper()
	if len(older) == 0 {
		return newer
	}
	var into, from map[string]any
	for text, value := range map[*[]byte]*map[string]any{&older: &into, &newer: &from} {
		decoder := json.NewDecoder(bytes.NewReader(*text))
		decoder.UseNumber()
		if err := decoder.Decode(value); err != nil {
			t.Fatal(err)
		}
	}
	var merge func(from, into map[string]any)
	merge = func(from, into map[string]any) {
		for key, value := range from {
			object, ok := value.(map[string]any)
			if !ok {
				into[key] = value
				continue
			}
			if _, there := into[key]; !there {
				into[key] = make(map[string]any)
			}
			node, ok := into[key].(map[string]any)
			if !ok {
				t.Fatalf("Meltano cannot merge an object into the %T of %s", into[key], key)
			}
			merge(object, node)
		}
	}
	merge(from, into)
	return testkit.Encode(into)
}

// A state that is merged with older ones means the same as the newest one: a
// removed entry, such as a deletion that was reported, stays removed.
func TestTap_AMergedStateMeansWhatTheNewestOneSays(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		type outcome struct {
			records map[string]int
			tables  map[string]table
			states  []int // sizes
		}
		run := func(store func(older, newer []byte) []byte) (o outcome) {
			tn := newTenant(t, sandbox.Options{Seed: 11, Surveys: 5, Responses: thorough.Number(900, 200), Contacts: thorough.Number(40, 10)})
			tn.config["deletions"] = map[string]any{"audit_days": 1}
			tn.jitter = func(wait time.Duration) time.Duration { return wait }
			tn.config["limits"].(map[string]any)["parallel_exports"] = 1
			o.records = make(map[string]int)
			var state []byte
			for range thorough.Number(8, 3) {
				for _, pause := range []time.Duration{30 * time.Hour, time.Hour} {
					tn.Advance(pause, false)
					tn.files["state.json"] = state
					got := tn.tap(t, "--config", "config.json", "--state", "state.json")
					if got.result.code != 0 {
						t.Fatalf("code %d: %s", got.result.code, got.stderr)
					}
					o.tables = merge(o.tables, got.reading)
					for stream, rows := range got.records {
						o.records[stream] += len(rows)
					}
					for _, row := range got.records["sync_audit"] {
						late, err := row["late"].(json.Number).Int64()
						if err != nil {
							t.Fatal(err)
						}
						o.records["late"] += int(late)
					}
					state = store(state, got.state)
					o.states = append(o.states, len(state))
				}
			}
			for _, stream := range []string{"surveys", "contacts"} {
				tn.compareTruth(t, stream, o.tables[stream])
			}
			return o
		}
		plain := run(func(_, newer []byte) []byte { return newer })
		merged := run(func(older, newer []byte) []byte { return mergedState(t, older, newer) })
		if plain.records["response_deletions"] < thorough.Number(20, 3) || !maps.Equal(plain.records, merged.records) {
			t.Errorf("with states that are replaced came %v, with merged ones %v", plain.records, merged.records)
		}
		for i, size := range merged.states {
			if size > plain.states[i]+200 {
				t.Errorf("after run %d the merged state has %d bytes, the newest one %d", i+1, size, plain.states[i])
			}
		}
	})
}

// The newest state counts whatever the older one was: of another release, packed,
// of a full read that was interrupted, or of streams that are read no more.
func TestTap_AStateMergedWithAnyOlderOneIsTheNewest(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 11, Surveys: 3, Responses: 60, Contacts: 5})
		first := tn.tap(t, "--config", "config.json")
		surveys := tn.surveyIDs(t)
		for name, older := range map[string]string{
			"positions of an earlier release": fmt.Sprintf(`{"bookmarks":{"responses":{"v":1,"brand":"sandboxbrand","refresh":"running","waiting_as_of":"2020","partitions":{%q:{"w":7,"l":true,"a":{"y":{"R_1":1}}},"SV_1":{"w":7}}}}}`, surveys[0]),
			"packed ones of an earlier one":   `{"bookmarks":{"responses":{"v":2,"brand":"sandboxbrand","packed":"H4sIAAAAAAAEA6tWCg6LN1SyqlYqV7IyrK0FACLr2OYQAAAA"}}}`,
			"packed ones":                     `{"bookmarks":{"responses":{"v":3,"brand":"sandboxbrand","refresh":"","positions":"","packed":"H4sIAAAAAAAEA6tWCg6LN1SyqlYqV7IyrK0FACLr2OYQAAAA"}}}`,
			"a full read":                     `{"bookmarks":{"responses":{"v":3,"brand":"sandboxbrand","refresh":"running","positions":"{\"SV_1\":{\"w\":7}}"}}}`,
		} {
			tn.files["state.json"] = mergedState(t, []byte(older), first.state)
			again := tn.tap(t, "--config", "config.json", "--state", "state.json")
			if rows := len(again.records["responses"]) + len(again.records["response_deletions"]); again.result.code != 0 || rows != 0 {
				t.Errorf("%s: code %d, %d rows came again: %s", name, again.result.code, rows, again.stderr)
			}
			tn.files["catalog.json"] = []byte(`{"streams":[{"tap_stream_id":"responses","replication_method":"FULL_TABLE"}]}`)
			full := tn.tap(t, "--config", "config.json", "--catalog", "catalog.json", "--state", "state.json")
			if len(full.records["responses"]) != len(first.records["responses"]) {
				t.Errorf("%s: a full read after it brings %d of %d responses", name, len(full.records["responses"]), len(first.records["responses"]))
			}
		}
	})
}

// The version of a full read that was interrupted is not that of a later one:
// its rows, some of which may be gone, would stay.
func TestTap_AMergedStateBringsBackNoVersion(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 11, Surveys: 3, Responses: 60, Contacts: 5})
		tn.config["emit_activate_version_messages"] = true
		tn.files["catalog.json"] = []byte(`{"streams":[{"tap_stream_id":"responses","replication_method":"FULL_TABLE"}]}`)
		tn.files["incremental.json"] = []byte(`{"streams":[{"tap_stream_id":"responses"}]}`)
		tn.Intercept(refusing("POST", tn.surveyIDs(t)[0]+"/export-responses", 403))
		tn.config["surveys"] = map[string]any{"on_denied": "fail"}
		cut := tn.tap(t, "--config", "config.json", "--catalog", "catalog.json")
		if !strings.Contains(string(cut.state), `"activate_version":`) {
			t.Fatalf("the state of an interrupted full read has no version: %s", cut.state)
		}
		tn.Intercept(nil)
		tn.files["state.json"] = cut.state
		between := tn.tap(t, "--config", "config.json", "--catalog", "incremental.json", "--state", "state.json")
		tn.files["state.json"] = mergedState(t, cut.state, between.state)
		if !strings.Contains(string(tn.files["state.json"]), `"activate_version":0`) {
			t.Errorf("the merged state keeps the version: %s", tn.files["state.json"])
		}
	})
}
