//go:build unix

// Package speed measures how fast responses and contacts come out, as ratios to an older
// build, to inflating the same file, and to a short loop in Python.
//
//	go test ./integration_tests/speed -run Speed -v -timeout 2h -rounds 5 -against 6396e60 -scoreboard
package speed

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"

	"github.com/birdie-ai/source-qualtrics/integration_tests/scoreboard"
	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
)

var (
	rounds  = flag.Int("rounds", 0, "how often each program runs; 0: nothing is measured")
	against = flag.String("against", "", "also measure the build of this commit")
	size    = flag.Int("size", 2, "MB of records in each file")
	only    = flag.String("figure", "", "measure this figure only")
)

// figure is one row of the table.
type figure struct {
	name    string
	rows    int
	again   int    // rows that may come twice
	command string // the program's, in its folder
	args    []string
	server  *server
	file    []byte // to inflate, the only export; nil: there is none
	raw     int64
	loop    bool // compare with the loop in Python
}

func TestSpeed(t *testing.T) {
	if *rounds == 0 {
		t.Skip("skipped: -rounds says how often each program runs")
	}
	builds := []string{build(t, "")}
	if *against != "" {
		builds = append(builds, build(t, *against))
	}
	table := scoreboard.Table{
		Title: "CPU seconds of whole programs: minimum · median · maximum",
		Head: []string{
			columnWhat, "rows", columnMB, columnCPU, columnBefore, "faster than before", columnInflate, "of inflate only", "copy only",
			"wall", "wall of inflate only", columnLoop, "wall faster than the loop",
		},
	}
	for _, f := range figures(t) {
		if *only != "" && f.name != *only {
			continue
		}
		table.Rows = append(table.Rows, f.measure(t, builds))
	}
	t.Log("\n" + table.Markdown())
	score := scoreboard.Score{
		Title:   "Speed of the read path",
		Command: fmt.Sprintf("go test ./integration_tests/speed -run Speed -v -timeout 2h -rounds %d -size %d -against %s -scoreboard", *rounds, *size, *against),
		Tables:  []scoreboard.Table{table},
	}
	score.Fact("processors", runtime.NumCPU())
	score.Fact("runs of each program, alternating", *rounds)
	score.Keep(t, "speed")
	keepChart(t, score)
}

func figures(t *testing.T) (all []figure) {
	t.Helper()
	catalog := func(stream string) string {
		return testkit.WriteFile(t, t.TempDir(), "catalog.json", testkit.Catalog(stream))
	}
	config := func(s *server) string { return testkit.WriteFile(t, t.TempDir(), "config.json", s.config()) }
	bytesOfFile := *size * 1_000_000
	for i, of := range shapes {
		probe := newArchive(of, 0)
		average := 0
		for n := range 100 {
			average += len(probe.record(nil, n))
		}
		a := newArchive(of, max(10, 100*bytesOfFile/average))
		file, err := a.file(0, a.records, false)
		if err != nil {
			t.Fatal(err)
		}
		s := serve(t, a, 1, 0)
		one := figure{rows: a.records, server: s, file: file, raw: a.raw}
		airbyte := one
		airbyte.name, airbyte.command, airbyte.loop = "responses to Airbyte lines, "+of.name, "source-qualtrics", i == 1
		airbyte.args = []string{"read", "--config", config(s), "--catalog", catalog("responses")}
		all = append(all, airbyte)
		if i != 1 {
			continue
		}
		singer := one
		singer.name, singer.command = "responses to Singer lines, "+of.name, "tap-qualtrics"
		singer.args = []string{"--config", config(s), "--catalog", testkit.WriteFile(t, t.TempDir(), "catalog.json", testkit.TapCatalog("", "responses"))}
		parquet := one
		parquet.name, parquet.command = "responses to Parquet, "+of.name, "source-qualtrics"
		parquet.args = []string{"export", "--config", config(s), "--streams", "responses", "--to", ""}
		all = append(all, singer, parquet)
	}
	rows := max(1000, 200_000*bytesOfFile/190_000_000)
	for _, windows := range []bool{false, true} {
		a := newArchive(shapes[0], rows)
		counted, name := 1, "first load in one window"
		if windows {
			counted, name = rows, "first load in windows"
		}
		s := serve(t, a, counted, 0)
		all = append(all, figure{
			name: name, rows: rows, server: s, command: "source-qualtrics",
			args: []string{"read", "--config", config(s), "--catalog", catalog("responses")},
		})
	}
	contacts := max(1000, 50_000*bytesOfFile/190_000_000)
	s := serve(t, newArchive(shapes[0], 10), 10, contacts)
	return append(all, figure{
		// The first window of a directory with more than 10,000 contacts is given up and read again.
		name: "contacts", rows: contacts, again: 2 * contacts, server: s, command: "source-qualtrics",
		args: []string{"read", "--config", config(s), "--catalog", catalog("contacts")},
	})
}

