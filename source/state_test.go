package source_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
)

// positions returns the positions of a stream's state by partition.
func positions(t *testing.T, states []byte, stream string) map[string]json.RawMessage {
	t.Helper()
	var state struct {
		Partitions map[string]json.RawMessage `json:"partitions"`
	}
	if raw := stateOf(t, states, stream); raw != nil {
		if err := json.Unmarshal(raw, &state); err != nil {
			t.Fatal(err)
		}
	}
	return state.Partitions
}

// stateOf returns the state of a stream, or nil.
func stateOf(t *testing.T, states []byte, stream string) json.RawMessage {
	t.Helper()
	var list []struct {
		Stream struct {
			Descriptor struct {
				Name string `json:"name"`
			} `json:"stream_descriptor"`
			State json.RawMessage `json:"stream_state"`
		} `json:"stream"`
	}
	if err := json.Unmarshal(states, &list); err != nil {
		t.Fatal(err)
	}
	for _, s := range list {
		if s.Stream.Descriptor.Name == stream {
			return s.Stream.State
		}
	}
	return nil
}

// storedState is a state file with the state of one stream.
func storedState(stream, state string) string {
	return fmt.Sprintf(`[{"type":"STREAM","stream":{"stream_descriptor":{"name":%q},"stream_state":%s}}]`, stream, state)
}

func TestRead_RefusesAStateThatItCannotFollow(t *testing.T) {
	const (
		reset = "reset the stream"
		json  = "reading the state: it is not valid JSON: "
	)
	tests := map[string]struct {
		state string
		says  []string
	}{
		"broken":                     {`[{"type":STREAM}]`, []string{json + "a mistake at byte 10"}},
		"truncated":                  {storedState("responses", `{"v":1,"partitions":{"SV_1":{`)[:100], []string{json + "it ends too early"}},
		"two of it":                  {`[][]`, []string{json + "something follows its end"}},
		"a text":                     {`"state"`, []string{"reading the state: it is neither a list nor an object"}},
		"an element of another kind": {`[1]`, []string{"reading the state: its element 1: it cannot be a JSON number"}},
		"no name":                    {`[{"type":"STREAM","stream":{"stream_state":{}}}]`, []string{"reading the state: its element 1: it has no stream_descriptor with a name"}},
		"a future version":           {storedState("responses", `{"v":4,"partitions":{}}`), []string{"responses is of version 4, made by a newer release", "upgrade the connector or reset the stream"}},
		"no version":                 {storedState("responses", `{"cursor":"2024-01-01"}`), []string{"the state of stream responses is not one of this connector", reset}},
		"another brand":              {storedState("responses", `{"v":1,"brand":"elsewhere","partitions":{}}`), []string{`belongs to the Qualtrics brand "elsewhere"`, "use the credentials of that brand or reset the stream"}},
		"a list for a stream":        {storedState("responses", `[]`), []string{"the state of stream responses cannot be read", "restore it from a backup, or reset the stream"}},
		"a version that is a text":   {storedState("responses", `{"v":"1"}`), []string{"the state of stream responses cannot be read", "restore it from a backup, or reset the stream"}},
		"positions in a list":        {storedState("responses", `{"v":1,"partitions":[]}`), []string{"the state of stream responses cannot be read", reset}},
		"a position that is a list":  {storedState("responses", `{"v":1,"partitions":{"SV_1":[1]}}`), []string{`the position of "SV_1" is [1]`, reset}},
		"a position that is a date":  {storedState("contacts", `{"v":1,"partitions":{"POOL_1":"2024-01-01"}}`), []string{`the position of "POOL_1" is "2024-01-01"`, reset}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, small)
				tn.files["catalog.json"], tn.files["state.json"] = testkit.Catalog("surveys", "responses", "contacts"), []byte(test.state)
				got := parseReading(t, tn.run(t, "read", "--config", "config.json", "--catalog", "catalog.json", "--state", "state.json"), nil)
				ending{code: 1, kinds: []string{"config_error"}, says: test.says}.compare(t, got)
				if got.count() != 0 || string(got.states) != "[]" {
					t.Errorf("got %d records and the states %s, want neither", got.count(), got.states)
				}
			})
		})
	}
}

