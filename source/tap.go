package source

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"log/slog"
	"slices"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/config"
	"github.com/birdie-ai/source-qualtrics/source/engine"
	"github.com/birdie-ai/source-qualtrics/source/failures"
	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/singer"
	"github.com/birdie-ai/source-qualtrics/source/stream"
)

// tapFlags are the flags of a tap. Meltano gives all its files together with any of
// them.
type tapFlags struct {
	configs         []string
	catalog, state  string
	discover, about bool
	version         bool
	format          string
	test            tapTest
}

func (f *tapFlags) define(flags *flag.FlagSet) {
	config := func(file string) error { f.configs = append(f.configs, file); return nil }
	flags.Func("config", "configuration `file`, or ENV for the environment; may be given several times, the last one wins", config)
	flags.Func("c", "short for --config", config)
	flags.StringVar(&f.catalog, "catalog", "", "catalog `file`; without one every stream is read")
	flags.StringVar(&f.catalog, "properties", "", "catalog `file`; old name of --catalog")
	flags.StringVar(&f.catalog, "p", "", "short for --catalog")
	flags.StringVar(&f.state, "state", "", "state `file` of the run before")
	flags.StringVar(&f.state, "s", "", "short for --state")
	flags.BoolVar(&f.discover, "discover", false, "print the catalog")
	flags.BoolVar(&f.discover, "d", false, "short for --discover")
	flags.BoolVar(&f.about, "about", false, "print what this tap is and takes")
	flags.StringVar(&f.format, "format", "text", "of --about: text, json or markdown")
	flags.BoolVar(&f.version, "version", false, "print the version")
	flags.Var(&f.test, "test", "try the configuration: read one record of each stream; --test=schema prints the schemas only")
	flags.Bool("dev", false, "ignored")
}

// tapTest is a flag that may have a value.
type tapTest string

// The values of --test.
const (
	testAll    = "all"
	testSchema = "schema"
)

// String returns the value.
func (t *tapTest) String() string { return string(*t) }

// IsBoolFlag lets the flag stand alone.
func (*tapTest) IsBoolFlag() bool { return true }

// Set takes the value; alone the flag is "true".
func (t *tapTest) Set(value string) error {
	switch value {
	case "true", testAll:
		*t = testAll
	case "false":
		*t = ""
	case testSchema:
		*t = testSchema
	default:
		return errors.New("it can be all or schema")
	}
	return nil
}

// tapCommand is the program as a Singer tap.
func (r *invocation) tapCommand(ctx context.Context, flags *flag.FlagSet, args []string) (int, error) {
	r.complainAs(singer.TapName)
	measured := r.tapLog(args)
	var f tapFlags
	f.define(flags)
	if err := parse(flags, args); err != nil {
		return 0, err
	}
	switch {
	case f.version:
		return r.print(singer.TapName + " v" + Version + "\n")
	case f.about:
		return r.tapAbout(f.format)
	case f.discover:
		return r.tapDiscover(ctx, &f)
	}
	if len(f.configs) == 0 {
		return 0, failures.Config("--config is missing; see %s --help", singer.TapName)
	}
	s, options, err := r.loader().LoadTap(f.configs)
	if err == nil {
		err = withoutFolder(s)
	}
	if err != nil {
		return 0, err
	}
	return r.tapSync(ctx, s, options, &f, measured)
}

// tapLog makes the log: lines of JSON where Meltano asks for them.
func (r *invocation) tapLog(args []string) (measured func(singer.Metric)) {
	level, structured := slog.LevelInfo, false
	if file := r.Getenv("SINGER_SDK_LOG_CONFIG"); file != "" {
		if text, err := r.Files.ReadFile(file); err == nil {
			level, structured = singer.LogConfig(text)
		} else {
			r.log.Debug("the logging configuration cannot be read", "file", file, "error", err)
		}
	}
	for _, name := range []string{"LOGLEVEL", config.EnvironmentPrefix + "LOGLEVEL"} {
		if value := r.Getenv(name); value != "" {
			level = singer.LevelNamed(value)
		}
	}
	if debugAsked(args) {
		level = slog.LevelDebug
	}
	if !structured {
		r.useLines(level)
		return func(m singer.Metric) { r.log.Info(singer.MetricText(m)) }
	}
	log := singer.NewLog(r.Stderr, level)
	r.use(log, true)
	r.complain = func(message string) { r.log.Error(message) }
	return log.Measured
}

