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

func randomIDs(t testing.TB, random *rand.Rand, n int) (names []string, ids []ID) {
	t.Helper()
	for range n {
		names = append(names, randomID(random))
		ids = append(ids, mustPack(t, names[len(names)-1]))
	}
	return names, ids
}

func TestPinSketch_ListsChangesUpToItsCapacity(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ capacity, kept, gone, fresh int }{
		{1, 0, 0, 0},
		{1, 50, 1, 0},
		{1, 50, 0, 1},
		{1, 50, 2, 0},
		{1, 50, 1, 1},
		{4, 100, 4, 0},
		{4, 100, 2, 2},
		{4, 100, 5, 0},
		{4, 0, 100, 100},
		{17, 300, 9, 8},
		{17, 300, 10, 8},
		{64, 1000, 64, 0},
		{64, 1000, 60, 5},
		{128, 500, 100, 28},
		{128, 500, 129, 0},
		{128, 0, 0, 3},
	} {
		t.Run(fmt.Sprint(test), func(t *testing.T) {
			t.Parallel()
			if !thorough.Asked() && test.capacity > 64 {
				t.Skip("large sketches take seconds with the race detector")
			}
			random := rand.New(rand.NewPCG(uint64(test.capacity), uint64(test.gone)))
			_, kept := randomIDs(t, random, test.kept)
			gone, goneIDs := randomIDs(t, random, test.gone)
			fresh, freshIDs := randomIDs(t, random, test.fresh)
			s := NewPinSketch(test.capacity)
			s.Add(slices.Concat(kept, goneIDs)...)
			restored, err := DecodePinSketch(s.Encode())
			if err != nil {
				t.Fatal(err)
			}
			now := slices.Concat(freshIDs, kept)
			restored.Remove(now...)
			in, out, err := restored.Decode(func(id ID) bool { return slices.Contains(now, id) })
			if got := restored.Net(); got != int64(test.gone-test.fresh) {
				t.Errorf("got a net of %d", got)
			}
			if test.gone+test.fresh > test.capacity {
				if !errors.Is(err, ErrTooMany) || len(in)+len(out) > 0 {
					t.Errorf("got %d and %d ids, %v", len(in), len(out), err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, ids := range [][]string{in, out, gone, fresh} {
				slices.Sort(ids)
			}
			if diff := cmp.Diff([][]string{gone, fresh}, [][]string{in, out}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A sketch with one sum has a root for any set: only its checksums reveal that the
// set was too large.
func TestPinSketch_DoesNotListWrongIDsBeyondItsCapacity(t *testing.T) {
	t.Parallel()
	random, named := rand.New(rand.NewPCG(9, 9)), 0
	for range thorough.Number(3000, 1000) {
		s := NewPinSketch(1 + random.IntN(3))
		_, ids := randomIDs(t, random, s.Capacity()+1+random.IntN(3))
		s.Add(ids...)
		if _, _, err := s.Decode(func(ID) bool { return random.IntN(2) == 0 }); err == nil {
			named++
		}
	}
	if named > 0 {
		t.Errorf("%d sketches beyond their capacity listed ids", named)
	}
}

func TestPinCapacity_IsTheLargestThatFits(t *testing.T) {
	t.Parallel()
	for _, bytes := range []int{38, 59, 60, 100, 196, 393, 2000, 3000} {
		capacity := PinCapacity(bytes)
		if got := len(NewPinSketch(capacity).Encode()); got > bytes {
			t.Errorf("capacity %d takes %d bytes, want at most %d", capacity, got, bytes)
		}
		if got := len(NewPinSketch(capacity + 1).Encode()); got <= bytes {
			t.Errorf("capacity %d would fit in %d bytes, too", capacity+1, bytes)
		}
	}
}

func TestDecodePinSketch_RefusesOtherText(t *testing.T) {
	t.Parallel()
	if _, err := DecodePinSketch(NewPinSketch(mostSums).Encode()); err != nil {
		t.Error(err)
	}
	for _, text := range []string{"", "?", "AAAA", NewPinSketch(0).Encode(), NewPinSketch(4).Encode()[4:], NewPinSketch(mostSums + 1).Encode()} {
		if s, err := DecodePinSketch(text); err == nil {
			t.Errorf("%.20q was read as %d sums", text, s.Capacity())
		}
	}
}

// The text of a state may be damaged: decoding stays fast, and the listed ids add
// up to the sketch.
func FuzzPinSketch(f *testing.F) {
	s := NewPinSketch(3)
	s.Add(mustPack(f, "R_1"), mustPack(f, "R_2"))
	f.Add(s.Encode())
	f.Add(NewPinSketch(1).Encode())
	f.Fuzz(func(t *testing.T, text string) {
		s, err := DecodePinSketch(text)
		if err != nil || s.Capacity() > 16 {
			return
		}
		in, out, err := s.Decode(func(id ID) bool { return id.low%2 == 0 })
		if err != nil {
			return
		}
		if int64(len(in)-len(out)) != s.Net() {
			t.Errorf("%d in and %d out, but a net of %d", len(in), len(out), s.Net())
		}
		for _, name := range in {
			s.Remove(mustPack(t, name))
		}
		for _, name := range out {
			s.Add(mustPack(t, name))
		}
		if diff := cmp.Diff(NewPinSketch(s.Capacity()).Encode(), s.Encode()); diff != "" {
			t.Errorf("without the listed ids it is not empty (-want +got):\n%s", diff)
		}
	})
}

func BenchmarkPinSketch(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 1))
	_, ids := randomIDs(b, random, 1000)
	for _, capacity := range []int{4, 16, 128} {
		b.Run(fmt.Sprintf("Add/capacity=%d", capacity), func(b *testing.B) {
			s := NewPinSketch(capacity)
			for i := 0; b.Loop(); i++ {
				s.Add(ids[i%len(ids)])
			}
		})
		b.Run(fmt.Sprintf("Decode/capacity=%d", capacity), func(b *testing.B) {
			s := NewPinSketch(capacity)
			s.Add(ids[:capacity]...)
			for b.Loop() {
				if in, _, err := s.Decode(func(ID) bool { return false }); err != nil || len(in) != capacity {
					b.Fatal(len(in), err)
				}
			}
		})
	}
}
