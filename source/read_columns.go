package source

import (
	"fmt"
	"slices"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/engine"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/stream"
)

// leftOut lists the columns of a stream that a configured catalog's schema lacks.
// A platform drops those after us; a runner without that step, or a catalog
// written by hand, means the same by it. Some columns always go out: destinations
// need them.
func (r *invocation) leftOut(known *stream.Stream, columns []string) (left []string) {
	if len(columns) == 0 {
		return nil
	}
	var kept []string
	fixed := known.Fixed()
	for _, column := range known.Table().Columns {
		switch {
		case slices.Contains(columns, column.Name):
		case slices.Contains(fixed, column.Name):
			kept = append(kept, column.Name)
		default:
			left = append(left, column.Name)
		}
	}
	for _, name := range columns {
		if !known.Table().Has(name) {
			r.log.Warn("the catalog names a column that does not exist", "stream", known.Name, "column", fmt.Sprintf("%.80s", name))
		}
	}
	if len(kept) > 0 {
		r.log.Warn("columns of the key and the cursor cannot be left out", "stream", known.Name, "columns", strings.Join(kept, ","))
	}
	if len(left) > 0 {
		r.log.Info("columns are left out because the schema of the catalog lacks them", "stream", known.Name, "columns", strings.Join(left, ","))
	}
	return left
}

// chosenColumns is a sink that is given rows without some of their columns.
type chosenColumns struct {
	engine.Sink
	columns map[string][]string      // by stream: those that are left out
	views   map[string]*record.Table // by stream: the columns that are left
}

// Begin announces a stream with the columns that are left.
func (c *chosenColumns) Begin(info record.Info) error {
	left := c.columns[info.Stream]
	if len(left) == 0 {
		return c.Sink.Begin(info)
	}
	var picks []record.Pick
	for i, column := range info.Table.Columns {
		if !slices.Contains(left, column.Name) {
			picks = append(picks, record.Pick{Column: i, Name: column.Name})
		}
	}
	info.Table = info.Table.View(picks)
	c.views[info.Stream] = info.Table
	return c.Sink.Begin(info)
}

// Record passes a row on without the columns that are left out, and without their
// changes.
func (c *chosenColumns) Record(stream string, row record.Row) error {
	view := c.views[stream]
	if view == nil {
		return c.Sink.Record(stream, row)
	}
	short, err := row.As(view)
	if err != nil {
		return err
	}
	if len(short.Changes) > 0 {
		short.Changes = slices.DeleteFunc(slices.Clone(short.Changes), func(change record.Change) bool { return !view.Has(change.Column) })
	}
	return c.Sink.Record(stream, short)
}
