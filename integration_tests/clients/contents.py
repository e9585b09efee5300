"""Prints what a target's destination holds, {"stream": …, "row": {…}} per line.

contents.py KIND WHERE STREAM…, where WHERE is a folder, a file or the address
of a database.
"""

import datetime
import decimal
import glob
import json
import os
import sys


def jsonl(folder, stream):
    for path in sorted(glob.glob(os.path.join(folder, stream + "[-.]*json*"))):
        with open(path, encoding="utf-8") as lines:
            yield from map(json.loads, lines)


def csv(folder, stream):
    import csv as table

    table.field_size_limit(1 << 30)
    words = {"": None, "True": True, "False": False}
    for path in sorted(glob.glob(os.path.join(folder, stream + "-*.csv"))):
        with open(path, encoding="utf-8", newline="") as lines:
            for row in table.DictReader(lines):
                yield {name: words.get(value, value) for name, value in row.items()}


def avro(folder, stream):
    import fastavro

    for path in sorted(glob.glob(os.path.join(folder, f"*.{stream}.avro"))):
        with open(path, "rb") as file:
            yield from fastavro.reader(file)


def parquet(folder, stream):
    import pyarrow.parquet

    for path in sorted(glob.glob(os.path.join(folder, stream + "-*.parquet"))):
        yield from pyarrow.parquet.read_table(path).to_pylist()


def database(cursor, stream):
    cursor.execute(f'SELECT * FROM "{stream}"')
    columns = [(column[0], str(column[1]) == "JSON") for column in cursor.description]
    for row in cursor.fetchall():
        yield {name: json.loads(value) if text and value else value for (name, text), value in zip(columns, row)}


def sqlite(path, stream):
    import sqlite3

    return database(sqlite3.connect(path).cursor(), stream)


def duckdb(path, stream):
    import duckdb as engine

    return database(engine.connect(path, read_only=True).cursor(), stream)


def postgres(address, stream):
    try:
        import psycopg as driver
    except ImportError:
        import psycopg2 as driver
    return database(driver.connect(address).cursor(), stream)


def plain(value):
    """Values that JSON does not know. Times without a zone are of UTC."""
    if isinstance(value, datetime.datetime):
        return (value if value.tzinfo else value.replace(tzinfo=datetime.timezone.utc)).isoformat()
    if isinstance(value, decimal.Decimal):
        return number(float(value))
    raise TypeError(type(value))


def number(value):
    """Integers of a destination that has none."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


kind, where, *streams = sys.argv[1:]
sys.stdout.reconfigure(encoding="utf-8")
for stream in streams:
    for row in globals()[kind](where, stream):
        print(json.dumps({"stream": stream, "row": {name: number(value) for name, value in row.items()}}, default=plain, ensure_ascii=False))
