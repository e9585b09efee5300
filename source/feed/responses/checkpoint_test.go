package responses

import (
	"errors"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
	"github.com/birdie-ai/source-qualtrics/source/record"
)

// countingOut counts the documents and positions that it receives.
type countingOut struct{ received int }

func (o *countingOut) Document(*feed.Document) error  { o.received++; return nil }
func (o *countingOut) Checkpoint(feed.Position) error { o.received++; return nil }
func (o *countingOut) Announce(feed.Position) error   { o.received++; return nil }

// A position beyond the delivered windows is not stored, nor one whose watermark went back
// by mistake.
func TestCheckpointer_StoresNoPositionBeyondTheDeliveredWindows(t *testing.T) {
	t.Parallel()
	read := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)
	fetch := func() (*checkpointer, *countingOut) {
		rows, err := reconcile.NewRowHashes("brand", "", "")
		if err != nil {
			t.Fatal(err)
		}
		out := &countingOut{}
		return &checkpointer{scope: &scope{env: &feed.Env{Lookback: time.Minute}}, out: out, rows: rows, verifiedUntil: read, committedUntil: read.Unix()}, out
	}
	for name, attempt := range map[string]func(*checkpointer) error{
		"a checkpoint after the delivered windows": func(c *checkpointer) error { return c.checkpoint(read.Add(time.Second)) },
		"an announcement with a later watermark": func(c *checkpointer) error {
			c.position.Watermark = read.Unix() + 1
			return c.sendBefore()
		},
		"an announcement with an earlier watermark": func(c *checkpointer) error {
			c.position.Watermark--
			return c.sendBefore()
		},
		"a checkpoint after the watermark went back": func(c *checkpointer) error {
			c.position.Watermark -= 2
			return c.checkpoint(read.Add(-time.Second))
		},
	} {
		c, out := fetch()
		var broken *record.InvariantError
		if err := attempt(c); !errors.As(err, &broken) || out.received != 0 {
			t.Errorf("%s: got the error %v, and %d positions were stored", name, err, out.received)
		}
	}
	c, out := fetch()
	if err := errors.Join(c.checkpoint(read), c.sendBefore()); err != nil || out.received != 2 {
		t.Errorf("a checkpoint and an announcement of the delivered windows: %v, %d positions were stored, want 2", err, out.received)
	}
	c.rewind(read.Unix() - 60)
	if err := errors.Join(c.sendBefore(), c.checkpoint(read)); err != nil || out.received != 4 {
		t.Errorf("an announcement and a checkpoint after a rewind: %v, %d positions were stored, want 4", err, out.received)
	}
}
