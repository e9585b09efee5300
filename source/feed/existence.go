package feed

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/wording"
)

const (
	// secondLook is the time between the two moments at which an object must be missing to count
	// as deleted. A run waits for it once.
	secondLook = 30 * time.Second
	// MaxProbes is the number of existing objects that [CanTrustNotFound] asks for at most.
	MaxProbes = 3
)

// Reasons of doubt whether a missing object was deleted.
var (
	errNoneListed = errors.New("the account's list is empty, so an answer of 404 does not prove that it was deleted")
	errNoProof    = errors.New("objects that the account's list shows are not found by their own call either")
	errAskedOnce  = errors.New("it was asked for only once")
	errTooMany    = fmt.Errorf("a run asks for %d missing objects at most", reconcile.MaxSingleCalls)
	errDeferred   = errors.New("the next run asks for it a second time")
	// ErrShownAgain says that an object that was missing is in its list again.
	ErrShownAgain = errors.New("it is shown again")
)

// CanTrustNotFound reports whether an answer of 404 proves that an object does not exist. It asks
// for a few existing objects, and at least one must be found. Otherwise the call itself may be
// broken or forbidden for all objects.
func CanTrustNotFound(ctx context.Context, existing []string, ask func(context.Context, string) error) bool {
	for _, id := range existing[:min(len(existing), MaxProbes)] {
		if ask(ctx, id) == nil {
			return true
		}
	}
	return false
}

// existence decides which objects of one list were deleted.
type existence struct {
	noun    string // such as "survey"
	setting string // the configuration key that skips withdrawn objects
	list    func(context.Context) ([]string, error)
	ask     func(context.Context, string) error // the object's own call, nil error: it exists; may be nil
	listErr error                               // the list may lack an object for this reason; nil: it is complete
	run     int                                 // the number of the run: each run begins with another object
	waited  bool                                // this run has waited for secondLook
	manyRules
}

// manyRules are the rules for lists of many objects that are created and deleted all the time, such
// as contacts. The zero value has the rules for surveys and directories.
type manyRules struct {
	// emptyIsValid is set if the list belongs to an object that was found: it may be empty.
	emptyIsValid bool
	// sample is set if a run asks for some missing objects only. If all of them are gone, the list
	// is the proof for the others.
	sample bool
	// missedBefore reports whether an earlier run missed the object, at least secondLook ago.
	missedBefore func(id string) bool
	// nextRunConfirms is set if the second look is left to the next run, so that none waits.
	nextRunConfirms bool
}

func (x *existence) name(id string) string { return x.noun + " " + id }

// verdicts decides for objects that the list lacks. The verdict on an object is nil if its own
// call finds it, and a *WithdrawnError if the account may not read it. It is a *GoneError if list
// and call do not show it at two moments, and the call finds other objects. Otherwise it is an
// *UndecidedError.
func (x *existence) verdicts(ctx context.Context, missing, listed []string) (map[string]error, error) {
	missing = x.rotated(missing)
	verdicts := make(map[string]error, len(missing))
	suspects, err := x.suspects(ctx, missing, verdicts)
	if err != nil || len(suspects) == 0 {
		return verdicts, err
	}
	doubt := x.doubt(ctx, listed)
	if doubt == nil {
		suspects = x.confirmed(suspects, verdicts)
		doubt = x.lookAgain(ctx, suspects, verdicts)
	}
	if fatal := x.fatal(ctx, doubt); fatal != nil {
		return nil, fatal
	}
	for _, id := range suspects {
		switch {
		case errors.Is(doubt, errNoneListed):
			verdicts[id] = &WithdrawnError{x.name(id), x.setting, doubt}
		case doubt != nil:
			verdicts[id] = &UndecidedError{x.name(id), doubt}
		}
	}
	return verdicts, nil
}

// suspects asks for the missing objects and returns those that may be deleted. It enters the
// verdicts on the others.
func (x *existence) suspects(ctx context.Context, missing []string, verdicts map[string]error) (suspects []string, err error) {
	if x.ask == nil {
		return missing, nil
	}
	asked := missing[:min(len(missing), reconcile.MaxSingleCalls)]
	for _, id := range asked {
		answer := x.ask(ctx, id)
		if fatal := x.fatal(ctx, answer); fatal != nil {
			return nil, fatal
		}
		verdicts[id] = x.verdict(id, answer)
		if qualtrics.IsGone(answer) {
			suspects = append(suspects, id)
		}
	}
	rest := missing[len(asked):]
	if x.sample && len(suspects) == len(asked) {
		return append(suspects, rest...), nil
	}
	for _, id := range rest {
		if x.sample {
			verdicts[id] = &UndecidedError{x.name(id), errDeferred}
			continue
		}
		verdicts[id] = &WithdrawnError{x.name(id), x.setting, errTooMany}
	}
	return suspects, nil
}

