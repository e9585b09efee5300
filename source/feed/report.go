package feed

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
)

// Report has the counts of one read of a survey.
type Report struct {
	Reason     Reason
	From, To   time.Time // the exported range of modified dates; zero From: from the beginning
	Counted    *int64    // recorded responses by Qualtrics' counters; nil: unknown
	Delivered  int64     // versions of responses
	Edited     int64     // delivered versions of responses that were recorded before the window
	Suppressed int64     // versions that were in the export and had been delivered before
	Late       int64     // delivered versions that no window contained; an audit found them
	LatestBy   time.Duration
	Deleted    int64  // reported as deleted
	Missing    *int64 // responses that exist and were not delivered; nil: no audit, and no record was left out
	Unresolved int64  // deletions that could not be identified; for a deleted survey: rows that stay, about
}

// Reason says why a survey was exported, or was not.
type Reason string

// The reasons.
const (
	FirstLoad Reason = "first_load" // it was never read completely
	Window    Reason = "window"     // its export was due, or its counters changed
	Resync    Reason = "resync"     // the configuration asks for it, or the meaning of names changed
	Unchanged Reason = "unchanged"  // not exported: its counters did not change
	Left      Reason = "left"       // it left the selection and is read one last time
)

// SurveyRun is a report with the way the read ended. It is the content of documents of [SyncAudit].
type SurveyRun struct {
	Report
	Run     string // id of the run
	Result  string // complete, incomplete, no_access, withdrawn, gone
	Problem string // the reason of an incomplete read, without secrets
	Calls   map[string]int
	Waited  time.Duration // for limits, retries and jobs
	Took    time.Duration // including the time waited
}

// Observer is a feed without API calls. It makes documents of the outcomes of partitions of
// other feeds.
type Observer interface {
	Feed
	// Observes reports whether the observer wants the partitions of a feed.
	Observes(Kind) bool
	// Observe returns a document about a partition that was read; nil: there is none.
	Observe(*PartitionDone) *Document
}

// PartitionDone is the outcome of one partition in a run.
type PartitionDone struct {
	Partition Partition
	Report    Report
	Run       string         // id of the run
	Err       error          // the reason why the partition is not complete; nil: it is
	Problem   string         // the text of Err, without secrets
	Calls     map[string]int // by endpoint
	Waited    time.Duration  // for limits, retries and jobs
	Took      time.Duration  // including the time waited
	At        time.Time      // server time
}

var (
	_          = Register(syncAudit{})
	_ Observer = syncAudit{}
)

// syncAudit makes a document of each survey whose responses were read.
type syncAudit struct{}

func (syncAudit) Kind() Kind { return SyncAudit }

// Partitions is empty: an observer fetches nothing.
func (syncAudit) Partitions(context.Context, *Env) iter.Seq2[Partition, error] {
	return func(func(Partition, error) bool) {}
}

func (syncAudit) Fetch(context.Context, *Env, Request, Out) error { return nil }

func (syncAudit) Observes(kind Kind) bool { return kind == Responses }

func (a syncAudit) Observe(done *PartitionDone) *Document {
	if !a.Observes(done.Partition.Kind) {
		return nil
	}
	run := &SurveyRun{Report: done.Report, Run: done.Run, Result: "complete", Calls: done.Calls, Waited: done.Waited, Took: done.Took}
	var skipped *Skipped
	switch {
	case errors.As(done.Err, &skipped) && skipped.Gone:
		run.Result = "gone"
	case errors.As(done.Err, &skipped) && skipped.Withdrawn:
		run.Result = "withdrawn"
	case errors.As(done.Err, &skipped):
		run.Result = "no_access"
	case done.Err != nil:
		run.Result, run.Problem = "incomplete", done.Problem
	}
	if run.Result != "complete" || run.Reason == Unchanged {
		run.To = time.Time{} // the survey was not read up to this date
	}
	return &Document{Partition: done.Partition, ID: done.Partition.Key, Content: run, ReadAt: done.At}
}

// runPosition is the position of a stream of outcomes.
type runPosition struct {
	Run string `json:"run"` // id of the last run with delivered outcomes
}

func (*runPosition) Plausible() error { return nil }

// Explain describes the position in one sentence.
func (p *runPosition) Explain() ([]string, error) {
	return []string{fmt.Sprintf("The last run was %.40q.", p.Run)}, nil
}
