"""Runs source-qualtrics as PyAirbyte does, one command after the other, because PyAirbyte takes long to start.

Each line of stdin is {"config": the connector's, "command": […]}, one of

  check
  discover                  {"streams": their names}
  read CACHE STREAM…        reads all streams; of those named, all rows and columns that the DuckDB file then holds, and
                            {"processed": records of this read}
  refresh CACHE STREAM…     the same, with all that the cache holds replaced
  take STREAM COUNT         so many records, with PyAirbyte's own limit
  leave STREAM COUNT        so many records, then the dataset is closed

What came of it are lines of JSON on stdout, of which the last is {"codes": the exit codes of the connector's processes,
by signal negative, "exception": the class of PyAirbyte's or null, "text": what it says}. All that PyAirbyte prints goes
to stderr.
"""

import datetime
import decimal
import gc
import json
import os
import subprocess
import sys
import warnings

started = []


class Watched(subprocess.Popen):
    def __init__(self, *args, **settings):
        super().__init__(*args, **settings)
        started.append(self)


subprocess.Popen = Watched
answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)
warnings.simplefilter("ignore")

import airbyte  # noqa: E402
import duckdb  # noqa: E402
from airbyte.caches import DuckDBCache  # noqa: E402
from airbyte.exceptions import PyAirbyteError  # noqa: E402


def plain(value):
    if isinstance(value, decimal.Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    raise TypeError(f"a row holds a {type(value)}")


def answer(value):
    print(json.dumps(value, default=plain), file=answers, flush=True)


def dump(path, streams):
    connection = duckdb.connect(path, read_only=True)
    connection.execute("SET TimeZone = 'UTC'")
    for stream in streams:
        described = connection.execute(f'DESCRIBE main."{stream}"').fetchall()
        answer({"columns": {name: kind for name, kind, *_ in described}, "of": stream})
        cursor = connection.execute(f'SELECT * FROM main."{stream}"')
        names = [column[0] for column in cursor.description]
        for row in cursor.fetchall():
            answer({"stream": stream, "row": dict(zip(names, row))})
    connection.close()


def run(source, command, *arguments):
    if command == "check":
        source.check()
    elif command == "discover":
        answer({"streams": source.get_available_streams()})
    elif command in ("read", "refresh"):
        path, *streams = arguments
        source.select_all_streams()
        cache = DuckDBCache(db_path=path, schema_name="main")
        how = {"force_full_refresh": True, "write_strategy": "replace"} if command == "refresh" else {}
        result = source.read(cache=cache, **how)
        cache.close()
        dump(path, streams)
        answer({"processed": result.processed_records})
    elif command == "take":
        stream, count = arguments
        dataset = source.get_records(stream, limit=int(count))  # it ends the read when it is forgotten
        for record in dataset:
            answer({"stream": stream, "row": dict(record)})
    elif command == "leave":
        stream, count = arguments
        dataset = source.get_records(stream)
        for _ in range(int(count)):
            answer({"stream": stream, "row": dict(next(dataset))})
        dataset.close()


for line in sys.stdin:
    task = json.loads(line)
    end = {"exception": None, "text": ""}
    try:
        source = airbyte.get_source("source-qualtrics", config=task["config"], local_executable="source-qualtrics")
        run(source, *task["command"])
    except PyAirbyteError as error:
        end = {"exception": type(error).__name__, "text": str(error)}
    source = None
    gc.collect()  # PyAirbyte ends a process with the iterator that reads it
    answer(end | {"codes": [process.poll() for process in started]})
    started.clear()
