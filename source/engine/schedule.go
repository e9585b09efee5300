package engine

import (
	"context"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/failures"
	"github.com/birdie-ai/source-qualtrics/source/feed"
)

// lookAhead is the number of partitions that are planned at once. Between two such
// batches the new partitions are read, and one that can wait. So a time-limited run
// does some of each.
const lookAhead = 64

// newsAhead is the largest number of partitions with news that are read before an
// overdue one. So edits are found even if there is always more news than time.
const newsAhead = 3

// task is a partition whose turn has come.
type task struct {
	partition feed.Partition
	plan      feed.Plan
	run       *partitionRun
}

// queue orders the partitions of a feed.
type queue struct {
	engine  *Engine
	source  feed.Feed
	streams []*selected
	ahead   []feed.Partition         // not looked at
	due     [feed.Priorities][]*task // by turn, in the order of the list
	news    int                      // partitions with news that went since an overdue one could
	may     bool                     // one that can wait may go
	coming  chan []*task             // plans in the making; nil: none
}

// tasks yields the partitions of a feed in reading order, and last an error that
// ended their list. A time-limited run takes partitions of equal priority at random:
// in the order of the list it would never read the last ones.
func (e *Engine) tasks(ctx context.Context, source feed.Feed, streams []*selected) func(func(*task, error) bool) {
	return func(yield func(*task, error) bool) {
		q := &queue{engine: e, source: source, streams: streams}
		var failed error
		for partition, err := range source.Partitions(ctx, e.env) {
			if err != nil {
				failed = err
				break
			}
			if slices.ContainsFunc(streams, func(s *selected) bool { return s.takes(partition) }) {
				q.ahead = append(q.ahead, partition)
			}
		}
		if failed == nil {
			e.warnAboutNoPartition(q.ahead, streams)
		}
		if failed == nil { // the positions name the selection, even if the run is cut later
			e.retire(source, streams)
		}
		e.Progress.Listed(source.Kind(), len(q.ahead))
		if e.TimeLimited {
			q.shuffle()
		}
		q.unread()
		defer q.stop()
		for next := q.next(ctx); next != nil; next = q.next(ctx) {
			if !yield(next, nil) {
				return
			}
		}
		if failed != nil {
			yield(nil, failed)
		}
	}
}

// warnAboutNoPartition logs the streams of one survey whose survey is not among those to read.
func (e *Engine) warnAboutNoPartition(partitions []feed.Partition, streams []*selected) {
	for _, s := range streams {
		if s.stream.Takes != nil && !slices.ContainsFunc(partitions, s.takes) {
			e.Log.Warn("the survey of this stream is not selected, or it does not exist any more: no row is read; refresh the schema (discover) to remove the stream",
				"stream", s.stream.Name)
		}
	}
}

// shuffle mixes the partitions, in a way of this run. Whether an overdue one
// comes soon is drawn too: the run may have no time for more than one.
func (q *queue) shuffle() {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(q.engine.RunID))
	dice := rand.New(rand.NewPCG(hash.Sum64(), 0)) //nolint:gosec // spreads turns, guards nothing
	dice.Shuffle(len(q.ahead), func(i, j int) { q.ahead[i], q.ahead[j] = q.ahead[j], q.ahead[i] })
	q.news = dice.IntN(newsAhead + 1)
}

// unread takes the partitions that a stream never read: they need no look.
func (q *queue) unread() {
	q.ahead = slices.DeleteFunc(q.ahead, func(partition feed.Partition) bool {
		never := slices.ContainsFunc(q.streams, func(s *selected) bool { return s.takes(partition) && q.engine.position(partition, s) == nil })
		if never {
			q.due[feed.First] = append(q.due[feed.First], &task{partition: partition, plan: feed.Plan{Priority: feed.First}})
		}
		return never
	})
}

// next returns the partition whose turn it is; nil: there is none left, or the
// run is ending.
func (q *queue) next(ctx context.Context) *task {
	for ctx.Err() == nil {
		if q.news >= newsAhead {
			q.news = 0
			if next := q.pop(feed.Overdue, feed.Overdue); next != nil {
				return next
			}
		}
		if next := q.pop(feed.None, feed.News); next != nil {
			if next.plan.Priority == feed.News {
				q.news++
			}
			return next
		}
		last := len(q.ahead) == 0 && q.coming == nil
		if q.may || last {
			q.may = false
			if next := q.pop(feed.Overdue, feed.Audit); next != nil {
				return next
			}
		}
		if last {
			return nil
		}
		q.take(ctx)
	}
	return nil
}

// take takes in the next plans. Those after them are made meanwhile, unless
// one thing is to be done at a time.
func (q *queue) take(ctx context.Context) {
	q.look(ctx)
	tasks := <-q.coming
	q.coming, q.may = nil, true
	for _, t := range tasks {
		q.due[t.plan.Priority] = append(q.due[t.plan.Priority], t)
	}
	if q.engine.Parallel > 1 {
		q.look(ctx)
	}
}

// look begins to make the plans of the partitions that come next.
func (q *queue) look(ctx context.Context) {
	if q.coming != nil || len(q.ahead) == 0 {
		return
	}
	n := min(lookAhead, len(q.ahead))
	batch, coming := q.ahead[:n], make(chan []*task, 1)
	q.ahead, q.coming = q.ahead[n:], coming
	go func() { coming <- q.plans(ctx, batch) }()
}

// stop waits for the plans in the making.
func (q *queue) stop() {
	if q.coming != nil {
		<-q.coming
	}
}

// pop takes the first task of the turns.
func (q *queue) pop(from, to feed.Priority) *task {
	for turn := from; turn <= to; turn++ {
		if tasks := q.due[turn]; len(tasks) > 0 {
			next := tasks[0]
			tasks[0], q.due[turn] = nil, tasks[1:]
			if next.run == nil {
				next.run = new(partitionRun)
			}
			return next
		}
	}
	return nil
}

// plans makes the plans of some partitions.
func (q *queue) plans(ctx context.Context, batch []feed.Partition) []*task {
	tasks := make([]*task, len(batch))
	var workers sync.WaitGroup
	slots := make(chan struct{}, q.engine.Parallel)
	for i, partition := range batch {
		slots <- struct{}{}
		tasks[i] = &task{partition: partition, run: new(partitionRun)}
		workers.Go(func() {
			defer func() { <-slots }()
			q.plan(ctx, tasks[i])
		})
	}
	workers.Wait()
	return tasks
}

// plan asks the feed when a partition is best read. It runs on a goroutine of its
// own: a panic becomes the failure of the partition, which ends the run.
func (q *queue) plan(ctx context.Context, t *task) {
	err := failures.Guard(func() error {
		t.plan = q.planOf(ctx, t)
		return nil
	})
	if err != nil {
		t.plan = feed.Plan{Priority: feed.None, Err: err}
	}
}

// planOf is the feed's answer. Where the streams of a partition stand at different
// positions there is no one answer.
func (q *queue) planOf(ctx context.Context, t *task) feed.Plan {
	planner, ok := q.source.(feed.Planner)
	cohorts := q.engine.cohorts(t.partition, q.streams)
	if !ok || len(cohorts) != 1 {
		return feed.Plan{Priority: feed.News}
	}
	begun := time.Now()
	defer func() { t.run.planned = time.Since(begun) }()
	request := feed.Request{Partition: t.partition, Position: q.engine.position(t.partition, cohorts[0][0]), Report: &t.run.report}
	return planner.Plan(t.run.counting(ctx), q.engine.env, request)
}
