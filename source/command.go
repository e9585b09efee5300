package source

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"slices"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/failures"
	"github.com/birdie-ai/source-qualtrics/source/singer"
	"github.com/birdie-ai/source-qualtrics/source/wording"
)

// command is one command of the program.
type command struct {
	name     string
	synopsis string // its flags, for the usage
	summary  string // one line
	// people is set when people read the output. Then errors and logs are lines on
	// stderr, and not messages on stdout.
	people bool
	run    func(r *invocation, ctx context.Context, flags *flag.FlagSet, args []string) (int, error)
}

// commands returns every command in the order of the help.
func commands() []command {
	return []command{
		{name: "spec", summary: "print the specification of the configuration", run: (*invocation).specCommand},
		{name: "check", synopsis: "--config FILE", summary: "try the configuration on the account", run: (*invocation).checkCommand},
		{name: "discover", synopsis: "--config FILE", summary: "print the streams and their schemas", run: (*invocation).discoverCommand},
		{name: "read", synopsis: "--config FILE --catalog FILE [--state FILE]", summary: "read the streams of a catalog as messages", run: (*invocation).readCommand},
		{name: "tap", synopsis: "--config FILE [--discover] [--catalog FILE] [--state FILE] …", summary: "run as a Singer tap, as the program tap-qualtrics does", people: true, run: (*invocation).tapCommand},
		{name: "export", synopsis: "--config FILE --to DIR [--format parquet|ndjson] [--compression zstd|none] [--streams a,b]", summary: "read streams into files; a second run adds what changed", people: true, run: (*invocation).exportCommand},
		{name: "surveys", synopsis: "--config FILE [--json]", summary: "list the surveys that the account can see", people: true, run: (*invocation).surveysCommand},
		{name: "state", synopsis: "FILE", summary: "explain a saved state in words", people: true, run: (*invocation).stateCommand},
		{name: "sandbox", synopsis: "[--listen HOST:PORT] [--seed N] [--surveys N] [--responses N] [--contacts N] …", summary: "serve a simulated Qualtrics tenant", people: true, run: (*invocation).sandboxCommand},
		{name: "demo", synopsis: "[--dir DIR]", summary: "export a simulated tenant three times, in seconds", people: true, run: (*invocation).demoCommand},
		{name: "version", synopsis: "[--json]", summary: "print the version", people: true, run: (*invocation).versionCommand},
		{name: "help", synopsis: "[COMMAND]", summary: "print this, or the help of a command", people: true, run: (*invocation).helpCommand},
	}
}

// commandNamed finds a command.
func commandNamed(name string) (command, bool) {
	switch name {
	case "-h", "-help", "--help":
		name = "help"
	case "-version", "--version":
		name = "version"
	}
	for _, c := range commands() {
		if c.name == name {
			return c, true
		}
	}
	return command{}, false
}

// command runs the command that args name.
func (r *invocation) command(ctx context.Context, args []string) int {
	name := ""
	if len(args) > 0 {
		name = args[0]
	}
	chosen, ok := commandNamed(name)
	r.people = chosen.people || r.talks
	r.logger(args)
	if err := r.checkArguments(args); err != nil {
		return r.report(err)
	}
	if !ok {
		if name == "" {
			r.usage(r.Stderr)
			return r.report(failures.Usage("no command was given"))
		}
		return r.report(noCommand(name))
	}
	flags := flag.NewFlagSet(chosen.name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Bool("debug", false, "log every export and the details of errors")
	if !chosen.people {
		// Other runners pass these to every connector.
		flags.String("manifest-path", "", "ignored")
		flags.String("components-path", "", "ignored")
	}
	running, abort := context.WithCancelCause(ctx)
	defer abort(nil)
	r.watch.Abort = abort
	defer r.watch.End() // should the command panic
	code, err := chosen.run(r, running, flags, args[1:])
	r.watch.End()
	if cause := context.Cause(running); failures.IsBug(cause) {
		err = cause // a bug in the report of the progress
	}
	r.logged()
	switch {
	case errors.Is(err, flag.ErrHelp):
		if _, err := r.print(commandUsage(chosen, flags)); err != nil {
			return r.report(err)
		}
		return failures.ExitOK
	case err != nil && errors.Is(ctx.Err(), context.Canceled):
		r.interrupted(err)
		return failures.ExitCode(err)
	case err != nil:
		return r.report(err)
	default:
		return code
	}
}

// parse reads a command's flags; those of required must be given.
func parse(flags *flag.FlagSet, args []string, required ...string) error {
	if err := parseFlags(flags, args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return failures.Usage("%s%.40q is one argument too many; see %s --help", within(flags), flags.Arg(0), calledAs(flags.Name()))
	}
	for _, name := range required {
		if flags.Lookup(name).Value.String() == "" {
			return failures.Usage("%s--%s is missing; see %s --help", within(flags), name, calledAs(flags.Name()))
		}
	}
	return nil
}

// parseFlags reads flags up to the first other argument.
func parseFlags(flags *flag.FlagSet, args []string) error {
	err := flags.Parse(args)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return err
	}
	return failures.Usage("%s%w", within(flags), flagError(flags, err))
}

