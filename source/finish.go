package source

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/record"
)

// finish ends the streams that are not complete and finds the exit code.
func (e *engine) finish(ctx context.Context) (int, error) {
	if e.broken != nil {
		return exitCode(e.broken), e.broken
	}
	cause := context.Cause(ctx)
	var open []*selected
	var completed int
	for _, s := range e.streams {
		completed += s.completed
		if s.ended {
			if s.stream.Feed != feed.SyncAudit { // what it tells of is not complete by that
				completed++
			}
			continue
		}
		open = append(open, s)
	}
	if len(open) == 0 {
		return ExitOK, nil
	}
	if errors.Is(cause, context.Canceled) {
		return ExitSystem, cause
	}
	failures := make(map[*selected]record.Failure, len(open))
	for _, s := range open {
		failures[s] = e.summary(s, cause)
	}
	// A platform takes the first failure for the root cause, and a
	// configuration error there stops its retries: what a retry may help
	// comes first.
	slices.SortStableFunc(open, func(a, b *selected) int { return rank(failures[a].Type) - rank(failures[b].Type) })
	for _, s := range open {
		failure := failures[s]
		if _, err := e.sendState(s); err != nil {
			return exitCode(err), err
		}
		e.changes.tell(e.log, s.stream.Name)
		if err := e.sink.End(s.stream.Name, &failure); err != nil {
			err = &sinkError{err}
			return exitCode(err), err
		}
		s.ended = true
	}
	if completed > 0 || errors.Is(cause, errOutOfTime) {
		return ExitPartial, nil
	}
	switch failures[open[0]].Type {
	case record.TransientError:
		return ExitTransient, nil
	case record.ConfigError:
		return ExitConfig, nil
	default:
		return ExitSystem, nil
	}
}

func rank(t record.FailureType) int {
	return slices.Index([]record.FailureType{record.TransientError, record.SystemError, record.ConfigError}, t)
}

// summary is the one failure of a stream, made of those of its partitions.
func (e *engine) summary(s *selected, cause error) record.Failure {
	failures := slices.Clone(s.failures)
	if len(failures) == 0 {
		if cause == nil {
			cause = fmt.Errorf("the stream %s did not end", s.stream.Name)
		}
		return e.failure(cause)
	}
	slices.SortStableFunc(failures, func(a, b partitionFailure) int { return rank(a.failure.Type) - rank(b.failure.Type) })
	summary := failures[0].failure
	if len(failures) == 1 && failures[0].partition.Key == "" {
		return summary
	}
	const shown = 5
	var message, internal strings.Builder
	fmt.Fprintf(&message, "%d of the stream's %s not complete: ", len(failures), parts(len(failures)))
	for i, failed := range failures {
		if i == shown {
			fmt.Fprintf(&message, "; and %d more (the log names each)", len(failures)-shown)
			break
		}
		if i > 0 {
			message.WriteString("; ")
		}
		fmt.Fprintf(&message, "%s: %s", failed.partition, failed.failure.Message)
		fmt.Fprintf(&internal, "%s: %s\n", failed.partition, failed.failure.Internal)
	}
	// The names of surveys come from outside, too.
	summary.Message, summary.Internal = e.clean(message.String()), e.clean(internal.String())
	return summary
}

func parts(n int) string {
	if n == 1 {
		return "parts is"
	}
	return "parts are"
}
