//go:build clients && unix

package integration_tests_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
)

// pyairbyte is a running clients/pyairbyte.py.
type pyairbyte struct {
	*clientUser
	stdin  io.Writer
	stdout *bufio.Reader
	stderr *bytes.Buffer
	python *exec.Cmd
}

func startPyAirbyte(t *testing.T) *pyairbyte {
	t.Helper()
	p := &pyairbyte{clientUser: newClientUser(t, "airbyte"), stderr: new(bytes.Buffer)}
	p.python = p.script("pyairbyte")
	// Nothing is told to or asked of servers of others.
	p.python.Env = append(p.python.Env, "AIRBYTE_OFFLINE_MODE=1", "AIRBYTE_LOGGING_ROOT="+p.folder)
	p.python.Stderr = p.stderr
	stdin, err := p.python.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := p.python.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.stdin, p.stdout = stdin, bufio.NewReader(stdout)
	if err := p.python.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		if err := p.python.Wait(); err != nil {
			t.Errorf("PyAirbyte: %v\n%s", err, lastLines(p.stderr.Bytes(), 30))
		}
	})
	return p
}

// pyAnswer is what a command came to.
type pyAnswer struct {
	rows      []byte                       // lines that [landed] understands
	columns   map[string]map[string]string // by stream: column to type
	streams   []string
	processed int
	exception string // its class; "" is none
	text      string // what the exception says
	codes     []int  // how the connector's processes ended, by a signal negative
}

// do has PyAirbyte carry out a command.
func (p *pyairbyte) do(config map[string]any, command ...string) (a pyAnswer) {
	p.t.Helper()
	if _, err := p.stdin.Write(append(testkit.Encode(map[string]any{"config": config, "command": command}), '\n')); err != nil {
		p.t.Fatal(err)
	}
	a.columns = make(map[string]map[string]string)
	for {
		line, err := p.stdout.ReadBytes('\n')
		var one struct {
			Stream    string
			Of        string
			Columns   map[string]string
			Streams   []string
			Processed int
			Exception string
			Text      string
			Codes     []int
		}
		if err == nil {
			err = json.Unmarshal(line, &one)
		}
		if err != nil {
			p.t.Fatalf("%v: PyAirbyte answers %q: %v\n%s", command, line, err, lastLines(p.stderr.Bytes(), 30))
		}
		switch {
		case one.Stream != "":
			a.rows = append(a.rows, line...)
		case one.Columns != nil:
			a.columns[one.Of] = one.Columns
		case one.Streams != nil:
			a.streams = one.Streams
		case one.Codes != nil:
			a.exception, a.text, a.codes = one.Exception, one.Text, one.Codes
			return a
		default:
			a.processed = one.Processed
		}
	}
}

// succeeds has PyAirbyte carry out a command that has to succeed.
func (p *pyairbyte) succeeds(config map[string]any, command ...string) pyAnswer {
	p.t.Helper()
	a := p.do(config, command...)
	if a.exception != "" {
		p.t.Fatalf("%v: %s %s", command, a.exception, a.text)
	}
	return a
}

// allInto has all streams read into a DuckDB cache, in one of the ways to do so.
// The answer has those of them that can be compared.
func (p *pyairbyte) allInto(how string) []string {
	return append([]string{how, filepath.Join(p.folder, "cache.duckdb"), "response_deletions"}, killedStreams...)
}

// read returns what the cache then holds.
func (p *pyairbyte) read(config map[string]any) (*destination, pyAnswer) {
	p.t.Helper()
	return p.reads(config, "read")
}

func (p *pyairbyte) reads(config map[string]any, how string) (*destination, pyAnswer) {
	p.t.Helper()
	a := p.succeeds(config, p.allInto(how)...)
	d := landed(p.t, a.rows)
	d.decimals = 9 // of DECIMAL(38,9)
	return d, a
}

// interoperates notes what was run.
func (p *pyairbyte) interoperates(what string, rows int, result string) {
	p.t.Helper()
	interoperates(p.t, interoperation{client: "PyAirbyte", version: p.version("airbyte"), what: what, rows: rows, result: result})
}

// valid is a configuration that meets the specification: PyAirbyte looks before
// it reads.
func (s *site) valid(other map[string]any) map[string]any {
	config := s.config(other)
	config["data_center"] = "sandbox1"
	return config
}