// noCommand says that there is no command of a name.
func noCommand(name string) error {
	var known []string
	for _, c := range commands() {
		known = append(known, c.name)
	}
	return failures.Usage("there is no command %.40q%s", name, wording.DidYouMean(name, "", known, "source-qualtrics help"))
}

// invalidValue is the flag package's error about the value of a flag.
var invalidValue = regexp.MustCompile(`^invalid (?:boolean )?value "(.*)" for (?:flag )?-([\w-]+): (.*)$`)

// flagError names the nearest flag where there is none of the name that was
// given, or the flag whose value cannot be read. The flag package has no types for
// these errors, only their texts.
func flagError(flags *flag.FlagSet, err error) error {
	name, unknown := strings.CutPrefix(err.Error(), "flag provided but not defined: -")
	help := calledAs(flags.Name()) + " --help"
	if !unknown {
		if parts := invalidValue.FindStringSubmatch(err.Error()); parts != nil {
			reason := strings.TrimPrefix(": "+parts[3], ": parse error") // says nothing more
			return fmt.Errorf("--%s cannot be \"%.40s\"%s; see %s", parts[2], parts[1], reason, help)
		}
		return fmt.Errorf("%w; see %s", err, help)
	}
	var known []string
	flags.VisitAll(func(f *flag.Flag) {
		if f.Usage != "ignored" {
			known = append(known, f.Name)
		}
	})
	return fmt.Errorf("there is no flag --%.40s%s", name, wording.DidYouMean(name, "--", known, help))
}

// calledAs returns the command line of a command. The tap is a program of its own.
func calledAs(command string) string {
	if command == "tap" {
		return singer.TapName
	}
	return "source-qualtrics " + command
}

// within begins a complaint about flags with their command, where the program
// has several.
func within(flags *flag.FlagSet) string {
	if flags.Name() == "tap" {
		return ""
	}
	return flags.Name() + ": "
}

// logger logs as messages, or as lines for people.
func (r *invocation) logger(args []string) {
	level := slog.LevelInfo
	if strings.EqualFold(r.Getenv("LOG_LEVEL"), "debug") {
		level = slog.LevelDebug
	}
	if debugAsked(args) {
		level = slog.LevelDebug
	}
	if r.people {
		r.useLines(level)
	} else {
		r.use(r.messages.Handler(level), true)
	}
}

// debugAsked reports whether args hold the flag of every command, which counts
// before they are parsed.
func debugAsked(args []string) bool {
	return slices.ContainsFunc(args, func(arg string) bool { return arg == "--debug" || arg == "-debug" || arg == "--debug=true" })
}

// useLines logs for people. Their lines have the HTTP details of errors only with
// --debug: they are of no help to most users.
func (r *invocation) useLines(level slog.Level) {
	r.use(newLines(r.Stderr, level), level <= slog.LevelDebug)
}

// use makes the log of a handler. A detailed log has the HTTP side of failed calls.
func (r *invocation) use(handler slog.Handler, detailed bool) {
	limit := newLimited(&redacted{handler, r.redactor, detailed})
	r.logged = func() { limit.rest(context.Background()) }
	r.log = slog.New(limit)
}
