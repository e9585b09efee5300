package source

import (
	"context"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
)

// lookAhead is of how many partitions the plans are made at once. Between two
// such looks goes out what is new, and one partition of those that can wait:
// a run that is cut after a while has done something of everything.
const lookAhead = 64

// newsAhead is how many partitions with news get ahead of one that is overdue,
// at most: where there is always more news than time, edits are found too.
const newsAhead = 3

// task is a partition whose turn has come.
type task struct {
	partition feed.Partition
	plan      feed.Plan
	run       *partitionRun
}

// queue orders the partitions of a feed.
type queue struct {
	engine  *engine
	source  feed.Feed
	streams []*selected
	ahead   []feed.Partition    // not looked at
	due     [feed.Turns][]*task // by turn, in the order of the list
	news    int                 // partitions with news that went since an overdue one could
	may     bool                // one that can wait may go
	coming  chan []*task        // plans in the making; nil: none
}

// tasks yields the partitions of a feed in the order in which they are to be
// read, and whatever error ends their list last. A run that may be cut takes
// equals by chance: in the list's own order its tail would never have its turn.
func (e *engine) tasks(ctx context.Context, source feed.Feed, streams []*selected) func(func(*task, error) bool) {
	return func(yield func(*task, error) bool) {
		q := &queue{engine: e, source: source, streams: streams}
		var failed error
		for partition, err := range source.Partitions(ctx, e.env) {
			if err != nil {
				failed = err
				break
			}
			q.ahead = append(q.ahead, partition)
		}
		if e.cut {
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

// shuffle mixes the partitions, in a way of this run. Whether an overdue one
// comes soon is drawn too: the run may have no time for more than one.
func (q *queue) shuffle() {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(q.engine.runID))
	dice := rand.New(rand.NewPCG(hash.Sum64(), 0)) //nolint:gosec // spreads turns, guards nothing
	dice.Shuffle(len(q.ahead), func(i, j int) { q.ahead[i], q.ahead[j] = q.ahead[j], q.ahead[i] })
	q.news = dice.IntN(newsAhead + 1)
}

// unread takes the partitions that a stream never read: they need no look.
func (q *queue) unread() {
	q.ahead = slices.DeleteFunc(q.ahead, func(partition feed.Partition) bool {
		never := slices.ContainsFunc(q.streams, func(s *selected) bool { return q.engine.position(partition, s) == nil })
		if never {
			q.due[feed.First] = append(q.due[feed.First], &task{partition: partition, plan: feed.Plan{Turn: feed.First}})
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
			if next.plan.Turn == feed.News {
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
		q.due[t.plan.Turn] = append(q.due[t.plan.Turn], t)
	}
	if q.engine.parallel > 1 {
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

// stop waits for what was begun.
func (q *queue) stop() {
	if q.coming != nil {
		<-q.coming
	}
}

// pop takes the first task of the turns.
func (q *queue) pop(from, to feed.Turn) *task {
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
	slots := make(chan struct{}, q.engine.parallel)
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

// plan asks the feed when a partition is best read. Where its streams stand at
// different positions there is no one answer.
func (q *queue) plan(ctx context.Context, t *task) {
	planner, ok := q.source.(feed.Planner)
	cohorts := q.engine.cohorts(t.partition, q.streams)
	if !ok || len(cohorts) != 1 {
		t.plan.Turn = feed.News
		return
	}
	begun := time.Now()
	defer func() { t.run.planned = time.Since(begun) }()
	request := feed.Request{Partition: t.partition, Position: q.engine.position(t.partition, cohorts[0][0]), Report: &t.run.report}
	err := guard(func() error {
		t.plan = planner.Plan(t.run.tallied(ctx), q.engine.env, request)
		return nil
	})
	if err != nil {
		t.plan = feed.Plan{Turn: feed.None, Err: err}
	}
}
