package feed

import "time"

// SyncAudit is the feed of what a run did with each survey. The engine makes
// its documents: their content is a *SurveyRun.
const SyncAudit Kind = "sync_audit"

// Reason says why a survey was exported, or was not.
type Reason string

// The reasons.
const (
	FirstLoad Reason = "first_load" // it was never read to its end
	Window    Reason = "window"     // its turn, or its counters moved
	Resync    Reason = "resync"     // the configuration asks to read it again
	Unchanged Reason = "unchanged"  // not exported: its counters stand still
)

// Report is what one read of one survey came to.
type Report struct {
	Reason     Reason
	From, To   time.Time // bounds of what was asked for; zero From: everything
	Counted    *int64    // recorded responses by Qualtrics' counters; nil: unknown
	Delivered  int64     // versions of responses
	Edited     int64     // of them, such as were recorded before the window
	Suppressed int64     // that were met again and not delivered again
	Late       int64     // that only an audit found
	LatestBy   time.Duration
	Deleted    int64  // reported as deleted
	Missing    *int64 // known to exist and not delivered; nil: no audit looked
	Unresolved int64  // deleted, and nobody can name them
}

// SurveyRun is a report with how the read ended.
type SurveyRun struct {
	Report
	Run     string
	Result  string // complete, incomplete, no_access, gone
	Problem string // why it is not complete; redacted
	Calls   map[string]int
	Waited  time.Duration // for limits, retries and jobs
	Took    time.Duration // all in all
}
