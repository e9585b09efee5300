package source

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"slices"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/airbyte"
	"github.com/birdie-ai/source-qualtrics/source/config"
	"github.com/birdie-ai/source-qualtrics/source/engine"
	"github.com/birdie-ai/source-qualtrics/source/failures"
	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/record"
)

// heartbeat is the longest silence of a stream that a platform may see; three
// hours end a sync there by default.
const heartbeat = 10 * time.Minute

func (r *invocation) readCommand(ctx context.Context, flags *flag.FlagSet, args []string) (int, error) {
	configFile := flags.String("config", "", "configuration `file`")
	catalogFile := flags.String("catalog", "", "configured catalog `file`")
	stateFile := flags.String("state", "", "state `file` of the run before")
	if err := parse(flags, args, "config", "catalog"); err != nil {
		return 0, err
	}
	s, err := r.loader().Load(*configFile)
	if err == nil {
		err = withoutFolder(s)
	}
	if err != nil {
		return 0, err
	}
	chosen, err := r.catalog(*catalogFile)
	if err != nil {
		return 0, err
	}
	states, err := r.states(*stateFile)
	if err != nil {
		return 0, err
	}
	if err := r.completeWide(ctx, s, chosen.wants, chosen.bare, states, noColumns); err != nil {
		return 0, err
	}
	wants, unknown, columns := chosen.wants, chosen.unknown, chosen.columns
	stored := func(w engine.Want) bool { return states[w.Stream.Name] != nil }
	if len(states) > 0 && len(wants) > 0 && !slices.ContainsFunc(wants, stored) {
		r.log.Warn("the state has no position of a selected stream: all of them are read from the beginning")
	}
	var sink engine.Sink = r.messages
	if len(columns) > 0 {
		sink = &chosenColumns{Sink: sink, columns: columns, views: make(map[string]*record.Table)}
	}
	run, err := r.newRun(s, engine.Options{Sink: sink, Heartbeat: heartbeat})
	if err != nil {
		return 0, err
	}
	r.saved = func() string {
		return run.SavedOutside("read the same catalog again, with the last state of each stream as --state")
	}
	code, err := run.read(ctx, wants, states)
	if err != nil || len(unknown) == 0 {
		return code, err
	}
	for _, failure := range unknown {
		if err := r.messages.End(failure.stream, &failure.failure); err != nil {
			return 0, failures.OfSink(err)
		}
	}
	switch {
	case code != failures.ExitOK:
		return code, nil
	case len(wants) > 0:
		return failures.ExitPartial, nil
	default:
		return failures.ExitConfig, nil
	}
}

// unknownStream is one that a catalog selects and nobody knows.
type unknownStream struct {
	stream  string
	failure record.Failure
}

// catalogChoice is the selection of a catalog.
type catalogChoice struct {
	wants   []engine.Want
	unknown []unknownStream
	columns map[string][]string // by stream: those that do not go out
	bare    map[string]bool     // wide streams whose columns the catalog does not name
}

// catalog reads which streams are wanted, and which columns of those that do not
// go out as a whole. A stream that does not exist fails by itself; the others are
// read.
func (r *invocation) catalog(file string) (*catalogChoice, error) {
	text, err := r.input("catalog", file)
	if err != nil {
		return nil, err
	}
	configured, err := airbyte.ParseConfiguredCatalog(text)
	if err != nil {
		return nil, failures.Config("reading the catalog: %w", err)
	}
	chosen := &catalogChoice{columns: make(map[string][]string), bare: make(map[string]bool)}
	for _, entry := range configured.Streams {
		known, bare, err := streamOf(entry.Name, entry.Properties)
		if known == nil {
			message := fmt.Sprintf("there is no stream %.80q: refresh the catalog with discover", entry.Name)
			if err != nil {
				message = err.Error()
			}
			chosen.unknown = append(chosen.unknown, unknownStream{entry.Name, record.Failure{Type: record.ConfigError, Message: message}})
			continue
		}
		chosen.bare[known.Name] = bare
		refresh := entry.SyncMode == airbyte.FullRefresh || !known.Incremental()
		chosen.wants = append(chosen.wants, engine.Want{Stream: known, Refresh: refresh})
		if left := r.leftOut(known, entry.Columns); len(left) > 0 {
			chosen.columns[known.Name] = left
		}
	}
	return chosen, nil
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
		return nil, failures.Config("reading the state: %w", err)
	}
	for _, warning := range warnings {
		r.log.Warn(warning)
	}
	return states, nil
}

// run is an engine with the client that it reads with.
type run struct {
	*engine.Engine
	*invocation
	settings *config.Settings
	client   *qualtrics.Client
	uploads  feed.Uploads // keeps the uploaded files; nil: they are not downloaded
}

// newRun makes an engine; the options need a sink.
func (r *invocation) newRun(s *config.Settings, options engine.Options) (*run, error) {
	r.watch.Progress.Begin()
	options.Log, options.Failure, options.Clean, options.Mask = r.log, r.failure, r.redactor.String, r.redactor
	options.Changes, options.Progress = r.changes, r.watch.Progress
	options.Parallel = s.Limits.ParallelExports
	options.TimeLimited = s.Limits.RunMinutes > 0
	options.ReportFailed = s.Surveys.OnFailed == config.ReportOnFailed
	if options.RunID == "" {
		options.RunID = runID(time.Now())
	}
	e := engine.New(options)
	client, err := r.client(s, e.Waiting)
	return &run{Engine: e, invocation: r, settings: s, client: client}, err
}

// read reads the wanted streams from their stored states.
func (r *run) read(ctx context.Context, wants []engine.Want, states map[string]json.RawMessage) (int, error) {
	if r.TimeLimited {
		// No deadline: a call that waits for its turn would give up before it is reached.
		limited, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		minutes := time.Duration(r.settings.Limits.RunMinutes) * time.Minute
		defer time.AfterFunc(minutes, func() { cancel(failures.ErrOutOfTime) }).Stop()
		ctx = limited
	}
	env, err := r.environment(ctx, r.settings, r.client)
	if err != nil {
		return 0, err
	}
	if r.uploads != nil {
		env.Uploads = feed.UploadSettings{
			Store: r.uploads, MaxBytes: int64(r.settings.Files.MaxMiB) << 20, RunBytes: int64(r.settings.Files.MaxTotalMiB) << 20,
		}
	}
	if err := r.Select(env, wants, states); err != nil {
		return 0, err
	}
	code, err := r.Run(ctx)
	env.ReviewFeedback()
	return code, err
}
