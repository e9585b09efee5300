package source_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source"
	"github.com/birdie-ai/source-qualtrics/source/airbyte/airbytetest"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// seat is where a user sits: which outputs of the program are a terminal, and
// how wide it is.
type seat struct {
	stdout, stderr bool
	columns        int
}

// runAt runs a command where a user sits, until it ends or is interrupted.
func (tn *tenant) runAt(ctx context.Context, t testing.TB, at seat, args ...string) result {
	t.Helper()
	var stdout, stderr testkit.Buffer
	tn.files["config.json"] = testkit.Encode(tn.config)
	program := &source.Program{
		Stdout: &stdout, Stderr: &stderr, Transport: tn.transport, Files: tn.disk(), Jitter: tn.jitter, Clock: tn.Now,
		Terminal: func(out io.Writer) func() int {
			if out == io.Writer(&stdout) && at.stdout || out == io.Writer(&stderr) && at.stderr {
				return func() int { return at.columns }
			}
			return nil
		},
	}
	end := testkit.Run(ctx, program, tn.sizes, tn.env, args...)
	return result{end.Code, stdout.String(), stderr.String()}
}

func TestCheck_SpeaksToAPersonOnATerminal(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		config func(tn *tenant)
		code   int
		says   []string
	}{
		"a configuration that works": {
			func(*tenant) {}, 0,
			[]string{"The configuration works.\n", "\nTo get the data: source-qualtrics export --config config.json --to DIR\n"},
		},
		"a token that is refused": {
			func(tn *tenant) {
				tn.config["credentials"] = map[string]any{"auth_type": "api_token", "api_token": "aTokenThatNobodyKnows0123456789"}
			}, 1,
			[]string{"The configuration does not work: ", "generate a new API token", "\nWhen that is mended, try again: source-qualtrics check --config config.json\n"},
		},
		"a configuration that lacks something": {
			func(tn *tenant) { delete(tn.config, "data_center") }, 1,
			[]string{"The configuration does not work: ", "data_center is missing"},
		},
	} {
		tn := newTenant(t, small)
		test.config(tn)
		got := tn.runAt(t.Context(), t, seat{stdout: true, columns: 80}, "check", "--config", "config.json")
		for _, says := range test.says {
			if !strings.Contains(got.stdout, says) {
				t.Errorf("%s: got %q, want %q", name, got.stdout, says)
			}
		}
		if got.code != test.code || strings.Contains(got.stdout, "{") || got.stderr != "" {
			t.Errorf("%s: got exit code %d, %q and %q, want %d and no message", name, got.code, got.stdout, got.stderr, test.code)
		}
		piped := tn.run(t, "check", "--config", "config.json")
		if messages := airbytetest.Validate(t, []byte(piped.stdout)); piped.code != 0 || messages[len(messages)-1].ConnectionStatus == nil {
			t.Errorf("%s: in a pipe: got exit code %d and %q, want 0 and a status at the end", name, piped.code, piped.stdout)
		}
	}
}

// On a terminal a message of the protocol helps nobody: the error of a command is
// one line, even of a command that prints messages.
func TestCommandLine_FailuresAreLinesOnATerminal(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"discover", "--config", "missing.json"},
		{"read", "--config", "config.json", "--catalog", "missing.json"},
	} {
		got := newTenant(t, small).runAt(t.Context(), t, seat{stdout: true, columns: 80}, args...)
		if got.code != 1 || got.stdout != "" || !strings.HasPrefix(got.stderr, "source-qualtrics: reading the ") || strings.Count(got.stderr, "\n") != 1 {
			t.Errorf("%q: got exit code %d, %q and %q, want 1 and one line on stderr", args, got.code, got.stdout, got.stderr)
		}
	}
}

func TestCommandLine_NamesTheFlagWhoseValueCannotBeRead(t *testing.T) {
	t.Parallel()
	for flag, want := range map[string]string{
		"--surveys=many":      `source-qualtrics: sandbox: --surveys cannot be "many"; see source-qualtrics sandbox --help`,
		"--export-delay=soon": `source-qualtrics: sandbox: --export-delay cannot be "soon"; see source-qualtrics sandbox --help`,
		"--tls=maybe":         `source-qualtrics: sandbox: --tls cannot be "maybe"; see source-qualtrics sandbox --help`,
	} {
		if got := newTenant(t, small).run(t, "sandbox", flag); got.code != 1 || got.stderr != want+"\n" {
			t.Errorf("%s: got exit code %d and %q, want 1 and %q", flag, got.code, got.stderr, want)
		}
	}
}

// slow is a tenant whose exports take their time.
var slow = sandbox.Options{Seed: 7, Surveys: 5, Responses: 200, Contacts: 60, ExportDelay: 3 * time.Minute}

