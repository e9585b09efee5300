package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/failures"
	"github.com/birdie-ai/source-qualtrics/source/record"
)

// finish ends the streams that are not complete and finds the exit code. The error
// is set when the run failed as a whole.
func (e *Engine) finish(ctx context.Context) (int, error) {
	cause := context.Cause(ctx)
	if failures.IsBug(cause) {
		e.out.stop(cause)
	}
	e.out.mu.Lock()
	defer e.out.mu.Unlock()
	if e.out.broken != nil {
		return failures.ExitCode(e.out.broken), e.out.broken
	}
	var open []*selected
	var completed int
	for _, s := range e.streams {
		completed += s.completed
		if !s.ended {
			open = append(open, s)
		} else if _, observes := s.observer(); !observes { // an observer is complete in any case
			completed++
		}
	}
	if len(open) == 0 {
		return failures.ExitOK, nil
	}
	if errors.Is(cause, context.Canceled) {
		return failures.ExitSystem, e.interrupted(open, cause)
	}
	if e.ReportFailed && cause == nil {
		if reported, err := e.reportFailed(open); err != nil || reported {
			return failures.ExitCode(err), err
		}
	}
	first, err := e.endIncomplete(open, cause)
	if err != nil {
		return failures.ExitCode(err), err
	}
	if e.refused && !errors.Is(cause, failures.ErrOutOfTime) {
		return failures.ExitConfig, nil // nothing helps but another set-up
	}
	if completed > 0 || errors.Is(cause, failures.ErrOutOfTime) || cause == nil && onlyHidden(open) {
		return failures.ExitPartial, nil
	}
	switch first {
	case record.TransientError:
		return failures.ExitTransient, nil
	case record.ConfigError:
		return failures.ExitConfig, nil
	default:
		return failures.ExitSystem, nil
	}
}

// endIncomplete ends streams with their failures and returns the type of the first
// one; the lock is held.
func (e *Engine) endIncomplete(open []*selected, cause error) (first record.FailureType, err error) {
	summaries := make(map[*selected]record.Failure, len(open))
	for _, s := range open {
		summaries[s] = e.summary(s, cause)
	}
	// A failure that a retry may help comes first. Platforms take the first failure
	// for the root cause, and stop retrying at a configuration error.
	slices.SortStableFunc(open, func(a, b *selected) int { return rank(summaries[a].Type) - rank(summaries[b].Type) })
	for _, s := range open {
		failure := summaries[s]
		if _, err := e.sendState(s); err != nil {
			return "", err
		}
		if err := e.end(s, &failure); err != nil {
			return "", err
		}
	}
	return summaries[open[0]].Type, nil
}

// onlyHidden reports whether streams failed only by objects that were not found, or
// not shown.
func onlyHidden(open []*selected) bool {
	for _, s := range open {
		if _, observes := s.observer(); observes && len(s.failures) == 0 {
			continue // it ends with the others
		}
		if len(s.failures) == 0 || slices.ContainsFunc(s.failures, func(f partitionFailure) bool { return !f.hidden }) {
			return false
		}
	}
	return true
}

func rank(t record.FailureType) int {
	return slices.Index([]record.FailureType{record.TransientError, record.SystemError, record.ConfigError}, t)
}

// summary is the one failure of a stream, made of those of its partitions.
func (e *Engine) summary(s *selected, cause error) record.Failure {
	all := slices.Clone(s.failures)
	if len(all) == 0 {
		if cause == nil {
			cause = fmt.Errorf("the stream %s did not end", s.stream.Name)
		}
		return e.Failure(cause)
	}
	slices.SortStableFunc(all, func(a, b partitionFailure) int { return rank(a.failure.Type) - rank(b.failure.Type) })
	summary := all[0].failure
	if len(all) == 1 && all[0].partition.Key == "" {
		return summary
	}
	const shown = 5
	var message, internal strings.Builder
	fmt.Fprintf(&message, "%d of the stream's %s not complete: ", len(all), parts(len(all)))
	for i, failed := range all {
		if i == shown {
			fmt.Fprintf(&message, "; and %d more (the log names each)", len(all)-shown)
			break
		}
		if i > 0 {
			message.WriteString("; ")
		}
		fmt.Fprintf(&message, "%s: %s", failed.partition, failed.failure.Message)
		fmt.Fprintf(&internal, "%s: %s\n", failed.partition, failed.failure.Internal)
	}
	// The names of surveys come from outside, too.
	summary.Message, summary.Internal = e.Clean(message.String()), e.Clean(internal.String())
	return summary
}

func parts(n int) string {
	if n == 1 {
		return "parts is"
	}
	return "parts are"
}

// reportable reports whether a stream lacks only surveys or directories that
// failed by themselves, and others of them were read. A full refresh does not
// count: to complete it would drop the rows of those that failed.
func (s *selected) reportable() bool {
	if s.refresh || s.completed == 0 || len(s.failures) == 0 {
		return false
	}
	for _, failed := range s.failures {
		if failed.partition.Key == "" || failed.ofAccount {
			return false
		}
	}
	return true
}

// reportFailed ends streams as complete of which some surveys or directories
// failed, unless anything else is wrong. Their positions are as they were, so that
// the next run tries them again. The lock is held.
func (e *Engine) reportFailed(open []*selected) (reported bool, err error) {
	for _, s := range open {
		if s.refresh {
			e.Log.Warn("surveys.on_failed does not apply to a full refresh: to complete it would drop the rows of surveys that could not be read", "stream", s.stream.Name)
		}
		if !s.reportable() {
			return false, nil
		}
	}
	var missing []string
	for _, s := range open {
		failure := e.summary(s, nil)
		missing = append(missing, fmt.Sprintf("%s: %s", s.stream.Name, failure.Message))
		if lacking, ok := e.Sink.(interface{ Lacks(stream, what string) }); ok {
			lacking.Lacks(s.stream.Name, failure.Message)
		}
		if _, err := e.sendState(s); err != nil {
			return false, err
		}
		if err := e.end(s, nil); err != nil {
			return false, err
		}
	}
	for _, one := range missing { // the last lines of a log are taken for the outcome
		e.Log.Warn("not everything could be read, and surveys.on_failed is report: the run ends as complete, the next one tries the rest again", "missing", one)
	}
	return true, nil
}
