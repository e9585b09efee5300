//go:build clients && unix

package integration_tests_test

import "fmt"

// The targets that are tested.
var (
	targetJSONL = target{
		program: "target-jsonl", pack: "target-jsonl", environment: "targets-singer", kind: "jsonl", appends: true,
		place:  folderOf("destination_path", map[string]any{"do_timestamp_file": false}),
		limits: "every version of a row is kept; deleted rows have `deleted_at`",
	}
	targetCSV = target{
		label: "MeltanoLabs", program: "target-csv", pack: "meltanolabs-target-csv", environment: "targets-sdk", kind: "csv", appends: true, tap: asText,
		place: func(l *loading, run int) (string, map[string]any) {
			return l.data(""), map[string]any{"output_path": l.data(""), "file_naming_scheme": fmt.Sprintf("{stream_name}-%d.csv", run)}
		},
		limits: "every version of a row is kept, if each run has files of its own (`{timestamp}`); objects are Python's literals unless `nested_as_text`; null and empty text are the same",
	}
	targetCore = target{
		program: "target-core", pack: "target-core", environment: "targets-duckdb", kind: "jsonl", appends: true,
		place: func(l *loading, run int) (string, map[string]any) {
			return l.data(""), map[string]any{"path_template": l.data(fmt.Sprintf("{stream}-%d.json", run)), "work_dir": l.data("")}
		},
		limits: "every version of a row is kept; deleted rows have `deleted_at`",
	}
	targetAvro = target{
		program: "target-avro", pack: "target-avro", environment: "targets-singer", kind: "avro", appends: true, seconds: true, tap: asText,
		place: func(l *loading, run int) (string, map[string]any) {
			return l.data(""), map[string]any{"prefix": l.data(fmt.Sprint("run-", run)), "disable_collection": true}
		},
		limits: "every version of a row is kept; times lose their fraction of a second; it needs `nested_as_text`, and a prefix for each run",
	}
	targetParquet = target{
		label: "Stitch", program: "target-parquet", pack: "target-parquet", environment: "targets-singer", kind: "parquet", appends: true, old: true, streamwise: true, tap: asText,
		place:  folderOf("destination_path", map[string]any{"disable_collection": true}),
		limits: "every version of a row is kept; one stream in a run, with `nested_as_text`; integers of a file with nulls become doubles; newer pandas than it asks for",
	}
	targetSQLite = target{
		label: "Meltano", program: "target-sqlite", pack: "target-sqlite", environment: "targets-singer", kind: "sqlite", old: true, tap: asText,
		place: func(l *loading, _ int) (string, map[string]any) {
			return l.data("qualtrics.db"), map[string]any{"database": l.data("qualtrics")}
		},
		limits: "merged by key; objects are Python's literals unless `nested_as_text`; newer SQLAlchemy than it asks for",
	}
	targetDuckDB = target{
		program: "target-duckdb", pack: "target-duckdb", environment: "targets-duckdb", kind: "duckdb", tap: map[string]any{"sdc_deleted_at": true},
		deletes: true,
		place: func(l *loading, _ int) (string, map[string]any) {
			return l.data("qualtrics.duckdb"), map[string]any{"path": l.data("qualtrics.duckdb"), "default_target_schema": "main", "hard_delete": true}
		},
		limits: "merged by key; times are UTC without a zone; with `sdc_deleted_at` and its `hard_delete` deleted rows go; with DuckDB 1.3 or newer it loses the first row of a load, so DuckDB is older here",
	}
	targetPostgres = target{
		label: "MeltanoLabs", program: "target-postgres", pack: "meltanolabs-target-postgres", environment: "targets-sdk", kind: "postgres", tap: map[string]any{"sdc_deleted_at": true},
		place:  meltanoPostgres("qualtrics", false),
		limits: "merged by key; times are UTC without a zone; with `sdc_deleted_at` deleted rows stay, with `_sdc_deleted_at`",
	}
	targetPostgresOfPipelineWise = target{
		label: "PipelineWise", program: "target-postgres", pack: "pipelinewise-target-postgres", environment: "targets-pipelinewise", kind: "postgres", tap: map[string]any{"sdc_deleted_at": true},
		deletes: true,
		place: func(l *loading, _ int) (string, map[string]any) {
			return l.server.address("qualtrics"), map[string]any{
				"host": l.server.folder, "port": 5432, "user": "qualtrics", "password": "none", "dbname": "postgres", "default_target_schema": "qualtrics", "hard_delete": true,
			}
		},
		limits: "merged by key; times are UTC without a zone; with `sdc_deleted_at` and its `hard_delete` deleted rows go",
	}
	targetPostgresOfDataMill = target{
		label: "DataMill", program: "target-postgres", pack: "singer-target-postgres", environment: "targets-singer", kind: "postgres", tap: asText,
		place: func(l *loading, _ int) (string, map[string]any) {
			return l.server.address("public"), map[string]any{
				"postgres_host": l.server.folder, "postgres_username": "qualtrics", "postgres_database": "postgres", "postgres_schema": "public", "disable_collection": true,
			}
		},
		limits: "merged by key; objects are left out unless `nested_as_text`",
	}
)

// folderOf are the settings of a target that writes files.
func folderOf(name string, other map[string]any) func(*loading, int) (string, map[string]any) {
	return func(l *loading, _ int) (string, map[string]any) {
		config := map[string]any{name: l.data("")}
		for key, value := range other {
			config[key] = value
		}
		return l.data(""), config
	}
}

var asText = map[string]any{"nested_as_text": true}

// meltanoPostgres are settings of MeltanoLabs' target.
func meltanoPostgres(schema string, hardDelete bool) func(*loading, int) (string, map[string]any) {
	return func(l *loading, _ int) (string, map[string]any) {
		return l.server.address(schema), map[string]any{
			"sqlalchemy_url": "postgresql+psycopg://qualtrics@/postgres?host=" + l.server.folder, "default_target_schema": schema,
			"add_record_metadata": true, "hard_delete": hardDelete,
		}
	}
}
