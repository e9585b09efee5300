//go:build clients && unix

package integration_tests_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/scoreboard"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

var speedRows = flag.Int("speed", 0, "responses with which the tap and each target are timed; 0: none")

// How fast the tap is alone, through Meltano, and into each target, in one run.
// Targets with settings as in their tests; the sandbox shares the machine.
func TestClientSpeed_OfTheTapAndTargets(t *testing.T) {
	if *speedRows == 0 {
		t.Skip("times are taken with -speed NUMBER")
	}
	s := serveSite(t, sandbox.Options{Seed: 7, Surveys: 10, Responses: *speedRows, Contacts: 1000})
	table := scoreboard.Table{
		Title: "One full load into each",
		Head:  []string{"into", "rows", "seconds", "rows per second", "CPU seconds of the tap", "of the target, or Meltano with both"},
	}
	seconds := func(d time.Duration) string {
		if d == 0 {
			return ""
		}
		return fmt.Sprintf("%.1f", d.Seconds())
	}
	took := func(into string, rows int, spent spent) {
		perSecond := fmt.Sprintf("%.0f", float64(rows)/spent.all.Seconds())
		table.Rows = append(table.Rows, []string{into, fmt.Sprint(rows), seconds(spent.all), perSecond, seconds(spent.tap), seconds(spent.target)})
		t.Logf("%v", table.Rows[len(table.Rows)-1])
	}
	alone(t, s) // what the sandbox makes once, it has after the first
	rows, spent := alone(t, s)
	took("nothing (/dev/null)", rows, spent)
	took("nothing, through Meltano", rows, throughMeltano(t, s))
	byFiles := targetPostgres
	byFiles.label, byFiles.batches, byFiles.tap = "MeltanoLabs, files of jsonl", "jsonl", nil
	for _, of := range []target{
		targetJSONL, targetCore, targetCSV, targetAvro, targetParquet, targetSQLite, targetDuckDB, targetPostgres, byFiles, targetPostgresOfPipelineWise, targetPostgresOfDataMill,
	} {
		t.Run(of.pack+of.batches, func(t *testing.T) {
			l := load(t, s, of)
			rows := l.sync(nil)
			took(of.name(), rows, l.spent)
		})
	}
	t.Logf("\n%s", table.Markdown())
	kept := &scoreboard.Score{Title: "Speed of the tap", Command: fmt.Sprintf("go test -tags clients ./integration_tests -run TestClientSpeed -speed %d -scoreboard", *speedRows), Tables: []scoreboard.Table{table}}
	kept.Fact("processors", runtime.NumCPU())
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		kept.Fact("load of the machine when it ended (1, 5 and 15 minutes)", strings.Join(strings.Fields(string(load))[:3], ", "))
	}
	kept.Keep(t, "targets")
}

// alone times the tap without a target.
func alone(t *testing.T, s *site) (rows int, took spent) {
	t.Helper()
	u := newClientUser(t, "targets-singer")
	tap := u.tap(s.config(nil), nil, nil)
	nothing, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	tap.Stdout, tap.Stderr = nothing, &said
	begun := time.Now()
	if err := errors.Join(tap.Run(), nothing.Close()); err != nil {
		t.Fatalf("%v: %s", err, lastLines(said.Bytes(), 5))
	}
	return tapped(t, said.Bytes()), spent{all: time.Since(begun), tap: processor(tap)}
}

// throughMeltano times a run into a target that does nothing.
func throughMeltano(t *testing.T, s *site) spent {
	t.Helper()
	m := newMeltano(t, s, loader(t, "target-nothing", "exec cat >/dev/null")).configured()
	m.settings = append(m.settings, "TAP_QUALTRICS_LIMITS_PARALLEL_EXPORTS=4", "TAP_QUALTRICS_LIMITS_EXPORTS_PER_MINUTE=1000000", "TAP_QUALTRICS_LIMITS_REQUESTS_PER_MINUTE=1000000")
	run := m.meltano("run", "tap-qualtrics", "target-nothing")
	begun := time.Now()
	m.succeeds(run)
	return spent{all: time.Since(begun), target: processor(run)}
}