// measure runs the programs in turn, so that a slow minute of the machine slows all.
func (f figure) measure(t *testing.T, builds []string) []string {
	t.Helper()
	runs := make([]costs, len(builds))
	var inflated, copied, loop costs
	var text bytes.Buffer
	if f.file != nil {
		inflate(t, f.file, &text)
	}
	for round := range *rounds + 1 { // the first one warms up
		for i, build := range builds {
			args := slices.Clone(f.args)
			if args[len(args)-1] == "" {
				args[len(args)-1] = filepath.Join(t.TempDir(), "data")
			}
			took, lines := runProgram(t, filepath.Join(build, f.command), args...)
			if f.args[0] != "export" && (lines < f.rows || lines > f.rows+max(1000, f.again)) {
				t.Fatalf("%s: %d lines came of %d rows", f.name, lines, f.rows)
			}
			if round > 0 {
				runs[i] = append(runs[i], took)
			}
		}
		if round == 0 || f.file == nil {
			continue
		}
		inflated = append(inflated, inProcess(t, func() { inflate(t, f.file, io.Discard) }))
		copied = append(copied, inProcess(t, func() { copyBytes(t, text.Bytes()) }))
		if f.loop {
			loop = append(loop, f.runLoop(t))
		}
	}
	return f.row(runs, inflated, copied, loop)
}

// copyBytes copies text to a file that throws it away, a pipe's buffer at a time.
func copyBytes(t *testing.T, text []byte) {
	t.Helper()
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = null.Close() }()
	buffer := make([]byte, 64<<10)
	for len(text) > 0 {
		n := copy(buffer, text)
		if _, err := null.Write(buffer[:n]); err != nil {
			t.Fatal(err)
		}
		text = text[n:]
	}
}

func (f figure) runLoop(t *testing.T) cost {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Log("skipped: there is no python3 for the loop")
		return cost{}
	}
	took, lines := runProgram(t, python, "loop.py", f.server.url)
	if lines != f.rows {
		t.Fatalf("the loop wrote %d lines of %d rows", lines, f.rows)
	}
	return took
}

func (f figure) row(runs []costs, inflated, copied, loop costs) []string {
	row := []string{f.name, strconv.Itoa(f.rows), "–", spread(runs[0].cpu()), "–", "–", "–", "–", "–", spread(runs[0].wall()), "–", "–", "–"}
	cpu, wall := median(runs[0].cpu()), median(runs[0].wall())
	if len(runs) > 1 {
		before := runs[1].cpu()
		row[4], row[5] = spread(before), fmt.Sprintf("%.2f", median(before)/cpu)
	}
	if len(inflated) > 0 {
		row[2] = strconv.FormatInt(f.raw/1_000_000, 10)
		row[6], row[7] = spread(inflated.cpu()), fmt.Sprintf("%.3f", median(inflated.cpu())/cpu)
		row[8] = spread(copied.cpu())
		row[10] = fmt.Sprintf("%.3f", median(inflated.wall())/wall)
	}
	if len(loop) > 0 && median(loop.wall()) > 0 {
		row[11], row[12] = spread(loop.cpu()), fmt.Sprintf("%.1f", median(loop.wall())/wall)
	}
	return row
}
