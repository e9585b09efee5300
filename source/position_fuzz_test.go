package source_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source/failures"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// Whatever stands in the position of a partition, a run ends as one that the
// user or time can help, never as a bug; it says which partition is not
// complete, and the states that it leaves can be followed.
func FuzzRead(f *testing.F) {
	streams := []string{"surveys", "responses", "contacts"}
	for i, seed := range []string{
		`{"surveys":{"SV_1":"0123456789abcdef","SV_2":""},"n":253402300799}`, `{"w":1700000000,"h":"AAAAAAAAAAE","f":1,"r":2,"l":true,"n":[1,2,3],"t":4,"u":true}`,
		`{"w":1700000000,"s":1700000000,"t":1699999999,"f":1,"l":253402300799}`, `null`,
		`{"w":1700000000,"a":{"c":1700000000,"i":"R_1 R_2","d":3,"s":1700000000,"a":true,"m":9223372036854775807,"x":{"R_3":-9223372036854775808},"q":["R_4",""],"y":{"R_5":1700000000}}}`,
		`[]`, `{"surveys":[]}`, `{"w":-9223372036854775808,"b":{"a":9223372036854775807,"f":-9223372036854775808,"w":1,"s":"AAAAAAAAAAEAAAAAAAAAAg"}}`,
		`{"w":-5}`, `{"l":true}`, `{"w":-5,"t":-5}`, `{"w":-5,"l":true}`,
		`{"w":9223372036854775807,"f":9223372036854775807,"r":-1,"n":[]}`,
		`{"w":1700000000,"a":{"c":9223372036854775807,"k":"` + strings.Repeat("A", 128*48) + `"}}`,
	} {
		f.Add([]byte(seed), uint8(i))
	}
	f.Fuzz(func(t *testing.T, position []byte, which uint8) {
		if !json.Valid(position) {
			return
		}
		synctest.Test(t, func(t *testing.T) {
			name := streams[int(which)%len(streams)]
			tn := newTenant(t, sandbox.Options{Seed: 7, Surveys: 2, Responses: 8, Contacts: 4})
			first := tn.readComplete(t, nil, name)
			before := positions(t, first.states, name)
			partition := slices.Sorted(maps.Keys(before))[0]
			var state map[string]json.RawMessage
			if err := json.Unmarshal(stateOf(t, first.states, name), &state); err != nil {
				t.Fatal(err)
			}
			before[partition] = position
			state["partitions"] = testkit.Encode(before)
			tn.Advance(time.Hour, false)
			got := tn.read(t, []byte(storedState(name, string(testkit.Encode(state)))), name)
			switch got.code {
			case failures.ExitOK:
			case failures.ExitConfig, failures.ExitPartial:
				if len(got.errors) == 0 || got.errors[0].kind != "config_error" || !strings.Contains(got.errors[0].message, "reset the stream") {
					t.Errorf("position %s: the errors are %v", position, got.errors)
				}
				return
			default:
				t.Fatalf("position %s: the run ended with code %d: %v", position, got.code, got.errors)
			}
			if bytes.Equal(got.states, []byte("[]")) {
				t.Fatalf("position %s: no state is left", position)
			}
			tn.Advance(time.Hour, false)
			tn.readComplete(t, got.states, name)
		})
	})
}
