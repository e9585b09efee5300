package engine

import (
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/failures"
)

// The state of a stream is refused as something that the user has to solve, or
// it is understood, and then means the same after it was written.
func FuzzState(f *testing.F) {
	for _, seed := range []string{
		``, `null`, `{}`, `[]`, `{"v":1}`, `{"v":3}`, `{"v":-1,"partitions":{}}`, `{"v":1,"brand":"brand","partitions":{"SV_1":{"w":1},"SV_2":null,"SV_3":{}}}`,
		`{"v":1,"brand":"host:a","refresh":"running","partitions":{"":{"<&>":"\u2028"}},"waiting_as_of":"x"}`, `{"v":1,"V":3,"partitions":{"SV_1":[1]}}`,
		`{"v":1,"brand":"other","partitions":{"SV_1":{}}}`, `{"v":1,"partitions":null,"refresh":"complete"}`, `{"v":1}{`,
		`{"v":2,"partitions":{}}`, `{"v":2,"packed":"H4sIAAAAAAAA/wEAAP//AAAAAAAAAAA="}`, `{"v":2,"packed":"SV_1"}`, `{"v":2,"packed":""}`, packedState,
	} {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, stored []byte, refresh bool) {
		state, err := newState("responses", "brand", stored, refresh)
		if err != nil {
			if _, ok := err.(*failures.ConfigError); !ok || !strings.Contains(err.Error(), "the state of stream responses") { //nolint:errorlint // the outermost counts
				t.Errorf("%q: got %T: %v", stored, err, err)
			}
			return
		}
		if state.Brand != "brand" || state.Partitions == nil {
			t.Errorf("%q: got %+v", stored, state)
		}
		written, err := state.encode(nil, "")
		if err != nil {
			t.Fatalf("%q cannot be written: %v", stored, err)
		}
		if !strings.HasPrefix(string(written), `{"v":1,`) && !strings.HasPrefix(string(written), `{"v":2,`) {
			t.Errorf("%q was written as %.80s, of no version", stored, written)
		}
		again, err := newState("responses", "brand", written, refresh)
		if err != nil {
			t.Fatalf("%q, written as %s: %v", stored, written, err)
		}
		rewritten, err := again.encode(nil, "")
		if err != nil || string(rewritten) != string(written) {
			t.Errorf("%q was written as %s, then as %s, %v", stored, written, rewritten, err)
		}
		if _, err := newState("responses", "another", written, refresh); err == nil {
			t.Errorf("%s was taken for another brand's", written)
		}
	})
}
