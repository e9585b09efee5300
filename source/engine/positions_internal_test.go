package engine

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/feed"
)

// encodedAtOnce is a state as releases wrote it that encoded all positions each time.
// Packed positions are returned as JSON beside it.
func encodedAtOnce(t *testing.T, s *streamState) (state, packed []byte) {
	t.Helper()
	partitions, err := json.Marshal(s.Partitions)
	if err != nil {
		t.Fatal(err)
	}
	if len(partitions) >= packedBytes {
		return nil, partitions
	}
	var written any
	if s.whole {
		written = struct {
			Version     int    `json:"v"`
			Brand       string `json:"brand"`
			Refresh     string `json:"refresh"`
			Positions   string `json:"positions"`
			Packed      []byte `json:"packed"`
			WaitingAsOf string `json:"waiting_as_of"`
			Partitions  any    `json:"partitions"`
		}{wholeVersion, s.Brand, s.Refresh, string(partitions), []byte{}, "", nil}
	} else {
		written = struct {
			Version    int             `json:"v"`
			Brand      string          `json:"brand,omitempty"`
			Refresh    string          `json:"refresh,omitempty"`
			Partitions json.RawMessage `json:"partitions"`
		}{plainVersion, s.Brand, s.Refresh, partitions}
	}
	if state, err = json.Marshal(written); err != nil {
		t.Fatal(err)
	}
	return state, nil
}

// unpacked returns the positions that any reader of JSON, base64 and gzip finds.
func unpacked(t *testing.T, state []byte) []byte {
	t.Helper()
	var members struct {
		Packed []byte `json:"packed"`
	}
	if err := json.Unmarshal(state, &members); err != nil {
		t.Fatal(err)
	}
	r, err := gzip.NewReader(bytes.NewReader(members.Packed))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Whatever became of its positions, a state is what it would be if all of them were
// encoded at once: the same bytes, or if packed, bytes that say the same.
func TestState_IsTheSameWhateverItsHistory(t *testing.T) {
	t.Parallel()
	for _, surveys := range []int{3, 700, 9000} {
		for _, whole := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d surveys, whole %t", surveys, whole), func(t *testing.T) {
				t.Parallel()
				random := rand.New(rand.NewPCG(uint64(surveys), 1))
				state := stateOf(surveys)
				state.whole = whole
				keys := append(slices.Sorted(maps.Keys(state.Partitions)), "", "<&>", "\u2028 \"", "\x7f\x01é", "SV")
				key := func() string {
					if random.IntN(3) == 0 {
						keys = append(keys, fmt.Sprintf("SV_%015x", random.Uint64()>>4))
						return keys[len(keys)-1]
					}
					return keys[random.IntN(len(keys))]
				}
				for step := range 20 {
					for range random.IntN(max(2, surveys/5)) {
						if step > 10 || random.IntN(4) == 0 { // in the end it becomes small
							state.remove(key())
							continue
						}
						state.put(key(), feed.Position(fmt.Sprintf(`{"w":%d, "x": "<\u00e9\"%d>"}`, random.IntN(1e9), random.IntN(9))))
					}
					written, err := state.encode(nil, "")
					if err != nil {
						t.Fatal(err)
					}
					want, packed := encodedAtOnce(t, state)
					if packed != nil {
						if got := unpacked(t, written); !bytes.Equal(got, packed) {
							t.Fatalf("step %d: %d bytes were packed, want the %d of the positions: %.200s", step, len(got), len(packed), got)
						}
					} else if diff := cmp.Diff(string(want), string(written)); diff != "" {
						t.Fatalf("step %d: the state (-at once +written):\n%.2000s", step, diff)
					}
					again, err := newState("responses", "brand", written, false)
					if err != nil {
						t.Fatal(err)
					}
					again.whole = whole
					if next, err := again.encode(nil, ""); err != nil || !bytes.Equal(next, written) {
						t.Fatalf("step %d: the next state, where nothing happened, is another one: %v", step, err)
					}
				}
			})
		}
	}
}

// A position that is no JSON is not hidden by the text of the one before.
func TestState_RefusesAPositionThatIsNoJSON(t *testing.T) {
	t.Parallel()
	state := stateOf(3)
	if _, err := state.encode(nil, ""); err != nil {
		t.Fatal(err)
	}
	key := slices.Sorted(maps.Keys(state.Partitions))[1]
	for position, good := range map[string]bool{`{"w":`: false, `{"w":1}`: true} {
		state.put(key, feed.Position(position))
		if _, err := state.encode(nil, ""); (err == nil) != good {
			t.Errorf("%s: got %v", position, err)
		}
	}
}