// seen returns the lines of status that a terminal showed, one after another, and
// the text that is left on it when the program has ended.
func seen(t *testing.T, stderr string, columns int) (status []string, left string) {
	t.Helper()
	shown := strings.Split(stderr, "\r\x1b[K")
	for i, text := range shown {
		kept, line := text[:strings.LastIndexByte(text, '\n')+1], text[strings.LastIndexByte(text, '\n')+1:]
		left += kept
		if i < len(shown)-1 {
			status = append(status, line)
		} else {
			left += line
		}
		if len(line) > columns-2 || strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("got a line of status that does not fit %d columns: %q", columns, line)
		}
	}
	return status, left
}

func TestExport_KeepsALineOfStatusOnATerminal(t *testing.T) {
	for _, columns := range []int{0, 120, 50} {
		t.Run(fmt.Sprint(columns), func(t *testing.T) {
			folder := t.TempDir()
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, slow)
				got := tn.runAt(t.Context(), t, seat{stderr: true, columns: columns}, "export", "--config", "config.json", "--to", folder, "--format", "ndjson")
				if got.code != 0 {
					t.Fatalf("got exit code %d and %s", got.code, got.stderr)
				}
				if columns == 0 {
					columns = 80 // as of terminals that do not tell
				}
				status, left := seen(t, got.stderr, columns)
				if left != "" {
					t.Errorf("got %q left on the terminal, want nothing", left)
				}
				if len(status) < 180 {
					t.Fatalf("got %d lines of status, want one for each second", len(status))
				}
				for at, want := range map[int]string{
					len(status) / 4: `^\[1m\d+s\] 0 of \d+ surveys, \d+ rows; 4`,
					100:             `^\[2[45]s\] 0 of \d+ surveys`,
				} {
					if !regexp.MustCompile(want).MatchString(status[at]) {
						t.Errorf("got the line of status %q, want %s", status[at], want)
					}
				}
				if whole := strings.Join(status, "\n"); columns >= 80 && !regexp.MustCompile(`\[1m\d+s\] 0 of \d+ surveys, \d+ rows; 4 exports at Qualtrics for 1m\d+s(\n|$)`).MatchString(whole) {
					t.Errorf("no line says how long the exports have been waited for: %q", status[len(status)/4])
				}
			})
		})
	}
}

// A terminal that cannot erase a line gets lines of a log, as a file does.
func TestExport_TellsItsProgressInTheLogElsewhere(t *testing.T) {
	for name, where := range map[string]struct {
		at   seat
		term string
	}{
		"a file":          {seat{}, "xterm"},
		"a dumb terminal": {seat{stderr: true, columns: 80}, "dumb"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, slow)
				tn.env["TERM"] = where.term
				begun := time.Now()
				got := tn.runAt(t.Context(), t, where.at, "export", "--config", "config.json", "--to", folder, "--format", "ndjson")
				if got.code != 0 || strings.ContainsAny(got.stderr, "\r\x1b") {
					t.Fatalf("got exit code %d and %q, want 0 and plain lines", got.code, got.stderr)
				}
				lines := strings.Split(strings.TrimSpace(got.stderr), "\n")
				if most := int(time.Since(begun)/(10*time.Second)) + 1; len(lines) > most || len(lines) < most/2 {
					t.Errorf("got %d lines, want one for each of %d times ten seconds", len(lines), most)
				}
				want := regexp.MustCompile(`^reading surveys=\d/\d+ directories=\d/\d rows=\d+ (exports_at_qualtrics=\d oldest=\d+m?\d*s )?(downloads=\d+ longest=\d+s )?after=\d+m?\d*s$`)
				for _, line := range lines {
					if !want.MatchString(line) {
						t.Errorf("got the line %q", line)
					}
				}
			})
		})
	}
}

// Platforms keep what they are told: a read of hours does not fill their logs.
func TestRead_TellsItsProgressMoreRarelyAfterTenMinutes(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		options := slow
		options.ExportDelay = 40 * time.Minute
		tn := newTenant(t, options)
		tn.config["limits"].(map[string]any)["parallel_exports"] = 32
		begun := time.Now()
		r := tn.readComplete(t, nil, "responses")
		took, told := time.Since(begun), 0
		for _, line := range r.logs {
			if strings.HasPrefix(line, "reading surveys=") {
				told++
			}
		}
		if least, most := int(took/time.Minute)+45, int(took/time.Minute)+60; told < least || told > most {
			t.Errorf("got %d lines in %s, want %d to %d", told, took, least, most)
		}
	})
}

func TestRead_TellsOfALimitThatItWaitsFor(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn, refused := newTenant(t, small), false
		tn.Intercept(func(r *http.Request) *http.Response {
			if refused || r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/export-responses") {
				return nil
			}
			refused = true
			limited := answer(r, http.StatusTooManyRequests, errorBody(429, "RL_1", "too many"))
			limited.Header.Set("Retry-After", "95")
			return limited
		})
		r := tn.readComplete(t, nil, "responses")
		if logs := strings.Join(r.logs, "\n"); !regexp.MustCompile(`(?m)^reading .* limited_for=1m2\ds after=10s$`).MatchString(logs) {
			t.Errorf("the log does not say that a limit is waited for:\n%s", logs)
		}
	})
}

