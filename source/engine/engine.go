// Package engine runs feeds into a sink. It lists the partitions of each feed
// (surveys, directories), reads them, and projects their documents into the rows of
// the selected streams. It sends the states from which the next run resumes.
package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/failures"
	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/progress"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/stream"
)

// Sink receives records and states. It knows nothing of Qualtrics. The
// engine calls it from one goroutine at a time.
type Sink interface {
	// Begin announces a stream, before anything else of it.
	Begin(record.Info) error
	// Holds returns the limits on values in the output.
	Holds() record.Format
	// Record takes a row that was made fit; it is done with it when it returns.
	Record(stream string, row record.Row) error
	// State takes a state that covers records accepted before, and no others; it is done
	// with it when it returns.
	State(stream string, state []byte) error
	Status(stream string, status record.Status) error
	// End closes a stream; a nil failure means that it is complete.
	End(stream string, failure *record.Failure) error
}

// Want is a stream that a run reads.
type Want struct {
	Stream  *stream.Stream
	Refresh bool // from the beginning
	// Err is set if the stream cannot be read. It fails by itself, and the others are read.
	Err error
}

// Options are the parts and the rules of a run.
type Options struct {
	Sink     Sink
	Log      *slog.Logger
	Failure  func(error) record.Failure // types an error, without its secrets
	Clean    func(string) string        // removes secrets from a text
	Mask     record.Masker              // removes secrets from values
	Changes  *Changes                   // counts altered values
	Progress *progress.Progress
	RunID    string // names the run in sync_audit
	Parallel int    // partitions of a feed that are read at once

	Heartbeat   time.Duration // longest silence of a stream; 0: no heartbeat
	TimeLimited bool          // the run may end before everything is read
	Sequential  bool          // feeds are read one after another
	Folder      bool          // the sink is a folder of ours: an interrupted run saves its positions
	Mergeable   bool          // a platform may merge a state into the one before it
	// ReportFailed ends a run as complete although some surveys failed.
	ReportFailed bool
}

// Engine is one run.
type Engine struct {
	Options
	env     *feed.Env
	out     output
	format  record.Format // of the sink
	streams []*selected

	// out.mu guards the next two fields.
	refusals    map[feed.Kind]*refusals // how the partitions of each feed ended
	comparisons Comparisons

	refused bool // the account may not export any survey
}

// New prepares a run. Its streams are added by Select.
func New(options Options) *Engine {
	e := &Engine{Options: options, format: options.Sink.Holds()}
	e.format.Mask = options.Mask
	e.out.sink = options.Sink
	return e
}

// Select adds the streams of a run with their stored states. The env then has the
// brand of the states where the account does not tell its own.
func (e *Engine) Select(env *feed.Env, wants []Want, states map[string]json.RawMessage) error {
	e.env = env
	for _, w := range wants {
		state, err := newState(w.Stream.Name, env.Brand, states[w.Stream.Name], w.Refresh)
		if err != nil {
			return err
		}
		state.whole = e.Mergeable
		env.Brand = state.Brand
		e.streams = append(e.streams, &selected{stream: w.Stream, refresh: w.Refresh, err: w.Err, state: state})
	}
	for _, s := range e.streams {
		if observer, ok := s.observer(); ok && !slices.ContainsFunc(e.kinds(), observer.Observes) {
			e.Log.Warn("this stream tells the outcome of each survey, but no selected stream reads responses: it stays empty", "stream", s.stream.Name)
		}
	}
	return nil
}

// Run reads every selected stream and returns the exit code. The error is set
// when the run as a whole failed and no stream says so itself.
func (e *Engine) Run(ctx context.Context) (int, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	for _, s := range e.streams {
		info, err := s.stream.Info()
		if err != nil {
			return failures.ExitSystem, err
		}
		if err := e.Sink.Begin(info); err != nil {
			return failures.ExitSystem, &failures.SinkError{Err: err}
		}
		s.begin(time.Now())
	}
	stop := e.heartbeat(ctx, cancel)
	defer stop() // should one of the next lines panic
	for _, kind := range e.kinds() {
		e.resume(kind)
	}
	var feeds sync.WaitGroup
	for _, kind := range e.kinds() {
		if e.Parallel == 1 || e.Sequential {
			e.guarded(cancel, func() { e.runFeed(ctx, cancel, kind) }) // in an order that repeats
			continue
		}
		feeds.Go(func() { e.guarded(cancel, func() { e.runFeed(ctx, cancel, kind) }) })
	}
	feeds.Wait()
	if !e.Folder && ctx.Err() == nil {
		e.logComparisons()
	}
	e.endObservers(ctx)
	stop()
	return e.finish(ctx)
}

