package source_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/schemas"
	"github.com/birdie-ai/source-qualtrics/source"
	"github.com/birdie-ai/source-qualtrics/source/stream"
)

var update = flag.Bool("update", false, "write the generated parts of the README and of docs")

// The tables for users are made of the specification and of the streams.
func TestREADME_TablesAreUpToDate(t *testing.T) {
	for page, tables := range map[string]map[string]string{
		"README.md": {"streams": streamsTable()},
		"docs/configuration.md": {
			"configuration":     configurationTable(t, source.SpecOf),
			"tap configuration": configurationTable(t, source.TapOptions),
		},
	} {
		text, err := os.ReadFile("../" + page)
		if err != nil {
			t.Fatal(err)
		}
		want := string(text)
		for name, table := range tables {
			want = between(t, want, name, table)
		}
		if want == string(text) {
			continue
		}
		if !*update {
			t.Errorf("the tables of %s are out of date: run go test ./source -run README -update", page)
			continue
		}
		if err := os.WriteFile("../"+page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// between replaces what stands between two markers.
func between(t *testing.T, text, name, table string) string {
	t.Helper()
	before, rest, ok := strings.Cut(text, "<!-- "+name+":")
	marker, rest, okMarker := strings.Cut(rest, "-->\n")
	_, after, okEnd := strings.Cut(rest, "<!-- "+name+" end -->")
	if !ok || !okMarker || !okEnd {
		t.Fatalf("there is no place for the table %q", name)
	}
	return before + "<!-- " + name + ":" + marker + "-->\n\n" + table + "\n<!-- " + name + " end -->" + after
}

func streamsTable() string {
	var table strings.Builder
	table.WriteString("| stream | content | primary key | cursor | OAuth scopes |\n|---|---|---|---|---|\n")
	for _, s := range stream.All() {
		fmt.Fprintf(&table, "| `%s` | %s | %s | `%s` | %s |\n", s.Name, s.Summary, code(s.Key), s.Cursor, code(s.Scopes))
		if s.Name == "responses" { // these depend on the account
			fmt.Fprintf(&table, "| `responses_wide__SURVEY` | The responses of one survey with a typed column per answer; only for surveys of "+
				"[`responses_wide.surveys`](docs/configuration.md#wide-tables) | %s | `%s` | %s |\n", code(s.Key), s.Cursor, code(s.Scopes))
		}
	}
	return table.String()
}

func code(words []string) string { return "`" + strings.Join(words, "`, `") + "`" }

type option struct {
	Type        string            `json:"type"`
	Description string            `json:"description"`
	Default     any               `json:"default"`
	Const       string            `json:"const"`
	Order       int               `json:"order"`
	Required    []string          `json:"required"`
	Properties  map[string]option `json:"properties"`
	OneOf       []option          `json:"oneOf"`
}

func configurationTable(t *testing.T, settings func(schemas.Comments) ([]byte, error)) string {
	t.Helper()
	text, err := settings(schemas.Published())
	if err != nil {
		t.Fatal(err)
	}
	var spec option
	if err := json.Unmarshal(text, &spec); err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	table.WriteString("| key | type | default | meaning |\n|---|---|---|---|\n")
	rows(&table, "", spec)
	return table.String()
}

// rows writes a row per leaf, in the order of the form.
func rows(table *strings.Builder, path string, of option) {
	for order := range len(of.Properties) {
		for name, property := range of.Properties {
			if property.Order != order {
				continue
			}
			key := path + name
			for _, variant := range property.OneOf {
				rows(table, key+".", variant)
			}
			if len(property.Properties) > 0 {
				rows(table, key+".", property)
				continue
			}
			if len(property.OneOf) > 0 {
				continue
			}
			fallback := ""
			switch {
			case property.Default != nil:
				fallback = fmt.Sprintf("`%v`", property.Default)
			case required(of, name):
				fallback = "*required*"
			}
			meaning := property.Description
			if property.Const != "" {
				fallback, meaning = "*required*", "`"+property.Const+"`, with the keys below"
			}
			fmt.Fprintf(table, "| `%s` | %s | %s | %s |\n", key, property.Type, fallback, strings.ReplaceAll(meaning, "|", "\\|"))
		}
	}
}

func required(of option, name string) bool {
	for _, other := range of.Required {
		if other == name {
			return true
		}
	}
	return false
}
