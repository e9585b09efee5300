package engine

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/failures"
	"github.com/birdie-ai/source-qualtrics/source/feed"
)

// partitionRead reads one partition for all streams of a feed.
type partitionRead struct {
	engine *Engine
	ctx    context.Context
	cancel context.CancelCauseFunc
	source feed.Feed
	task   *task
	all    []*selected // in the order in which their states go out
}

// read reads the partition once if all streams have one position. Otherwise, streams
// that were never read to their end, or cannot join, are read by themselves first.
// Then the others go on together.
func (r *partitionRead) read(cohorts [][]*selected) {
	joining, ok := r.source.(feed.Joining)
	if !ok || len(cohorts) == 1 {
		r.each(cohorts, false)
		return
	}
	joins := func(cohort []*selected) bool {
		return joining.Joins(r.engine.env, r.engine.position(r.task.partition, cohort[0]))
	}
	var behind, together [][]*selected
	for _, cohort := range cohorts {
		if joins(cohort) {
			together = append(together, cohort)
		} else {
			behind = append(behind, cohort)
		}
	}
	read := r.each(behind, false)
	if len(together) == 0 || r.ctx.Err() != nil {
		return // those that were read join in the next run
	}
	for _, cohort := range read {
		if joins(cohort) {
			together = append(together, cohort)
		}
	}
	if err := r.fetch(together, false); errors.Is(err, feed.ErrCannotJoin) {
		r.engine.Log.Info("each stream reads this survey by itself", "survey", r.task.partition.String(), "reason", err)
		r.each(together, true)
	}
}

// each reads the partition once for each cohort and returns the cohorts that
// were read to the end.
func (r *partitionRead) each(cohorts [][]*selected, audit bool) (read [][]*selected) {
	for _, cohort := range cohorts {
		if err := r.fetch([][]*selected{cohort}, audit); err == nil {
			read = append(read, cohort)
		}
		if r.ctx.Err() != nil {
			break
		}
	}
	return read
}

// fetch reads the partition once for the streams of these cohorts.
func (r *partitionRead) fetch(cohorts [][]*selected, audit bool) error {
	e, partition := r.engine, r.task.partition
	request := feed.Request{
		Partition: partition, Position: e.position(partition, cohorts[0][0]), Audit: audit, Report: &r.task.run.report, Facts: &r.task.run.facts,
		Part: cohorts[0][0].stream.Part, Answer: &r.task.run.answer,
	}
	for _, other := range cohorts[1:] {
		if position := e.position(partition, other[0]); string(position) != string(request.Position) {
			request.Beside = append(request.Beside, position)
		}
	}
	of := slices.Concat(cohorts...)
	streams := slices.DeleteFunc(slices.Clone(r.all), func(s *selected) bool { return !slices.Contains(of, s) })
	for _, s := range streams {
		request.Needs |= s.stream.Needs
	}
	out := &partitionOut{engine: e, partition: partition, streams: streams, ended: r.ctx.Done()}
	err := failures.Guard(func() error {
		if r.task.plan.Priority == feed.None {
			return r.task.conclude(out)
		}
		return r.source.Fetch(r.ctx, e.env, request, out)
	})
	if errors.Is(err, feed.ErrCannotJoin) {
		return err
	}
	r.task.run.ended(err)
	e.outcome(partition.Kind, err)
	var skipped *feed.Skipped
	switch {
	case err == nil:
		e.completed(streams)
	case errors.As(err, &skipped):
		noun := feed.NounOf(partition.Kind)
		e.Log.Warn("a "+noun+" is left out", strings.ReplaceAll(noun, " ", "_"), partition.String(), "reason", skipped)
	case r.ctx.Err() != nil:
		// The run is ending; finish says why.
	default:
		e.fail(streams, partition, err)
		e.passed(streams, err)
		if failures.EndsRun(err) {
			r.cancel(err)
		}
	}
	return err
}

// conclude ends a partition that needs no reading.
func (t *task) conclude(out *partitionOut) error {
	if t.plan.Err != nil || t.plan.Position == nil {
		return t.plan.Err
	}
	return out.Checkpoint(t.plan.Position)
}
