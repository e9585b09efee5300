//go:build clients && unix

package integration_tests_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source/stream"
)

func TestClientMeltano_PassesOnWhatIsWrong(t *testing.T) {
	t.Parallel()
	m := newMeltano(t, clientSite(t)).configured()
	wrongToken := append(slices.Clone(m.settings), "TAP_QUALTRICS_CREDENTIALS_API_TOKEN=not-a-token")
	for advice, settings := range map[string][]string{
		"generate a new API token under Account Settings > Qualtrics IDs": wrongToken,
		"data_center is missing: it is the first part of your Qualtrics":  nil,
	} {
		m.settings = settings
		end := m.run(m.meltano("run", "tap-qualtrics", "target-jsonl"))
		said := string(end.stderr) + string(end.stdout)
		if n := strings.Count(said, advice); end.code != 1 || n != 1 || !strings.Contains(said, "Extractor failed") {
			t.Errorf("it ended with code %d, and %q is shown %d times: %s", end.code, advice, n, said)
		}
	}
	m.interoperates("run with a wrong token, and with no configuration", 0, "exit code 1, our message is shown once")
}

// loader is a target of a shell script, for a project.
func loader(t *testing.T, name, script string) map[string]any {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return map[string]any{"name": name, "namespace": strings.ReplaceAll(name, "-", "_"), "executable": path}
}

// Of a target that dies Meltano keeps the state that it handed out before, if
// any. The next run, into a target that lives, has what is left.
func TestClientMeltano_ATargetThatDies(t *testing.T) {
	t.Parallel()
	s := clientSite(t)
	folder := t.TempDir()
	// It stores 300 lines and the states among them, and hands out the last one.
	script := `cd ` + folder + ` && head -n 300 > taken.jsonl && grep '^{"type":"STATE"' taken.jsonl | tail -n 1 | sed 's/^{"type":"STATE","value"://; s/}$//'; exit 3`
	m := newMeltano(t, s, loader(t, "target-dying", script), loader(t, "target-living", `cat > `+folder+`/rest.jsonl`)).configured()
	end := m.run(m.meltano("run", "--state-id-suffix", "dies", "tap-qualtrics", "target-dying"))
	if end.code != 1 || bytes.Contains(end.stderr, []byte(s.tenant.Credentials().APIToken)) {
		t.Fatalf("it ended with code %d, or shows the token: %s", end.code, lastLines(end.stderr, 10))
	}
	m.succeeds(m.meltano("state", "copy", "--force", "dev:tap-qualtrics-to-target-dying:dies", "dev:tap-qualtrics-to-target-living"))
	m.succeeds(m.meltano("run", "tap-qualtrics", "target-living"))
	var rows bytes.Buffer
	taken := 0
	for _, name := range []string{"taken.jsonl", "rest.jsonl"} {
		output, err := testkit.ReadSinger(fileText(t, filepath.Join(folder, name)))
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range output.Lines {
			if line.Data != nil && slices.Contains(killedStreams, line.Stream) {
				taken++
				rows.Write(append(testkit.Encode(map[string]any{"stream": line.Stream, "row": json.RawMessage(line.Data)}), '\n'))
			}
		}
	}
	compared := landed(t, rows.Bytes()).holds(t, s.truth(t), nil)
	if twice := taken - compared; twice < 0 || twice > compared/4 {
		t.Errorf("%d rows were written of %d", taken, compared)
	}
	m.interoperates("run into a target that dies, and into another with its state", compared, "exit code 1, and a broken pipe in its log; the state that the target handed out is gone on from")
}

// atFile does something before a tenant hands out its n-th file.
func (s *site) atFile(n int32, do func()) {
	var asked atomic.Int32
	s.tenant.Intercept(func(r *http.Request) *http.Response {
		if strings.HasSuffix(r.URL.Path, "/file") && asked.Add(1) == n {
			do()
		}
		return nil
	})
}

// A run that is killed in the middle is gone on from by the next one.
func TestClientMeltano_ResumesAfterAKill(t *testing.T) {
	t.Parallel()
	var lock sync.Mutex
	var rows int
	var version string
	t.Run("killed", func(t *testing.T) {
		for name, kill := range map[string]func(t *testing.T, run *exec.Cmd){"Meltano": killGroup, "the tap": killTap} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				m := newMeltano(t, clientSite(t)).configured()
				m.settings = append(m.settings, "TAP_QUALTRICS__SELECT="+defaultSelection())
				compared := m.resumes(kill)
				lock.Lock()
				defer lock.Unlock()
				rows, version = rows+compared, m.version("meltano")
			})
		}
	})
	interoperates(t, interoperation{
		client: "Meltano", version: version, what: "run into target-duckdb, in which Meltano or the tap is killed, and run", rows: rows,
		result: "goes on from the states that the target handed out; where Meltano was killed, with `--force` or five minutes later",
	})
}