// The state of very many surveys is packed. Whoever reads on from one knows what
// was read.
func TestRead_GoesOnFromAPackedState(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small)
		first := tn.readComplete(t, nil, "responses")
		partitions := testkit.Encode(positions(t, first.states, "responses"))
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		if _, err := w.Write(partitions); err != nil || w.Close() != nil {
			t.Fatal("the state cannot be packed")
		}
		state := testkit.Encode(map[string]any{"v": 2, "brand": brandOf(t, first.states, "responses"), "packed": packed.Bytes()})
		tn.Advance(time.Hour, true)
		again := tn.readComplete(t, []byte(storedState("responses", string(state))), "responses")
		plain := tn.readComplete(t, first.states, "responses")
		keys := func(r *reading) []string { return slices.Sorted(maps.Keys(merge(nil, r)["responses"])) }
		if diff := cmp.Diff(keys(plain), keys(again)); diff != "" || again.count() >= first.count() {
			t.Errorf("%d rows after %d; -those from the plain state +those from the packed one:\n%s", again.count(), first.count(), diff)
		}
		if got := positions(t, again.states, "responses"); len(got) != len(positions(t, first.states, "responses")) {
			t.Errorf("the next state, which is short, has %d readable positions", len(got))
		}
	})
}

// A state of more than a mebibyte, packed as it is, is read on from and written,
// which the log says once.
func TestRead_TellsOfALargeState(t *testing.T) {
	for surveys, told := range map[int]int{3000: 0, 33_000: 1} {
		t.Run(fmt.Sprint(surveys), func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, small)
				tn.config["surveys"] = map[string]any{"on_withdrawn": "skip"}
				random := rand.New(rand.NewPCG(1, uint64(surveys)))
				partitions := make(map[string]any)
				for range surveys { // of another time: they are kept for a while
					partitions[fmt.Sprintf("SV_%015x", random.Uint64()>>4)] = map[string]any{"w": 1_700_000_000 + random.IntN(1e7), "h": fmt.Sprintf("AA%014x", random.Uint64()>>8)}
				}
				state := testkit.Encode(map[string]any{"v": 1, "brand": "sandboxbrand", "partitions": partitions})
				got := tn.readComplete(t, []byte(storedState("responses", string(state))), "responses")
				if n := strings.Count(strings.Join(got.logs, "\n"), "the state is large"); n != told {
					t.Errorf("the log tells of a large state %d times, want %d", n, told)
				}
				written := stateOf(t, got.states, "responses")
				if large := len(written) > 1<<20; large != (told > 0) {
					t.Errorf("the state has %d bytes", len(written))
				}
				if told > 0 && !thorough.Asked() {
					return
				}
				again := tn.readComplete(t, got.states, "responses")
				if rest := stateOf(t, again.states, "responses"); again.count() > 0 || len(rest) < len(written)*9/10 {
					t.Errorf("%d rows came again, and the state has %d bytes after %d", again.count(), len(rest), len(written))
				}
			})
		})
	}
}

// A state is bound to the id of its brand as soon as that is known, and to the
// host until then.
func TestRead_FollowsAStateOfItsBrandOrHostOnly(t *testing.T) {
	const (
		id    = "sandboxbrand"
		host  = "host:sandbox1.qualtrics.com"
		other = "host:other1.qualtrics.com"
	)
	tests := map[string]struct {
		stored string
		silent bool   // the account may not ask for its brand
		want   string // "": refused
	}{
		"the id":                            {id, false, id},
		"the id, where the host is known":   {id, true, id},
		"the host":                          {host, true, host},
		"the host, where the id is known":   {host, false, id},
		"a host, where the id is known":     {other, false, id},
		"another host":                      {other, true, ""},
		"another id":                        {"elsewhere", false, ""},
		"no brand":                          {"", false, id},
		"no brand, where the host is known": {"", true, host},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, small)
				silence := func(silent bool) {
					tn.Intercept(func(r *http.Request) *http.Response {
						_, survey, _ := strings.Cut(r.URL.Path, "/surveys/")
						definition := strings.Contains(r.URL.Path, "/survey-definitions/")
						if silent && (strings.HasSuffix(r.URL.Path, "/whoami") || definition || survey != "" && !strings.Contains(survey, "/")) {
							return answer(r, http.StatusForbidden, errorBody(http.StatusForbidden, "TEST_1", "This may not be read."))
						}
						return nil
					})
				}
				silence(test.stored == host)
				first := tn.readComplete(t, nil, "responses")
				made := fmt.Sprintf(`"brand":%q`, brandOf(t, first.states, "responses"))
				states := strings.Replace(string(first.states), made, fmt.Sprintf(`"brand":%q`, test.stored), 1)
				silence(test.silent)
				got := tn.read(t, []byte(states), "responses")
				if test.want == "" {
					ending{code: 1, kinds: []string{"config_error"}, says: []string{fmt.Sprintf("belongs to the Qualtrics brand %q", test.stored)}}.compare(t, got)
					return
				}
				ending{statuses: map[string]string{"responses": "COMPLETE"}}.compare(t, got)
				if brand := brandOf(t, got.states, "responses"); brand != test.want {
					t.Errorf("the state is bound to %q, want %q", brand, test.want)
				}
				if test.stored == test.want && got.count() > 0 {
					t.Errorf("%d rows came again", got.count())
				}
			})
		})
	}
}

