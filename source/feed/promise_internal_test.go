package feed

import (
	"errors"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/record"
)

// silent takes nothing: what it is given is counted.
type silent struct{ given int }

func (s *silent) Document(*Document) error  { s.given++; return nil }
func (s *silent) Checkpoint(Position) error { s.given++; return nil }
func (s *silent) Announce(Position) error   { s.given++; return nil }

// A state that promises more than was read does not leave, nor one that goes
// back by mistake.
func TestResponseFetch_PromisesOnlyWhatWasRead(t *testing.T) {
	t.Parallel()
	read := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)
	fetch := func() (*responseFetch, *silent) {
		rows, err := newRowSet("brand", Partition{}, "")
		if err != nil {
			t.Fatal(err)
		}
		out := &silent{}
		return &responseFetch{env: &Env{Lookback: time.Minute}, out: out, rows: rows, covered: read, reached: read.Unix()}, out
	}
	for name, attempt := range map[string]func(*responseFetch) error{
		"a checkpoint, beyond,": func(f *responseFetch) error { return f.checkpoint(read.Add(time.Second)) },
		"an announcement, beyond,": func(f *responseFetch) error {
			f.position.Watermark = read.Unix() + 1
			return f.sendBefore()
		},
		"an announcement, from before,": func(f *responseFetch) error {
			f.position.Watermark--
			return f.sendBefore()
		},
		"a checkpoint, from before,": func(f *responseFetch) error {
			f.position.Watermark -= 2
			return f.checkpoint(read.Add(-time.Second))
		},
	} {
		f, out := fetch()
		var broken *record.InvariantError
		if err := attempt(f); !errors.As(err, &broken) || out.given != 0 {
			t.Errorf("%s of what was not read last: %v, %d positions left", name, err, out.given)
		}
	}
	f, out := fetch()
	if err := errors.Join(f.checkpoint(read), f.sendBefore()); err != nil || out.given != 2 {
		t.Errorf("a checkpoint and an announcement of what was read: %v, %d positions left, want 2", err, out.given)
	}
	f.rewind(read.Unix() - 60)
	if err := errors.Join(f.sendBefore(), f.checkpoint(read)); err != nil || out.given != 4 {
		t.Errorf("an announcement and a checkpoint after going back: %v, %d positions left, want 4", err, out.given)
	}
}