// defaultSelection is Meltano's form of the streams that the tap reads by default.
func defaultSelection() string {
	var selected []string
	for _, s := range stream.All() {
		if !s.OnRequest() {
			selected = append(selected, s.Name+".*")
		}
	}
	return string(testkit.Encode(selected))
}

// resumes kills a run when most of the records are out. It returns how many
// rows were compared after the next one.
func (m *meltano) resumes(kill func(t *testing.T, run *exec.Cmd)) (rows int) {
	m.t.Helper()
	run := m.meltano("run", "tap-qualtrics", "target-duckdb")
	m.site.atFile(4, func() {
		m.waitForState("dev:tap-qualtrics-to-target-duckdb")
		kill(m.t, run)
	})
	if end := m.run(run); end.code == 0 {
		m.t.Fatal("the killed run ended with code 0")
	}
	m.site.tenant.Intercept(nil)
	resumed := m.run(m.meltano("run", "--force", "tap-qualtrics", "target-duckdb"))
	if resumed.code != 0 {
		m.t.Fatalf("the second run ended with code %d: %s", resumed.code, lastLines(resumed.stderr, 20))
	}
	held := landed(m.t, m.contents("targets-duckdb", "duckdb", m.data("qualtrics.duckdb")))
	held.decimals = 10
	rows = held.holds(m.t, m.site.truth(m.t), nil)
	held.once(m.t)
	wrote := 0
	for _, metric := range regexp.MustCompile(`metric_name=record_count metric_value=(\d+)`).FindAllSubmatch(resumed.stderr, -1) {
		n, err := strconv.Atoi(string(metric[1]))
		if err != nil {
			m.t.Fatal(err)
		}
		wrote += n
	}
	m.t.Logf("the second run wrote %d records of %d", wrote, rows)
	if wrote == 0 || wrote >= rows*3/4 {
		m.t.Errorf("the second run wrote %d records of %d: it did not go on", wrote, rows)
	}
	return rows
}

// waitForState waits until the state that Meltano keeps of a job stays the same. Then the
// target has taken what the tap has written so far.
func (m *meltano) waitForState(job string) {
	var before []byte
	same := 0
	for begun := time.Now(); same < 2 && time.Since(begun) < time.Minute; {
		end := m.run(m.meltano("state", "get", job))
		if same++; end.code != 0 || !bytes.Contains(end.stdout, []byte("bookmarks")) || !bytes.Equal(end.stdout, before) {
			same = 0
		}
		before = end.stdout
	}
}

func killGroup(t *testing.T, run *exec.Cmd) {
	t.Helper()
	if err := syscall.Kill(-run.Process.Pid, syscall.SIGKILL); err != nil {
		t.Error(err)
	}
}

func killTap(t *testing.T, run *exec.Cmd) {
	t.Helper()
	for _, pid := range children(t, run.Process.Pid, "tap-qualtrics") {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Error(err)
		}
	}
}

// children are the processes below one that run a program, as Linux tells.
func children(t *testing.T, pid int, program string) (found []int) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		var child, parent int
		var name, state string
		if _, err := fmt.Sscanf(string(text), "%d %s %s %d", &child, &name, &state, &parent); err == nil && parent == pid && name == "("+program+")" {
			found = append(found, child)
		}
	}
	if len(found) == 0 {
		t.Errorf("%s is not running", program)
	}
	return found
}

// Meltano does not let a job run twice at once; told to, it does no harm.
func TestClientMeltano_TwoRunsAtOnce(t *testing.T) {
	t.Parallel()
	s := clientSite(t)
	m := newMeltano(t, s).configured()
	var refused, forced clientRun
	run := m.meltano("run", "tap-qualtrics", "target-jsonl")
	s.atFile(3, func() {
		refused = m.run(m.meltano("run", "tap-qualtrics", "target-jsonl"))
		forced = m.run(m.meltano("run", "--force", "tap-qualtrics", "target-jsonl"))
	})
	first := m.run(run)
	if said := string(refused.stderr); refused.code != 1 || !strings.Contains(said, "already running") {
		t.Errorf("the second run ended with code %d: %s", refused.code, said)
	}
	if first.code != 0 || forced.code != 0 {
		t.Fatalf("the first run ended with code %d, the forced one with %d: %s%s", first.code, forced.code, lastLines(first.stderr, 10), lastLines(forced.stderr, 10))
	}
	before := s.truth(t)
	rows, _ := m.holdsJSONL(before, nil)
	s.lives()
	m.succeeds(m.meltano("run", "tap-qualtrics", "target-jsonl"))
	more, _ := m.holdsJSONL(s.truth(t), before)
	m.interoperates("two runs at once, and a run after them", rows+more, "the second is refused; with `--force` both run, and the state of the last to end is gone on from")
}
