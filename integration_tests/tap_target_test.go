//go:build unix

package integration_tests

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
)

// tapInto is a run of the tap into a target: a shell script that stores what
// it takes in $TAKEN.
type tapInto struct {
	tap, target *exec.Cmd
	taken       string // file of what the target took
	said        testkit.Buffer
}

// intoTarget starts the tap from a state, nil is none, and a target in a pipe.
func (tn *tenant) intoTarget(t *testing.T, state []byte, taken, script string) *tapInto {
	t.Helper()
	tn.config["limits"].(map[string]any)["parallel_exports"] = 1 // a survey is out before the next one begins
	args := []string{"tap", "--config", tn.file(t, "config.json", tn.config)}
	if state != nil {
		args = append(args, "--state", tn.file(t, "state.json", state))
	}
	p := &tapInto{tap: tn.command(t, args...), target: tn.wrapped(t, exec.Command("sh", "-c", script)), taken: taken}
	p.target.Env = append(p.target.Env, "TAKEN="+taken)
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.tap.Stdout, p.tap.Stderr, p.target.Stdin = writer, &p.said, reader
	if err := errors.Join(p.target.Start(), p.tap.Start(), writer.Close(), reader.Close()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(-p.target.Process.Pid, syscall.SIGKILL) })
	return p
}

// ends waits for the end of the tap, whose last word has to be for people.
func (p *tapInto) ends(t *testing.T, code int, word string) {
	t.Helper()
	end := wait(t, p.tap, time.Minute)
	end.stderr = []byte(p.said.String())
	end.must(t, code)
	lines := strings.Split(strings.TrimSpace(string(end.stderr)), "\n")
	if last := lines[len(lines)-1]; !strings.Contains(last, word) {
		t.Errorf("its last word is %q, want %q", last, word)
	}
}

// took is what the target took, to the last whole line: the records, and the
// state that a target hands out for them.
func (p *tapInto) took(t *testing.T) *output {
	t.Helper()
	text, err := os.ReadFile(p.taken)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	read, err := testkit.ReadSinger(text)
	if err != nil {
		t.Fatal(err)
	}
	o := outputOf(t, read)
	o.state, o.records = read.States[""], 0
	for _, line := range read.Lines {
		if line.Data != nil && slices.Contains(allStreams, line.Stream) {
			o.records++
		}
	}
	return o
}

// rest reads what is left after a target that ended early: with what that one
// took it is all there is. One survey at most is read again.
func (tn *tenant) rest(t *testing.T, first *output) {
	t.Helper()
	p := tn.intoTarget(t, first.state, filepath.Join(tn.folder, "rest.jsonl"), `cat > "$TAKEN"`)
	p.ends(t, 0, "sync_duration")
	if err := p.target.Wait(); err != nil {
		t.Fatal(err)
	}
	second := p.took(t)
	truth := tn.truth(t)
	compareTruth(t, truth, merge(merge(nil, first), second))
	all, bySurvey := 0, make(map[string]int)
	for _, rows := range truth {
		all += len(rows)
	}
	for key := range truth["responses"] {
		survey, _, _ := strings.Cut(key, "/")
		bySurvey[survey]++
	}
	largest := slices.Max(slices.Collect(maps.Values(bySurvey)))
	if again := first.records + second.records - all; again > largest {
		t.Errorf("%d and %d records were read of %d: %d twice, and the largest survey has %d", first.records, second.records, all, again, largest)
	}
}

const readerLeft = "whoever read the output went away"

func TestTapInto_ATargetThatDiesAtOnce(t *testing.T) {
	t.Parallel()
	tn := startTenant(t, "--surveys", "3", "--responses", "3000", "--contacts", "100", "--export-delay", "1ms")
	p := tn.intoTarget(t, nil, filepath.Join(tn.folder, "taken.jsonl"), `exit 1`)
	p.ends(t, 5, readerLeft)
	first := p.took(t)
	if first.records > 0 || first.state != nil {
		t.Errorf("it took %d records and the state %s", first.records, first.state)
	}
	tn.rest(t, first)
}

func TestTapInto_ATargetThatDiesAfterThousandsOfRecords(t *testing.T) {
	t.Parallel()
	lines := thorough.Number(10_000, 2000)
	tn := startTenant(t, "--surveys", "12", "--responses", strconv.Itoa(lines*8/5), "--contacts", "100", "--export-delay", "1ms")
	p := tn.intoTarget(t, nil, filepath.Join(tn.folder, "taken.jsonl"), fmt.Sprintf(`head -n %d > "$TAKEN"; exit 3`, lines))
	p.ends(t, 5, readerLeft)
	first := p.took(t)
	if first.records < lines*9/10 || first.state == nil {
		t.Errorf("it took %d records and the state %.100s", first.records, first.state)
	}
	tn.rest(t, first)
}

// Whoever waits too long for a target that hangs ends the tap, and goes on from
// what the target took.
func TestTapInto_ATargetThatHangs(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			tn := startTenant(t, "--surveys", "6", "--responses", "3000", "--contacts", "100", "--export-delay", "1ms")
			p := tn.intoTarget(t, nil, filepath.Join(tn.folder, "taken.jsonl"), `head -n 1500 > "$TAKEN"; exec sleep 600`)
			eventually(t, "taking 1500 lines", func() bool {
				text, _ := os.ReadFile(p.taken)
				return bytes.Count(text, []byte("\n")) == 1500
			})
			time.Sleep(300 * time.Millisecond) // it waits, without a word
			said := p.said.String()
			diesBy(t, p.tap, signal)
			if now := p.said.String(); now != said {
				t.Errorf("after the signal it said %q", strings.TrimPrefix(now, said))
			}
			tn.rest(t, p.took(t))
		})
	}
}

// A target that only takes a rest is waited for.
func TestTapInto_ATargetThatRests(t *testing.T) {
	t.Parallel()
	tn := startTenant(t, "--surveys", "4", "--responses", "1500", "--contacts", "100", "--export-delay", "1ms")
	p := tn.intoTarget(t, nil, filepath.Join(tn.folder, "taken.jsonl"), `sleep 2; cat > "$TAKEN"`)
	p.ends(t, 0, "sync_duration")
	if err := p.target.Wait(); err != nil {
		t.Fatal(err)
	}
	compareTruth(t, tn.truth(t), p.took(t).tables)
}

// A disk that is full on the target's side ends the target: the tap sees a
// reader that left, and what the target kept is gone on from.
func TestTapInto_ATargetWhoseDiskIsFull(t *testing.T) {
	t.Parallel()
	disk, remount := smallDisk(t, "size=2m")
	tn := startTenant(t, "--surveys", "6", "--responses", "4000", "--contacts", "100", "--export-delay", "1ms")
	p := tn.intoTarget(t, nil, filepath.Join(disk, "taken.jsonl"), `cat > "$TAKEN"`)
	p.ends(t, 5, readerLeft)
	if end := wait(t, p.target, time.Minute); end.code != 1 {
		t.Errorf("the target ended with code %d", end.code)
	}
	first := p.took(t)
	if first.records == 0 {
		t.Error("it took no record")
	}
	remount("size=64m")
	tn.rest(t, first)
}
