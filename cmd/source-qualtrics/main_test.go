package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
)

func TestMain(m *testing.M) {
	// The second name is a link to the same program.
	programs := map[string]func(){"source-qualtrics": main, "tap-qualtrics": main}
	if programs[filepath.Base(os.Args[0])] == nil { // it is started as a test
		testkit.RunAtOnce(8)
	}
	testscript.Main(m, programs)
}

// The command line is specified by the scripts, one per promise.
func TestCommandLine(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Condition: func(condition string) (bool, error) {
			if condition != "root" {
				return false, fmt.Errorf("unknown condition %q", condition)
			}
			return os.Geteuid() == 0, nil // whom no permission stops
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits":   exits,
			"silent":  silent,
			"sandbox": startSandbox,
			"advance": advance,
			"files":   files,
		},
	})
}

// exits runs a program that must end with a code: exits CODE PROGRAM ARGS…
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARGS…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("running %s: %v", args[1], err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("the exit code is %d, want %d", got, want)
	}
}

// silent demands that the last program wrote nothing: silent stdout|stderr.
func silent(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: silent stdout|stderr")
	}
	if text := ts.ReadFile(args[0]); text != "" {
		ts.Fatalf("%s must be empty:\n%s", args[0], text)
	}
}

// startSandbox serves a tenant until the script ends. It leaves the ready line
// in ready.json, a configuration that works in config.json, the same with a
// token that nobody knows in refused.json, and the tenant's address in $SANDBOX.
// With --tls, proxied.json is the configuration of one who believes that the
// tenant is at iad1.qualtrics.com, the proxy is in $PROXY and the authority's
// certificate in the file $CA.
func startSandbox(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: sandbox FLAGS…")
	}
	command := exec.Command("source-qualtrics", append([]string{"sandbox"}, args...)...)
	stdout, err := command.StdoutPipe()
	ts.Check(err)
	ts.Check(command.Start())
	ts.Defer(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	ts.Check(err)
	var ready struct {
		BaseURL  string          `json:"base_url"`
		APIToken string          `json:"api_token"`
		CAFile   string          `json:"ca_file"`
		Proxy    string          `json:"proxy"`
		Config   json.RawMessage `json:"config"`
	}
	ts.Check(json.Unmarshal(line, &ready))
	ts.Check(os.WriteFile(ts.MkAbs("ready.json"), line, 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("config.json"), ready.Config, 0o600))
	refused := strings.ReplaceAll(string(ready.Config), ready.APIToken, "aTokenThatNobodyKnows")
	ts.Check(os.WriteFile(ts.MkAbs("refused.json"), []byte(refused), 0o600))
	if ready.CAFile != "" {
		proxied := fmt.Sprintf(`{"data_center":"iad1","credentials":{"auth_type":"api_token","api_token":%q},"network":{"ca_file":%q}}`, ready.APIToken, ready.CAFile)
		ts.Check(os.WriteFile(ts.MkAbs("proxied.json"), []byte(proxied), 0o600))
		ts.Setenv("PROXY", ready.Proxy)
		ts.Setenv("CA", ready.CAFile)
	}
	ts.Setenv("SANDBOX", ready.BaseURL)
	ts.Setenv("QUALTRICS_SANDBOX", "1")
}

// advance lets days pass in the tenant: advance DAYS
func advance(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: advance DAYS")
	}
	days, err := strconv.Atoi(args[0])
	ts.Check(err)
	body := fmt.Sprintf(`{"seconds":%d}`, days*24*60*60)
	response, err := http.Post(ts.Getenv("SANDBOX")+"/sandbox/advance", "application/json", strings.NewReader(body))
	ts.Check(err)
	ts.Check(response.Body.Close())
	if response.StatusCode != http.StatusOK {
		ts.Fatalf("advancing: %s", response.Status)
	}
}

// files counts the files below a folder whose paths end so: files FOLDER
// SUFFIX COUNT
func files(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: files FOLDER SUFFIX COUNT")
	}
	want, err := strconv.Atoi(args[2])
	ts.Check(err)
	var found []string
	ts.Check(filepath.WalkDir(ts.MkAbs(args[0]), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() && strings.HasSuffix(path, args[1]) {
			found = append(found, path)
		}
		return err
	}))
	if len(found) != want {
		ts.Fatalf("%d files end with %q, want %d: %s", len(found), args[1], want, strings.Join(found, " "))
	}
}
