"""Reads Parquet files with one engine and holds what it finds against the truth.

readers.py ENGINE FOLDER STREAM…, where FOLDER has parquet/STREAM/run=*/*.parquet,
parquet/_schema/STREAM.json and truth/STREAM.ndjson. Of some streams it also has
damaged/STREAM, which can be read from the time on that damaged/STREAM.json says.
It prints one JSON object: how many rows were compared, and the least and greatest
values of how many columns, what is wrong, and of which damaged streams the later rows were found.
"""

import datetime
import glob
import json
import os
import shutil
import sys
import tempfile

CURSOR = "last_modified_date"
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
MICROSECOND = datetime.timedelta(microseconds=1)


class Stream:
    """The truth of one stream: its columns with their types, and its rows."""

    def __init__(self, folder, name):
        self.name = name
        self.look(os.path.join(folder, "parquet", name))
        with open(os.path.join(folder, "parquet", "_schema", name + ".json"), encoding="utf-8") as file:
            properties = json.load(file)["properties"]
        self.types = {column: kind(p) for column, p in properties.items()}
        self.columns = list(self.types)
        with open(os.path.join(folder, "truth", name + ".ndjson"), encoding="utf-8") as lines:
            self.rows = [self.row(parsed(line)) for line in lines]

    def look(self, path):
        self.path, self.files = path, sorted(glob.glob(os.path.join(path, "run=*", "*.parquet")))

    def since(self, at):
        """The rows from a time on."""
        cursor = self.columns.index(CURSOR)
        return [row for row in self.rows if row[cursor] >= at]

    def row(self, line):
        return tuple(self.known(column, line.get(column)) for column in self.columns)

    def known(self, column, value):
        """A value of the truth as it is compared."""
        if value is None:
            return None
        if self.types[column] == "date-time":
            return micros(value)
        if self.types[column] == "number":
            return float(value)
        if self.types[column] in ("object", "array"):
            return json.dumps(value, sort_keys=True)
        return value

    def found(self, column, value):
        """A value of an engine as it is compared."""
        if value is None:
            return None
        if self.types[column] == "date-time":
            return micros(value)
        if self.types[column] in ("object", "array"):
            return json.dumps(parsed(value), sort_keys=True)
        return value

    def column(self, name):
        at = self.columns.index(name)
        return [row[at] for row in self.rows]


def parsed(text):
    """JSON, in which -0 keeps its sign."""
    return json.loads(text, parse_int=lambda digits: -0.0 if digits == "-0" else int(digits))


def kind(property):
    if property.get("format") == "date-time":
        return "date-time"
    names = property["type"] if isinstance(property["type"], list) else [property["type"]]
    return next(name for name in names if name != "null")


def micros(value):
    """A time in microseconds of UTC; one without a zone is refused."""
    if isinstance(value, str):
        whole, _, fraction = value.removesuffix("Z").partition(".")
        value = datetime.datetime.fromisoformat(whole + "+00:00") + int((fraction + "000000")[:6]) * MICROSECOND
    return (value - EPOCH) // MICROSECOND


def moment(value):
    return EPOCH + value * MICROSECOND


class SQL:
    """An engine that is asked in SQL."""

    quote = '"'
    true_nulls = "count(*)"

    def name(self, column):
        return self.quote + column + self.quote

    def time(self, at):
        return f"TIMESTAMP '{at:%Y-%m-%d %H:%M:%S.%f}+00:00'"

    def rows(self, table, columns, where=""):
        return self.query(f"SELECT {', '.join(map(self.name, columns))} FROM {table} {where}")

    def count(self, table):
        return self.query(f"SELECT count(*) FROM {table}")[0][0]

    def nulls(self, table, columns):
        parts = [f"SELECT {i} AS i, count(*) AS n FROM {table} WHERE {self.name(column)} IS NULL" for i, column in enumerate(columns)]
        return {columns[i]: n for i, n in self.query(" UNION ALL ".join(parts))}

    def filled(self, table, columns):
        found = self.query("SELECT " + ", ".join(f"count({self.name(column)})" for column in columns) + f" FROM {table}")
        return dict(zip(columns, found[0]))

    def extent(self, table, columns):
        parts = ", ".join(f"min({self.name(column)}), max({self.name(column)})" for column in columns)
        values = self.query(f"SELECT {parts} FROM {table}")[0]
        return {column: (values[2 * i], values[2 * i + 1]) for i, column in enumerate(columns)}

    def since(self, table, column, at, columns):
        return self.rows(table, columns, f"WHERE {self.name(column)} >= {self.time(at)}")


class DuckDB(SQL):
    def __init__(self):
        import duckdb

        self.db = duckdb.connect()
        self.db.execute("SET TimeZone = 'UTC'")

    def query(self, text):
        return self.db.execute(text).fetchall()

    def table(self, stream):
        return f"read_parquet('{stream.path}/*/*.parquet', union_by_name = true)"


