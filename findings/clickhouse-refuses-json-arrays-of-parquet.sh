#!/bin/sh
# ClickHouse (chdb 4.4.0) reads a Parquet column with the logical type JSON into its
# own type JSON, which holds objects only. A column of JSON arrays, which is valid,
# fails every SELECT *. In objects, a member "a.b" becomes the member "b" of an
# object "a". The same text without the annotation is read as it was written.
set -eu
python=${PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$python" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check chdb==4.4.0 pyarrow==26.0.1
"$folder/venv/bin/python" - "$folder" <<'PROGRAM'
import sys

import chdb
import pyarrow
import pyarrow.parquet

folder = sys.argv[1]
text = {"list": '["x",1]', "object": '{"a.b":1}'}
seen = {}
for annotated in (True, False):
    for name, value in text.items():
        array = pyarrow.array([value], pyarrow.string())
        if annotated:
            array = pyarrow.ExtensionArray.from_storage(pyarrow.json_(), array)
        path = f"{folder}/{name}-{annotated}.parquet"
        pyarrow.parquet.write_table(pyarrow.table({"c": array}), path)
        logical = str(pyarrow.parquet.ParquetFile(path).schema.column(0).logical_type)
        try:
            answer = str(chdb.query(f"SELECT * FROM file('{path}', Parquet)", "JSONEachRow")).strip()
        except Exception as error:
            answer = str(error).split(": (in file")[0]
        seen[name, annotated] = answer
        print(f"{logical} {value}: {answer}")
assert "Cannot read JSON object" in seen["list", True], seen
assert seen["object", True] == '{"c":{"a":{"b":1}}}', seen
assert seen["list", False] == '{"c":"[\\"x\\",1]"}', seen
assert seen["object", False] == '{"c":"{\\"a.b\\":1}"}', seen
PROGRAM
