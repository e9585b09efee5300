#!/bin/sh
# sqlglot 30.30.0 quotes the reserved words of an engine, so that a column "analyze" works
# in Redshift. Redshift's documentation reserves ENCRYPT, too, and sqlglot's list has it
# with five spaces behind it. So the column "encrypt" is the only reserved one that stays
# without quotes. No other word of sqlglot's lists has a space.
set -eu
python=${PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$python" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check sqlglot==30.30.0
"$folder/venv/bin/python" - <<'PROGRAM'
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect

reserved = Dialect.classes["redshift"].generator_class.RESERVED_KEYWORDS
spaced = {
    (name, word)
    for name, dialect in Dialect.classes.items()
    for word in dialect.generator_class.RESERVED_KEYWORDS
    if word != word.strip()
}
print("words with spaces:", spaced)
unquoted = [word.strip() for word in sorted(reserved) if exp.to_identifier(word.strip()).sql("redshift") == word.strip()]
print("reserved words that stay unquoted:", unquoted)
query = exp.select("encrypt", "analyze").from_("settings").sql("redshift")
print(query)
assert spaced == {("redshift", "encrypt     ")}, spaced
assert unquoted == ["encrypt"], unquoted
assert query == 'SELECT encrypt, "analyze" FROM settings', query
PROGRAM