// A position whose members are wrong is found by its feed, which leaves the
// other partitions alone.
func TestRead_LeavesAPositionThatItCannotFollow(t *testing.T) {
	for name, position := range map[string]string{
		"a date for a number": `{"w":"2024-01-01T00:00:00Z"}`,
		"hashes that are not": `{"w":1700000000,"h":"%%%"}`,
	} {
		for _, stream := range []string{"responses", "contacts"} {
			t.Run(stream+" "+name, func(t *testing.T) {
				insideBubble(t, func(t *testing.T) {
					tn := newTenant(t, small)
					first := tn.readComplete(t, nil, stream)
					before := positions(t, first.states, stream)
					broken := slices.Sorted(maps.Keys(before))[0]
					entry := func(position []byte) []byte { return fmt.Appendf(nil, "%q:%s", broken, position) }
					states := bytes.Replace(first.states, entry(before[broken]), entry([]byte(position)), 1)
					tn.Advance(time.Hour, false)
					got := tn.read(t, states, stream)
					if got.code != 4 || len(got.errors) != 1 || !strings.Contains(got.errors[0].message, "1 of the stream's parts is not complete: "+broken) {
						t.Errorf("got code %d and %v, want 4 and an error that names %s", got.code, got.errors, broken)
					}
					if after := positions(t, got.states, stream)[broken]; string(after) != position {
						t.Errorf("the position is %s, want it as it was: %s", after, position)
					}
					// The user takes the broken position out.
					got.states = bytes.Replace(got.states, entry([]byte(position)), entry([]byte("{}")), 1)
					tn.goesOn(t, merge(nil, first), got, stream)
				})
			})
		}
	}
}

func TestRead_TakesEveryFormOfAState(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small)
		streams := []string{"surveys", "responses", "contacts"}
		first := tn.readComplete(t, nil)
		all := first.count()
		var elements []json.RawMessage
		if err := json.Unmarshal(first.states, &elements); err != nil {
			t.Fatal(err)
		}
		unknown := json.RawMessage(strings.Trim(storedState("tickets", `{"any":"thing"}`), "[]"))
		legacy, enveloped := make(map[string]json.RawMessage), make([]any, 0, len(elements))
		for _, stream := range streams {
			legacy[stream] = stateOf(t, first.states, stream)
		}
		for _, element := range elements {
			enveloped = append(enveloped, map[string]any{"type": "STATE", "state": element})
		}
		for name, test := range map[string]struct {
			state   []byte
			records int
		}{
			"a list":                 {first.states, 0},
			"a list of envelopes":    {testkit.Encode(enveloped), 0},
			"an object by stream":    {testkit.Encode(legacy), 0},
			"with a byte order mark": {append([]byte("\ufeff"), first.states...), 0},
			"with an unknown stream": {testkit.Encode(append([]json.RawMessage{unknown}, elements...)), 0},
			"nothing":                {[]byte{}, all},
			"an empty list":          {[]byte("[]"), all},
			"an empty object":        {[]byte("{}"), all},
			"null":                   {[]byte("null"), all},
			"nulls":                  {[]byte(`[null,{"type":"STREAM","stream":{"stream_descriptor":{"name":"responses"},"stream_state":null}}]`), all},
			"of no stream":           {[]byte(`[{"type":"LEGACY","data":{"responses":{"cursor":1}}}]`), all},
			"empty ones":             {[]byte(`{"surveys":{},"responses":{},"contacts":{}}`), all},
		} {
			got := tn.readComplete(t, test.state)
			if got.count() != test.records {
				t.Errorf("%s: got %d records, want %d", name, got.count(), test.records)
			}
		}
		one := tn.readComplete(t, []byte(strings.Trim(storedState("responses", string(legacy["responses"])), "[]")), "responses")
		if one.count() != 0 {
			t.Errorf("one message: got %d records, want none", one.count())
		}
	})
}