class DataFusion(SQL):
    def __init__(self):
        import datafusion

        self.context = datafusion.SessionContext()

    def query(self, text):
        return tuples(self.context.sql(text).to_arrow_table())

    def table(self, stream):
        self.context.register_listing_table(stream.name, stream.path, table_partition_cols=[("run", self.text())], file_extension=".parquet")
        return stream.name

    def text(self):
        import pyarrow

        return pyarrow.string()


class ClickHouse(SQL):
    """chdb, which is ClickHouse in the process."""

    quote = "`"

    def query(self, text):
        import chdb

        return tuples(chdb.query(text + " SETTINGS output_format_arrow_string_as_string = 1, schema_inference_mode = 'union', schema_inference_make_columns_nullable = 1", "ArrowTable"))

    def table(self, stream):
        return f"file('{stream.path}/*/*.parquet', Parquet)"

    def time(self, at):
        return f"toDateTime64('{at:%Y-%m-%d %H:%M:%S.%f}', 6, 'UTC')"


class Spark(SQL):
    quote = "`"

    def __init__(self):
        os.environ["TZ"] = "UTC"
        import pyspark.sql

        builder = pyspark.sql.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").config("spark.sql.session.timeZone", "UTC")
        builder = builder.config("spark.sql.caseSensitive", "true").config("spark.driver.memory", "1g").config("spark.sql.shuffle.partitions", "2")
        builder = builder.config("spark.driver.bindAddress", "127.0.0.1").config("spark.driver.host", "127.0.0.1")
        builder = builder.config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC").config("spark.ui.showConsoleProgress", "false").config("spark.sql.codegen.wholeStage", "false").config("spark.sql.adaptive.enabled", "false")
        self.session = builder.getOrCreate()
        self.session.sparkContext.setLogLevel("OFF")

    def query(self, text):
        rows = [tuple(row) for row in self.session.sql(text).collect()]
        return [tuple(value.replace(tzinfo=datetime.timezone.utc) if isinstance(value, datetime.datetime) else value for value in row) for row in rows]

    def table(self, stream):
        self.session.read.option("mergeSchema", "true").parquet(stream.path).createOrReplaceTempView(stream.name)
        return stream.name


class DeltaRS(SQL):
    def __init__(self):
        self.tables, self.folder = {}, tempfile.mkdtemp()

    def table(self, stream):
        import deltalake
        import pyarrow

        copy = os.path.join(self.folder, stream.name)
        shutil.copytree(stream.path, copy)
        deltalake.convert_to_deltalake(copy, partition_by=deltalake.Schema([deltalake.Field("run", "string")]), partition_strategy="hive")
        self.tables[stream.name] = deltalake.DeltaTable(copy)
        return stream.name

    def query(self, text):
        import deltalake
        import pyarrow

        builder = deltalake.QueryBuilder()
        for name, table in self.tables.items():
            builder.register(name, table)
        return tuples(pyarrow.table(builder.execute(text).read_all()))


class Polars:
    def __init__(self):
        import polars

        self.polars = polars

    def table(self, stream):
        return self.polars.scan_parquet(stream.files[::-1], missing_columns="insert", hive_partitioning=True)

    def rows(self, table, columns):
        return table.select(columns).collect().rows()

    def count(self, table):
        return table.select(self.polars.len()).collect().item()

    def nulls(self, table, columns):
        return {column: table.filter(self.polars.col(column).is_null()).select(self.polars.len()).collect().item() for column in columns}

    def filled(self, table, columns):
        return table.select(self.polars.col(columns).count()).collect().row(0, named=True)

    def extent(self, table, columns):
        low, high = table.select(self.polars.col(columns).min()).collect().row(0), table.select(self.polars.col(columns).max()).collect().row(0)
        return {column: (low[i], high[i]) for i, column in enumerate(columns)}

    def since(self, table, column, at, columns):
        return table.filter(self.polars.col(column) >= at).select(columns).collect().rows()


class PyArrow:
    def __init__(self):
        import pyarrow.compute
        import pyarrow.dataset

        self.dataset, self.compute = pyarrow.dataset, pyarrow.compute

    def table(self, stream):
        import pyarrow

        schema = pyarrow.unify_schemas([self.dataset.dataset(file).schema for file in stream.files])
        return self.dataset.dataset(stream.path, schema=schema, format="parquet")

    def rows(self, table, columns):
        return tuples(table.to_table(columns=columns))

    def count(self, table):
        return table.count_rows()

    def nulls(self, table, columns):
        return {column: table.count_rows(filter=self.compute.field(column).is_null()) for column in columns}

    def filled(self, table, columns):
        return {column: table.count_rows(filter=self.compute.field(column).is_valid()) for column in columns}

    def extent(self, table, columns):
        read = table.to_table(columns=columns)
        return {column: tuple(self.compute.min_max(read[column]).as_py().values()) for column in columns}

    def since(self, table, column, at, columns):
        return tuples(table.to_table(columns=columns, filter=self.compute.field(column) >= at))


