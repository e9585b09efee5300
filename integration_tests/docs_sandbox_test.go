//go:build unix

package integration_tests

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

func TestDocs_TellOfEveryFault(t *testing.T) {
	t.Parallel()
	section := section(t, "docs/sandbox.md", "Plan faults")
	for _, class := range sandbox.FaultClasses() {
		if !strings.Contains(section, "`"+class+"`") {
			t.Errorf("docs/sandbox.md tells nothing of the fault %s", class)
		}
	}
}

// The commands of the page on the sandbox do what it says, one
// after the other in one shell.
func TestDocs_SandboxCommandsWork(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"bash", "curl", "jq"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("its commands cannot run here: %v", err)
		}
	}
	if help, err := exec.Command("curl", "--help", "all").Output(); err != nil || !bytes.Contains(help, []byte("--json")) {
		t.Skip("its commands cannot run here: curl is older than 7.82 and has no --json")
	}
	w := newWorkplace(t, nil)
	var script strings.Builder
	script.WriteString("set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT\n")
	for i, block := range blocksOf(t, "sh", document(t, "docs/sandbox.md")) {
		fmt.Fprintf(&script, "echo; echo '== %d'\n%s\n", i, block)
	}
	command := exec.Command("bash", w.file(t, "commands.sh", []byte(script.String())))
	command = w.wrapped(t, command)
	command.Dir = w.folder
	command.Env = append(command.Env, "PATH="+filepath.Dir(testkit.Binary(t))+string(os.PathListSeparator)+os.Getenv("PATH"))
	end := run(t, command)
	if end.code != 0 {
		t.Fatalf("the commands end with code %d\n%s\n%s", end.code, end.stdout, end.stderr)
	}
	parts := strings.Split(string(end.stdout), "\n== ")[1:]
	for i, want := range []string{
		`(?s)"status":"SUCCEEDED"`,
		`^1\n$`,
		`^2\nResponseId,Q18_NPS_GROUP,Q18\r\nResponse ID,"On a scale .*\r\n"{""ImportId"":""_recordId""}",.*\r\n(R_\w{15},(Detractor|Passive|Promoter),\d+\r\n){2}$`,
		`(?s)"planned":\[{"class":"rate","endpoint":"GET /surveys","count":2,"variant":0}\].*status 429, wait 1 s\n.*status 200\n`,
		`{"now":"2026-01-16T12:\d\d:\d\d\.\d+Z"}\n{"now":"2026-01-16T12:\d\d:\d\d\.\d+Z"}\n$`,
		`( +\d+ SV_\w{15}\n){3}{"200":\d+,"429":2}\n$`,
		`"brandId":"\w+".*"httpStatus":"200 - OK".*{"GET /whoami":{"200":1}}\n$`,
	} {
		if len(parts) <= i || !regexp.MustCompile(want).MatchString(parts[i]) {
			t.Errorf("the commands print, in parts,\n%q\nwant part %d to match %s", parts, i, want)
		}
	}
	if diff := cmp.Diff(exists(t, sandbox.Options{Seed: 1, Surveys: 120, Responses: 5000}), downloaded(t, filepath.Join(w.folder, "responses.zip"))); diff != "" {
		t.Errorf("the downloaded file (-exists +downloaded):\n%s", diff)
	}
}

// exists are the responses of a tenant's first survey.
func exists(t *testing.T, o sandbox.Options) map[string]bool {
	t.Helper()
	tenant, err := sandbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	surveys, _ := tenant.Truth("surveys")
	var first struct {
		ID string `json:"survey_id"`
	}
	for row := range surveys {
		if err := json.Unmarshal(row, &first); err != nil {
			t.Fatal(err)
		}
		break
	}
	ids := make(map[string]bool)
	rows, _ := tenant.Truth("responses")
	for row := range rows {
		var response struct {
			Survey string `json:"survey_id"`
			ID     string `json:"response_id"`
		}
		if err := json.Unmarshal(row, &response); err != nil {
			t.Fatal(err)
		}
		if response.Survey == first.ID {
			ids[response.ID] = true
		}
	}
	return ids
}

// downloaded are the responses of an NDJSON export.
func downloaded(t *testing.T, path string) map[string]bool {
	t.Helper()
	archive, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = archive.Close() }()
	file, err := archive.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	var content bytes.Buffer
	if _, err := content.ReadFrom(file); err != nil {
		t.Fatal(err)
	}
	ids := make(map[string]bool)
	for line := range bytes.Lines(content.Bytes()) {
		var response struct {
			ID string `json:"responseId"`
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		if err := json.Unmarshal(line, &response); err != nil {
			t.Fatal(err)
		}
		if response.ID != "" {
			ids[response.ID] = true
		}
	}
	return ids
}
