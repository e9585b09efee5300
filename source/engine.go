package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/stream"
)

// Sink is where records and states go. It knows nothing of Qualtrics. The
// engine calls it from one goroutine at a time.
type Sink interface {
	// Begin announces a stream, before anything else of it.
	Begin(record.Info) error
	// Record takes a row; it is done with it when it returns.
	Record(stream string, row record.Row) error
	// State takes a state that covers records accepted before, and no others.
	State(stream string, state []byte) error
	Status(stream string, status record.Status) error
	// End closes a stream; a nil failure means that it is complete.
	End(stream string, failure *record.Failure) error
}

// selected is a stream of this run.
type selected struct {
	stream  *stream.Stream
	refresh bool // full refresh
	state   *streamState

	begun     bool
	dirty     bool      // positions moved since the last state
	sent      time.Time // when the last state or record went out
	stated    time.Time // when the last state went out
	pending   int       // bytes of records since the last state
	delivered int       // bytes of records
	announced int       // bytes of states that announced records
	completed int       // partitions read to their end
	failures  []partitionFailure
	large     bool // a state was larger than it should be
	ended     bool
}

type partitionFailure struct {
	partition feed.Partition
	failure   record.Failure
}

// engine runs feeds into a sink.
type engine struct {
	env       *feed.Env
	sink      Sink
	log       *slog.Logger
	failure   func(error) record.Failure
	clean     func(string) string // takes the secrets out of a text
	streams   []*selected
	parallel  int           // partitions of a feed at work at once
	heartbeat time.Duration // longest silence of a stream; 0: no heartbeat
	runID     string        // names this run in sync_audit
	cut       bool          // the run may end before everything is read
	inTurn    bool          // feeds are read one after another
	changes   *changes      // of values, on their way

	mu     sync.Mutex // guards the sink and the selected streams
	broken error      // first error of the sink, or a panic: nothing is written after it
}

// States go out after so many bytes of records or so much time, and at the
// end of a stream; a platform stores every one of them.
const (
	stateBytes    = 8 << 20
	stateInterval = time.Minute
	largeState    = 1 << 20
)

// run reads every selected stream and returns the exit code. The error is set
// when the run as a whole failed and no stream says so itself.
func (e *engine) run(ctx context.Context) (int, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	for _, s := range e.streams {
		info, err := streamInfo(s.stream)
		if err != nil {
			return ExitSystem, err
		}
		if err := e.sink.Begin(info); err != nil {
			return ExitSystem, &sinkError{err}
		}
		s.begun, s.sent, s.stated = true, time.Now(), time.Now()
	}
	stop := e.beat(ctx, cancel)
	defer stop() // should one of the next lines panic
	for _, kind := range e.kinds() {
		e.resume(kind)
	}
	var feeds sync.WaitGroup
	for _, kind := range e.kinds() {
		if e.parallel == 1 || e.inTurn {
			e.guarded(cancel, func() { e.runFeed(ctx, cancel, kind) }) // one thing at a time, in an order that repeats
			continue
		}
		feeds.Go(func() { e.guarded(cancel, func() { e.runFeed(ctx, cancel, kind) }) })
	}
	feeds.Wait()
	e.endAudit(ctx)
	stop()
	return e.finish(ctx)
}

// kinds lists the feeds that the selected streams project.
func (e *engine) kinds() []feed.Kind {
	var kinds []feed.Kind
	for _, s := range e.streams {
		if s.stream.Feed != feed.SyncAudit && !slices.Contains(kinds, s.stream.Feed) {
			kinds = append(kinds, s.stream.Feed)
		}
	}
	return kinds
}