class PyIceberg:
    def __init__(self):
        from pyiceberg.catalog.sql import SqlCatalog

        self.folder = tempfile.mkdtemp()
        self.catalog = SqlCatalog("local", uri=f"sqlite:///{self.folder}/catalog.db", warehouse="file://" + self.folder)
        self.catalog.create_namespace("qualtrics")

    def table(self, stream):
        import pyarrow
        import pyarrow.parquet

        schema = pyarrow.unify_schemas([pyarrow.parquet.read_schema(file) for file in stream.files])
        table = self.catalog.create_table("qualtrics." + stream.name, schema=schema)
        table.add_files(stream.files)
        return table

    def rows(self, table, columns):
        return tuples(table.scan(selected_fields=tuple(columns)).to_arrow().select(columns))

    def count(self, table):
        return table.scan().count()

    def nulls(self, table, columns):
        from pyiceberg.expressions import IsNull

        return {column: table.scan(row_filter=IsNull(column)).count() for column in columns}

    def filled(self, table, columns):
        from pyiceberg.expressions import NotNull

        return {column: table.scan(row_filter=NotNull(column)).count() for column in columns}

    def extent(self, table, columns):
        return {}  # it has no aggregates

    def since(self, table, column, at, columns):
        from pyiceberg.expressions import GreaterThanOrEqual

        return tuples(table.scan(row_filter=GreaterThanOrEqual(column, at.isoformat()), selected_fields=tuple(columns)).to_arrow().select(columns))


def tuples(table):
    """The rows of an Arrow table."""
    return list(zip(*(table.column(i).to_pylist() for i in range(table.num_columns)))) if table.num_columns else []


def check(engine, stream, wrong):
    """Holds one stream against the truth. Returns of how many columns the engine
    knows the least and the greatest value."""

    def same(what, got, want):
        if got != want:
            wrong.append(f"{stream.name}: {what}: got {str(got)[:200]}, want {str(want)[:200]}")

    table = engine.table(stream)
    same("rows", engine.count(table), len(stream.rows))
    present = {column: sum(value is not None for value in stream.column(column)) for column in stream.columns}
    nulls, filled = engine.nulls(table, stream.columns), engine.filled(table, stream.columns)
    for column in stream.columns:
        same(f"IS NULL of {column}", nulls[column], len(stream.rows) - present[column])
        same(f"count of {column}", filled[column], present[column])
    ordered = [column for column in stream.columns if stream.types[column] in ("string", "integer", "date-time", "number")]
    extents = engine.extent(table, ordered)
    for column, (low, high) in extents.items():
        values = [value for value in stream.column(column) if value is not None]
        same(f"least of {column}", stream.found(column, low), min(values, default=None))
        same(f"greatest of {column}", stream.found(column, high), max(values, default=None))
    compare(stream, "values", engine.rows(table, stream.columns), stream.rows, same)
    if CURSOR in stream.columns and stream.rows:
        times = sorted(stream.column(CURSOR))
        at = times[len(times) * 9 // 10]
        compare(stream, f"rows since {moment(at)}", engine.since(table, CURSOR, moment(at), stream.columns), stream.since(at), same)
    return len(extents)


def prunes(engine, stream, folder):
    """Whether a filter finds the later rows of files whose other pages are destroyed."""
    with open(os.path.join(folder, stream.name + ".json"), encoding="utf-8") as file:
        at = json.load(file)
    wrong = []
    try:
        stream.look(os.path.join(folder, stream.name))
        stream.name += "_damaged"
        got = engine.since(engine.table(stream), CURSOR, moment(at), stream.columns)
        compare(stream, "rows", got, stream.since(at), lambda *what: wrong.append(what))
    except Exception as error:
        wrong.append(error)
    for problem in wrong:
        print(stream.name, str(problem)[:300], file=sys.stderr)
    return not wrong


def compare(stream, what, got, want, same):
    """Compares rows regardless of their order."""
    got = sorted(repr(tuple(stream.found(column, value) for column, value in zip(stream.columns, row))) for row in got)
    want = sorted(map(repr, want))
    if len(got) != len(want):
        same(what, f"{len(got)} rows", f"{len(want)} rows")
        return
    for one, other in zip(got, want):
        if one != other:
            start = next((i for i, (a, b) in enumerate(zip(one, other)) if a != b), 0)
            same(what, one[max(0, start - 60) :], other[max(0, start - 60) :])
            return


ENGINES = {
    "duckdb": DuckDB, "polars": Polars, "pyarrow": PyArrow, "datafusion": DataFusion,
    "chdb": ClickHouse, "pyiceberg": PyIceberg, "deltalake": DeltaRS, "pyspark": Spark,
}


def main(name, folder, streams):
    engine, wrong, pruned, rows, extents = ENGINES[name](), [], {}, 0, 0
    for each in streams:
        stream = Stream(folder, each)
        try:
            extents += check(engine, stream, wrong)
        except Exception as error:
            wrong.append(f"{each}: {type(error).__name__}: {str(error)[:400]}")
        rows += len(stream.rows)
        damaged = os.path.join(folder, "damaged")
        if os.path.isdir(os.path.join(damaged, each)):
            pruned[each] = prunes(engine, stream, damaged)
    print(json.dumps({"rows": rows, "extents": extents, "wrong": wrong, "pruned": pruned}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
