//go:build clients && unix

package integration_tests_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// target is a program that loads what the tap writes.
type target struct {
	label       string // that tells it from others of its name; "" where none is needed
	program     string
	pack        string // package that it comes in
	environment string
	kind        string         // of destination, see contents.py
	tap         map[string]any // settings of the tap
	appends     bool           // keeps every version of a row
	streamwise  bool           // takes one stream in a run
	old         bool           // was published before Python 3.10
	deletes     bool           // deletes what has _sdc_deleted_at
	seconds     bool           // keeps of times no fractions of seconds
	batches     string         // format of files that it takes instead of records; "": none
	batchSize   int            // records of a file; 0: as many as the tap likes
	limits      string
	// place is where a run puts its rows, and the configuration for that.
	place func(l *loading, run int) (where string, config map[string]any)
}

// name is what people call it.
func (of target) name() string {
	if of.label == "" {
		return of.program
	}
	return of.program + " (" + of.label + ")"
}

// loading is a target at work for one destination.
type loading struct {
	*clientUser
	target target
	site   *site
	server *postgres
	where  string
	state  []byte
	runs   int
	spent  spent
}

func load(t *testing.T, s *site, of target) *loading {
	t.Helper()
	l := &loading{clientUser: newClientUser(t, of.environment), target: of, site: s}
	if of.kind == "postgres" {
		l.server = startPostgres(t)
	}
	if err := os.Mkdir(filepath.Join(l.folder, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	return l
}

func (l *loading) data(name string) string { return filepath.Join(l.folder, "data", name) }

// sync runs the tap into the target and keeps the state that the target hands
// out. It returns how many records the tap wrote.
func (l *loading) sync(catalog []byte) (records int) {
	l.t.Helper()
	catalogs := [][]byte{catalog}
	if l.target.streamwise {
		catalogs = nil
		for _, stream := range killedStreams {
			catalogs = append(catalogs, testkit.TapCatalog("", stream))
		}
	}
	for _, catalog := range catalogs {
		l.runs++
		where, config := l.target.place(l, l.runs)
		l.where = where
		command := l.program(l.target.program, "--config", l.file("target.json", testkit.Encode(config)))
		if l.target.old {
			names, err := filepath.Abs(filepath.Join(clientFolder, "python39"))
			if err != nil {
				l.t.Fatal(err)
			}
			command.Env = append(command.Env, "PYTHONPATH="+names, "PYTHONDONTWRITEBYTECODE=1")
		}
		settings := l.site.config(l.target.tap)
		if l.target.batches != "" {
			batch := map[string]any{"encoding": map[string]any{"format": l.target.batches}, "storage": map[string]any{"root": "file://" + l.data("batches")}}
			if l.target.batchSize > 0 {
				batch["batch_size"] = l.target.batchSize
			}
			settings["batch_config"] = batch
		}
		p := l.pipe(l.tap(settings, catalog, l.state), command)
		l.state, records = p.state, records+p.records
		l.spent.add(p.spent)
		if files, err := filepath.Glob(l.data("batches/*")); (len(files) > 0) != (l.target.batches != "") {
			l.t.Errorf("the tap wrote %d files: %v", len(files), err)
		}
	}
	return records
}

// held is what the destination holds, and how many rows the target took for
// deleted.
func (l *loading) held() (d *destination, marked int) {
	l.t.Helper()
	rows := l.contents(l.target.environment, l.target.kind, l.where)
	for line := range bytes.Lines(rows) {
		var one struct{ Row map[string]json.RawMessage }
		if err := json.Unmarshal(line, &one); err != nil {
			l.t.Fatal(err)
		}
		if value := string(one.Row["_sdc_deleted_at"]); value != "" && value != "null" {
			marked++
		}
	}
	d = landed(l.t, rows)
	d.decimals, d.seconds = 10, l.target.seconds // a double has no trailing zeros
	return d, marked
}

func (l *loading) interoperates(what string, rows int, result string) {
	l.t.Helper()
	interoperates(l.t, interoperation{client: l.target.name(), version: l.version(l.target.pack), what: what, rows: rows, result: result})
}

// livesAndLoses lets hours pass in which something is deleted in any case.
func (s *site) livesAndLoses() {
	s.tenant.SetActivity(3, 3, 1)
	s.lives()
	var survey string
	s.tenant.Versions(func(of, _ string, _ time.Time) { survey = of })
	s.tenant.DeleteResponses(survey, 2)
}

// What a target holds after a full load, and after loads of what changed, is
// what exists; what was deleted is marked, or gone where the target deletes.
func loads(t *testing.T, of target) {
	t.Helper()
	t.Parallel()
	s := serveTenant(t, sandbox.Options{Seed: 7, Surveys: 4, Responses: 600, Contacts: 200})
	l := load(t, s, of)
	before := s.truth(t)
	first := l.sync(nil)
	held, _ := l.held()
	rows := held.holds(t, before, nil)
	s.livesAndLoses()
	after := s.truth(t)
	if second := l.sync(nil); second >= first/2 {
		t.Errorf("the second run wrote %d records, the first one %d", second, first)
	}
	held, _ = l.held()
	rows += held.holds(t, after, before)
	s.audit()
	l.sync(nil)
	s.confirm(func() { l.sync(nil) })
	l.sync(nil)
	held, marked := l.held()
	end := s.truth(t)
	rows += held.holds(t, end, nil)
	if !of.appends {
		held.once(t)
	}
	changes(before, end).all(t)
	deleted := gone(end, before, after)
	kept := deleted["contacts"] + deleted["responses"]
	if of.deletes {
		kept = 0
	}
	if held.deletions != kept || (of.tap["sdc_deleted_at"] == true && marked != kept) {
		t.Errorf("%d rows say that they are deleted, the target took %d so, want %d", held.deletions, marked, kept)
	}
	what := "a full load, and loads of new, late, edited and deleted rows"
	switch {
	case of.deletes:
		what += "; the target deletes"
	case of.batches != "":
		what += ", in files of " + of.batches + " (`batch_config`)"
	}
	limits := of.limits
	if of.old {
		limits += "; needs names that Python 3.10 removed"
	}
	l.interoperates(what, rows, limits)
}
