//go:build clients && unix

package integration_tests_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
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
	seconds     bool           // keeps of times no fractions of seconds
	limits      string
	// place is where a run puts its rows, and the configuration for that.
	place func(l *loading, run int) (where string, config map[string]any)
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
			catalogs = append(catalogs, tapCatalog("", stream))
		}
	}
	for _, catalog := range catalogs {
		l.runs++
		where, config := l.target.place(l, l.runs)
		l.where = where
		command := l.program(l.target.program, "--config", l.file("target.json", mustEncode(config)))
		if l.target.old {
			names, err := filepath.Abs(filepath.Join(clientFolder, "python39"))
			if err != nil {
				l.t.Fatal(err)
			}
			command.Env = append(command.Env, "PYTHONPATH="+names, "PYTHONDONTWRITEBYTECODE=1")
		}
		p := l.pipe(l.tap(l.site.config(l.target.tap), catalog, l.state), command)
		l.state, records = p.state, records+p.records
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
	name := l.target.program
	if l.target.label != "" {
		name += " (" + l.target.label + ")"
	}
	interoperates(l.t, interoperation{client: name, version: l.version(l.target.pack), what: what, rows: rows, result: result})
}

// What a target holds after a full load, and after loads of what changed, is
// what exists; what was deleted is marked, or gone where the target deletes.
func loads(t *testing.T, of target, deletes bool, what string) {
	t.Helper()
	t.Parallel()
	s := clientSite(t)
	l := load(t, s, of)
	before := s.truth(t)
	first := l.sync(nil)
	held, _ := l.held()
	rows := held.holds(t, before, nil)
	s.lives()
	after := s.truth(t)
	if second := l.sync(nil); second >= first/2 {
		t.Errorf("the second run wrote %d records, the first one %d", second, first)
	}
	held, _ = l.held()
	rows += held.holds(t, after, before)
	s.audit()
	l.sync(nil)
	s.confirm()
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
	if deletes {
		kept = 0
	}
	if held.deletions != kept || (of.tap["sdc_deleted_at"] == true && marked != kept) {
		t.Errorf("%d rows say that they are deleted, the target took %d so, want %d", held.deletions, marked, kept)
	}
	l.interoperates(what, rows, of.limits)
}

// folderOf are the settings of a target that writes files.
func folderOf(name string, other map[string]any) func(*loading, int) (string, map[string]any) {
	return func(l *loading, _ int) (string, map[string]any) {
		config := map[string]any{name: filepath.Dir(l.data("x"))}
		for key, value := range other {
			config[key] = value
		}
		return filepath.Dir(l.data("x")), config
	}
}

var asText = map[string]any{"nested_as_text": true}

const (
	loadedWhat  = "a full load, and loads of new, late, edited and deleted rows"
	deletedWhat = loadedWhat + "; the target deletes"
)

func TestClientTarget_JSONL(t *testing.T) {
	loads(t, target{
		program: "target-jsonl", pack: "target-jsonl", environment: "targets-singer", kind: "jsonl", appends: true,
		place:  folderOf("destination_path", map[string]any{"do_timestamp_file": false}),
		limits: "every version of a row is kept; deleted rows have `deleted_at`",
	}, false, loadedWhat)
}

func TestClientTarget_CSV(t *testing.T) {
	loads(t, target{
		label: "MeltanoLabs", program: "target-csv", pack: "meltanolabs-target-csv", environment: "targets-sdk", kind: "csv", appends: true, tap: asText,
		place: func(l *loading, run int) (string, map[string]any) {
			return l.data(""), map[string]any{"output_path": l.data(""), "file_naming_scheme": fmt.Sprintf("{stream_name}-%d.csv", run)}
		},
		limits: "every version of a row is kept, if each run has files of its own (`{timestamp}`); objects are Python's literals unless `nested_as_text`; null and empty text are the same",
	}, false, loadedWhat)
}

func TestClientTarget_Core(t *testing.T) {
	loads(t, target{
		program: "target-core", pack: "target-core", environment: "targets-duckdb", kind: "jsonl", appends: true,
		place: func(l *loading, run int) (string, map[string]any) {
			return l.data(""), map[string]any{"path_template": l.data(fmt.Sprintf("{stream}-%d.json", run)), "work_dir": l.data("")}
		},
		limits: "every version of a row is kept; deleted rows have `deleted_at`",
	}, false, loadedWhat)
}

func TestClientTarget_Avro(t *testing.T) {
	loads(t, target{
		program: "target-avro", pack: "target-avro", environment: "targets-singer", kind: "avro", appends: true, old: true, seconds: true, tap: asText,
		place: func(l *loading, run int) (string, map[string]any) {
			return l.data(""), map[string]any{"prefix": l.data(fmt.Sprint("run-", run)), "disable_collection": true}
		},
		limits: "every version of a row is kept; times lose their fraction of a second; it needs `nested_as_text`, and a prefix for each run",
	}, false, loadedWhat)
}

