package feed

import (
	"errors"
	"fmt"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// GoneError says that an object was deleted: neither its list nor its own call shows it, at two
// moments.
type GoneError struct {
	What string // such as "survey SV_1"
}

// Error names the object.
func (e *GoneError) Error() string {
	return e.What + " is gone: neither the account's list nor its own call knows it any more"
}

// WithdrawnError says that the account can no longer see an object that was read before. Whether it
// was deleted is unknown: it may be no longer shared with the account's user.
type WithdrawnError struct {
	What    string // such as "survey SV_1"
	Setting string // the configuration key that skips such objects
	Err     error  // the answer to the last call
}

// Error names the object and the remedies.
func (e *WithdrawnError) Error() string {
	return fmt.Sprintf("%s was read before, and this account does not see it any more (%v): share it with the account's user again, "+
		"use the credentials of a user who sees it, or set %s to skip if this is meant", e.What, e.Err, e.Setting)
}

// Unwrap returns the cause.
func (e *WithdrawnError) Unwrap() error { return e.Err }

// UndecidedError says that an object is missing, and that this run cannot find out whether it was
// deleted.
type UndecidedError struct {
	What string // such as "survey SV_1"
	Err  error  // the reason
}

// Error names the object; the next run checks it again.
func (e *UndecidedError) Error() string {
	return fmt.Sprintf("whether %s was deleted cannot be told yet: %v; the next run asks again", e.What, e.Err)
}

// Unwrap returns the cause.
func (e *UndecidedError) Unwrap() error { return e.Err }

// UnknownError says that the configuration names an object that the account does not have.
type UnknownError struct {
	Setting string   // the configuration key with the name
	What    string   // such as "survey SV_1"
	Near    []string // objects with similar ids or names
	Err     error    // the answer of Qualtrics
}

// Error names the setting and similar names.
func (e *UnknownError) Error() string {
	text := fmt.Sprintf("%s names %s, which does not exist or is not shared with this account (%v)", e.Setting, e.What, e.Err)
	return text + nearestText(e.Near)
}

// Unwrap returns the cause.
func (e *UnknownError) Unwrap() error { return e.Err }

// PositionError says that a position is damaged or has an unknown form.
type PositionError struct {
	Partition Partition
	Err       error
}

// Error names the partition and the remedies.
func (e *PositionError) Error() string {
	return fmt.Sprintf("reading the position of %s: %v; restore the state from a backup, or reset the stream to read it from the beginning", e.Partition, e.Err)
}

// Unwrap returns the cause.
func (e *PositionError) Unwrap() error { return e.Err }

// Skipped says that a partition was not read, and that this is no failure. If neither flag is set,
// the account may not read it.
type Skipped struct {
	Reason    string
	Gone      bool // it was deleted
	Withdrawn bool // the account can no longer see it, and surveys.on_withdrawn is skip
	Cause     error
}

// Error returns the reason.
func (s *Skipped) Error() string { return s.Reason }

// Unwrap returns the cause.
func (s *Skipped) Unwrap() error { return s.Cause }

// ErrCannotJoin says that streams with different positions cannot share the read of a partition. No
// document was delivered. The engine then reads it for each stream alone.
var ErrCannotJoin = errors.New("the streams of this survey cannot go on from one position yet")

// LeftOutError reports records of a survey that could not be delivered.
type LeftOutError struct {
	Survey  string
	Count   int64
	Records []string // number and problem of the first ones
	Listed  bool     // they were in an export of ids only, so the position moved
	Cut     bool     // the read ended early: other records may be missing, too
	// Sessions is set for an export of sessions that are not recorded yet.
	Sessions bool
}

// Error names the records and the remedies.
func (e *LeftOutError) Error() string {
	named := strings.Join(e.Records, "; ")
	if more := e.Count - int64(len(e.Records)); more > 0 {
		named += fmt.Sprintf("; and %d more", more)
	}
	records := "records"
	if e.Count == 1 {
		records = "record"
	}
	what := fmt.Sprintf("%d %s of the export of %s cannot be delivered: %s. ", e.Count, records, e.Survey, named)
	if e.Listed {
		what = fmt.Sprintf("%d %s of the list of ids of %s cannot be read: %s. ", e.Count, records, e.Survey, named)
	}
	switch {
	case e.Sessions:
		what += "All others were delivered, no session counts as ended, and the next run exports them again"
	case e.Cut:
		what += "The position stays: the next run reads this window again"
	case e.Listed:
		what += "All others were compared with the delivered ones"
	default:
		what += "All others were delivered, and the position stays: the next run reads this window again"
	}
	return what + ". Correct or delete these responses in Qualtrics, or leave the survey out (surveys.exclude)"
}

// UnresolvedError reports deletions that an audit counted and could not identify. Their rows stay at
// the destination until a full refresh.
type UnresolvedError struct {
	Survey string
	Count  int64 // an estimate
}

// Error says how many rows stay, and the remedy.
func (e *UnresolvedError) Error() string {
	return fmt.Sprintf("about %d deletions in %s could not be identified: more were deleted at once than the state can track. Run a full refresh to remove their rows", e.Count, e.Survey)
}

// UnfinishedError reports that a survey was not read completely, and that the next run may succeed.
// The position is that of the last checkpoint.
type UnfinishedError struct {
	Survey qualtrics.SurveyID
	Reason string
	Err    error // the cause; may be nil
	// Remedy is set if Qualtrics refuses access to a call that the read needs. It says how the
	// user can solve that.
	Remedy string
}

// Error names the survey, the reason and the next step.
func (e *UnfinishedError) Error() string {
	text := "survey " + string(e.Survey) + " was not read to its end: " + e.Reason
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	if e.Remedy != "" {
		return text + "; the position stays: " + e.Remedy
	}
	return text + "; the next run goes on from where this one stopped"
}

// Unwrap returns the cause.
func (e *UnfinishedError) Unwrap() error { return e.Err }

// ErrDeleted is the cause of an [UnknownError] about an object that existed in an earlier run.
var ErrDeleted = errors.New("it was deleted")

// WithoutID collects elements of lists that have no id. The other elements are delivered. Then
// the read fails and its position stays, because a missing object may be such an element.
type WithoutID struct {
	First error // the error of the first element without an id; nil: all have one
}

// Takes notes the error of an element without an id, and reports whether err is one. If so, the
// list can be read further.
func (n *WithoutID) Takes(err error) bool {
	if err == nil {
		return false // without the allocation of a target
	}
	var element *qualtrics.ElementError
	if !errors.As(err, &element) {
		return false
	}
	if n.First == nil {
		n.First = err
	}
	return true
}
