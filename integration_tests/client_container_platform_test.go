//go:build clients && linux

package integration_tests_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
)

// launcher starts a connector in a work folder that it shares with Airbyte's
// platform, as that does (Airbyte §7.1): a shell evaluates the image's own entry
// point with the arguments and the redirections of $1. The exit code goes to
// exitCode.txt, and a file TERMINATED ends it all.
const launcher = `test -n "$AIRBYTE_ENTRYPOINT" || exit 127
eval "$AIRBYTE_ENTRYPOINT $1" &
connector=$!
while ! test -e TERMINATED; do sleep 0.1; done && kill "$connector" &
wait "$connector"
code=$?
echo "$code" >exitCode.txt
exit "$code"
`

// launches prepares a run of the connector in a pod of the platform.
func (u *containerUser) launches(args string) *exec.Cmd {
	u.t.Helper()
	command := u.enters("/bin/sh", "-c", "cd "+u.files+"\n"+launcher, "launcher", args)
	command.Env = append(command.Env, "DEPLOYMENT_MODE=OSS", "WORKER_JOB_ID=7", "WORKER_JOB_ATTEMPT=0", "OPERATION_TYPE=sync",
		"USE_STREAM_CAPABLE_STATE=true", "DATA_CHANNEL_MEDIUM=STDIO", "DATA_CHANNEL_FORMAT=JSONL")
	return command
}