func TestClientTarget_Parquet(t *testing.T) {
	loads(t, target{
		label: "Stitch", program: "target-parquet", pack: "target-parquet", environment: "targets-singer", kind: "parquet", appends: true, old: true, streamwise: true, tap: asText,
		place:  folderOf("destination_path", map[string]any{"disable_collection": true}),
		limits: "every version of a row is kept; one stream in a run, with `nested_as_text`; integers of a file with nulls become doubles; newer pandas than it asks for",
	}, false, loadedWhat)
}

func TestClientTarget_SQLite(t *testing.T) {
	loads(t, target{
		label: "Meltano", program: "target-sqlite", pack: "target-sqlite", environment: "targets-singer", kind: "sqlite", old: true, tap: asText,
		place: func(l *loading, _ int) (string, map[string]any) {
			return l.data("qualtrics.db"), map[string]any{"database": l.data("qualtrics")}
		},
		limits: "merged by key; objects are Python's literals unless `nested_as_text`; newer SQLAlchemy than it asks for",
	}, false, loadedWhat)
}

func TestClientTarget_DuckDB(t *testing.T) {
	loads(t, target{
		program: "target-duckdb", pack: "target-duckdb", environment: "targets-duckdb", kind: "duckdb", tap: map[string]any{"sdc_deleted_at": true},
		place: func(l *loading, _ int) (string, map[string]any) {
			return l.data("qualtrics.duckdb"), map[string]any{"path": l.data("qualtrics.duckdb"), "default_target_schema": "main", "hard_delete": true}
		},
		limits: "merged by key; with `sdc_deleted_at` and its `hard_delete` deleted rows go; with DuckDB 1.3 or newer it loses the first row of a load, so DuckDB is older here",
	}, true, deletedWhat)
}

func TestClientTarget_Postgres(t *testing.T) {
	loads(t, target{
		label: "MeltanoLabs", program: "target-postgres", pack: "meltanolabs-target-postgres", environment: "targets-sdk", kind: "postgres", tap: map[string]any{"sdc_deleted_at": true},
		place:  meltanoPostgres("qualtrics", false),
		limits: "merged by key; with `sdc_deleted_at` deleted rows stay, with `_sdc_deleted_at`",
	}, false, loadedWhat)
}

func TestClientTarget_PostgresOfPipelineWise(t *testing.T) {
	loads(t, target{
		label: "PipelineWise", program: "target-postgres", pack: "pipelinewise-target-postgres", environment: "targets-pipelinewise", kind: "postgres", tap: map[string]any{"sdc_deleted_at": true},
		place: func(l *loading, _ int) (string, map[string]any) {
			return l.server.address("qualtrics"), map[string]any{
				"host": l.server.folder, "port": 5432, "user": "qualtrics", "password": "none", "dbname": "postgres", "default_target_schema": "qualtrics", "hard_delete": true,
			}
		},
		limits: "merged by key; with `sdc_deleted_at` and its `hard_delete` deleted rows go",
	}, true, deletedWhat)
}

// meltanoPostgres are settings of MeltanoLabs' target.
func meltanoPostgres(schema string, hardDelete bool) func(*loading, int) (string, map[string]any) {
	return func(l *loading, _ int) (string, map[string]any) {
		return l.server.address(schema), map[string]any{
			"sqlalchemy_url": "postgresql+psycopg://qualtrics@/postgres?host=" + l.server.folder, "default_target_schema": schema,
			"add_record_metadata": true, "hard_delete": hardDelete,
		}
	}
}

// A full read activates its version: what is not part of it goes, or is marked.
func TestClientTarget_PostgresActivatesVersions(t *testing.T) {
	t.Parallel()
	s := clientSite(t)
	of := target{
		label: "MeltanoLabs", program: "target-postgres", pack: "meltanolabs-target-postgres", environment: "targets-sdk", kind: "postgres",
		tap: map[string]any{"emit_activate_version_messages": true},
	}
	l := load(t, s, of)
	catalog := tapCatalog("FULL_TABLE", killedStreams...)
	both := map[string]bool{"gone": true, "marked": false}
	loadBoth := func() {
		l.state = nil
		for schema, hardDelete := range both {
			l.target.place = meltanoPostgres(schema, hardDelete)
			l.sync(catalog)
		}
	}
	before := s.truth(t)
	loadBoth()
	s.lives()
	time.Sleep(time.Second) // versions are seconds
	loadBoth()
	end := s.truth(t)
	change := changes(before, end)
	change.all(t)
	rows := 0
	for schema := range both {
		l.where = l.server.address(schema)
		held, marked := l.held()
		held.once(t)
		if schema == "gone" {
			rows += held.holds(t, end, nil)
			if marked != 0 {
				t.Errorf("%d rows are marked", marked)
			}
			continue
		}
		rows += held.holds(t, end, before)
		if marked != change.deleted {
			t.Errorf("%d rows are marked as deleted, want %d", marked, change.deleted)
		}
	}
	l.interoperates("two full reads (FULL_TABLE) with `emit_activate_version_messages`", rows, "what is gone gets `_sdc_deleted_at`, or goes with its `hard_delete`")
}