// With --debug every export is told of, however many there are in a minute.
func TestExport_DebugTellsOfEveryExport(t *testing.T) {
	folder := t.TempDir()
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 7, Surveys: 16, Responses: 400, Contacts: 5})
		got := tn.run(t, "export", "--debug", "--config", "config.json", "--to", folder, "--format", "ndjson", "--streams", "responses")
		if got.code != 0 {
			t.Fatalf("got exit code %d and %s", got.code, got.stderr)
		}
		steps := make(map[string]int) // of each job
		rows := 0
		for line := range strings.Lines(got.stderr) {
			for i, pattern := range []string{
				`^debug: an export begins at Qualtrics survey=SV_\w+ job=(ES_\w+) from=(none|\S+Z) to=(none|\S+Z)\n$`,
				`^debug: an export is downloaded survey=SV_\w+ job=(ES_\w+) bytes=\d+ at_qualtrics=[\d.]+m?s download=[\d.]+m?s\n$`,
				`^debug: an export is read survey=SV_\w+ job=(ES_\w+) rows=(\d+) bytes=\d+\n$`,
			} {
				if found := regexp.MustCompile(pattern).FindStringSubmatch(line); found != nil {
					steps[found[1]] += 1 << (8 * i)
					if i == 2 {
						n, _ := strconv.Atoi(found[2])
						rows += n
					}
				}
			}
		}
		if len(steps) < 12 || rows != 400 {
			t.Errorf("got %d exports with %d rows, want at least 12 with 400:\n%s", len(steps), rows, got.stderr)
		}
		for job, counts := range steps {
			if counts != 0x10101 {
				t.Errorf("%s: got %x of begun, downloaded and read, want one of each", job, counts)
			}
		}
	})
}

// A failure of one part is a line that begins with its cause.
func TestExport_ErrorsBeginWithTheirCause(t *testing.T) {
	folder := t.TempDir()
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small)
		tn.Intercept(func(r *http.Request) *http.Response {
			if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/export-responses") {
				return nil
			}
			return answer(r, http.StatusInternalServerError, errorBody(500, "ISE_1", "no"))
		})
		for _, debug := range []bool{false, true} {
			args := []string{"export", "--config", "config.json", "--to", folder, "--format", "ndjson", "--streams", "responses"}
			if debug {
				args = append(args, "--debug")
			}
			got := tn.run(t, args...)
			if want := regexp.MustCompile(`(?m)^error: Qualtrics .* \(not complete partition="SV_\w+ .*\)$`); !want.MatchString(got.stderr) {
				t.Errorf("got %q, want lines like %s", got.stderr, want)
			}
			if details := strings.Contains(got.stderr, "/export-responses: HTTP 500"); details != debug {
				t.Errorf("with --debug %t: got details %t, want %t", debug, details, debug)
			}
		}
	})
}

func TestExport_SaysWhenDeletionsWereLastCompared(t *testing.T) {
	folder := t.TempDir()
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small)
		first := tn.Now().UTC()
		export := func() string {
			got := tn.run(t, "export", "--config", "config.json", "--to", folder, "--format", "ndjson", "--streams", "responses")
			if got.code != 0 {
				t.Fatalf("got exit code %d and %s", got.code, got.stderr)
			}
			return got.stdout
		}
		want := "Deletions: 5 surveys were last compared with Qualtrics, the longest ago on " + first.Format("2006-01-02 15:04") + " UTC.\n"
		for range 2 { // the second run compares nothing
			if got := export(); !strings.Contains(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
			tn.Advance(24*time.Hour, true)
		}
		tn.Advance(7*24*time.Hour, true)
		if got, day := export(), tn.Now().UTC().Format("2006-01-02"); !strings.Contains(got, "the longest ago on "+day) {
			t.Errorf("after a week: got %q, want a comparison of %s", got, day)
		}
	})
}

func TestRead_SaysWhenDeletionsWereLastCompared(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small)
		want := "deletions: the surveys of this run were last compared with Qualtrics longest_ago=" + tn.Now().UTC().Format("2006-01-02T15:")
		if logs := strings.Join(tn.readComplete(t, nil, "responses").logs, "\n"); !strings.Contains(logs, want) || !strings.Contains(logs, "surveys=5 not_yet=0") {
			t.Errorf("got %q, want %q", logs, want)
		}
		tn.config["deletions"] = map[string]any{"mode": "off"}
		if logs := strings.Join(tn.readComplete(t, nil, "responses").logs, "\n"); strings.Contains(logs, "compared") {
			t.Errorf("where deletions are not followed: got %q", logs)
		}
	})
}

