package feed

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
)

// Room that small surveys leave goes to those of which much may be deleted, and
// comes back.
func TestRoom_GoesToWhereDeletionsHappen(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(6, 6))
	env := &Env{SealBytes: 100_000, listed: make([]Survey, 1000)}
	small, _ := sealOf(t, 100, responseIDs(random, 3))
	positions := make(map[string]Position)
	for i := range 900 {
		position, err := json.Marshal(responsePosition{Watermark: 1, Ledger: &ledgerState{SealedAt: 1, sealState: small.state()}})
		if err != nil {
			t.Fatal(err)
		}
		positions[fmt.Sprint("SV_", i)] = position
	}
	gone, err := json.Marshal(responsePosition{Watermark: 1, Missed: 1, Ledger: &ledgerState{SealedAt: 1, sealState: small.state()}})
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(positions, map[string]Position{"gone": gone, "unsealed": Position(`{"w":1}`), "odd": Position(`{"a":{"n":true}}`), "odder": Position(`{"a":7}`), "empty": nil})
	responses{}.Resume(env, maps.All(positions))
	used := 900 * len(small.state().IDs)
	if env.sealed != used {
		t.Fatalf("%d bytes are taken, want %d", env.sealed, used)
	}
	if len(env.known) != 902 || env.known["gone"] {
		t.Errorf("%d surveys should be in the list, gone ones among them: %t; want 902 and none", len(env.known), env.known["gone"])
	}

	const share = 100
	ids := responseIDs(random, 2000)
	for _, test := range []struct {
		total, deleted int64
		want           int
	}{
		{2000, 0, (100_000 - used) / 2}, {10, 1, (100_000 - used) / 2}, {499, 0, share},
	} {
		t.Run(fmt.Sprint(test), func(t *testing.T) {
			f := &responseFetch{env: env, total: test.total, deleted: test.deleted, ledger: &ledger{}}
			if got := f.roomFor(); got != test.want {
				t.Fatalf("got %d bytes, want %d", got, test.want)
			}
			first, _ := sealOf(t, f.roomFor(), ids)
			env.resealed(f.ledger.set, first)
			f.ledger.set = first
			if got := f.roomFor(); test.want > share && got <= test.want {
				t.Errorf("for the next seal there are %d bytes: its own do not count", got)
			}
			env.resealed(f.ledger.set, nil)
			if env.sealed != used {
				t.Errorf("%d bytes are taken in the end, want %d", env.sealed, used)
			}
		})
	}

	env.sealed = 150_000 // positions of a time with fewer surveys
	f := &responseFetch{env: env, total: 5000, ledger: &ledger{}}
	if got := f.roomFor(); got != share {
		t.Errorf("with no room left a survey has %d bytes, want its share", got)
	}
}