// confirmed enters the verdict on suspects that an earlier run missed, too. It returns the others.
func (x *existence) confirmed(suspects []string, verdicts map[string]error) (once []string) {
	for _, id := range suspects {
		if x.missedBefore == nil || !x.missedBefore(id) {
			once = append(once, id)
			continue
		}
		verdicts[id] = &GoneError{x.name(id)}
	}
	return once
}

// rotated sorts ids and begins with another one in each run, because a run asks for some only.
func (x *existence) rotated(ids []string) []string {
	if len(ids) == 0 {
		return nil
	}
	ids = slices.Sorted(slices.Values(ids))
	first := x.run % len(ids)
	return slices.Concat(ids[first:], ids[:first])
}

// verdict classifies one answer of an object's own call.
func (x *existence) verdict(id string, answer error) error {
	switch {
	case answer == nil:
		return nil
	case qualtrics.IsForbidden(answer) && !qualtrics.IsMissingScope(answer), errors.Is(answer, errEmptyDirectory):
		return &WithdrawnError{x.name(id), x.setting, answer}
	default:
		return &UndecidedError{x.name(id), answer}
	}
}

// doubt returns the reason why an answer of 404 does not prove a deletion now; nil: it does.
func (x *existence) doubt(ctx context.Context, listed []string) error {
	switch {
	case x.listErr != nil:
		return x.listErr
	case len(listed) == 0 && !x.emptyIsValid:
		return errNoneListed
	case len(listed) > 0 && x.ask != nil && !CanTrustNotFound(ctx, listed, x.ask):
		return errNoProof
	}
	return nil
}

// lookAgain waits, asks for the suspects once more, and enters the verdicts. The error is a reason
// of doubt about all suspects.
func (x *existence) lookAgain(ctx context.Context, suspects []string, verdicts map[string]error) error {
	switch {
	case len(suspects) == 0:
		return nil
	case x.waited:
		return errAskedOnce
	case x.nextRunConfirms:
		return errDeferred
	}
	x.waited = true
	select {
	case <-time.After(secondLook):
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	listed, err := x.list(ctx)
	if err != nil {
		return fmt.Errorf("listing each %s again: %w", x.noun, err)
	}
	if err := x.doubt(ctx, listed); err != nil {
		return err
	}
	shown := make(map[string]bool, len(listed))
	for _, id := range listed {
		shown[id] = true
	}
	for i, id := range suspects {
		var answer error
		listOnly := x.ask == nil || i >= reconcile.MaxSingleCalls // the list is the proof
		if !listOnly {
			answer = x.ask(ctx, id)
		}
		switch {
		case x.fatal(ctx, answer) != nil:
			return answer
		case answer == nil && !listOnly, shown[id]:
			verdicts[id] = &UndecidedError{x.name(id), ErrShownAgain}
		case listOnly, qualtrics.IsGone(answer):
			verdicts[id] = &GoneError{x.name(id)}
		default:
			verdicts[id] = x.verdict(id, answer)
		}
	}
	return nil
}

// fatal returns an error that ends the whole run, such as a revoked token; nil: it does not.
func (x *existence) fatal(ctx context.Context, err error) error {
	var auth *qualtrics.AuthError
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &auth):
		return err
	}
	return nil
}

// isDeferred reports whether a later run decides, and this run did not fail.
func isDeferred(verdict error) bool {
	var undecided *UndecidedError
	return errors.As(verdict, &undecided) && (errors.Is(verdict, errDeferred) || errors.Is(verdict, ErrShownAgain) || errors.Is(verdict, errAskedOnce))
}

// ReportMissingParent ends the read of a partition with a Missing parent, such as the contacts of a
// deleted directory. If the parent was deleted, it calls tombstones to report the rows, and then
// [Env.MarkGone] with the key. Setting is the configuration key that names parents.
func ReportMissingParent(env *Env, partition Partition, noun, setting, key string, tombstones func() (reason string, err error)) error {
	var (
		gone      *GoneError
		withdrawn *WithdrawnError
	)
	verdict := partition.Missing
	switch {
	case errors.As(verdict, &withdrawn) && env.Selection.SkipWithdrawn:
		return &Skipped{Reason: fmt.Sprintf("%s %s is not shown to this account any more: %v", noun, partition, withdrawn.Err), Withdrawn: true}
	case !errors.As(verdict, &gone):
		return verdict
	}
	reason, err := tombstones()
	if err != nil {
		return err
	}
	reason = fmt.Sprintf("%s %s is gone; %s", noun, partition, reason)
	env.MarkGone(key)
	if partition.Named {
		env.Log.Warn("a "+noun+" that the configuration names is gone", attribute(noun), partition.Key, "reason", reason)
		return &UnknownError{setting, noun + " " + partition.String(), nil, ErrDeleted}
	}
	return &Skipped{Reason: reason, Gone: true}
}

// DescribeTombstones says how many rows of a deleted parent are reported, and how many stay.
func DescribeTombstones(noun string, reported int, others int64) string {
	return fmt.Sprintf("%d of its %s are reported as deleted, about %d that the state does not name stay at the destination", reported, wording.Plural(noun), others)
}
