//go:build clients && unix

package integration_tests_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/stream"
)

// notReserved are words that a list has by mistake: the documentation of the engine
// does not reserve them.
var notReserved = map[string]string{
	"definition": "Oracle", // of the linter's list; Oracle's own chapter "Oracle SQL Reserved Words" lacks it
}

// Targets that write names without quotes fail on a reserved word. Queries of users
// need quotes for it, and upper case in some engines.
func TestClientReserved_NoEngineReservesANameOfOurs(t *testing.T) {
	t.Parallel()
	reserved := reservedWords(t)
	checkKnownWords(t, reserved)
	of := make(map[string][]string) // places by name
	for _, s := range stream.All() {
		of[s.Name] = append(of[s.Name], "the stream")
		for _, column := range s.Table().Columns {
			of[column.Name] = append(of[column.Name], "a column of "+s.Name)
		}
	}
	of["run"] = []string{"the partition of exported files"}
	if len(of) < 100 {
		t.Fatalf("there are only %d names", len(of))
	}
	for name, places := range of {
		engines := slices.DeleteFunc(slices.Clone(reserved[strings.ToLower(name)]), func(engine string) bool { return engine == notReserved[name] })
		if len(engines) > 0 {
			t.Errorf("%s (%s) is reserved in %s", name, strings.Join(places, ", "), strings.Join(engines, ", "))
		}
	}
	for word, engines := range reserved {
		if strings.HasPrefix(word, "_") { // as do the columns that Airbyte and Singer add
			t.Errorf("%s, which may be a column of Airbyte or Singer, is reserved in %s", word, strings.Join(engines, ", "))
		}
	}
}

// checkKnownWords looks for words that are known to be reserved. A package that loses its
// list, or words of it, would let every name pass.
func checkKnownWords(t *testing.T, reserved map[string][]string) {
	t.Helper()
	got := make(map[string][]string)
	want := map[string][]string{
		"analyze":     {"DuckDB", "MySQL", "PostgreSQL", "Redshift"},
		"credentials": {"Redshift"},
		"encrypt":     {"Redshift"},
		"inner":       {"BigQuery", "Databricks", "DuckDB", "MySQL", "Oracle", "PostgreSQL", "Redshift", "SQL Server", "Snowflake", "Trino"},
		"rank":        {"MySQL"},
		"session":     {"Oracle"},
		"type":        {"Redshift"},
		"values":      {"MySQL", "Oracle", "SQL Server", "Snowflake", "Trino"},
	}
	words := make(map[string]int) // by engine
	for word, engines := range reserved {
		if want[word] != nil {
			got[word] = engines
		}
		for _, engine := range engines {
			words[engine]++
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("engines by word (-want +got):\n%s", diff)
	}
	for engine, count := range words {
		least := 80
		if engine == "Databricks" {
			least = 14
		}
		if count < least {
			t.Errorf("%s reserves %d words, want %d or more", engine, count, least)
		}
	}
	for word, engine := range notReserved {
		if !slices.Contains(reserved[word], engine) {
			t.Errorf("no list of %s has %s any more: take it out of notReserved", engine, word)
		}
	}
}

// reservedWords are the words of all engines, each with those that reserve it. The
// lists come from DuckDB itself and from packages: clients/reserved_words.py names
// them.
func reservedWords(t *testing.T) (engines map[string][]string) {
	t.Helper()
	u := newClientUser(t, "reserved")
	output := u.succeeds(u.script("reserved_words"))
	if err := json.Unmarshal(output, &engines); err != nil {
		t.Fatalf("%v: %.300s", err, output)
	}
	return engines
}
