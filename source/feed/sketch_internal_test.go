package feed

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func randomID(random *rand.Rand) string { return randomIDOf("R_", random) }

func randomIDOf(prefix string, random *rand.Rand) string {
	id := []byte(prefix)
	for range 15 {
		id = append(id, idDigits[random.IntN(62)])
	}
	return string(id)
}

func mustPack(t testing.TB, id string) sketchID {
	t.Helper()
	packed, ok := packID(id)
	if !ok {
		t.Fatalf("%q cannot be packed", id)
	}
	return packed
}

func TestSketch_PacksTheIdsOfResponsesAndContactsAndNoOthers(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 1))
	ids := []string{"R_0", "R_z", "R_000000000000000", "R_zzzzzzzzzzzzzzzzzzzzz", "R_10", "CID_0", "CID_z", "CID_zzzzzzzzzzzzzzzzzzzzz", "CID_000000000000000"}
	for range 10_000 {
		id := randomID(random)
		ids = append(ids, id, "CID_"+id[2:])
	}
	numbers := make(map[sketchID]string)
	for _, id := range ids {
		if other, taken := numbers[mustPack(t, id)]; taken && other != id {
			t.Fatalf("%q has the number of %q", id, other)
		}
		numbers[mustPack(t, id)] = id
		if got, ok := mustPack(t, id).id(); !ok || got != id {
			t.Fatalf("%q came back as %q, %t", id, got, ok)
		}
	}
	for _, id := range []string{"", "R_", "FS_000000000000000", "R_a b", "R_é", "r_000000000000000", "R_zzzzzzzzzzzzzzzzzzzzzz", "CID_", "CID_a-b", "CID_zzzzzzzzzzzzzzzzzzzzzz", "CGC_000000000000000"} {
		if packed, ok := packID(id); ok {
			t.Errorf("%q was packed as %v", id, packed)
		}
	}
	for _, strange := range []sketchID{{}, {0, 1}, {0, 2}, {0, 61}, {0, 3 * 62}, {^uint64(0), ^uint64(0)}} {
		if id, ok := strange.id(); ok {
			t.Errorf("%v was unpacked as %q", strange, id)
		}
	}
}

func TestSketch_NamesWhatIsGoneAndWhatIsNew(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ cells, kept, gone, fresh int }{
		{48, 0, 0, 0}, {48, 10, 3, 2}, {96, 1000, 15, 5}, {300, 20_000, 120, 40}, {1000, 100_000, 500, 100},
	} {
		t.Run(fmt.Sprint(test), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(7, uint64(test.cells)))
			s := newSketch(test.cells)
			var gone, fresh []string
			for range test.kept {
				id := mustPack(t, randomID(random))
				s.add(id, 1)
				s.add(id, -1)
			}
			for range test.gone {
				gone = append(gone, randomID(random))
				s.add(mustPack(t, gone[len(gone)-1]), 1)
			}
			for range test.fresh {
				fresh = append(fresh, randomID(random))
				s.add(mustPack(t, fresh[len(fresh)-1]), -1)
			}
			restored, err := decodeSketch(s.encode())
			if err != nil {
				t.Fatal(err)
			}
			in, out, err := restored.decode()
			if err != nil {
				t.Fatal(err)
			}
			for _, ids := range [][]string{in, out, gone, fresh} {
				slices.Sort(ids)
			}
			if diff := cmp.Diff([][]string{gone, fresh}, [][]string{in, out}); diff != "" {
				t.Error(diff)
			}
			if got := restored.net(); got != int64(test.gone-test.fresh) {
				t.Errorf("got a net of %d", got)
			}
		})
	}
}

// How much a table holds decides how large it has to be: the share of random
// differences that decode, for the sizes that are used.
func TestSketch_HoldsWhatItsSizePromises(t *testing.T) {
	t.Parallel()
	for cells, holds := range capacities {
		random, failed := rand.New(rand.NewPCG(3, uint64(cells))), 0
		const tries = 2000
		for range tries {
			s := newSketch(cells)
			for range holds {
				s.add(mustPack(t, randomID(random)), 1)
			}
			if _, _, err := s.decode(); err != nil {
				failed++
			}
		}
		t.Logf("%d cells, %d differences: %d of %d do not decode", cells, holds, failed, tries)
		if failed > tries/100 {
			t.Errorf("%d cells do not hold %d differences in %d of %d cases", cells, holds, failed, tries)
		}
	}
}

func TestSketch_SaysThatTooMuchChanged(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(5, 5))
	s, all := newSketch(48), make(map[string]bool)
	for range 5000 {
		id := randomID(random)
		all[id] = true
		s.add(mustPack(t, id), 1)
	}
	in, out, err := s.decode()
	if !errors.Is(err, errSketch) || len(out) > 0 || s.net() != 5000 {
		t.Errorf("got %d in, %d out, net %d, %v", len(in), len(out), s.net(), err)
	}
	for _, id := range in {
		if !all[id] {
			t.Errorf("%s was never in", id)
		}
	}
}

func TestSketch_RefusesWhatIsNone(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "?", "AAAA", newSketch(48).encode()[4:]} {
		if s, err := decodeSketch(text); err == nil {
			t.Errorf("%.20q was read as %d cells", text, len(s.cells))
		}
	}
}
