package sketch

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
)

func randomID(random *rand.Rand) string { return randomIDOf("R_", random) }

func randomIDOf(prefix string, random *rand.Rand) string {
	id := []byte(prefix)
	for range 15 {
		id = append(id, idDigits[random.IntN(62)])
	}
	return string(id)
}

func mustPack(t testing.TB, id string) ID {
	t.Helper()
	packed, ok := Pack(id)
	if !ok {
		t.Fatalf("%q cannot be packed", id)
	}
	return packed
}

func TestID_PacksTheIdsOfKnownPrefixesAndNoOthers(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 1))
	ids := []string{"R_0", "R_z", "R_000000000000000", "R_zzzzzzzzzzzzzzzzzzzzz", "R_10", "CID_0", "CID_z", "CID_zzzzzzzzzzzzzzzzzzzzz", "CID_000000000000000"}
	for range 10_000 {
		id := randomID(random)
		ids = append(ids, id, "CID_"+id[2:], "CG_"+id[2:], "UR_"+id[2:], "URH_"+id[2:], "FS_"+id[2:])
	}
	numbers := make(map[ID]string)
	for _, id := range ids {
		if other, taken := numbers[mustPack(t, id)]; taken && other != id {
			t.Fatalf("%q has the number of %q", id, other)
		}
		numbers[mustPack(t, id)] = id
		if got, ok := mustPack(t, id).Unpack(); !ok || got != id {
			t.Fatalf("%q came back as %q, %t", id, got, ok)
		}
	}
	for _, id := range []string{"", "R_", "SV_000000000000000", "R_a b", "R_é", "r_000000000000000", "R_zzzzzzzzzzzzzzzzzzzzzz", "CID_", "CID_a-b", "CID_zzzzzzzzzzzzzzzzzzzzzz", "CGC_000000000000000", "UT_BRANDADMIN"} {
		if packed, ok := Pack(id); ok {
			t.Errorf("%q was packed as %v", id, packed)
		}
	}
	for _, strange := range []ID{{}, {0, 1}, {0, 2}, {0, 61}, {0, 7 * 62}, {^uint64(0), ^uint64(0)}} {
		if id, ok := strange.Unpack(); ok {
			t.Errorf("%v was unpacked as %q", strange, id)
		}
	}
}

func TestIBLT_ListsRemovedAndNewIDs(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ cells, kept, gone, fresh int }{
		{48, 0, 0, 0}, {48, 10, 3, 2}, {96, 1000, 15, 5}, {300, 20_000, 120, 40}, {1000, 100_000, 500, 100},
	} {
		t.Run(fmt.Sprint(test), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(7, uint64(test.cells)))
			s := NewIBLT(test.cells)
			var gone, fresh []string
			for range test.kept {
				id := mustPack(t, randomID(random))
				s.Add(id, 1)
				s.Add(id, -1)
			}
			for range test.gone {
				gone = append(gone, randomID(random))
				s.Add(mustPack(t, gone[len(gone)-1]), 1)
			}
			for range test.fresh {
				fresh = append(fresh, randomID(random))
				s.Add(mustPack(t, fresh[len(fresh)-1]), -1)
			}
			restored, err := DecodeIBLT(s.Encode())
			if err != nil {
				t.Fatal(err)
			}
			in, out, err := restored.Decode()
			if err != nil {
				t.Fatal(err)
			}
			for _, ids := range [][]string{in, out, gone, fresh} {
				slices.Sort(ids)
			}
			if diff := cmp.Diff([][]string{gone, fresh}, [][]string{in, out}); diff != "" {
				t.Error(diff)
			}
			if got := restored.Net(); got != int64(test.gone-test.fresh) {
				t.Errorf("got a net of %d", got)
			}
		})
	}
}

// The test measures the share of random changes that decode at each listed size.
func TestIBLT_DecodesItsCapacityIn99Of100Cases(t *testing.T) {
	t.Parallel()
	for _, size := range ibltCapacities {
		cells, holds := size.cells, NewIBLT(size.cells).Capacity()
		random, failed := rand.New(rand.NewPCG(3, uint64(cells))), 0
		tries := thorough.Number(2000, 500)
		for range tries {
			s := NewIBLT(cells)
			for range holds {
				s.Add(mustPack(t, randomID(random)), 1)
			}
			if _, _, err := s.Decode(); err != nil {
				failed++
			}
		}
		t.Logf("%d cells, %d differences: %d of %d do not decode", cells, holds, failed, tries)
		if failed > tries/100 {
			t.Errorf("%d cells do not hold %d differences in %d of %d cases", cells, holds, failed, tries)
		}
	}
}

func TestIBLT_ReportsTooManyChanges(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(5, 5))
	s, all := NewIBLT(48), make(map[string]bool)
	for range 5000 {
		id := randomID(random)
		all[id] = true
		s.Add(mustPack(t, id), 1)
	}
	in, out, err := s.Decode()
	if !errors.Is(err, ErrTooMany) || len(out) > 0 || s.Net() != 5000 {
		t.Errorf("got %d in, %d out, net %d, %v", len(in), len(out), s.Net(), err)
	}
	for _, id := range in {
		if !all[id] {
			t.Errorf("%s was never added", id)
		}
	}
}

func TestDecodeIBLT_RefusesOtherText(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "?", "AAAA", NewIBLT(48).Encode()[4:]} {
		if s, err := DecodeIBLT(text); err == nil {
			t.Errorf("%.20q was read as %d cells", text, len(s.cells))
		}
	}
}

// The text of a state may be damaged: the listed ids are in the table, and a table
// that decodes has no others.
func FuzzIBLT(f *testing.F) {
	table := NewIBLT(12)
	table.Add(mustPack(f, "R_1"), 1)
	table.Add(mustPack(f, "CID_2"), -1)
	f.Add(table.Encode())
	f.Add(NewIBLT(48).Encode())
	f.Fuzz(func(t *testing.T, text string) {
		table, err := DecodeIBLT(text)
		if err != nil {
			return
		}
		in, out, err := table.Decode()
		rest := table.Clone()
		for count, ids := range map[int32][]string{-1: in, 1: out} {
			for _, name := range ids {
				rest.Add(mustPack(t, name), count)
			}
		}
		if empty := !slices.ContainsFunc(rest.cells, func(c cell) bool { return c != cell{} }); empty != (err == nil) {
			t.Errorf("%d and %d ids decode with %v, but leave it empty: %t", len(in), len(out), err, empty)
		}
		if err == nil && int64(len(in)-len(out)) != table.Net() {
			t.Errorf("%d in and %d out, but a net of %d", len(in), len(out), table.Net())
		}
	})
}
