package source_test

import (
	"bytes"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// breaking is a writer that takes so many bytes and then fails.
type breaking struct {
	out  io.Writer
	left int
	err  error
}

func (w *breaking) Write(p []byte) (int, error) {
	n := min(len(p), w.left)
	w.left -= n
	taken, err := w.out.Write(p[:n])
	if err == nil && n < len(p) {
		err = w.err
	}
	return taken, err
}

// readInto reads with an output that fails after so many bytes.
func (tn *tenant) readInto(t *testing.T, state []byte, bytesTaken int, cause error, streams ...string) (*reading, string) {
	t.Helper()
	tn.stdout = func(out io.Writer) io.Writer { return &breaking{out, bytesTaken, cause} }
	tn.files["catalog.json"] = testkit.Catalog(streams...)
	args := []string{"read", "--config", "config.json", "--catalog", "catalog.json"}
	if state != nil {
		tn.files["state.json"] = state
		args = append(args, "--state", "state.json")
	}
	got := tn.run(t, args...)
	tn.stdout = nil
	return collectReading(t, got, state), got.stderr
}

// Whoever reads the output may leave at any byte. What it had taken up to the
// last state that it saw whole is enough for the next run.
func TestRead_EndsWhenItsReaderLeaves(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		streams := []string{"surveys", "responses", "contacts"}
		whole := len(newTenant(t, small).readComplete(t, nil).output)
		causes := []error{syscall.EPIPE, os.ErrClosed, io.ErrClosedPipe}
		for i := range thorough.Number(9, 3) {
			taken, cause := i*whole/thorough.Number(9, 3), causes[i%len(causes)]
			tn := newTenant(t, small)
			got, stderr := tn.readInto(t, nil, taken, &os.PathError{Op: "write", Path: "/dev/stdout", Err: cause}, streams...)
			if got.code != 5 || stderr != "" {
				t.Errorf("%v after %d bytes: got exit code %d and stderr %q, want 5 and nothing", cause, taken, got.code, stderr)
			}
			// A destination commits what states cover, and only that.
			tn.goesOn(t, nil, got.covered(t), streams...)
		}
	})
}

// covered is a reading without the records behind the last state of their
// stream.
func (r *reading) covered(t *testing.T) *reading {
	t.Helper()
	lines := strings.SplitAfter(r.output, "\n")
	last := make(map[string]int)
	for i, line := range lines {
		for _, stream := range []string{"contacts", "responses", "surveys"} {
			if strings.HasPrefix(line, `{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"`+stream+`"}`) {
				last[stream] = i
			}
		}
	}
	var kept strings.Builder
	for i, line := range lines {
		name, isRecord := strings.CutPrefix(line, `{"type":"RECORD","record":{"stream":"`)
		if isRecord {
			name, _, _ = strings.Cut(name, `"`)
			if at, ok := last[name]; !ok || i > at {
				continue
			}
		}
		kept.WriteString(line)
	}
	return collectReading(t, result{code: r.code, stdout: kept.String()}, nil)
}

func TestRead_SaysThatTheDiskBehindItsOutputIsFull(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		for _, taken := range []int{0, 20_000} {
			tn := newTenant(t, small)
			got, stderr := tn.readInto(t, nil, taken, &os.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.ENOSPC}, "surveys", "responses")
			if want := "the disk is full: writing the output: "; got.code != 2 || !strings.Contains(stderr, want) {
				t.Errorf("after %d bytes: got exit code %d and stderr %q, want 2 and %q", taken, got.code, stderr, want)
			}
			tn.goesOn(t, nil, got.covered(t), "surveys", "responses")
		}
	})
}

// spool is a temporary file whose disk is full after so many bytes over all
// files, or fails otherwise.
type spool struct {
	bytes.Reader
	content  []byte
	left     *int
	err      error
	readable bool
}

func (s *spool) Write(p []byte) (int, error) {
	if *s.left -= len(p); *s.left < 0 && s.readable {
		return 0, s.err
	}
	s.content = append(s.content, p...)
	return len(p), nil
}

func (s *spool) ReadAt(p []byte, offset int64) (int, error) {
	if *s.left < 0 && !s.readable {
		return 0, s.err
	}
	return bytes.NewReader(s.content).ReadAt(p, offset)
}

func (s *spool) Close() error { return nil }

func TestRead_SaysThatTheTemporaryDiskFails(t *testing.T) {
	full := &os.PathError{Op: "write", Path: "/tmp/spool", Err: syscall.ENOSPC}
	tests := map[string]struct {
		spool func(left *int) (qualtrics.Spool, error)
		room  int // bytes
		code  int
		says  string
		free  bool // space is what is missing
	}{
		"full when it is made": {
			func(*int) (qualtrics.Spool, error) {
				return nil, &os.PathError{Op: "open", Path: "/tmp/spool", Err: syscall.ENOSPC}
			}, 0, 2,
			"the disk is full: open /tmp/spool: no space left on device", true,
		},
		"full at once": {
			func(left *int) (qualtrics.Spool, error) { return &spool{left: left, err: full, readable: true}, nil }, 0, 2,
			"the disk is full: writing a temporary file: write /tmp/spool: no space left on device", true,
		},
		"over its quota": {
			func(left *int) (qualtrics.Spool, error) {
				return &spool{left: left, err: syscall.EDQUOT, readable: true}, nil
			}, 0, 2,
			"the disk is full: writing a temporary file: disk quota exceeded", true,
		},
		"full after some surveys": {
			func(left *int) (qualtrics.Spool, error) { return &spool{left: left, err: full, readable: true}, nil }, 40_000, 4,
			"the disk is full: ", true,
		},
		"not readable": {
			func(left *int) (qualtrics.Spool, error) { return &spool{left: left, err: syscall.EIO}, nil }, 0, 2,
			"input/output error", false,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, larger)
				tn.config["limits"].(map[string]any)["parallel_exports"] = 1
				left := test.room
				made := 0
				tn.spool = func() (qualtrics.Spool, error) { made++; return test.spool(&left) }
				got := tn.read(t, nil, "responses")
				want := ending{code: test.code, kinds: []string{"system_error"}, says: []string{test.says}, statuses: incomplete("responses")}
				if test.free {
					want.says = append(want.says, "; free some space or point TMPDIR to a larger disk")
				}
				want.compare(t, got)
				read := len(positions(t, got.states, "responses"))
				if (read > 0) != (test.code == 4) {
					t.Errorf("got %d positions with exit code %d", read, test.code)
				}
				if test.free && made != read+1 {
					t.Errorf("got %d temporary files for %d surveys, want none after the first that failed", made, read)
				}
				tn.spool = nil
				tn.goesOn(t, nil, got, "responses")
			})
		})
	}
}