// tapDiscover prints the catalog. It makes no calls unless the configuration asks for wide
// streams, because other streams do not depend on the account. Of a configuration without
// them, only the settings of columns count: before the first run the rest may be incomplete.
func (r *invocation) tapDiscover(ctx context.Context, f *tapFlags) (int, error) {
	var (
		options config.TapConfig
		wide    []*stream.Stream
	)
	switch asks, err := r.loader().TapAsksForWide(f.configs); {
	case err != nil:
		return 0, err
	case asks:
		s, whole, err := r.loader().LoadTap(f.configs)
		if err != nil {
			return 0, err
		}
		if wide, err = r.discoverWide(ctx, s); err != nil {
			return 0, err
		}
		options = whole
	case len(f.configs) > 0:
		var err error
		if options, err = r.loader().TapOptions(f.configs); err != nil {
			return 0, err
		}
	}
	all := append(stream.All(), wide...)
	streams := make([]record.Info, 0, len(all))
	for _, s := range all {
		info, err := s.Info()
		if err != nil {
			return 0, err
		}
		streams = append(streams, info)
	}
	catalog, err := singer.Catalog(streams, options.Nested(), options.SDCDeletedAt)
	if err != nil {
		return 0, err
	}
	return r.print(string(catalog))
}

// tapSync reads the streams that the catalog selects.
func (r *invocation) tapSync(ctx context.Context, s *config.Settings, options config.TapConfig, f *tapFlags, measured func(singer.Metric)) (code int, err error) {
	r.saved = engine.NoState
	state, err := r.tapState(f.state)
	if err != nil {
		return 0, err
	}
	choice, err := r.tapCatalog(f.catalog, options.Nested())
	if err != nil {
		return 0, err
	}
	wants, columns := choice.wants, choice.columns
	if err := r.completeWide(ctx, s, wants, choice.bare, state.Bookmarks, noColumns); err != nil {
		return 0, err
	}
	if f.catalog == "" && f.test != testSchema {
		if wants, err = r.tapReadable(ctx, s, wants, state); err != nil {
			return 0, err
		}
	}
	r.warnAboutState(state, wants)
	// The cheapest feed first, so that the first record comes soon.
	slices.SortStableFunc(wants, func(a, b engine.Want) int {
		return cmp.Compare(notFirst(a.Stream), notFirst(b.Stream))
	})
	if f.test != "" {
		options.Batch = config.BatchConfig{} // who tries it shall see it
	}
	batching, id, closed, err := r.batching(&options.Batch)
	if err != nil {
		return 0, err
	}
	writer := singer.NewWriter(r.Stdout, singer.Options{
		Now: time.Now, State: state, Selected: columns, NestedAsText: options.Nested(), DeletedColumn: options.SDCDeletedAt,
		Versions: versions(wants, options, state), Batching: batching, Measured: measured,
		Failed: func(stream string, failure record.Failure) {
			r.log.Error("not complete", "stream", stream, "type", failure.Type, "reason", failure.Message)
		},
	})
	defer func() {
		if closeErr := errors.Join(writer.Close(), closed()); closeErr != nil && err == nil {
			code, err = 0, failures.OfSink(closeErr)
		}
		if failures.ExitCode(err) == failures.ExitConsumer {
			r.complain("whoever read the output went away before its end: the next run goes on from the last state that they handed out")
		}
	}()
	switch f.test {
	case testSchema:
		return failures.ExitOK, beginAll(writer, wants)
	case testAll:
		return r.tapTry(ctx, s, writer, wants)
	}
	// Rows of sync_audit name the run as the names of files do.
	run, err := r.newRun(s, engine.Options{Sink: writer, Sequential: true, Mergeable: true, RunID: id})
	if err != nil {
		return 0, err
	}
	r.saved = func() string {
		return run.SavedOutside("run the tap again with the last state that its target wrote as --state")
	}
	return run.read(ctx, wants, state.Bookmarks)
}

func notFirst(s *stream.Stream) int {
	if s.Feed == feed.SurveyList {
		return 0
	}
	return 1
}

// versions returns the versions of the streams that are read in full. A read that goes
// on after an interruption keeps its version.
func versions(wants []engine.Want, options config.TapConfig, state singer.State) map[string]int64 {
	made := make(map[string]int64)
	for _, w := range wants {
		if !w.Refresh || !options.Versions {
			continue
		}
		if made[w.Stream.Name] = state.Version(w.Stream.Name); made[w.Stream.Name] == 0 {
			made[w.Stream.Name] = time.Now().Unix()
		}
	}
	return made
}