// interruptedAfter runs a command until so much time has passed.
func (tn *tenant) interruptedAfter(t *testing.T, pause time.Duration, args ...string) result {
	t.Helper()
	ctx, interrupt := context.WithCancel(t.Context())
	if pause == 0 {
		interrupt()
	}
	defer time.AfterFunc(pause, interrupt).Stop()
	return tn.runAt(ctx, t, seat{}, args...)
}

func TestExport_SaysWhatAnInterruptedRunSaved(t *testing.T) {
	folder := t.TempDir()
	insideBubble(t, func(t *testing.T) {
		options := slow
		options.ExportDelay = 20 * time.Second
		tn := newTenant(t, options)
		tn.config["limits"].(map[string]any)["parallel_exports"] = 1
		args := []string{"export", "--config", "config.json", "--to", folder, "--format", "ndjson", "--compression", "none"}
		got := tn.interruptedAfter(t, 55*time.Second, args...)
		if got.stdout != "" {
			t.Errorf("got %q on stdout, want nothing", got.stdout)
		}
		lines := strings.Split(strings.TrimSpace(got.stderr), "\n")
		said := regexp.MustCompile(`^source-qualtrics: interrupted: the rows so far are in (\S+) \((.*)\); the position of each survey was saved \((\d) of 5 surveys, .*to the end\); the same command goes on from there, and some rows may come again$`).
			FindStringSubmatch(lines[len(lines)-1])
		if said == nil || said[1] != folder || said[3] == "0" {
			t.Fatalf("got %q, want what was saved and how to go on", got.stderr)
		}
		for _, stream := range strings.Split(said[2], ", ") {
			count, name, _ := strings.Cut(stream, " of ")
			rows := landedLines(t, folder, name)
			if fmt.Sprint(rows) != count {
				t.Errorf("got %d rows of %s in the folder, and %s in the message", rows, name, count)
			}
		}
		if rest := tn.run(t, args...); rest.code != 0 {
			t.Fatalf("going on: got exit code %d and %s", rest.code, rest.stderr)
		}
		if rows := landedLines(t, folder, "responses"); rows != 200 {
			t.Errorf("got %d rows of responses from both runs, want each of 200 once", rows)
		}
	})
}

// landedLines counts the rows of a stream in a folder of plain lines.
func landedLines(t *testing.T, folder, stream string) int {
	t.Helper()
	rows := 0
	for name, content := range contentBelow(t, folder) {
		if strings.HasPrefix(name, stream+"/") {
			rows += strings.Count(content, "\n")
		}
	}
	return rows
}

func TestExport_SaysThatAnInterruptedRunSavedNothing(t *testing.T) {
	folder := t.TempDir()
	insideBubble(t, func(t *testing.T) {
		got := newTenant(t, slow).interruptedAfter(t, time.Minute, "export", "--config", "config.json", "--to", folder, "--format", "ndjson", "--streams", "responses")
		if want := "\nsource-qualtrics: interrupted: no rows were written yet; the same command begins again\n"; got.stdout != "" || !strings.HasSuffix(got.stderr, want) {
			t.Errorf("got %q and %q, want %q", got.stdout, got.stderr, want)
		}
	})
}

// The program does not know what a consumer keeps: the message says which states
// went out.
func TestRead_SaysWhichStatesOfAnInterruptedRunWentOut(t *testing.T) {
	for command, again := range map[string]string{
		"read": "read the same catalog again, with the last state of each stream as --state",
		"tap":  "run the tap again with the last state that its target wrote as --state",
	} {
		t.Run(command, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				options := slow
				options.ExportDelay = 50 * time.Second
				tn := newTenant(t, options)
				tn.config["limits"].(map[string]any)["parallel_exports"] = 1
				args, name := []string{command, "--config", "config.json"}, "tap-qualtrics"
				if command == "read" {
					tn.files["catalog.json"] = testkit.Catalog("surveys", "responses", "contacts")
					args, name = append(args, "--catalog", "catalog.json"), "source-qualtrics"
				}
				early := tn.interruptedAfter(t, 0, args...)
				if want := name + ": interrupted: no state went out yet; the next run begins where this one did\n"; early.stderr != want {
					t.Errorf("at once: got %q, want %q", early.stderr, want)
				}
				got := tn.interruptedAfter(t, 3*time.Minute, args...)
				want := regexp.MustCompile(`(?m)^` + name + `: interrupted: states went out for all of .*surveys.* and for a part of .*responses.* \([123] of 5 surveys.* to the end\); to go on, ` + again + `; rows after a state come again\n\z`)
				if !want.MatchString(got.stderr) {
					t.Errorf("got %q, want %s", got.stderr, want)
				}
			})
		})
	}
}
