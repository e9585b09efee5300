package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/airbyte"
	"github.com/birdie-ai/source-qualtrics/source/config"
	"github.com/birdie-ai/source-qualtrics/source/engine"
	"github.com/birdie-ai/source-qualtrics/source/failures"
	"github.com/birdie-ai/source-qualtrics/source/landing"
	"github.com/birdie-ai/source-qualtrics/source/progress"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/redact"
)

// Program is one run of the command line with everything that it touches. With other
// fields, it runs without a network, a disk or an environment. Time is the runtime's
// own.
type Program struct {
	Stdout    io.Writer
	Stderr    io.Writer
	Getenv    func(string) string
	Environ   func() []string   // all variables, each as NAME=value
	Transport http.RoundTripper // nil: the network, as the configuration says
	Files     Files
	// Jitter spreads the waits, see [qualtrics.Options]; nil: at random.
	Jitter func(time.Duration) time.Duration
	Clock  func() time.Time // this machine's; nil: [time.Now]
	// Terminal returns a function that returns the width, in columns, of the
	// terminal behind Stdout or Stderr; nil where there is no terminal.
	Terminal func(out io.Writer) (columns func() int)
}

// Sizes are the sizes from which a run treats an account as a large one. Zero fields
// mean the sizes of the product. Tests give smaller ones, to read a small tenant in
// the ways of a large account.
type Sizes struct {
	LoadRows  int64 // rows of one window of a large first load; 0: 100,000
	ExportAll int   // most surveys that are all exported by every run; 0: 500
	SealBytes int   // of a state, for the ids of all surveys; 0: 192 KiB
}

// Files is the file system of the program.
type Files interface {
	// ReadFile returns a file's content. It refuses files above 16 MiB, and other
	// things than regular files and pipes.
	ReadFile(name string) ([]byte, error)
	// Names returns the names of the files and folders in a folder.
	Names(folder string) ([]string, error)
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
	program := &Program{Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Environ: os.Environ, Files: disk{}, Terminal: terminal}
	return program.Run(ctx, args, Sizes{})
}

// Run executes the command named by args (without the program's own name) and
// returns its exit code. It never panics: a panic becomes a system error.
func (p *Program) Run(ctx context.Context, args []string, sizes Sizes) (code int) {
	secrets := redact.New()
	talks, screen := p.terminals()
	stdout, stderr := secrets.Writer(panicSafe{p.Stdout}), secrets.Writer(panicSafe{screen.Over(p.Stderr)})
	if talks {
		stdout = secrets.Writer(panicSafe{screen.Over(p.Stdout)})
	}
	sound := *p
	sound.Stdout, sound.Stderr = stdout, stderr
	run := &invocation{Program: &sound, sizes: sizes, redactor: secrets, changes: new(engine.Changes), talks: talks}
	run.watch = &progress.Watch{Progress: progress.New(), Screen: screen, Clean: secrets.String}
	run.complainAs("source-qualtrics")
	run.messages = airbyte.NewWriter(panicSafe{stdout}, time.Now)
	defer func() {
		if cause := recover(); cause != nil {
			code = run.report(failures.Recovered(cause))
		}
		err := failures.Guard(func() error { return errors.Join(run.messages.Close(), stdout.Flush()) })
		if err != nil && code == failures.ExitOK {
			code = run.report(failures.OfSink(err))
		}
		_ = stderr.Flush() // nobody is left to be told
	}()
	return run.command(ctx, args)
}

// terminals returns whether stdout is a terminal, and the screen for a line of status
// on stderr. The screen is nil if stderr is no terminal that can erase a line.
func (p *Program) terminals() (talks bool, status *progress.Screen) {
	if p.Terminal == nil {
		return false, nil
	}
	talks = p.Terminal(p.Stdout) != nil
	if columns := p.Terminal(p.Stderr); columns != nil && p.Getenv("TERM") != "dumb" {
		status = progress.NewScreen(panicSafe{p.Stderr}, columns)
	}
	return talks, status
}

// invocation is one command at work.
type invocation struct {
	*Program
	sizes    Sizes
	redactor *redact.Redactor
	messages *airbyte.Writer
	log      *slog.Logger
	logged   func()               // logs how much was not
	people   bool                 // the command prints for people: errors are lines on stderr
	complain func(message string) // writes such a line
	changes  *engine.Changes      // of values, by this run
	saved    func() string        // names the saved parts of an interrupted run; nil: none
	talks    bool                 // stdout is a terminal: a person reads it
	watch    *progress.Watch      // tells how far the run has come
}

// panicSafe turns a panic of a writer into its error. Messages are also written by
// timers, and a panic there would end the process.
type panicSafe struct{ io.Writer }

func (w panicSafe) Write(p []byte) (n int, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			n, err = 0, failures.Recovered(cause)
		}
	}()
	return w.Writer.Write(p)
}

// report tells the user why a command failed, where the command's output
// goes, and returns the exit code.
func (r *invocation) report(err error) int {
	failure := r.failure(err)
	code := failures.ExitCode(err)
	if code == failures.ExitConsumer {
		return code
	}
	var usage *failures.UsageError
	if r.people || errors.As(err, &usage) {
		r.complain(failure.Message)
		if detail := qualtrics.Detail(err); detail != "" {
			r.log.Debug("the call that failed", "detail", detail)
		}
		return code
	}
	if writeErr := r.messages.Error(failure); writeErr != nil {
		r.complain(failure.Message)
		if failures.ExitCode(failures.OfSink(writeErr)) == failures.ExitConsumer {
			return failures.ExitConsumer // who left is not told the reason
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
	failure := failures.Of(err)
	failure.Message = r.redactor.String(failure.Message)
	failure.Internal = r.redactor.String(failure.Internal)
	var caught *failures.PanicError
	if errors.As(err, &caught) {
		failure.Internal = r.redactor.String(fmt.Sprintf("%v\n%s", caught.Cause, caught.Stack))
	}
	return failure
}

// exposer is a file system that knows who may read a file.
type exposer interface {
	// Exposed reports whether a file can be read by others than its owner.
	Exposed(name string) bool
}

// loader reads configurations.
func (r *invocation) loader() *config.Loader {
	loader := &config.Loader{ReadFile: r.Files.ReadFile, Getenv: r.Getenv, Environ: r.Environ, Redactor: r.redactor, Log: r.log}
	if files, ok := r.Files.(exposer); ok {
		loader.Exposed = files.Exposed
	}
	return loader
}

// input reads a file that the user named.
func (r *invocation) input(what, file string) ([]byte, error) {
	text, err := r.Files.ReadFile(file)
	if err != nil {
		return nil, failures.Config("reading the %s: %w", what, err)
	}
	return text, nil
}
