package source

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/failures"
)

// helpWidth is the largest width of a line of help: the default width of
// terminals.
const helpWidth = 80

// flagWidth is the column at which the explanation of a flag begins.
const flagWidth = 28

// guidance is the end of a command's help: an example, and the step that usually
// follows. Both are commands that work as they are.
type guidance struct{ example, then, next string }

// guidanceOf is the end of the help of each command.
var guidanceOf = map[string]guidance{
	"spec": {
		`source-qualtrics spec | jq .spec.connectionSpecification.required`,
		`write a configuration and try it`, `source-qualtrics check --config config.json`,
	},
	"check": {
		`source-qualtrics check --config config.json`,
		`see which surveys the account can read`, `source-qualtrics surveys --config config.json`,
	},
	"discover": {
		`source-qualtrics discover --config config.json |
  jq 'select(.type == "CATALOG") | {streams: [.catalog.streams[] |
    {stream: ., sync_mode: "incremental",
     destination_sync_mode: "append_dedup"}]}' > catalog.json`,
		`read the streams of that catalog`, `source-qualtrics read --config config.json --catalog catalog.json`,
	},
	"read": {
		`source-qualtrics read --config config.json --catalog catalog.json > out.jsonl
jq -sc '[.[] | select(.type == "STATE")]' out.jsonl > state.json`,
		`read only changes`, `source-qualtrics read --config config.json --catalog catalog.json \
  --state state.json`,
	},
	"tap": {
		`tap-qualtrics --config config.json | target-jsonl >> states.jsonl
tail -n 1 states.jsonl > state.json`,
		`read only changes`, `tap-qualtrics --config config.json --state state.json |
  target-jsonl >> states.jsonl`,
	},
	"export": {
		`source-qualtrics export --config config.json --to data`,
		`query the files, for example with DuckDB`, `duckdb -c "SELECT count(*) FROM 'data/responses/*/*.parquet'"`,
	},
	"surveys": {
		`source-qualtrics surveys --config config.json`,
		`read all surveys, or those named by "surveys" in the configuration`, `source-qualtrics export --config config.json --to data`,
	},
	"state": {
		`source-qualtrics state data`,
		`continue from that state`, `source-qualtrics export --config config.json --to data`,
	},
	"sandbox": {
		`source-qualtrics sandbox --surveys 12 > ready.json &
until [ -s ready.json ]; do sleep 0.1; done
(umask 077; jq .config ready.json > config.json)`,
		`use it as an account`, `QUALTRICS_SANDBOX=1 source-qualtrics check --config config.json`,
	},
	"demo": {
		`source-qualtrics demo --dir demo`,
		`try other commands on such a tenant`, `source-qualtrics sandbox --help`,
	},
	"version": {
		`source-qualtrics version --json`,
		`read how a command is used`, `source-qualtrics help export`,
	},
	"help": {
		`source-qualtrics help export`,
		`try it without an account`, `source-qualtrics demo`,
	},
}

// text ends a help.
func (g guidance) text() string {
	indented := func(commands string) string { return "  " + strings.ReplaceAll(commands, "\n", "\n  ") + "\n" }
	return "\nExample:\n" + indented(g.example) + "\nNext, " + g.then + ":\n" + indented(g.next)
}

// wrapped breaks text into lines of at most helpWidth columns. first and rest begin the
// first line and the others. A word that is longer than a line has a line of its own.
func wrapped(text, first, rest string) string {
	var lines strings.Builder
	line, empty := first, true
	for word := range strings.FieldsSeq(text) {
		if !empty && len([]rune(line))+1+len([]rune(word)) > helpWidth {
			lines.WriteString(line + "\n")
			line, empty = rest, true
		}
		if !empty {
			line += " "
		}
		line, empty = line+word, false
	}
	return lines.String() + strings.TrimRight(line, " ") + "\n"
}

// usage writes the help of the program.
func (r *invocation) usage(out io.Writer) {
	var text strings.Builder
	text.WriteString("source-qualtrics gets surveys, responses and contacts out of Qualtrics.\n\nCommands:\n")
	for _, c := range commands() {
		fmt.Fprintf(&text, "  %-10s%s\n", c.name, c.summary)
	}
	text.WriteString(`
Every command explains its flags with --help. spec, check, discover and read
speak the Airbyte protocol on stdout. The others print for people, and so does
check on a terminal. --debug logs every export and the details of errors.

Exit codes: 0 complete, 1 configuration, 2 internal error, 3 try again later,
4 partly complete, 5 the reader of the output went away.
`)
	text.WriteString(guidanceOf["help"].text())
	_, _ = io.WriteString(out, text.String())
}

// commandUsage is the help of one command.
func commandUsage(c command, flags *flag.FlagSet) string {
	var text strings.Builder
	text.WriteString(wrapped(c.synopsis, calledAs(c.name)+" ", "  "))
	text.WriteString("\n" + strings.ToUpper(c.summary[:1]) + c.summary[1:] + ".\n\n")
	short := shortNames(flags)
	flags.VisitAll(func(f *flag.Flag) {
		if f.Usage == "ignored" || strings.HasPrefix(f.Usage, shortFor) {
			return
		}
		kind, usage := flag.UnquoteUsage(f)
		if kind != "" {
			kind = " " + strings.ToUpper(kind)
		}
		if f.DefValue != "" && f.DefValue != "false" {
			usage += fmt.Sprintf(" (default %s)", f.DefValue)
		}
		name := short[f.Name] + "--" + f.Name + kind
		text.WriteString(wrapped(usage, fmt.Sprintf("  %-*s", flagWidth-2, name), strings.Repeat(" ", flagWidth)))
	})
	text.WriteString(guidanceOf[c.name].text())
	return text.String()
}

// shortFor begins the explanation of a flag that is another one's short name.
const shortFor = "short for --"

// shortNames are the short names of flags, as they stand before the long ones.
func shortNames(flags *flag.FlagSet) map[string]string {
	short := make(map[string]string)
	flags.VisitAll(func(f *flag.Flag) {
		if long, ok := strings.CutPrefix(f.Usage, shortFor); ok {
			short[long] = "-" + f.Name + ", "
		}
	})
	return short
}

func (r *invocation) helpCommand(ctx context.Context, flags *flag.FlagSet, args []string) (int, error) {
	if len(args) == 1 {
		c, ok := commandNamed(args[0])
		switch {
		case ok && c.name != "help":
			return r.command(ctx, []string{c.name, "--help"}), nil
		case !ok && !strings.HasPrefix(args[0], "-"):
			return 0, noCommand(args[0])
		}
	}
	if err := parse(flags, args); err != nil && !errors.Is(err, flag.ErrHelp) {
		return 0, err
	}
	r.usage(r.Stdout)
	return failures.ExitOK, nil
}
