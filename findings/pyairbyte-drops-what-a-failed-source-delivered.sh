#!/bin/sh
# PyAirbyte 0.71.3 keeps nothing of a source that ends with another exit code than
# 0: neither its records nor its states, although the states came after the
# records, as the protocol wants it for checkpoints. Each next read begins at the
# same place, so that a source with one part that always fails never fills the
# cache. Airbyte's platform keeps records and states up to the last checkpoint.
set -eu
version=0.71.3
python=${PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$python" -m venv "$folder/venv"
# All packages are pinned by hash, PyAirbyte among them, so that pip has nothing to choose.
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$(dirname "$0")/../integration_tests/clients/airbyte.txt"

# A source with a record, a state behind it, and the exit code of its configuration.
cat > "$folder/source-fake" <<'SOURCE'
#!/bin/sh
command=$1
for argument; do
  [ "$name" = --config ] && config=$argument
  [ "$name" = --state ] && state=$argument
  name=$argument
done 2> /dev/null
schema='{"type":"object","properties":{"id":{"type":"string"}}}'
case $command in
  spec) echo '{"type":"SPEC","spec":{"connectionSpecification":{"type":"object","properties":{"code":{"type":"integer"}}}}}' ;;
  check) echo '{"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}' ;;
  discover) echo '{"type":"CATALOG","catalog":{"streams":[{"name":"a","json_schema":'"$schema"',"supported_sync_modes":["full_refresh","incremental"],"source_defined_cursor":true,"default_cursor_field":["id"],"source_defined_primary_key":[["id"]]}]}}' ;;
  read)
    grep -q '"n"' "${state:-/dev/null}" && echo with > "$0.state" || echo without > "$0.state"
    echo '{"type":"RECORD","record":{"stream":"a","data":{"id":"1"},"emitted_at":1767225600000}}'
    echo '{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"a"},"stream_state":{"n":1}},"sourceStats":{"recordCount":1}}}'
    exit "$(tr -dc 0-9 < "$config")"
    ;;
esac
SOURCE
sed -i '2a name= config= state=' "$folder/source-fake"
chmod +x "$folder/source-fake"
cat > "$folder/reads.py" <<'READS'
import sys

import airbyte
from airbyte.caches import DuckDBCache

folder = sys.argv[1]
found = {}
for code in (0, 4):
    for read in ("first", "second"):
        cache = DuckDBCache(db_path=f"{folder}/{code}.duckdb", schema_name="main")
        source = airbyte.get_source("source-fake", config={"code": code}, local_executable=f"{folder}/source-fake", streams="*")
        try:
            source.read(cache=cache)
            outcome = "succeeds"
        except airbyte.exceptions.PyAirbyteError as error:
            outcome = type(error).__name__
        try:
            rows = len(cache["a"].to_pandas())
        except Exception:
            rows = "no table"
        cache.close()
        began = open(f"{folder}/source-fake.state").read().strip()
        found[code, read] = (outcome, rows, began)
        print(f"exit code {code}, {read} read {began} a state: {outcome}, rows in the cache: {rows}", flush=True)
sys.exit(found != {
    (0, "first"): ("succeeds", 1, "without"), (0, "second"): ("succeeds", 1, "with"),
    (4, "first"): ("AirbyteConnectorFailedError", "no table", "without"), (4, "second"): ("AirbyteConnectorFailedError", "no table", "without"),
})
READS
export AIRBYTE_OFFLINE_MODE=1 DO_NOT_TRACK=1 AIRBYTE_LOGGING_ROOT="$folder/logs"
echo "PyAirbyte $version"
"$folder/venv/bin/python" "$folder/reads.py" "$folder" 2> "$folder/log" || { code=$?; tail -n 5 "$folder/log"; exit "$code"; }
echo "as found: of a source that ends with 4 nothing is kept, and the next read has no state"
