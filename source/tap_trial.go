package source

import (
	"context"
	"errors"
	"sync"

	"github.com/birdie-ai/source-qualtrics/source/config"
	"github.com/birdie-ai/source-qualtrics/source/engine"
	"github.com/birdie-ai/source-qualtrics/source/failures"
	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/record"
)

// beginAll announces streams.
func beginAll(sink engine.Sink, wants []engine.Want) error {
	for _, w := range wants {
		info, err := w.Stream.Info()
		if err != nil {
			return err
		}
		if err := sink.Begin(info); err != nil {
			return failures.OfSink(err)
		}
	}
	return nil
}

// errTried ends a trial: there is a record of everything that is fetched.
var errTried = errors.New("there is a record of everything that is fetched")

// tapTry reads one record of each stream, from the beginning, until every feed
// gave one. A feed that has none is read to its end.
func (r *invocation) tapTry(ctx context.Context, s *config.Settings, sink engine.Sink, wants []engine.Want) (int, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	tried := &trial{Sink: sink, cancel: cancel, feeds: make(map[string]feed.Kind), given: make(map[string]bool), open: make(map[feed.Kind]bool)}
	for _, w := range wants {
		tried.feeds[w.Stream.Name] = w.Stream.Feed
		if w.Stream.Feed != feed.SyncAudit { // which needs the others
			tried.open[w.Stream.Feed] = true
		}
	}
	run, err := r.newRun(s, engine.Options{Sink: tried, Sequential: true})
	if err != nil {
		return 0, err
	}
	code, err := run.read(ctx, wants, nil)
	if errors.Is(context.Cause(ctx), errTried) {
		return failures.ExitOK, nil
	}
	return code, err
}

// trial passes on one record of each stream, and no state: nothing was read to
// its end.
type trial struct {
	engine.Sink
	cancel context.CancelCauseFunc
	feeds  map[string]feed.Kind // of the streams
	lock   sync.Mutex
	given  map[string]bool    // streams that gave a record
	open   map[feed.Kind]bool // feeds that gave none
}

// Record passes on the first record of a stream.
func (t *trial) Record(stream string, row record.Row) error {
	t.lock.Lock()
	defer t.lock.Unlock()
	if t.given[stream] {
		return nil
	}
	t.given[stream] = true
	if err := t.Sink.Record(stream, row); err != nil {
		return err
	}
	t.tried(stream)
	return nil
}

// tried notes that the feed of a stream is tried; the last one ends the trial.
func (t *trial) tried(stream string) {
	if delete(t.open, t.feeds[stream]); len(t.open) == 0 {
		t.cancel(errTried)
	}
}

// State says nothing.
func (*trial) State(string, []byte) error { return nil }

// End keeps to itself a failure that is only the end of the trial.
func (t *trial) End(stream string, failure *record.Failure) error {
	t.lock.Lock()
	defer t.lock.Unlock()
	if failure != nil && len(t.open) == 0 {
		return nil
	}
	return t.Sink.End(stream, failure)
}
