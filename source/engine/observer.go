package engine

import (
	"context"
	"encoding/json"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/failures"
	"github.com/birdie-ai/source-qualtrics/source/feed"
)

// observers returns the selected streams of run outcomes, such as sync_audit.
func (e *Engine) observers() (observers []*selected) {
	for _, s := range e.streams {
		if _, ok := s.observer(); ok {
			observers = append(observers, s)
		}
	}
	return observers
}

// observe gives the outcome of a partition to the streams that tell it.
func (e *Engine) observe(ctx context.Context, partition feed.Partition, run *partitionRun) {
	if ctx.Err() != nil {
		return
	}
	done := &feed.PartitionDone{
		Partition: partition, Report: run.report, Run: e.RunID, Err: run.err,
		Calls: run.calls.Calls(), Waited: run.calls.Waited(), Took: run.planned + time.Since(run.begun), At: e.env.Now(),
	}
	if run.err != nil {
		done.Problem = e.Failure(run.err).Message
	}
	for _, s := range e.observers() {
		observer, _ := s.observer()
		err := failures.Guard(func() error {
			doc := observer.Observe(done)
			if doc == nil {
				return nil
			}
			return (&partitionOut{engine: e, partition: partition, streams: []*selected{s}}).Document(doc)
		})
		if err != nil {
			e.fail([]*selected{s}, partition, err)
		}
	}
}

// endObservers ends the streams of run outcomes. They are complete even if other
// streams failed.
func (e *Engine) endObservers(ctx context.Context) {
	observers := e.observers()
	if len(observers) == 0 || ctx.Err() != nil {
		return
	}
	position, _ := json.Marshal(map[string]string{"run": e.RunID})
	e.out.locked(func() {
		for _, s := range observers {
			s.state.put("", position)
			s.pace.dirty = true
		}
	})
	e.complete(observers)
}
