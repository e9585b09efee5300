// Reads exported Parquet files with DuckDB and holds what it finds against the
// manifests and the schemas beside them: counts, types, and times in UTC.
// Usage: node parquet_readback.cjs DIR
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { DuckDBInstance } = require("@duckdb/node-api");

const types = {
  string: "VARCHAR",
  integer: "BIGINT",
  number: "DOUBLE",
  boolean: "BOOLEAN",
  object: "VARCHAR", // text that holds JSON
  array: "VARCHAR",
};

function typeOf(property) {
  if (property.format === "date-time") return "TIMESTAMP WITH TIME ZONE";
  const names = [].concat(property.type).filter((name) => name !== "null");
  return types[names[0]];
}

// A file without rows has no cursors.
function millis(cursor) {
  return cursor === null ? null : new Date(cursor).toISOString().replace("Z", "");
}

async function main(folder) {
  const instance = await DuckDBInstance.create(":memory:");
  const db = await instance.connect();
  await db.run("SET TimeZone = 'UTC'");
  const rows = async (sql) => (await db.runAndReadAll(sql)).getRowsJson();
  let problems = 0;
  const check = (what, got, want) => {
    if (String(got) === String(want)) return;
    problems++;
    console.error(`${what}: got ${got}, want ${want}`);
  };
  let files = 0;
  for (const name of fs.readdirSync(path.join(folder, "_manifest"))) {
    const manifest = JSON.parse(fs.readFileSync(path.join(folder, "_manifest", name)));
    for (const stream of manifest.streams) {
      const schema = JSON.parse(fs.readFileSync(path.join(folder, "_schema", stream.name + ".json")));
      let total = 0;
      for (const file of stream.files) {
        files++;
        const from = `read_parquet('${path.join(folder, file.path).replaceAll("'", "''")}', hive_partitioning = false)`;
        const columns = await rows(`DESCRIBE SELECT * FROM ${from}`);
        check(`${file.path}: columns`, columns.map((c) => c[0]).join(), Object.keys(schema.properties).join());
        for (const [column, type] of columns) {
          check(`${file.path}: type of ${column}`, type, typeOf(schema.properties[column]));
        }
        const cursor = `strftime(%(${stream.cursor}), '%Y-%m-%dT%H:%M:%S.%g')`;
        const found = await rows(
          `SELECT count(*), ${cursor.replace("%(", "min(")}, ${cursor.replace("%(", "max(")}, count(DISTINCT (${stream.key.join(", ")})) FROM ${from}`,
        );
        const [count, low, high, keys] = found[0];
        check(`${file.path}: rows`, count, file.rows);
        check(`${file.path}: earliest ${stream.cursor}`, low, millis(file.min_cursor));
        check(`${file.path}: latest ${stream.cursor}`, high, millis(file.max_cursor));
        total += Number(count);
        console.log(`${file.path}: ${count} rows, ${keys} keys, ${low} to ${high}`);
      }
      check(`${stream.name}: rows of run ${manifest.run}`, total, stream.rows);
    }
  }
  check("data files", files > 0, true);
  db.closeSync();
  if (problems > 0) process.exit(1);
}

main(process.argv[2]).catch((error) => {
  console.error(error);
  process.exit(1);
});
