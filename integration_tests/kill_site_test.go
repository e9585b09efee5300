//go:build unix

package integration_tests_test

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// site is a small tenant of this process, served on loopback.
type site struct {
	tenant *sandbox.Sandbox
	url    string
}

// shortDelay is an export job that is complete when it is first asked for.
const shortDelay = time.Millisecond

// serveSite serves a tenant of small surveys until the test ends.
func serveSite(t *testing.T, options sandbox.Options) *site {
	t.Helper()
	options.SmallSurveys = true
	return serveTenant(t, options)
}

// serveTenant serves a tenant until the test ends.
func serveTenant(t *testing.T, options sandbox.Options) *site {
	t.Helper()
	options.ExportDelay = shortDelay
	tenant, err := sandbox.New(options)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(tenant.Handler())
	t.Cleanup(server.Close)
	return &site{tenant: tenant, url: server.URL}
}

// config is a configuration that works, with some things said otherwise.
func (s *site) config(other map[string]any) map[string]any {
	config := testkit.Config(s.tenant, map[string]any{"base_url": s.url, "limits": testkit.Limits(8)})
	delete(config, "data_center")
	maps.Copy(config, other)
	return config
}

// killedStreams are the streams that the tenant knows the truth of.
var killedStreams = []string{"contacts", "responses", "surveys"}

// truth is what exists now.
func (s *site) truth(t *testing.T) map[string]testkit.Table {
	t.Helper()
	all := make(map[string]testkit.Table)
	for _, stream := range killedStreams {
		table, err := testkit.Truth(s.tenant, stream)
		if err != nil || len(table) == 0 {
			t.Fatalf("%d %s exist: %v", len(table), stream, err)
		}
		all[stream] = table
	}
	return all
}

// user is whoever runs the program: a folder for its files, and what they have
// of what it printed.
type user struct {
	t        *testing.T
	folder   string
	binary   string
	dialect  dialect
	platform *simPlatform
	order    int
	variable []string         // more of the environment
	started  chan *os.Process // gets the process of a run, where it is wanted
}

func newUser(t *testing.T) *user {
	t.Helper()
	return &user{t: t, folder: t.TempDir(), binary: testkit.Binary(t), dialect: airbyteDialect{}, platform: newPlatform(simConsumer{})}
}

// file writes a file for the program and returns its path.
func (u *user) file(name string, content []byte) string {
	u.t.Helper()
	return testkit.WriteFile(u.t, u.folder, name, content)
}

func (u *user) command(args ...string) *exec.Cmd {
	command := exec.CommandContext(u.t.Context(), u.binary, args...)
	// Dozens of them run at once.
	command.Env = append([]string{"QUALTRICS_SANDBOX=1", "GOMAXPROCS=1", "TMPDIR=" + u.folder}, u.variable...)
	return command
}

// readCommand reads from the states that the user has.
func (u *user) readCommand(config map[string]any) *exec.Cmd {
	u.t.Helper()
	return u.command(u.dialect.args(u, config)...)
}

// finished is how a run ended.
type finished struct {
	lines  int
	code   int // -1 when a signal ended it
	signal syscall.Signal
	stderr []byte
	last   []byte        // the last line that is no record
	all    []byte        // the lines that came
	at     time.Time     // its end
	dying  time.Duration // from what interrupted it until then
}

func (f finished) killed() bool { return f.signal == syscall.SIGKILL }

// kill is when and how a run is interrupted.
type kill struct {
	after  int            // so many lines; 0: never
	rest   bool           // what the pipe still holds arrives
	signal syscall.Signal // 0: SIGKILL
	leave  bool           // no signal: the reader closes the pipe
}

// pipeBytes is what a pipe shall hold: the less is on its way, the closer a
// kill follows the line.
const (
	pipeBytes   = 16 << 10
	setPipeSize = 1031 // F_SETPIPE_SZ of Linux; others refuse it
)

