package source

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"log/slog"
	"slices"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/singer"
	"github.com/birdie-ai/source-qualtrics/source/stream"
)

// tapFlags are the flags of a tap. Meltano gives whatever files it has
// together with any of them.
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
	flags.StringVar(&f.catalog, "properties", "", "old name of --catalog")
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
		return r.tapDiscover(&f)
	}
	if len(f.configs) == 0 {
		return 0, configErrorf("--config is missing; see %s --help", singer.TapName)
	}
	s, options, err := r.tapConfigure(f.configs)
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
	for _, name := range []string{"LOGLEVEL", environmentPrefix + "LOGLEVEL"} {
		if value := r.Getenv(name); value != "" {
			level = singer.LevelNamed(value)
		}
	}
	if debugAsked(args) {
		level = slog.LevelDebug
	}
	if !structured {
		r.use(newLines(r.Stderr, level))
		return func(m singer.Metric) { r.log.Info(singer.MetricText(m)) }
	}
	log := singer.NewLog(r.Stderr, level)
	r.use(log)
	r.complain = func(message string) { r.log.Error(message) }
	return log.Measured
}

// tapDiscover prints the catalog. It calls nobody: streams do not depend on
// the account. A configuration is only looked at for how columns are written:
// what is wrong with the rest, as before it is complete, concerns runs.
func (r *invocation) tapDiscover(f *tapFlags) (int, error) {
	var options TapConfig
	if len(f.configs) > 0 {
		var (
			found *findings
			err   error
		)
		if _, options, found, err = r.tapOptions(f.configs); err == nil {
			err = found.err()
		}
		if err != nil {
			return 0, err
		}
	}
	streams := make([]record.Info, 0, len(stream.All()))
	for _, s := range stream.All() {
		info, err := streamInfo(s)
		if err != nil {
			return 0, err
		}
		streams = append(streams, info)
	}
	catalog, err := singer.Catalog(streams, options.nested(), options.SDCDeletedAt)
	if err != nil {
		return 0, err
	}
	return r.print(string(catalog))
}

// tapSync reads what the catalog selects.
func (r *invocation) tapSync(ctx context.Context, s *settings, options TapConfig, f *tapFlags, measured func(singer.Metric)) (code int, err error) {
	state, err := r.tapState(f.state)
	if err != nil {
		return 0, err
	}
	wants, columns, err := r.tapCatalog(f.catalog)
	if err != nil {
		return 0, err
	}
	r.judge(state, wants)
	// The cheapest feed first: whoever tries a tap waits for its first record.
	slices.SortStableFunc(wants, func(a, b want) int {
		return cmp.Compare(notFirst(a.stream), notFirst(b.stream))
	})
	if f.test != "" {
		options.Batch = BatchConfig{} // who tries it shall see it
	}
	batching, closed, err := r.batching(&options.Batch)
	if err != nil {
		return 0, err
	}
	writer := singer.NewWriter(r.Stdout, singer.Options{
		Now: time.Now, State: state, Selected: columns, NestedAsText: options.nested(), DeletedColumn: options.SDCDeletedAt,
		Versions: versions(wants, options, state), Batching: batching, Measured: measured,
		Failed: func(stream string, failure record.Failure) {
			r.log.Error("not complete", "stream", stream, "type", failure.Type, "reason", failure.Message)
		},
	})
	defer func() {
		if closeErr := errors.Join(writer.Close(), closed()); closeErr != nil && err == nil {
			code, err = 0, &sinkError{closeErr}
		}
		if exitCode(err) == ExitConsumer {
			r.complain("whoever read the output went away before its end: the next run goes on from the last state that they handed out")
		}
	}()
	switch f.test {
	case testSchema:
		return ExitOK, beginAll(writer, wants)
	case testAll:
		return r.tapTry(ctx, s, writer, wants)
	}
	e, client, err := r.newEngine(s, writer, 0)
	if err != nil {
		return 0, err
	}
	e.inTurn = true
	return r.run(ctx, s, e, client, wants, state.Bookmarks)
}

func notFirst(s *stream.Stream) int {
	if s.Feed == feed.SurveyList {
		return 0
	}
	return 1
}

// versions are those of the streams that are read in full. A read that goes on
// after an interruption keeps the one it began with.
func versions(wants []want, options TapConfig, state singer.State) map[string]int64 {
	made := make(map[string]int64)
	for _, w := range wants {
		if !w.refresh || !options.Versions {
			continue
		}
		if made[w.stream.Name] = state.Version(w.stream.Name); made[w.stream.Name] == 0 {
			made[w.stream.Name] = time.Now().Unix()
		}
	}
	return made
}
