package feed

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func responseIDs(random *rand.Rand, count int) []string { return idsOf("R_", random, count) }

// sealOf seals ids as a survey does that has so many bytes of the state.
func sealOf(t testing.TB, bytes int, ids []string) (s *seal, size int) {
	t.Helper()
	made := newSealing(bytes)
	for _, id := range ids {
		made.put(id)
	}
	text, err := json.Marshal(made.seal().state())
	if err != nil {
		t.Fatal(err)
	}
	var state sealState
	if err := json.Unmarshal(text, &state); err != nil {
		t.Fatal(err)
	}
	if s, err = newSeal(state); err != nil {
		t.Fatal(err)
	}
	return s, len(text)
}

// Of however many surveys, each can name some deletions, and takes no more of
// the state than its share, or than what four deletions take.
func TestSeal_NamesWhatIsGoneInItsShareOfTheState(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ surveys, responses, gone, fresh int }{
		{1, 150, 150, 20},
		{1, 1000, 100, 0},
		{1, 1000, 60, 40},
		{1, 30_000, 150, 10},
		{1, 310_000, 600, 0},
		{20, 30_000, 150, 0},
		{100, 30_000, 60, 20},
		{500, 15, 10, 5},
		{500, 3000, 10, 5},
		{2000, 3000, 3, 1},
		{10_000, 3000, 4, 0},
		{10_000, 2, 2, 2},
	} {
		t.Run(fmt.Sprint(test), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(uint64(test.surveys), uint64(test.responses)))
			ids, fresh := responseIDs(random, test.responses), responseIDs(random, test.fresh)
			twice := ids // that an export shows twice; tables do not bear that
			if test.responses >= mostPinned {
				twice = nil
			}
			s, size := sealOf(t, sealBytes/test.surveys, slices.Concat(ids, twice))
			if most := max(sealBytes/test.surveys, 110) + len(`{"i":""}`) + idBytes; size > most {
				t.Errorf("it takes %d bytes, want at most %d", size, most)
			}
			if s.holds() < int64(test.gone+test.fresh) {
				t.Errorf("it holds %d, want %d", s.holds(), test.gone+test.fresh)
			}
			c := s.compare()
			for _, id := range slices.Concat(fresh, ids[test.gone:], twice[min(test.gone, len(twice)):]) {
				c.see(id)
			}
			gone, came, net, err := c.result()
			if err != nil {
				t.Fatal(err)
			}
			want := [][]string{slices.Sorted(slices.Values(ids[:test.gone])), slices.Sorted(slices.Values(fresh))}
			got := [][]string{slices.Sorted(slices.Values(gone)), slices.Sorted(slices.Values(came))}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if net != int64(test.gone-test.fresh) {
				t.Errorf("got a net of %d", net)
			}
		})
	}
}

func TestSeal_ForgetsWhatIsTakenOut(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(4, 4))
	for _, test := range []struct{ bytes, responses int }{{sealBytes, 20}, {500, 300}, {sealBytes, 25_000}} {
		ids := responseIDs(random, test.responses)
		s, _ := sealOf(t, test.bytes, ids)
		before := s.state()
		rest := s.clone()
		rest.remove(ids[0])
		c := rest.compare()
		for _, id := range ids {
			c.see(id)
		}
		if gone, came, _, err := c.result(); err != nil || len(gone) > 0 || !slices.Equal(came, ids[:1]) {
			t.Errorf("%v: got %q gone and %q come, %v", test, gone, came, err)
		}
		if diff := cmp.Diff(before, s.state()); diff != "" {
			t.Errorf("the original changed:\n%s", diff)
		}
	}
}
