package reconcile

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/feed/feedtest"
	"github.com/google/go-cmp/cmp"
)

func responseIDs(random *rand.Rand, count int) []string { return feedtest.IDs(random, "R_", count) }

// decodedSnapshot makes a snapshot with a limit in bytes, and encodes and decodes it.
func decodedSnapshot(t testing.TB, bytes int, ids []string) (s *Snapshot, size int) {
	t.Helper()
	made := NewSnapshotBuilder(bytes)
	for _, id := range ids {
		made.Add(id)
	}
	text, err := json.Marshal(made.Build().State())
	if err != nil {
		t.Fatal(err)
	}
	var state SnapshotState
	if err := json.Unmarshal(text, &state); err != nil {
		t.Fatal(err)
	}
	if s, err = NewSnapshot(state); err != nil {
		t.Fatal(err)
	}
	return s, len(text)
}

// However many surveys there are, the snapshot of each can list some deletions. It takes no more
// than its share of the state, or than the smallest PinSketch.
func TestSnapshot_ListsDeletionsInItsShareOfTheState(t *testing.T) {
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
			twice := ids // ids that an export shows twice; tables need distinct ids
			if test.responses >= mostPinned {
				twice = nil
			}
			s, size := decodedSnapshot(t, SnapshotBytes/test.surveys, slices.Concat(ids, twice))
			if most := max(SnapshotBytes/test.surveys, 110) + len(`{"i":""}`) + idBytes; size > most {
				t.Errorf("the snapshot has %d bytes, want at most %d", size, most)
			}
			if s.Capacity() < int64(test.gone+test.fresh) {
				t.Errorf("the capacity is %d, want at least %d", s.Capacity(), test.gone+test.fresh)
			}
			c := s.Compare()
			for _, id := range slices.Concat(fresh, ids[test.gone:], twice[min(test.gone, len(twice)):]) {
				c.See(id)
			}
			gone, came, net, err := c.Result()
			if err != nil {
				t.Fatal(err)
			}
			want := [][]string{slices.Sorted(slices.Values(ids[:test.gone])), slices.Sorted(slices.Values(fresh))}
			got := [][]string{slices.Sorted(slices.Values(gone)), slices.Sorted(slices.Values(came))}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if net != int64(test.gone-test.fresh) {
				t.Errorf("got a net difference of %d, want %d", net, test.gone-test.fresh)
			}
		})
	}
}

func TestSnapshot_RemovesAndAddsAnID(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(4, 4))
	for _, test := range []struct{ bytes, responses int }{{SnapshotBytes, 20}, {500, 300}, {SnapshotBytes, 25_000}} {
		ids := responseIDs(random, test.responses)
		s, _ := decodedSnapshot(t, test.bytes, ids)
		before := s.State()
		rest := s.Clone()
		rest.Remove(ids[0])
		c := rest.Compare()
		for _, id := range ids {
			c.See(id)
		}
		if gone, came, _, err := c.Result(); err != nil || len(gone) > 0 || !slices.Equal(came, ids[:1]) {
			t.Errorf("%v: got %q gone and %q come, %v", test, gone, came, err)
		}
		if diff := cmp.Diff(before, s.State()); diff != "" {
			t.Errorf("the original changed:\n%s", diff)
		}
		if diff := cmp.Diff(before, rest.Add(ids[0]).State()); diff != "" {
			t.Errorf("%v: the set with the id again (-before +after):\n%s", test, diff)
		}
	}
}

func TestSnapshot_AddTurnsALongListIntoATable(t *testing.T) {
	t.Parallel()
	ids := responseIDs(rand.New(rand.NewPCG(5, 5)), 2*listBytes/idBytes)
	s := SnapshotOf()
	for i, id := range ids {
		s = s.Add(id)
		if want := i < listBytes/idBytes; s.IsList() != want {
			t.Fatalf("with %d ids it is a list: %t, want %t", i+1, s.IsList(), want)
		}
	}
	c := s.Compare()
	for _, id := range ids[10:] {
		c.See(id)
	}
	gone, fresh, _, err := c.Result()
	want := slices.Sorted(slices.Values(ids[:10]))
	if diff := cmp.Diff(want, slices.Sorted(slices.Values(gone))); diff != "" || len(fresh) > 0 || err != nil {
		t.Errorf("got %q fresh and %v; gone (-want +got):\n%s", fresh, err, diff)
	}
	if s.Add("an id") != nil {
		t.Error("a table holds an id of unknown form")
	}
}

func TestSnapshot_OnlyAListLacksAnIDForCertain(t *testing.T) {
	t.Parallel()
	ids := responseIDs(rand.New(rand.NewPCG(6, 6)), 300)
	pins, _ := decodedSnapshot(t, 500, ids)
	list := SnapshotOf(ids...)
	for name, test := range map[string]struct {
		set                  *Snapshot
		isList, lacks, other bool
	}{
		"a list": {list, true, false, true}, "a sketch": {pins, false, false, false}, "no set": {nil, false, false, false},
	} {
		if test.set.IsList() != test.isList || test.set.Lacks(ids[0]) != test.lacks || test.set.Lacks("R_other") != test.other {
			t.Errorf("%s: is a list: %t, lacks an id of the set: %t, lacks another id: %t", name, test.set.IsList(), test.set.Lacks(ids[0]), test.set.Lacks("R_other"))
		}
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(ids)), list.IDs()); diff != "" || len(pins.IDs()) > 0 {
		t.Errorf("ids of a list (-want +got):\n%s\nand of a sketch: %q", diff, pins.IDs())
	}
}