// Another file in place of the state would otherwise look like a first run.
func TestRead_TellsOfAStateWithoutASelectedStream(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		const warning = "the state has no position of a selected stream: all of them are read from the beginning"
		tn := newTenant(t, small)
		first := tn.readComplete(t, nil, "surveys")
		for state, told := range map[string]bool{`{"data_center":"iad1"}`: true, `{}`: false, string(first.states): false} {
			logs := strings.Join(tn.readComplete(t, []byte(state), "surveys").logs, "\n")
			if strings.Contains(logs, warning) != told {
				t.Errorf("%s: got the log %q, want the warning: %v", state, logs, told)
			}
		}
	})
}

func TestRead_LosesNothingToAPositionInTheFuture(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small)
		first := tn.readComplete(t, nil, "responses", "contacts")
		future := fmt.Sprintf(`"w":%d`, tn.Now().Add(1000*time.Hour).Unix())
		var poisoned []byte
		for _, part := range bytes.SplitAfter(first.states, []byte(",")) {
			if at := bytes.Index(part, []byte(`"w":`)); at >= 0 {
				end := at + len(`"w":`)
				for end < len(part) && part[end] >= '0' && part[end] <= '9' {
					end++
				}
				part = append(append(bytes.Clone(part[:at]), future...), part[end:]...)
			}
			poisoned = append(poisoned, part...)
		}
		if bytes.Count(poisoned, []byte(future)) < 4 {
			t.Fatalf("the state was not poisoned: %s", poisoned)
		}
		tn.Advance(48*time.Hour, false)
		got := tn.readComplete(t, poisoned, "responses", "contacts")
		// Everything is read again: the tables need no earlier run.
		tables := merge(nil, got)
		tn.compareTruth(t, "responses", tables["responses"])
		tn.compareTruth(t, "contacts", tables["contacts"])
		if log := strings.Join(got.logs, "\n"); !strings.Contains(log, "the position lies in the future") {
			t.Errorf("the log does not say so:\n%s", log)
		}
		if bytes.Contains(got.states, []byte(future)) {
			t.Errorf("the new state is in the future still: %s", got.states)
		}
	})
}

// The position of a survey that is not listed any more is kept for a month, for
// it may come back, and no longer: states do not grow with what is gone.
func TestRead_KeepsThePositionOfASurveyThatItDoesNotSeeForAMonth(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small)
		tn.config["surveys"] = map[string]any{"on_withdrawn": "skip"}
		curtain := tn.curtain(surveyPath)
		r := tn.readComplete(t, nil, "surveys", "responses")
		hidden := tn.surveyIDs(t)[2]
		position := func() string { return string(positions(t, r.states, "responses")[hidden]) }
		before := position()
		for _, test := range []struct {
			days   int
			listed bool
			kept   bool
		}{{1, false, true}, {29, false, true}, {0, true, true}, {1, false, true}, {29, false, true}, {2, false, false}} {
			tn.Advance(time.Duration(test.days)*24*time.Hour, true)
			curtain.hide(0)
			if !test.listed {
				curtain.hide(http.StatusForbidden, hidden)
			}
			r = tn.readComplete(t, r.states, "surveys", "responses")
			if is := position(); (is != "") != test.kept || (strings.Contains(is, `"g":`) == test.listed && test.kept) {
				t.Errorf("%+v: the position is %s, and was %s", test, is, before)
			}
			if r.count() != 0 && len(r.records["response_deletions"])+len(r.records["surveys"]) > 0 {
				t.Errorf("%+v: got %v, want no news", test, r.records)
			}
		}
		curtain.hide(0)
		r = tn.readComplete(t, r.states, "surveys", "responses")
		if position() == "" || len(r.records["responses"]) == 0 {
			t.Error("the survey is not read when it comes back")
		}
	})
}

// What a state says of a survey that Qualtrics does not know is told once.
func TestRead_BuriesASurveyThatOnlyTheStateKnows(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small)
		first := tn.readComplete(t, nil, "surveys")
		states := bytes.Replace(first.states, []byte(`{"surveys":{`), []byte(`{"surveys":{"SV_unheardOf00000":"AAAAAAAAAAA",`), 1)
		got := tn.readComplete(t, states, "surveys")
		if len(got.records["surveys"]) != 1 || got.records["surveys"][0]["deleted_at"] == nil {
			t.Errorf("got %v, want the news that one survey is gone", got.records)
		}
	})
}
