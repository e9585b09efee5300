"""Prints the words that engines reserve, as {"word": ["engine", …]}, all in lower case.

A word counts if the engine refuses it as the name of a table or a column without quotes. Databricks refuses none; its
words need quotes where they are the alias of a table.
"""

import json

import duckdb
from pglast import keywords
from sqlalchemy.dialects.mssql.base import RESERVED_WORDS as SQL_SERVER
from sqlalchemy.dialects.mysql.reserved_words import RESERVED_WORDS_MYSQL as MYSQL
from sqlalchemy.dialects.oracle.base import RESERVED_WORDS as ORACLE
from sqlfluff.core.dialects import dialect_selector
from sqlglot.dialects.dialect import Dialect


def linted(name):
    """Words that a linter does not take for names."""
    return dialect_selector(name).sets("reserved_keywords")


def quoted(name):
    """Words that a translator of SQL puts in quotes."""
    return Dialect.get_or_raise(name).generator_class.RESERVED_KEYWORDS


# DuckDB and PostgreSQL accept words of types and functions for no table and no column.
in_duckdb = duckdb.sql("SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category IN ('reserved', 'type_function')")

engines = {
    "BigQuery": quoted("bigquery"),
    "Databricks": linted("databricks"),
    "DuckDB": {word for (word,) in in_duckdb.fetchall()},
    "MySQL": MYSQL,
    "Oracle": ORACLE | linted("oracle"),  # the first list lacks file, session and other words of Oracle's documentation
    "PostgreSQL": keywords.RESERVED_KEYWORDS | keywords.TYPE_FUNC_NAME_KEYWORDS,  # made of PostgreSQL's own list
    "Redshift": quoted("redshift"),
    "SQL Server": SQL_SERVER,
    "Snowflake": linted("snowflake"),
    "Trino": linted("trino"),
}
reserved = {}
for engine, words in engines.items():
    for word in {word.strip().lower() for word in words}:  # a word of Redshift's list ends with spaces
        reserved.setdefault(word, []).append(engine)
print(json.dumps(reserved, sort_keys=True))
