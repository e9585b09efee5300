package stream

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/response"
)

// responseChanges reports the altered parts of a record whose row is of a table.
func responseChanges(got *response.Response, table *record.Table, row any) (changes []record.Change) {
	for _, column := range got.Renamed {
		changes = append(changes, record.Rename(column))
	}
	for _, column := range got.Unread {
		changes = append(changes, record.Null(column))
	}
	for _, column := range got.Doubled {
		changes = append(changes, record.Round(column, "the first of two members of a name"))
	}
	if got.Shortened {
		short := holding(table, row, ":null")
		if short == nil {
			short = []string{"answer_values"}
		}
		for _, column := range short {
			changes = append(changes, record.Shorten(column))
		}
	}
	if got.Repaired {
		broken := holding(table, row, "\ufffd")
		for _, column := range broken {
			changes = append(changes, record.Repair(column))
		}
		if broken == nil { // control characters without an escape, in any of the texts
			changes = append(changes, record.Round("answer_values", "control characters as if they were escaped"))
		}
	}
	return changes
}

// holding lists the columns of a row that hold a text.
func holding(table *record.Table, row any, text string) (columns []string) {
	cells, err := table.Row(row)
	if err != nil {
		return nil
	}
	for i, column := range table.Columns {
		var holds bool
		switch cell := cells.Cell(i).(type) {
		case string:
			holds = strings.Contains(cell, text)
		case json.RawMessage:
			holds = bytes.Contains(cell, []byte(text))
		}
		if holds {
			columns = append(columns, column.Name)
		}
	}
	return columns
}
