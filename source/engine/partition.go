package engine

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/stream"
)

// partitionRun holds the report of one partition in this run.
type partitionRun struct {
	report  feed.Report
	facts   feed.SurveyFacts // that the streams need
	answer  any              // that the feed keeps for several reads
	calls   qualtrics.CallStats
	planned time.Duration // of planning
	begun   time.Time
	err     error // the first one
}

// counting counts the API calls that are made under a context.
func (r *partitionRun) counting(ctx context.Context) context.Context {
	return qualtrics.WithCallStats(ctx, &r.calls)
}

func (r *partitionRun) ended(err error) {
	if r.err == nil {
		r.err = err
	}
}

// runPartition reads one partition, once for all of its streams. Streams with
// different positions go on from one of them where the feed can do so.
func (e *Engine) runPartition(ctx context.Context, cancel context.CancelCauseFunc, source feed.Feed, t *task, streams []*selected) {
	t.run.begun = time.Now()
	func() {
		defer func() {
			t.run.facts, t.run.answer = feed.SurveyFacts{}, nil // they may be large
			e.observe(ctx, t.partition, t.run)
		}()
		r := &partitionRead{engine: e, ctx: t.run.counting(ctx), cancel: cancel, source: source, task: t, all: streams}
		r.read(e.cohorts(t.partition, streams))
	}()
	if ctx.Err() == nil { // else the read was broken off
		e.Progress.Done(source.Kind())
		e.compared(source, t.partition, streams)
	}
}

// passed counts a partition that was read to its end without some of its records.
// The run is partial then, and not failed.
func (e *Engine) passed(cohort []*selected, err error) {
	var (
		left    *feed.LeftOutError
		element *qualtrics.ElementError
	)
	if errors.As(err, &left) || errors.As(err, &element) {
		e.completed(cohort)
	}
}

// completed counts a partition that was read to its end.
func (e *Engine) completed(streams []*selected) {
	e.out.locked(func() {
		for _, s := range streams {
			s.completed++
		}
	})
}

// cohorts groups streams that take the same part of a partition from the same position.
func (e *Engine) cohorts(partition feed.Partition, streams []*selected) (cohorts [][]*selected) {
	e.out.locked(func() {
		for _, s := range streams {
			if !s.takes(partition) {
				continue
			}
			at := slices.IndexFunc(cohorts, func(cohort []*selected) bool {
				return cohort[0].stream.Part == s.stream.Part &&
					string(cohort[0].state.Partitions[partition.Key]) == string(s.state.Partitions[partition.Key])
			})
			if at < 0 {
				cohorts = append(cohorts, nil)
				at = len(cohorts) - 1
			}
			cohorts[at] = append(cohorts[at], s)
		}
	})
	return cohorts
}

func (e *Engine) position(partition feed.Partition, s *selected) (position feed.Position) {
	e.out.locked(func() { position = s.state.Partitions[partition.Key] })
	return position
}

// partitionOut is the [feed.Out] of one partition: it gives the documents to the
// sink, as rows of each stream.
type partitionOut struct {
	engine    *Engine
	partition feed.Partition
	streams   []*selected
	projected []*stream.Projector // of each stream, once there is a document
	ended     <-chan struct{}     // the run; nil: it does not end early
}

// Document projects a document into the rows of every stream.
func (o *partitionOut) Document(doc *feed.Document) error {
	if o.projected == nil {
		for _, s := range o.streams {
			o.projected = append(o.projected, s.stream.Projector(o.engine.format))
		}
	}
	for i, s := range o.streams {
		rows, err := o.projected[i].Rows(doc)
		if err != nil {
			return err
		}
		if err := o.engine.write(s, rows); err != nil {
			return err
		}
	}
	return nil
}

// write writes the rows of a document. No row and no state of another partition comes
// between them: a file that ended there would hold a part of the document.
func (e *Engine) write(s *selected, rows []record.Row) error {
	return e.out.write(func(sink Sink) error {
		for _, row := range rows {
			if err := sink.Record(s.stream.Name, row); err != nil {
				return err
			}
			for _, change := range row.Changes {
				e.Changes.add(s.stream.Name, change)
			}
			e.Progress.Rows.Add(1)
			s.rows++
			s.pace.row(row.Size())
		}
		return nil
	})
}

// Checkpoint notes the position and sends the states that are due.
func (o *partitionOut) Checkpoint(position feed.Position) (err error) {
	o.engine.out.locked(func() {
		for _, s := range o.streams {
			s.move(o.partition.Key, position)
			if !s.pace.checkpointDue(time.Now()) {
				continue
			}
			if _, err = o.engine.sendState(s); err != nil {
				return
			}
		}
	})
	return err
}
