package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/airbyte"
	"github.com/birdie-ai/source-qualtrics/source/landing"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/redact"
)

// Program is one run of the command line with everything it touches: replace
// a field and the same program runs without a network, a disk or an
// environment. Time is the runtime's own.
type Program struct {
	Stdout    io.Writer
	Stderr    io.Writer
	Getenv    func(string) string
	Transport http.RoundTripper // nil: the network, as the configuration says
	Files     Files
	LoadRows  int64 // rows of one window of a large first load; 0: 100,000
	ExportAll int   // most surveys that are all exported by every run; 0: 500
	SealBytes int   // of a state, for telling what is gone of all surveys; 0: 192 KiB
	// Jitter spreads the waits, see [qualtrics.Options]; nil: at random.
	Jitter func(time.Duration) time.Duration
	Clock  func() time.Time // this machine's; nil: [time.Now]
}

// Files is what the program needs of a file system.
type Files interface {
	// ReadFile returns a file's content; it refuses files above 16 MiB and
	// what is no regular file or pipe.
	ReadFile(name string) ([]byte, error)
	// Spool returns a fresh temporary file that is already unlinked.
	Spool() (qualtrics.Spool, error)
	// Publish writes a new temporary file that every user of the machine may
	// read; a star in the pattern is filled in.
	Publish(pattern string, content []byte) (Published, error)
	// TempDir makes a new, empty folder.
	TempDir() (string, error)
	// Root opens a folder for landing files, creating it if needed.
	Root(dir string) (landing.FS, error)
}

// Published is a file for others.
type Published struct {
	Name   string
	Remove func() error
}

// Main runs the program on the real process and returns its exit code.
func Main(ctx context.Context, args []string) int {
	program := &Program{Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Files: disk{}}
	return program.Run(ctx, args)
}

// Run executes the command named by args (without the program's own name) and
// returns its exit code. It never panics: a panic becomes a system error.
func (p *Program) Run(ctx context.Context, args []string) (code int) {
	secrets := redact.New()
	stdout, stderr := secrets.Writer(sane{p.Stdout}), secrets.Writer(sane{p.Stderr})
	sound := *p
	sound.Stdout, sound.Stderr = stdout, stderr
	run := &invocation{Program: &sound, redactor: secrets, changes: new(changes)}
	run.complainAs("source-qualtrics")
	run.messages = airbyte.NewWriter(sane{stdout}, time.Now)
	defer func() {
		if cause := recover(); cause != nil {
			code = run.report(&panicError{cause, debug.Stack()})
		}
		err := guard(func() error { return errors.Join(run.messages.Close(), stdout.Flush()) })
		if err != nil && code == ExitOK {
			code = run.report(&sinkError{err})
		}
		_ = stderr.Flush() // nobody is left to be told
	}()
	return run.command(ctx, args)
}

// invocation is one command at work.
type invocation struct {
	*Program
	redactor *redact.Redactor
	messages *airbyte.Writer
	log      *slog.Logger
	logged   func()               // logs how much was not
	people   bool                 // the command prints for people: errors are lines on stderr
	complain func(message string) // writes such a line
	changes  *changes             // of values, by this run
}

// sane turns a panic of a writer into its error: messages are also written by
// timers, where nobody could recover.
type sane struct{ io.Writer }

func (w sane) Write(p []byte) (n int, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			n, err = 0, &panicError{cause, debug.Stack()}
		}
	}()
	return w.Writer.Write(p)
}

// panicError is a bug that was caught.
type panicError struct {
	cause any
	stack []byte
}

func (e *panicError) Error() string {
	return fmt.Sprintf("internal error: %v; please report it with the command and this message", e.cause)
}

// report tells the user why a command failed, where the command's output
// goes, and returns the exit code.
func (r *invocation) report(err error) int {
	failure := r.failure(err)
	code := exitCode(err)
	if code == ExitConsumer {
		return code
	}
	if r.people {
		r.complain(failure.Message)
		return code
	}
	if writeErr := r.messages.Error(failure); writeErr != nil {
		r.complain(failure.Message)
		if exitCode(&sinkError{writeErr}) == ExitConsumer {
			return ExitConsumer // who left is not told the reason
		}
	}
	return code
}

// complainAs makes complaints lines that begin with the program's name.
func (r *invocation) complainAs(name string) {
	r.complain = func(message string) { _, _ = fmt.Fprintln(r.Stderr, name+": "+message) }
}

// failure types an error, without its secrets.
func (r *invocation) failure(err error) record.Failure {
	failure := failureOf(err)
	failure.Message = r.redactor.String(failure.Message)
	failure.Internal = r.redactor.String(failure.Internal)
	var caught *panicError
	if errors.As(err, &caught) {
		failure.Internal = r.redactor.String(fmt.Sprintf("%v\n%s", caught.cause, caught.stack))
	}
	return failure
}
