package source

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/singer"
)

// command is one command of the program.
type command struct {
	name     string
	synopsis string // its flags, for the usage
	summary  string // one line
	// people is set when the output is meant to be read by people: then
	// errors and logs are lines on stderr and not messages on stdout.
	people bool
	run    func(r *invocation, ctx context.Context, flags *flag.FlagSet, args []string) (int, error)
}

// commands returns every command in the order of the help.
func commands() []command {
	return []command{
		{"spec", "", "print the specification of the configuration", false, (*invocation).specCommand},
		{"check", "--config FILE", "try the configuration on the account", false, (*invocation).checkCommand},
		{"discover", "--config FILE", "print the streams and their schemas", false, (*invocation).discoverCommand},
		{"read", "--config FILE --catalog FILE [--state FILE]", "read the streams of a catalog as messages", false, (*invocation).readCommand},
		{"tap", "--config FILE [--discover] [--catalog FILE] [--state FILE] …", "be a Singer tap, as the program tap-qualtrics is", true, (*invocation).tapCommand},
		{"export", "--config FILE --to DIR [--format parquet|ndjson] [--streams a,b]", "read streams into files; a second run adds what changed", true, (*invocation).exportCommand},
		{"surveys", "--config FILE [--json]", "list the surveys that the account can see", true, (*invocation).surveysCommand},
		{"sandbox", "[--listen HOST:PORT] [--seed N] [--surveys N] [--responses N] [--contacts N] …", "serve a simulated Qualtrics tenant", true, (*invocation).sandboxCommand},
		{"demo", "[--dir DIR]", "show all of it on a simulated tenant, in seconds", true, (*invocation).demoCommand},
		{"version", "[--json]", "print the version", true, (*invocation).versionCommand},
		{"help", "", "print this", true, (*invocation).helpCommand},
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
	r.people = chosen.people
	r.logger(args)
	if err := r.checkArguments(args); err != nil {
		return r.report(err)
	}
	if !ok {
		r.usage(r.Stderr)
		if name == "" {
			return r.report(configErrorf("no command was given"))
		}
		return r.report(configErrorf("there is no command %.40q; see source-qualtrics help", name))
	}
	flags := flag.NewFlagSet(chosen.name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Bool("debug", false, "log more")
	if !chosen.people {
		// Other runners pass these to every connector.
		flags.String("manifest-path", "", "ignored")
		flags.String("components-path", "", "ignored")
	}
	code, err := chosen.run(r, ctx, flags, args[1:])
	r.logged()
	switch {
	case errors.Is(err, flag.ErrHelp):
		r.commandUsage(r.Stderr, chosen, flags)
		return ExitOK
	case err != nil && errors.Is(ctx.Err(), context.Canceled):
		// Interrupted: whoever did it knows why, and reads no more.
		return exitCode(err)
	case err != nil:
		return r.report(err)
	default:
		return code
	}
}

// parse reads a command's flags; those of required must be given.
func parse(flags *flag.FlagSet, args []string, required ...string) error {
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return configErrorf("%s%w; see %s --help", within(flags), err, calledAs(flags.Name()))
	}
	if flags.NArg() > 0 {
		return configErrorf("%s%.40q is one argument too many; see %s --help", within(flags), flags.Arg(0), calledAs(flags.Name()))
	}
	for _, name := range required {
		if flags.Lookup(name).Value.String() == "" {
			return configErrorf("%s--%s is missing; see %s --help", within(flags), name, calledAs(flags.Name()))
		}
	}
	return nil
}

// calledAs is how a user calls a command. The tap is a program of its own.
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
	var handler slog.Handler = newLines(r.Stderr, level)
	if !r.people {
		handler = r.messages.Handler(level)
	}
	r.use(handler)
}

// debugAsked reports whether args hold the flag of every command, which counts
// before they are parsed.
func debugAsked(args []string) bool {
	return slices.ContainsFunc(args, func(arg string) bool { return arg == "--debug" || arg == "-debug" || arg == "--debug=true" })
}

// use makes the log of a handler.
func (r *invocation) use(handler slog.Handler) {
	limit := newLimited(&redacted{handler, r.redactor})
	r.logged = func() { limit.rest(context.Background()) }
	r.log = slog.New(limit)
}

func (r *invocation) usage(out io.Writer) {
	var text strings.Builder
	text.WriteString("source-qualtrics gets surveys, responses and contacts out of Qualtrics.\n\nCommands:\n")
	for _, c := range commands() {
		fmt.Fprintf(&text, "  %-10s%s\n", c.name, c.summary)
	}
	text.WriteString(`
Every command explains its flags with --help. spec, check, discover and read
speak the Airbyte protocol on stdout; the others print for people.

Try it without an account: source-qualtrics demo

Exit codes: 0 complete, 1 configuration, 2 internal error, 3 try again later,
4 partly complete, 5 the reader of the output went away.
`)
	_, _ = io.WriteString(out, text.String())
}

func (r *invocation) commandUsage(out io.Writer, c command, flags *flag.FlagSet) {
	_, _ = fmt.Fprintf(out, "%s %s\n\n%s.\n\n", calledAs(c.name), c.synopsis, strings.ToUpper(c.summary[:1])+c.summary[1:])
	flags.VisitAll(func(f *flag.Flag) {
		if f.Usage == "ignored" {
			return
		}
		kind, usage := flag.UnquoteUsage(f)
		if kind != "" {
			kind = " " + strings.ToUpper(kind)
		}
		if f.DefValue != "" && f.DefValue != "false" {
			usage += fmt.Sprintf(" (default %s)", f.DefValue)
		}
		_, _ = fmt.Fprintf(out, "  %-26s%s\n", "--"+f.Name+kind, usage)
	})
}

func (r *invocation) helpCommand(ctx context.Context, flags *flag.FlagSet, args []string) (int, error) {
	if len(args) == 1 {
		if c, ok := commandNamed(args[0]); ok && c.name != "help" {
			return r.command(ctx, []string{c.name, "--help"}), nil
		}
	}
	if err := parse(flags, args); err != nil && !errors.Is(err, flag.ErrHelp) {
		return 0, err
	}
	r.usage(r.Stdout)
	return ExitOK, nil
}
