package engine

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/failures"
	"github.com/birdie-ai/source-qualtrics/source/feed"
)

// packedState has the positions {"SV_1":{"w":1}} and is packed.
const packedState = `{"v":2,"brand":"brand","packed":"H4sIAAAAAAAEA6tWCg6LN1SyqlYqV7IyrK0FACLr2OYQAAAA"}`

// stateOf is a state with the positions of so many surveys.
func stateOf(surveys int) *streamState {
	random := rand.New(rand.NewPCG(1, 1))
	state := &streamState{Brand: "brand", Partitions: make(map[string]feed.Position)}
	for range surveys {
		position := fmt.Sprintf(`{"w":%d,"n":[%d,0,0],"a":{"c":%d}}`, 1_760_000_000+random.IntN(80_000), random.IntN(900), 1_760_000_000+random.IntN(80_000))
		state.Partitions[fmt.Sprintf("SV_%015x", random.Uint64()>>4)] = feed.Position(position)
	}
	return state
}

// A state that is long is packed: it means the same, and so do its next ones.
func TestState_IsPackedWhereItIsLong(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		surveys, version int
	}{{0, 1}, {1, 1}, {3000, 1}, {10_000, 2}} {
		t.Run(fmt.Sprint(test.surveys), func(t *testing.T) {
			t.Parallel()
			state := stateOf(test.surveys)
			written, err := state.encode(nil, "")
			if err != nil {
				t.Fatal(err)
			}
			var read struct {
				Version    int                        `json:"v"`
				Partitions map[string]json.RawMessage `json:"partitions"`
			}
			if err := json.Unmarshal(written, &read); err != nil || read.Version != test.version {
				t.Fatalf("the state is of version %d, %v, want %d", read.Version, err, test.version)
			}
			plain, err := json.Marshal(state.Partitions)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case test.version == packedVersion && (len(read.Partitions) > 0 || len(written) > len(plain)*2/3):
				t.Errorf("%d bytes and %d positions are written of %d bytes", len(written), len(read.Partitions), len(plain))
			case test.version == plainVersion && len(read.Partitions) != test.surveys:
				t.Errorf("%d positions are readable, want %d", len(read.Partitions), test.surveys)
			}
			again, err := newState("responses", "brand", written, false)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(state.Partitions, again.Partitions); diff != "" {
				t.Errorf("positions (-written +read):\n%s", diff)
			}
			if next, err := again.encode(nil, ""); err != nil || !bytes.Equal(next, written) {
				t.Errorf("the next state, where nothing happened, is another one: %v", err)
			}
		})
	}
}

// What is packed is refused where it cannot be what was written.
func TestState_RefusesWhatIsPackedBadly(t *testing.T) {
	t.Parallel()
	pack := func(text []byte) []byte {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		if _, err := w.Write(text); err != nil || w.Close() != nil {
			t.Fatal("the text cannot be packed")
		}
		return packed.Bytes()
	}
	whole := pack([]byte(`{"SV_1":{"w":1}}`))
	flipped := bytes.Clone(whole)
	flipped[len(flipped)-6] ^= 1 // of its checksum
	for name, test := range map[string]struct {
		packed []byte
		beside string
		says   string
	}{
		"no gzip":                   {[]byte("the positions of some surveys"), "", gzip.ErrHeader.Error()},
		"cut":                       {whole[:len(whole)-9], "", "unexpected EOF"},
		"flipped":                   {flipped, "", gzip.ErrChecksum.Error()},
		"a list":                    {pack([]byte(`[{"w":1}]`)), "", "it cannot be decoded"},
		"no JSON":                   {pack([]byte(`{"SV_1":{"w":1}`)), "", "a mistake at byte 15"},
		"far too long":              {pack(bytes.Repeat([]byte(" "), mostUnpacked+1)), "", "it is longer than 64 MiB"},
		"positions besides":         {whole, `"v":3,"positions":"{}",`, "there are positions beside it"},
		"nothing":                   {nil, `"v":3,"positions":"",`, "it has no positions"},
		"positions that are a list": {nil, `"v":3,"positions":"[1]",`, "its positions are no JSON object"},
		"a position that is a list": {pack([]byte(`{"SV_1":[1]}`)), "", `the position of "SV_1" is [1]`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			encoded, err := json.Marshal(test.packed)
			if err != nil {
				t.Fatal(err)
			}
			_, err = newState("responses", "brand", fmt.Appendf(nil, `{"v":2,%s"packed":%s}`, test.beside, encoded), false)
			if _, ok := err.(*failures.ConfigError); !ok { //nolint:errorlint // the outermost counts
				t.Fatalf("got %T: %v, want what the user has to solve", err, err)
			}
			for _, says := range []string{test.says, "the state of stream responses cannot be read", "reset the stream"} {
				if !strings.Contains(err.Error(), says) {
					t.Errorf("%q does not say %q", err, says)
				}
			}
		})
	}
	state, err := newState("responses", "brand", []byte(packedState), false)
	if err != nil || string(state.Partitions["SV_1"]) != `{"w":1}` {
		t.Errorf("got %v, %v of a good one", state, err)
	}
}

// A state that platforms may merge with older ones holds its positions in one
// text, has all its members, and means the same.
func TestState_WrittenToBeMergedIsWholeAndSmall(t *testing.T) {
	t.Parallel()
	for _, surveys := range []int{0, 1, 3000, 10_000} {
		state := stateOf(surveys)
		state.whole = true
		written, err := state.encode(nil, "")
		if err != nil {
			t.Fatal(err)
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal(written, &members); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"v", "brand", "refresh", "positions", "packed", "waiting_as_of", "partitions"} {
			if value, ok := members[name]; !ok || len(value) > 0 && value[0] == '{' {
				t.Errorf("%d surveys: the member %s is %.40s, want it there and no object", surveys, name, value)
			}
		}
		if len(written) > largeState {
			t.Errorf("%d surveys: the state has %d bytes, want %d at most", surveys, len(written), largeState)
		}
		again, err := newState("responses", "brand", written, false)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(state.Partitions, again.Partitions); diff != "" {
			t.Errorf("%d surveys: positions (-written +read):\n%s", surveys, diff)
		}
	}
}
