//go:build clients && unix

package integration_tests_test

import (
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
)

func TestClientTarget_JSONL(t *testing.T) { loads(t, targetJSONL) }

func TestClientTarget_CSV(t *testing.T) { loads(t, targetCSV) }

func TestClientTarget_Core(t *testing.T) { loads(t, targetCore) }

func TestClientTarget_Avro(t *testing.T) { loads(t, targetAvro) }

func TestClientTarget_Parquet(t *testing.T) { loads(t, targetParquet) }

func TestClientTarget_SQLite(t *testing.T) { loads(t, targetSQLite) }

func TestClientTarget_DuckDB(t *testing.T) { loads(t, targetDuckDB) }

func TestClientTarget_Postgres(t *testing.T) { loads(t, targetPostgres) }

func TestClientTarget_PostgresOfPipelineWise(t *testing.T) { loads(t, targetPostgresOfPipelineWise) }

func TestClientTarget_PostgresOfDataMill(t *testing.T) { loads(t, targetPostgresOfDataMill) }

// Targets that are made with Meltano's SDK take files, too.
func TestClientTarget_PostgresTakesFilesOfJSONLines(t *testing.T) {
	loads(t, inFiles(targetPostgres, "jsonl", nil, "merged by key; files are read where they are, and stay; deleted rows have `deleted_at`"))
}

func TestClientTarget_PostgresTakesFilesOfParquet(t *testing.T) {
	loads(t, inFiles(targetPostgres, "parquet", nil, "merged by key; needs pyarrow beside it; deleted rows have `deleted_at`"))
}

func TestClientTarget_CSVTakesFilesOfJSONLines(t *testing.T) {
	loads(t, inFiles(targetCSV, "jsonl", asText, "every version of a row is kept; files are read where they are, and stay"))
}

// inFiles is a target that is given files.
func inFiles(of target, format string, tap map[string]any, limits string) target {
	of.batches, of.batchSize, of.tap, of.limits = format, 100, tap, limits
	return of
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
	catalog := testkit.TapCatalog("FULL_TABLE", killedStreams...)
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
	s.livesAndLoses()
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
