//go:build clients && unix

package integration_tests_test

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// parquetReader is an engine that reads the files of an export.
type parquetReader struct {
	label       string // in the matrix
	pack        string // Python package, and the engine's name in clients/readers.py
	environment string
	how         string // the files are read
	streams     []string
}

func TestClientReader_DuckDB(t *testing.T) {
	reads(t, parquetReader{label: "DuckDB", pack: "duckdb", how: "`read_parquet` with `union_by_name`"})
}

func TestClientReader_Polars(t *testing.T) {
	reads(t, parquetReader{label: "Polars", pack: "polars", how: "`scan_parquet` of the files, the newest first, with `missing_columns`"})
}

func TestClientReader_PyArrow(t *testing.T) {
	reads(t, parquetReader{label: "pyarrow", pack: "pyarrow", how: "`dataset` with the schema of all files"})
}

func TestClientReader_DataFusion(t *testing.T) {
	reads(t, parquetReader{label: "DataFusion", pack: "datafusion", how: "`register_listing_table`"})
}

func TestClientReader_ClickHouse(t *testing.T) {
	reads(t, parquetReader{label: "ClickHouse (chdb)", pack: "chdb", how: "`file` with `schema_inference_mode = 'union'`"})
}

func TestClientReader_PyIceberg(t *testing.T) {
	reads(t, parquetReader{label: "PyIceberg", pack: "pyiceberg", how: "`add_files` to a table with the columns of all files"})
}

func TestClientReader_DeltaRS(t *testing.T) {
	reads(t, parquetReader{label: "delta-rs", pack: "deltalake", how: "`convert_to_deltalake` with `run` as its partition"})
}

// Spark is the slowest by far: it reads the streams that tell most.
func TestClientReader_Spark(t *testing.T) {
	if _, err := exec.LookPath("java"); err != nil {
		t.Skip("Spark needs Java, which is not installed here")
	}
	reads(t, parquetReader{
		label: "Spark", pack: "pyspark", environment: "readers-spark", how: "`read.parquet` with `mergeSchema`",
		streams: []string{"extremes", "grown", "response_deletions", "responses"},
	})
}

// reads lets an engine read the corpus. Its rows, null counts, least and
// greatest values and the rows of a filter have to be those of the truth.
func reads(t *testing.T, of parquetReader) {
	t.Parallel()
	if of.environment == "" {
		of.environment = "readers"
	}
	u := newClientUser(t, of.environment)
	c := sharedCorpus(t)
	if of.streams == nil {
		of.streams = c.streams
	}
	var came struct {
		Rows    int             `json:"rows"`
		Extents int             `json:"extents"`
		Wrong   []string        `json:"wrong"`
		Pruned  map[string]bool `json:"pruned"`
	}
	output := u.succeeds(u.script("readers", append([]string{of.pack, c.folder}, of.streams...)...))
	if err := json.Unmarshal(output, &came); err != nil {
		t.Fatalf("%v: %.300s", err, output)
	}
	for _, problem := range came.Wrong {
		t.Error(problem)
	}
	want := 0
	for _, stream := range of.streams {
		want += c.rows[stream]
	}
	if came.Rows != want || len(came.Pruned) != 2 {
		t.Errorf("it compared %d rows and %d filters, want %d and 2", came.Rows, len(came.Pruned), want)
	}
	result := "every value and null count is right; "
	if came.Extents > 0 {
		result = "every value, null count, least and greatest value is right; "
	}
	interoperates(t, interoperation{
		client: of.label, version: u.version(of.pack), rows: came.Rows,
		what:   "Parquet files of `export`: " + of.how,
		result: result + skipped(came.Pruned),
	})
}

// skipped says what a filter on the cursor left unread.
func skipped(pruned map[string]bool) string {
	var read, unread []string
	for stream, what := range map[string]string{"responses": "files", "extremes": "row groups"} {
		if pruned[stream] {
			unread = append(unread, what)
		} else {
			read = append(read, what)
		}
	}
	switch {
	case len(read) == 0:
		return "a filter on `last_modified_date` skips files and row groups"
	case len(unread) == 0:
		return "a filter on `last_modified_date` reads everything"
	default:
		return fmt.Sprintf("a filter on `last_modified_date` skips %s, not %s", strings.Join(unread, ""), strings.Join(read, ""))
	}
}
