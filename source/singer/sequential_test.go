package singer_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/singer"
)

// named returns another stream of the same table.
func (s *stage) named(name string) record.Info {
	info := s.info
	info.Stream = name
	return info
}

// Many records of one stream are written together, although streams alternate. No
// state is written before a record that it covers.
func TestWriter_WritesRecordsOfAStreamTogether(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		dice := rand.New(rand.NewPCG(seed, 0))
		s, names := newStage(t, singer.Options{}), []string{"a", "b", "c"}
		for _, name := range names {
			if err := s.Begin(s.named(name)); err != nil {
				t.Fatal(err)
			}
		}
		given, states := make(map[string]int), 0
		for range 2000 {
			var err error
			name := names[dice.IntN(3)]
			if dice.IntN(100) == 0 {
				states++
				err = s.State(name, fmt.Appendf(nil, `{"n":%d}`, given[name]))
			} else {
				given[name]++
				err = s.Record(name, s.row(t, visit{ID: fmt.Sprint(given[name]), At: time.Unix(0, 0)}))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range names {
			if err := s.End(name, nil); err != nil {
				t.Fatal(err)
			}
		}
		out, pieces, last := make(map[string]int), 0, ""
		for _, line := range s.lines(t) {
			var message struct {
				Type, Stream string
				Record       visit
				Value        struct{ Bookmarks map[string]struct{ N int } }
			}
			if err := json.Unmarshal([]byte(line), &message); err != nil {
				t.Fatal(err)
			}
			switch message.Type {
			case "RECORD":
				if out[message.Stream]++; message.Record.ID != fmt.Sprint(out[message.Stream]) {
					t.Fatalf("seed %d: row %d of %s is %s", seed, out[message.Stream], message.Stream, message.Record.ID)
				}
				if message.Stream != last {
					pieces, last = pieces+1, message.Stream
				}
			case "STATE":
				for name, bookmark := range message.Value.Bookmarks {
					if bookmark.N > out[name] {
						t.Fatalf("seed %d: a state covers %d rows of %s, but %d were written", seed, bookmark.N, name, out[name])
					}
				}
			}
		}
		for name, n := range given {
			if out[name] != n {
				t.Errorf("seed %d: %d rows of %s were written, want %d", seed, out[name], name, n)
			}
		}
		if most := states + len(names); pieces > most {
			t.Errorf("seed %d: the streams come in %d pieces, want %d at most", seed, pieces, most)
		}
	}
}

// Held records are bounded, and are written even without a state after them.
func TestWriter_BoundsHeldRecords(t *testing.T) {
	t.Parallel()
	s := newStage(t, singer.Options{})
	long := strings.Repeat("x", 100_000)
	begun := []error{s.Begin(s.named("a")), s.Begin(s.named("b")), s.Record("a", s.row(t, visit{ID: "first"}))}
	for _, err := range begun {
		if err != nil {
			t.Fatal(err)
		}
	}
	written := s.out.Len()
	for i := range 60 {
		if err := s.Record("b", s.row(t, visit{ID: fmt.Sprint(i), Name: &long})); err != nil {
			t.Fatal(err)
		}
		if waiting := (i+1)*len(long) - (s.out.Len() - written); waiting > 5<<20 {
			t.Fatalf("%d bytes are held", waiting)
		}
	}
	if err := s.Record("a", s.row(t, visit{ID: "last"})); err != nil {
		t.Fatal(err)
	}
	lines := s.lines(t)
	if n := len(lines); n != 2+1+60+1+1 || !strings.Contains(lines[n-2], `"last"`) || !strings.Contains(lines[n-1], `"STATE"`) {
		t.Errorf("%d lines, the last two are %.100s and %.100s", n, lines[n-2], lines[n-1])
	}
}