// runFeed reads all partitions of a feed, several at a time, and ends its
// streams when nothing of them failed.
func (e *engine) runFeed(ctx context.Context, cancel context.CancelCauseFunc, kind feed.Kind) {
	source, ok := feed.ByKind(kind)
	streams := slices.DeleteFunc(slices.Clone(e.streams), func(s *selected) bool { return s.stream.Feed != kind })
	if !ok {
		e.fail(streams, feed.Partition{Kind: kind}, fmt.Errorf("there is no feed %q", kind))
		return
	}
	// What tells of tombstones is ahead of what has the rows, in their states too:
	// wherever a run is cut, it knows of all rows that went out.
	slices.SortStableFunc(streams, func(a, b *selected) int { return cmp.Compare(b.tombstones(), a.tombstones()) })
	e.follow(source, streams)
	var workers sync.WaitGroup
	slots := make(chan struct{}, e.parallel)
	err := guard(func() error {
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
		if fatal(err) {
			cancel(err)
		}
	default:
		e.retire(source, streams)
		e.complete(streams)
	}
}

// resume lets a feed look at where it resumes; of streams that stand apart, at
// where one of them does.
func (e *engine) resume(kind feed.Kind) {
	source, _ := feed.ByKind(kind)
	at := slices.IndexFunc(e.streams, func(s *selected) bool { return s.stream.Feed == kind })
	if resuming, ok := source.(feed.Resuming); ok {
		resuming.Resume(e.env, maps.All(e.streams[at].state.Partitions))
	}
}

// tombstones is 1 for a stream that only tells what is gone, else 0.
func (s *selected) tombstones() int {
	if s.stream.Tombstones {
		return 1
	}
	return 0
}

// follow lets a stream that tells what is gone stand where the rows stand that
// it tells of: apart, each partition would be read once for either of them.
func (e *engine) follow(source feed.Feed, streams []*selected) {
	following, ok := source.(feed.Following)
	rows := slices.IndexFunc(streams, func(s *selected) bool { return !s.stream.Tombstones && !s.refresh })
	if !ok || rows < 0 {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range streams {
		if !s.stream.Tombstones || s.refresh {
			continue
		}
		for key, position := range streams[rows].state.Partitions {
			if own := s.state.Partitions[key]; string(own) != string(position) && following.Follows(e.env, own, position) {
				s.move(feed.Partition{Key: key}, position)
			}
		}
	}
}

// retire lets a feed look after the positions of partitions that are no more.
func (e *engine) retire(source feed.Feed, streams []*selected) {
	retiring, ok := source.(feed.Retiring)
	if !ok {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range streams {
		for key, position := range s.state.Partitions {
			if next := retiring.Retire(e.env, key, position); next != nil {
				s.move(feed.Partition{Key: key}, next)
				continue
			}
			delete(s.state.Partitions, key)
			s.dirty = true
		}
	}
}

// runPartition reads one partition: once for all the streams that stand at
// the same position in it.
func (e *engine) runPartition(ctx context.Context, cancel context.CancelCauseFunc, source feed.Feed, t *task, streams []*selected) {
	partition, run := t.partition, t.run
	run.begun = time.Now()
	defer func() { e.audit(ctx, partition, run) }()
	ctx = run.tallied(ctx)
	for _, cohort := range e.cohorts(partition, streams) {
		request := feed.Request{Partition: partition, Position: e.position(partition, cohort[0]), Report: &run.report}
		out := &partitionOut{engine: e, partition: partition, streams: cohort}
		err := guard(func() error {
			if t.plan.Turn == feed.None {
				return t.conclude(out)
			}
			return source.Fetch(ctx, e.env, request, out)
		})
		run.ended(err)
		var skipped *feed.Skipped
		switch {
		case err == nil:
			e.mu.Lock()
			for _, s := range cohort {
				s.completed++
			}
			e.mu.Unlock()
		case errors.As(err, &skipped):
			e.log.Warn("a survey is left out", "survey", partition.String(), "reason", skipped.Reason)
		case ctx.Err() != nil:
			// The run is ending; finish says why.
			return
		default:
			e.fail(cohort, partition, err)
			if fatal(err) {
				cancel(err)
				return
			}
		}
	}
}

// conclude is what is left of a partition that needs no reading.
func (t *task) conclude(out *partitionOut) error {
	if t.plan.Err != nil || t.plan.Position == nil {
		return t.plan.Err
	}
	return out.Checkpoint(t.plan.Position)
}

// fatal reports whether an error concerns the account or the run as a whole,
// so that no other partition can do better.
func fatal(err error) bool {
	var (
		auth  *qualtrics.AuthError
		sink  *sinkError
		spool *spoolError
	)
	return errors.As(err, &auth) || errors.As(err, &sink) || errors.As(err, &spool) || isBug(err) || outOfSpace(err)
}

// isBug reports whether an error is one of this program: what it leaves behind
// is not to be trusted.
func isBug(err error) bool {
	var (
		caught *panicError
		broken *record.InvariantError
	)
	return errors.As(err, &caught) || errors.As(err, &broken)
}

// cohorts groups streams that stand at the same position of a partition.
func (e *engine) cohorts(partition feed.Partition, streams []*selected) [][]*selected {
	e.mu.Lock()
	defer e.mu.Unlock()
	var cohorts [][]*selected
	for _, s := range streams {
		at := slices.IndexFunc(cohorts, func(cohort []*selected) bool {
			return string(cohort[0].state.Partitions[partition.Key]) == string(s.state.Partitions[partition.Key])
		})
		if at < 0 {
			cohorts = append(cohorts, nil)
			at = len(cohorts) - 1
		}
		cohorts[at] = append(cohorts[at], s)
	}
	return cohorts
}

func (e *engine) position(partition feed.Partition, s *selected) feed.Position {
	e.mu.Lock()
	defer e.mu.Unlock()
	return s.state.Partitions[partition.Key]
}

// partitionOut takes one partition's documents into the sink.
type partitionOut struct {
	engine    *engine
	partition feed.Partition
	streams   []*selected
}

// Document projects a document into the rows of every stream of the cohort.
func (o *partitionOut) Document(doc *feed.Document) error {
	e := o.engine
	for _, s := range o.streams {
		err := s.stream.Rows(doc, func(row record.Row) error {
			e.mu.Lock()
			defer e.mu.Unlock()
			if e.broken != nil {
				return e.broken
			}
			if err := e.sink.Record(s.stream.Name, row); err != nil {
				e.broken = &sinkError{err}
				return e.broken
			}
			for _, change := range row.Changes {
				e.changes.add(s.stream.Name, change)
			}
			s.sent = time.Now()
			s.pending += row.Size()
			s.delivered += row.Size()
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Checkpoint notes the position and sends the states that are due.
func (o *partitionOut) Checkpoint(position feed.Position) error {
	e := o.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range o.streams {
		s.move(o.partition, position)
		if s.pending >= stateBytes || (s.dirty && time.Since(s.stated) >= stateInterval) {
			if _, err := e.sendState(s); err != nil {
				return err
			}
		}
	}
	return nil
}

// move notes a position. One that is where it was, as after a restart within a
// second, does not make the state another one.
func (s *selected) move(partition feed.Partition, position feed.Position) {
	if string(s.state.Partitions[partition.Key]) == string(position) {
		return
	}
	s.state.Partitions[partition.Key] = slices.Clone(position)
	s.dirty = true
}

// announceBytes is what a run may spend on announcements beside a share of its
// records. What is beyond is not announced: a deletion that falls between an
// interrupted run and the next one could then go unseen.
const announceBytes = 16 << 20

// Announce sends the position at once, as long as that is in proportion.
func (o *partitionOut) Announce(position feed.Position) error {
	e := o.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range o.streams {
		s.move(o.partition, position)
		if s.announced > announceBytes+s.delivered/10 {
			continue
		}
		sent, err := e.sendState(s)
		if err != nil {
			return err
		}
		s.announced += sent
	}
	return nil
}

// sendState writes a stream's state; the lock is held.
func (e *engine) sendState(s *selected) (sent int, err error) {
	if e.broken != nil {
		return 0, e.broken
	}
	if !s.dirty && s.pending > 0 {
		// Rows were delivered without the position moving, as when no answer
		// carries a date: two equal states with records between are forbidden.
		s.state.WaitingAsOf = time.Now().UTC().Format(time.RFC3339Nano)
		defer func() { s.state.WaitingAsOf = "" }()
	}
	encoded, err := s.state.encode()
	if err != nil {
		return 0, fmt.Errorf("writing the state of %s: %w", s.stream.Name, err)
	}
	if len(encoded) > largeState && !s.large {
		s.large = true
		e.log.Warn("the state is large: platforms may not keep one of this size; select fewer surveys, or share them out (shard)", "stream", s.stream.Name, "bytes", len(encoded))
	}
	if err := e.sink.State(s.stream.Name, encoded); err != nil {
		e.broken = &sinkError{err}
		return 0, e.broken
	}
	s.dirty, s.pending, s.sent, s.stated = false, 0, time.Now(), time.Now()
	return len(encoded), nil
}

// beat sends a state when a stream was silent for too long, as it is while a
// long export is being waited for: platforms take silence for death, and only
// records and states count. It returns what stops it.
func (e *engine) beat(ctx context.Context, fail context.CancelCauseFunc) (stop func()) {
	if e.heartbeat <= 0 {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() {
		ticker := time.NewTicker(e.heartbeat / 10)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				e.guarded(fail, e.beatOnce)
			}
		}
	})
	return func() {
		cancel()
		done.Wait()
	}
}

func (e *engine) beatOnce() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range e.streams {
		if s.ended || time.Since(s.sent) < e.heartbeat-e.heartbeat/10 {
			continue
		}
		s.state.WaitingAsOf = time.Now().UTC().Format(time.RFC3339)
		_, err := e.sendState(s)
		s.state.WaitingAsOf = ""
		if err != nil {
			return // the next record or state of any stream reports it
		}
	}
}

// waiting passes on that a limit of Qualtrics holds the run back.
func (e *engine) waiting(wait qualtrics.Wait) {
	if wait.Kind != qualtrics.WaitRateLimit {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range e.streams {
		if !s.begun || s.ended || e.broken != nil {
			continue
		}
		if err := e.sink.Status(s.stream.Name, record.Status{RateLimitedUntil: wait.Until}); err != nil {
			e.broken = &sinkError{err}
		}
	}
}

// fail notes that a partition of these streams is not complete.
func (e *engine) fail(streams []*selected, partition feed.Partition, err error) {
	failure := e.failure(err)
	if exitCode(err) != ExitConsumer { // which concerns the run as a whole
		defer e.log.Error("not complete", "partition", partition.String(), "error", err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if isBug(err) && e.broken == nil {
		e.broken = err // no state follows
	}
	for _, s := range streams {
		s.failures = append(s.failures, partitionFailure{partition, failure})
	}
}

// complete ends the streams of a feed of which nothing failed.
func (e *engine) complete(streams []*selected) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range streams {
		if len(s.failures) > 0 || e.broken != nil {
			continue
		}
		if s.refresh {
			s.state.Refresh = refreshComplete
		}
		if _, err := e.sendState(s); err != nil {
			return
		}
		e.changes.tell(e.log, s.stream.Name)
		if err := e.sink.End(s.stream.Name, nil); err != nil {
			e.broken = &sinkError{err}
			return
		}
		s.ended = true
	}
}

// guarded does what runs on a goroutine of its own, where a panic would end the
// process without a proper report: it ends the run instead.
func (e *engine) guarded(cancel context.CancelCauseFunc, do func()) {
	err := guard(func() error { do(); return nil })
	if err == nil {
		return
	}
	e.mu.Lock()
	if e.broken == nil {
		e.broken = err
	}
	e.mu.Unlock()
	cancel(err)
}

// guard turns a panic into an error.
func guard(do func() error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = &panicError{cause, debug.Stack()}
		}
	}()
	return do()
}
