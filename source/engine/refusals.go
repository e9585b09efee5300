package engine

import (
	"errors"

	"github.com/birdie-ai/source-qualtrics/source/failures"
	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// refusals counts how the partitions of a feed ended.
type refusals struct {
	refused int   // the account may not read them
	told    int   // of those: each failed by itself
	others  int   // read, or failed in another way
	first   error // of those that were refused
}

// outcome counts refused and other partitions. A partition that is gone or withdrawn
// does not count: it shows nothing about the rights of the account.
func (e *Engine) outcome(kind feed.Kind, err error) {
	e.out.mu.Lock()
	defer e.out.mu.Unlock()
	if e.refusals == nil {
		e.refusals = make(map[feed.Kind]*refusals)
	}
	if e.refusals[kind] == nil {
		e.refusals[kind] = new(refusals)
	}
	so := e.refusals[kind]
	var skipped *feed.Skipped
	switch isSkipped := errors.As(err, &skipped); {
	case isSkipped && (skipped.Gone || skipped.Withdrawn):
		return
	case isSkipped:
		if skipped.Cause != nil {
			err = skipped.Cause
		}
	case refusedByQualtrics(err):
		so.told++
	default:
		so.others++
		return
	}
	if so.refused++; so.first == nil {
		so.first = err
	}
}

// refusedByQualtrics reports whether an error is a refusal for want of a
// permission, or one that gives no reason. A missing scope names itself.
func refusedByQualtrics(err error) bool {
	return !qualtrics.IsMissingScope(err) && (qualtrics.IsForbidden(err) || qualtrics.IsRefused(err))
}

// allRefused reports whether the account was refused every partition of a feed.
// One refused survey of many is a boundary of the account's rights. If all are
// refused, its set-up is wrong. A shard may be refused by chance. The error is nil
// where every partition failed by itself.
func (e *Engine) allRefused(kind feed.Kind) (bool, error) {
	e.out.mu.Lock()
	defer e.out.mu.Unlock()
	so := e.refusals[kind]
	switch {
	case so == nil || so.refused == 0 || so.others > 0 || e.env.Selection.ShardCount > 1:
		return false, nil
	case so.told == so.refused:
		return true, nil
	}
	return true, &failures.RefusedError{Surveys: so.refused, Err: so.first}
}
