#!/bin/sh
# parquet-go with omitstats=true writes a column's Statistics without any field, as
# the format allows: null_count is optional. DataFusion 55.0.0 takes the absent
# count for 0. IS NULL then finds no row, and count(column) counts the nulls too.
# DuckDB 2.0.1 answers right on the same file.
set -eu
python=${PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/write"
cd "$folder/write"
cat > main.go <<'PROGRAM'
package main

import (
	"os"

	"github.com/xitongsys/parquet-go/writer"
)

func main() {
	file, err := os.Create(os.Args[1])
	if err != nil {
		panic(err)
	}
	w, err := writer.NewCSVWriterFromWriter([]string{"name=c, type=BYTE_ARRAY, convertedtype=UTF8, repetitiontype=OPTIONAL, omitstats=true"}, file, 1)
	if err != nil {
		panic(err)
	}
	for _, value := range []any{"x", nil, nil} {
		if err := w.Write([]any{value}); err != nil {
			panic(err)
		}
	}
	if err := w.Flush(true); err != nil {
		panic(err)
	}
	w.ColumnIndexes, w.OffsetIndexes = nil, nil // no page index: the footer alone speaks of nulls
	if err := w.WriteStop(); err != nil {
		panic(err)
	}
	if err := file.Close(); err != nil {
		panic(err)
	}
}
PROGRAM
go mod init write 2> /dev/null
go get github.com/xitongsys/parquet-go@v1.6.3-0.20251210100623-03e949366fbc 2> /dev/null
go mod tidy 2> /dev/null
go run . "$folder/file.parquet"
"$python" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check datafusion==55.0.0 duckdb==2.0.1 pyarrow==26.0.1
"$folder/venv/bin/python" - "$folder/file.parquet" <<'PROGRAM'
import sys

import datafusion
import duckdb
import pyarrow.parquet

path = sys.argv[1]
statistics = pyarrow.parquet.ParquetFile(path).metadata.row_group(0).column(0).statistics
print("null_count in the file:", statistics and statistics.null_count)
context = datafusion.SessionContext()
context.register_parquet("t", path)
ask = "SELECT (SELECT count(*) FROM t WHERE c IS NULL) AS nulls, count(c) AS filled FROM t"
one = context.sql(ask).to_pylist()
other = duckdb.sql(ask.replace("FROM t", f"FROM '{path}'")).fetchall()
print("DataFusion:", one, "DuckDB:", other)
assert other == [(2, 1)], other
assert one == [{"nulls": 0, "filled": 3}], one
PROGRAM
