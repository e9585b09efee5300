//go:build unix

package integration_tests

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
)

// session is a run of the program on a terminal.
type session struct {
	t        *testing.T
	command  *exec.Cmd
	terminal *os.File
	read     sync.WaitGroup

	lock  sync.Mutex
	shown bytes.Buffer
}

// onTerminal starts a command on a terminal of so many columns.
func onTerminal(t *testing.T, command *exec.Cmd, columns uint16) *session {
	t.Helper()
	command.SysProcAttr = nil // it gets a session of its own
	terminal, err := pty.StartWithSize(command, &pty.Winsize{Rows: 24, Cols: columns})
	if err != nil {
		t.Fatal(err)
	}
	s := &session{t: t, command: command, terminal: terminal}
	t.Cleanup(func() { _ = terminal.Close() })
	s.read.Go(func() {
		some := make([]byte, 4096)
		for {
			n, err := terminal.Read(some)
			s.lock.Lock()
			s.shown.Write(some[:n])
			s.lock.Unlock()
			if err != nil { // how it ends when nobody has the terminal open differs
				return
			}
		}
	})
	return s
}

// text is what the terminal was sent so far.
func (s *session) text() string {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.shown.String()
}

// ends waits for the end of the command.
func (s *session) ends() ending {
	s.t.Helper()
	end := wait(s.t, s.command, patience)
	s.read.Wait()
	end.stdout = []byte(s.text())
	return end
}

// screen is what stands on a terminal that was sent a text: a carriage return
// goes to the first column, and ESC [ K erases the rest of the line.
func screen(text string) string {
	var lines []string
	line, column := []byte{}, 0
	text = strings.ReplaceAll(text, "\x1b[K", "\x00")
	for _, c := range []byte(text) {
		switch c {
		case '\n':
			lines, line, column = append(lines, string(line)), line[:0], 0
		case '\r':
			column = 0
		case 0:
			line = line[:column]
		default:
			line = append(line[:column], append([]byte{c}, line[min(column+1, len(line)):]...)...)
			column++
		}
	}
	return strings.Join(append(lines, string(line)), "\n")
}

func TestTerminal_AnExportShowsItsProgressAndWhatCtrlCSaved(t *testing.T) {
	t.Parallel()
	tn := startTenant(t, "--surveys", "6", "--responses", "300", "--contacts", "20", "--export-delay", "6s")
	tn.config["limits"].(map[string]any)["parallel_exports"] = 2
	folder := filepath.Join(t.TempDir(), "data")
	args := []string{"export", "--config", tn.file(t, "config.json", tn.config), "--to", folder}
	first := onTerminal(t, tn.command(t, args...), 100)
	progress := regexp.MustCompile(`\[\d+s\] [2-5] of 6 surveys, \d+ rows; \d exports? at Qualtrics for \d+s`)
	eventually(t, "the progress", func() bool { return progress.MatchString(first.text()) })
	if _, err := first.terminal.WriteString("\x03"); err != nil {
		t.Fatal(err)
	}
	end := first.ends()
	left := screen(string(end.stdout))
	if want := regexp.MustCompile(`(?m)^source-qualtrics: interrupted: the rows so far are in \S+data \(.* of responses.*\); the position of each survey was saved \([2-5] of 6 surveys.*\); the same command goes on from there`); end.signal != syscall.SIGINT || !want.MatchString(left) {
		t.Errorf("got signal %v and the screen %q, want SIGINT and %s", end.signal, left, want)
	}
	if strings.Contains(left, "exports at Qualtrics") {
		t.Errorf("the line of status is left on the screen: %q", left)
	}
	narrow := onTerminal(t, tn.command(t, args...), 50)
	end = narrow.ends()
	left = screen(string(end.stdout))
	if end.code != 0 || !regexp.MustCompile(`\A(warn: .*\n)*STREAM +ROWS +RESULT\n`).MatchString(left) || strings.Contains(left, "[") {
		t.Errorf("going on: got code %d and the screen %q, want the table alone", end.code, left)
	}
	for _, shown := range strings.Split(string(end.stdout), "\r\x1b[K") {
		if line := shown[strings.LastIndexByte(shown, '\n')+1:]; len(line) > 48 {
			t.Errorf("a line of status is too wide for the terminal: %q", line)
		}
	}
}

func TestTerminal_ADumbOneGetsPlainLines(t *testing.T) {
	t.Parallel()
	tn := startTenant(t, "--surveys", "2", "--responses", "20", "--contacts", "5", "--export-delay", "11s")
	command := tn.command(t, "export", "--config", tn.file(t, "config.json", tn.config), "--to", filepath.Join(t.TempDir(), "data"))
	command.Env = append(command.Env, "TERM=dumb")
	end := onTerminal(t, command, 100).ends()
	if text := string(end.stdout); end.code != 0 || strings.Contains(text, "\x1b") || !regexp.MustCompile(`(?m)^reading surveys=0/2 .*exports_at_qualtrics=2 `).MatchString(text) {
		t.Errorf("got code %d and %q, want plain lines", end.code, text)
	}
}

func TestTerminal_CheckAnswersAPerson(t *testing.T) {
	t.Parallel()
	tn := startTenant(t, "--surveys", "2", "--responses", "20", "--contacts", "5")
	config := tn.file(t, "config.json", tn.config)
	begun := time.Now()
	works := onTerminal(t, tn.command(t, "check", "--config", config), 80).ends()
	if text := screen(string(works.stdout)); works.code != 0 || !strings.HasPrefix(text, "The configuration works.\n") {
		t.Errorf("got code %d and %q", works.code, text)
	}
	tn.config["credentials"] = map[string]any{"auth_type": "api_token", "api_token": "aTokenThatNobodyKnows0123456789"}
	fails := onTerminal(t, tn.command(t, "check", "--config", tn.file(t, "refused.json", tn.config)), 80).ends()
	if text := screen(string(fails.stdout)); fails.code != 1 || !strings.HasPrefix(text, "The configuration does not work: ") || strings.Contains(text, "{") {
		t.Errorf("got code %d and %q", fails.code, text)
	}
	if took := time.Since(begun); took > time.Minute {
		t.Errorf("it took %s", took)
	}
}