// read runs the program, takes in the lines that come out whole, and kills it.
func (u *user) read(command *exec.Cmd, when kill) finished {
	u.t.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		u.t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	_, _, _ = syscall.Syscall(syscall.SYS_FCNTL, writer.Fd(), setPipeSize, pipeBytes)
	var stderr bytes.Buffer
	command.Stdout, command.Stderr = writer, &stderr
	if err := errors.Join(command.Start(), writer.Close()); err != nil {
		u.t.Fatal(err)
	}
	if u.started != nil {
		u.started <- command.Process
	}
	var (
		end         finished
		interrupted time.Time
	)
	lines := bufio.NewReaderSize(reader, 64<<10)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break // what is left has no end
		}
		if err != nil {
			u.t.Fatal(err)
		}
		if when.after > 0 && end.lines >= when.after && !when.rest {
			continue
		}
		end.all = append(end.all, line...)
		if u.take(line[:len(line)-1]); !bytes.HasPrefix(line, []byte(`{"type":"RECORD"`)) {
			end.last = line
		}
		if end.lines++; end.lines != when.after {
			continue
		}
		interrupted = time.Now()
		if when.leave {
			break
		}
		if err := command.Process.Signal(cmp.Or(when.signal, syscall.SIGKILL)); err != nil && !errors.Is(err, os.ErrProcessDone) {
			u.t.Fatal(err)
		}
	}
	if when.leave {
		_ = reader.Close()
	}
	end.ended(u.t, command)
	if !interrupted.IsZero() {
		end.dying = end.at.Sub(interrupted)
	}
	end.stderr = stderr.Bytes()
	return end
}

// ended waits for the end of a run.
func (f *finished) ended(t *testing.T, command *exec.Cmd) {
	t.Helper()
	f.code, f.signal = testkit.Wait(t, command)
	f.at = time.Now()
}

// take takes in a line, as a destination that keeps the newest version of each
// key does.
func (u *user) take(text []byte) {
	u.t.Helper()
	lines, err := u.dialect.parse(text)
	if err != nil {
		u.t.Fatal(err)
	}
	for _, line := range lines {
		switch {
		case line.record != nil:
			u.order++
			line.record.Order = u.order
			u.platform.tables[line.stream].Put(line.record)
		case line.state != nil:
			u.platform.states[line.stream] = line.state
		}
	}
}

// completes runs the program to its end, which has to be a proper one.
func (u *user) completes(config map[string]any) {
	u.t.Helper()
	end := u.read(u.readCommand(config), kill{})
	if end.code != 0 || !u.dialect.quiet(end.stderr) {
		u.t.Fatalf("the last run ended with code %d (%v) after %d lines: %s%s", end.code, end.signal, end.lines, end.stderr, end.last)
	}
}

// shortfall compares what the user has with what exists: lost rows were never
// read, stale ones are not what they are now.
type shortfall struct{ lost, stale, extra int }

// sharedComparer compares for several users of a tenant: what one of them read
// the others mostly read, too.
type sharedComparer struct {
	lock sync.Mutex
	rows testkit.Comparer
}

func newComparer() *sharedComparer {
	return &sharedComparer{rows: testkit.Comparer{}}
}

func (c *sharedComparer) difference(stream string, truth, row *testkit.Row) string {
	c.lock.Lock()
	defer c.lock.Unlock()
	return c.rows.Difference(stream, truth, row)
}

// compare tells of the first row that is wrong.
func (u *user) compare(truth map[string]testkit.Table, rows *sharedComparer) (short shortfall, problem string) {
	for stream, table := range truth {
		held := u.platform.tables[stream]
		for key, row := range table {
			found := ""
			switch got := held[key]; {
			case got == nil:
				short.lost++
				found = "was not read"
			case got.Data == nil && got.Cursor != row.Cursor: // only its version is known
				found = fmt.Sprintf("is of %s, not %s", nanos(got.Cursor), nanos(row.Cursor))
			case got.Data != nil:
				found = rows.difference(stream, row, got)
			}
			if found != "" && held[key] != nil {
				short.stale++
			}
			if found != "" && problem == "" {
				problem = fmt.Sprintf("%s %s: %s", stream, key, found)
			}
		}
		for key, row := range held {
			if table[key] == nil && !row.Deleted {
				short.extra++
			}
		}
	}
	return short, problem
}

// onCall lets something happen when a call arrives, before it is answered.
func (s *site) onCall(do func()) {
	s.tenant.Intercept(func(*http.Request) *http.Response {
		do()
		return nil
	})
}