// content is what a file of the work folder holds, less the space around it.
func (u *containerUser) content(name string) string {
	u.t.Helper()
	text, err := os.ReadFile(filepath.Join(u.folder, name))
	if err != nil {
		u.t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

func TestClientContainer_AnswersThePlatform(t *testing.T) {
	t.Parallel()
	s := containerSite(t)
	wrong := s.config(map[string]any{"credentials": map[string]any{"auth_type": "api_token", "api_token": "a-token-of-nobody"}})
	for name, test := range map[string]struct {
		args   string
		config map[string]any
		want   string
	}{
		"spec":              {"spec", nil, `{"type":"SPEC"`},
		"check":             {"check --config connectorConfig.json", s.config(nil), `"status":"SUCCEEDED"`},
		"check of bad ones": {"check --config connectorConfig.json", wrong, `"status":"FAILED"`},
		"discover":          {"discover --config connectorConfig.json", s.config(nil), `{"type":"CATALOG"`},
	} {
		t.Run(name, func(t *testing.T) {
			u := newContainerUser(t, "/config")
			u.put("connectorConfig.json", testkit.Encode(test.config))
			end := u.silent(u.launches(test.args + " >jobOutput.json"))
			if code := u.content("exitCode.txt"); end.code != 0 || code != "0" || len(end.stderr) > 0 {
				t.Errorf("it ended with code %d, the file says %s: %s", end.code, code, end.stderr)
			}
			if output := u.content("jobOutput.json"); !strings.Contains(output, test.want) {
				t.Errorf("the output is %s", output)
			}
		})
	}
}

// stdout is the connector's output, as it comes out of a FIFO.
type stdout struct {
	*bufio.Reader
	io.Closer
}

// synced is how an attempt of a sync ended.
type synced struct {
	finished
	exitCode string // that the platform finds
}

// sync runs an attempt of a sync with FIFOs between the connector and whoever
// reads what it writes: that takes in whole lines, and may close the reader.
func (u *containerUser) sync(config map[string]any, read func(stdout *stdout)) (end synced) {
	u.t.Helper()
	args := "read --config /source/connectorConfig.json --catalog /source/catalog.json"
	u.put("connectorConfig.json", testkit.Encode(config))
	u.put("catalog.json", testkit.Catalog(killedStreams...))
	if state := u.platform.stateFile(); state != nil {
		u.put("inputState.json", state)
		args += " --state /source/inputState.json"
	}
	for _, name := range []string{"stdout", "stderr", "exitCode.txt", "TERMINATED"} {
		if err := os.Remove(filepath.Join(u.folder, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			u.t.Fatal(err)
		}
	}
	for _, name := range []string{"stdout", "stderr"} {
		if err := syscall.Mkfifo(filepath.Join(u.folder, name), 0o600); err != nil {
			u.t.Fatal(err)
		}
	}
	command := u.launches(args + " >stdout 2>stderr")
	var shell bytes.Buffer
	command.Stderr = &shell
	if err := command.Start(); err != nil {
		u.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		end.ended(u.t, command)
		for _, name := range []string{"stdout", "stderr"} { // should it have opened none of them, nobody waits for that
			if unblock, err := os.OpenFile(filepath.Join(u.folder, name), os.O_WRONLY|syscall.O_NONBLOCK, 0); err == nil {
				_ = unblock.Close()
			}
		}
		close(ended)
	}()
	complaints := make(chan []byte, 1)
	go func() {
		text, _ := os.ReadFile(filepath.Join(u.folder, "stderr"))
		complaints <- text
	}()
	pipe, err := os.Open(filepath.Join(u.folder, "stdout"))
	if err != nil {
		u.t.Fatal(err)
	}
	read(&stdout{bufio.NewReaderSize(pipe, 4<<10), pipe})
	<-ended
	_ = pipe.Close()
	end.stderr = slices.Concat(shell.Bytes(), <-complaints)
	if _, err := os.Stat(filepath.Join(u.folder, "exitCode.txt")); err == nil {
		end.exitCode = u.content("exitCode.txt")
	}
	return end
}

// takes takes in so many lines, or all of them, with a pause after each.
func (u *containerUser) takes(from *stdout, most int, pause time.Duration) {
	for lines := 0; lines != most; lines++ {
		line, err := from.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return // what is left has no end
		}
		if err != nil {
			u.t.Fatal(err)
		}
		u.take(line[:len(line)-1])
		time.Sleep(pause)
	}
}

// completesOn makes the next attempt, which has to bring everything.
func (u *containerUser) completesOn(s *site) {
	u.t.Helper()
	end := u.sync(s.config(nil), func(from *stdout) { u.takes(from, -1, 0) })
	if end.exitCode != "0" || end.code != 0 || len(end.stderr) > 0 {
		u.t.Errorf("it ended with code %d, the file says %q: %s", end.code, end.exitCode, end.stderr)
	}
	if short, problem := u.compare(s.truth(u.t), newComparer()); problem != "" {
		u.t.Errorf("%+v: %s", short, problem)
	}
}

// someLines is more than a run writes before its first records, and less than
// the half of them.
const someLines = 200

func TestClientContainer_SyncsUnderThePlatform(t *testing.T) {
	t.Parallel()
	s := containerSite(t)
	s.tenant.Advance(2*time.Hour, true)

	t.Run("a reader that is late and slow", func(t *testing.T) {
		u := newContainerUser(t, "/source")
		end := u.sync(s.config(nil), func(from *stdout) {
			time.Sleep(2 * time.Second)
			u.takes(from, -1, time.Millisecond)
		})
		if end.exitCode != "0" || end.code != 0 || len(end.stderr) > 0 {
			t.Errorf("it ended with code %d, the file says %q: %s", end.code, end.exitCode, end.stderr)
		}
		if short, problem := u.compare(s.truth(t), newComparer()); problem != "" {
			t.Errorf("%+v: %s", short, problem)
		}
	})

	t.Run("a reader that vanishes", func(t *testing.T) {
		u := newContainerUser(t, "/source")
		end := u.sync(s.config(nil), func(from *stdout) {
			u.takes(from, someLines, 0)
			_ = from.Close()
		})
		if end.exitCode != "5" || end.code != 5 {
			t.Errorf("it ended with code %d, the file says %q, want 5: %s", end.code, end.exitCode, end.stderr)
		}
		u.completesOn(s)
	})

	t.Run("a marker that says to end", func(t *testing.T) {
		u := newContainerUser(t, "/source")
		end := u.sync(s.config(nil), func(from *stdout) {
			u.takes(from, someLines, 0)
			u.put("TERMINATED", nil) // nobody reads on, so that it is at work
		})
		if want := 128 + int(syscall.SIGTERM); end.code != want {
			t.Errorf("it ended with code %d, want %d: %s", end.code, want, end.stderr)
		}
		u.completesOn(s)
	})

	t.Run("a configuration that is wrong", func(t *testing.T) {
		u := newContainerUser(t, "/source")
		var output []byte
		end := u.sync(s.config(map[string]any{"credentials": map[string]any{"auth_type": "api_token", "api_token": "a-token-of-nobody"}}), func(from *stdout) {
			output, _ = io.ReadAll(from)
		})
		if end.exitCode != "1" || end.code != 1 || !bytes.Contains(output, []byte(`"failure_type":"config_error"`)) {
			t.Errorf("it ended with code %d, the file says %q: %s", end.code, end.exitCode, output)
		}
	})
}