// kinds lists the feeds that the selected streams project, without observers.
func (e *Engine) kinds() []feed.Kind {
	var kinds []feed.Kind
	for _, s := range e.streams {
		if _, observes := s.observer(); !observes && !slices.Contains(kinds, s.stream.Feed) {
			kinds = append(kinds, s.stream.Feed)
		}
	}
	return kinds
}

// runFeed reads all partitions of a feed, several at a time, and ends its
// streams when nothing of them failed.
func (e *Engine) runFeed(ctx context.Context, cancel context.CancelCauseFunc, kind feed.Kind) {
	source, ok := feed.ByKind(kind)
	streams := e.readable(kind)
	if len(streams) == 0 {
		return
	}
	if !ok {
		e.fail(streams, feed.Partition{Kind: kind}, fmt.Errorf("there is no feed %q", kind))
		return
	}
	// The deletions stream is checkpointed before the row stream, so that after a
	// crash it knows every row that went out.
	slices.SortStableFunc(streams, func(a, b *selected) int { return cmp.Compare(b.tombstones(), a.tombstones()) })
	e.follow(source, streams)
	var workers sync.WaitGroup
	slots := make(chan struct{}, e.Parallel)
	err := failures.Guard(func() error {
		for next, err := range e.tasks(ctx, source, streams) {
			if err != nil {
				return err
			}
			select {
			case slots <- struct{}{}:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			workers.Go(func() {
				defer func() { <-slots }()
				e.guarded(cancel, func() { e.runPartition(ctx, cancel, source, next, streams) })
			})
		}
		return nil
	})
	workers.Wait()
	switch {
	case ctx.Err() != nil && (err == nil || errors.Is(err, context.Cause(ctx))):
		// The run is ending; finish says why.
	case err != nil:
		e.fail(streams, feed.Partition{Kind: kind}, err)
		if failures.EndsRun(err) {
			cancel(err)
		}
	default:
		e.retire(source, streams)
		all, failure := e.allRefused(kind)
		if failure != nil {
			e.fail(streams, feed.Partition{Kind: kind}, failure)
		}
		if all && kind == feed.Responses {
			e.refused = true
		}
		e.complete(streams)
	}
}

// readable lists the streams of a feed. Those that cannot be read fail.
func (e *Engine) readable(kind feed.Kind) (streams []*selected) {
	for _, s := range e.streams {
		switch {
		case s.stream.Feed != kind:
		case s.err != nil:
			e.fail([]*selected{s}, feed.Partition{Kind: kind}, s.err)
		default:
			streams = append(streams, s)
		}
	}
	return streams
}

// resume lets a feed look at the positions from which it resumes. Where streams
// have different positions of a partition, the first stream's counts.
func (e *Engine) resume(kind feed.Kind) {
	source, _ := feed.ByKind(kind)
	resuming, ok := source.(feed.Resuming)
	if !ok {
		return
	}
	positions := make(map[string]feed.Position)
	for _, s := range slices.Backward(e.streams) {
		if s.stream.Feed == kind {
			maps.Copy(positions, s.state.Partitions)
		}
	}
	resuming.Resume(e.env, maps.All(positions))
}

// follow copies the position of the row stream to the deletions stream where that
// loses nothing: with different positions each survey would be exported twice.
func (e *Engine) follow(source feed.Feed, streams []*selected) {
	following, ok := source.(feed.Following)
	rows := slices.IndexFunc(streams, func(s *selected) bool { return !s.stream.Tombstones && !s.refresh && s.stream.Takes == nil })
	if !ok || rows < 0 {
		return
	}
	e.out.locked(func() {
		for _, s := range streams {
			if !s.stream.Tombstones || s.refresh {
				continue
			}
			for key, position := range streams[rows].state.Partitions {
				if own := s.state.Partitions[key]; string(own) != string(position) && following.Follows(e.env, own, position) {
					s.move(key, position)
				}
			}
		}
	})
}

// retire lets a feed replace or remove its positions, also those of partitions
// that do not exist any more.
func (e *Engine) retire(source feed.Feed, streams []*selected) {
	retiring, ok := source.(feed.Retiring)
	if !ok {
		return
	}
	e.out.locked(func() {
		for _, s := range streams {
			for key, position := range s.state.Partitions {
				if next := retiring.Retire(e.env, key, position); next != nil {
					s.move(key, next)
					continue
				}
				s.forget(key)
			}
		}
	})
}

// guarded calls do on a goroutine of its own, where a panic would end the process
// without a proper report: it ends the run instead.
func (e *Engine) guarded(cancel context.CancelCauseFunc, do func()) {
	err := failures.Guard(func() error { do(); return nil })
	if err == nil {
		return
	}
	e.out.stop(err)
	cancel(err)
}
