package source

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"slices"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/airbyte"
	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/stream"
)

// heartbeat is the longest silence of a stream that a platform may see; three
// hours end a sync there by default.
const heartbeat = 10 * time.Minute

// want is a stream that a run was asked for.
type want struct {
	stream  *stream.Stream
	refresh bool // from the beginning
}

func (r *invocation) readCommand(ctx context.Context, flags *flag.FlagSet, args []string) (int, error) {
	configFile := flags.String("config", "", "configuration `file`")
	catalogFile := flags.String("catalog", "", "configured catalog `file`")
	stateFile := flags.String("state", "", "state `file` of the run before")
	if err := parse(flags, args, "config", "catalog"); err != nil {
		return 0, err
	}
	s, err := r.configure(*configFile)
	if err != nil {
		return 0, err
	}
	wants, unknown, err := r.catalog(*catalogFile)
	if err != nil {
		return 0, err
	}
	states, err := r.states(*stateFile)
	if err != nil {
		return 0, err
	}
	e, client, err := r.newEngine(s, r.messages, heartbeat)
	if err != nil {
		return 0, err
	}
	code, err := r.run(ctx, s, e, client, wants, states)
	if err != nil || len(unknown) == 0 {
		return code, err
	}
	for _, failure := range unknown {
		if err := r.messages.End(failure.stream, &failure.failure); err != nil {
			return 0, &sinkError{err}
		}
	}
	switch {
	case code != ExitOK:
		return code, nil
	case len(wants) > 0:
		return ExitPartial, nil
	default:
		return ExitConfig, nil
	}
}

// unknownStream is one that a catalog selects and nobody knows.
type unknownStream struct {
	stream  string
	failure record.Failure
}

// catalog reads which streams are wanted. A stream that does not exist fails
// by itself; the others are read.
func (r *invocation) catalog(file string) (wants []want, unknown []unknownStream, err error) {
	text, err := r.input("catalog", file)
	if err != nil {
		return nil, nil, err
	}
	configured, err := airbyte.ParseConfiguredCatalog(text)
	if err != nil {
		return nil, nil, configErrorf("reading the catalog: %w", err)
	}
	for _, entry := range configured.Streams {
		known, ok := stream.ByName(entry.Name)
		if !ok {
			unknown = append(unknown, unknownStream{entry.Name, record.Failure{
				Type:    record.ConfigError,
				Message: fmt.Sprintf("there is no stream %.80q: refresh the catalog with discover", entry.Name),
			}})
			continue
		}
		refresh := entry.SyncMode == airbyte.FullRefresh || !known.Incremental()
		wants = append(wants, want{known, refresh})
	}
	return wants, unknown, nil
}

// states reads the stored states by stream; no file means none.
func (r *invocation) states(file string) (map[string]json.RawMessage, error) {
	if file == "" {
		return nil, nil //nolint:nilnil // a nil map is an empty one
	}
	text, err := r.input("state", file)
	if err != nil {
		return nil, err
	}
	states, warnings, err := airbyte.ParseState(text)
	if err != nil {
		return nil, configErrorf("reading the state: %w", err)
	}
	for _, warning := range warnings {
		r.log.Warn(warning)
	}
	return states, nil
}

// newEngine makes an engine for the sink, and the client that it reads with.
func (r *invocation) newEngine(s *settings, sink Sink, heartbeat time.Duration) (*engine, *qualtrics.Client, error) {
	e := &engine{
		sink:      sink,
		log:       r.log,
		failure:   r.failure,
		clean:     r.redactor.String,
		parallel:  s.config.Limits.ParallelExports,
		heartbeat: heartbeat,
		runID:     runID(time.Now()),
		changes:   r.changes,
	}
	client, err := r.client(s, e.waiting)
	return e, client, err
}

// run reads the wanted streams from their stored states.
func (r *invocation) run(ctx context.Context, s *settings, e *engine, client *qualtrics.Client, wants []want, states map[string]json.RawMessage) (int, error) {
	if minutes := s.config.Limits.RunMinutes; minutes > 0 {
		// No deadline: whatever waits for its turn would give up before.
		limited, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		defer time.AfterFunc(time.Duration(minutes)*time.Minute, func() { cancel(errOutOfTime) }).Stop()
		ctx, e.cut = limited, true
	}
	var err error
	if e.env, err = r.environment(ctx, s, client); err != nil {
		return 0, err
	}
	for _, w := range wants {
		state, err := newState(w.stream.Name, e.env.Brand, states[w.stream.Name], w.refresh)
		if err != nil {
			return 0, err
		}
		e.env.Brand = state.Brand // it may be known there only
		e.streams = append(e.streams, &selected{stream: w.stream, refresh: w.refresh, state: state})
	}
	if auditors := e.auditors(); len(auditors) > 0 && !slices.Contains(e.kinds(), feed.Responses) {
		r.log.Warn("this stream tells what a run did with the responses of each survey, which no selected stream reads: it stays empty", "stream", auditors[0].stream.Name)
	}
	return e.run(ctx)
}
