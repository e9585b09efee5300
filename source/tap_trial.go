package source

import (
	"context"
	"errors"
	"sync"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/record"
)

// beginAll announces streams.
func beginAll(sink Sink, wants []want) error {
	for _, w := range wants {
		info, err := streamInfo(w.stream)
		if err != nil {
			return err
		}
		if err := sink.Begin(info); err != nil {
			return &sinkError{err}
		}
	}
	return nil
}

// errTried ends a trial: there is a record of everything that is fetched.
var errTried = errors.New("there is a record of everything that is fetched")

// tapTry reads one record of each stream, from the beginning, until every feed
// gave one. A feed that has none is read to its end.
func (r *invocation) tapTry(ctx context.Context, s *settings, sink Sink, wants []want) (int, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	tried := &trial{Sink: sink, cancel: cancel, feeds: make(map[string]feed.Kind), given: make(map[string]bool), open: make(map[feed.Kind]bool)}
	for _, w := range wants {
		tried.feeds[w.stream.Name] = w.stream.Feed
		if w.stream.Feed != feed.SyncAudit { // which tells of the others
			tried.open[w.stream.Feed] = true
		}
	}
	e, client, err := r.newEngine(s, tried, 0)
	if err != nil {
		return 0, err
	}
	e.inTurn = true
	code, err := r.run(ctx, s, e, client, wants, nil)
	if errors.Is(context.Cause(ctx), errTried) {
		return ExitOK, nil
	}
	return code, err
}

// trial passes on one record of each stream, and no state: nothing was read to
// its end.
type trial struct {
	Sink
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
