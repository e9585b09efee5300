// Package stream holds the tables that a user can select, one file each: the
// record struct with a comment per column (the published schema is generated
// from both), its key and cursor, and the projection of a feed's documents
// into records. A stream costs no API call of its own.
package stream

import (
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/record"
)

// Stream is one table that a user can select.
type Stream struct {
	Name    string    // [a-z][a-z0-9_]*
	Summary string    // one line for people
	Record  any       // zero value of the record struct
	Key     []string  // column names of the primary key, never null
	Cursor  string    // column name; "" means full refresh only
	Feed    feed.Kind // whose documents it projects
	Scopes  []string  // OAuth scopes without which it cannot be read (API §1.4)
	// Tombstones is set for a stream that only tells what is gone of another
	// one's rows.
	Tombstones bool
	// Project turns one document into records: pointers to the record
	// struct, each with the columns that do not hold what Qualtrics sent.
	Project func(doc *feed.Document, emit Emit) error

	table *record.Table
}

// Emit takes one record; it is done with it when it returns.
type Emit func(record any, changes ...record.Change) error

// Rows projects a document into rows, each valid until emit returns.
func (s *Stream) Rows(doc *feed.Document, emit func(record.Row) error) error {
	return s.Project(doc, func(rec any, changes ...record.Change) error {
		row, err := s.table.Row(rec, changes...)
		if err != nil {
			return err
		}
		return emit(row)
	})
}

// Table returns the columns of the stream's records.
func (s *Stream) Table() *record.Table { return s.table }

// Incremental reports whether the stream can be read from a state.
func (s *Stream) Incremental() bool { return s.Cursor != "" }

var (
	streams = make(map[string]*Stream)
	// names of tables and columns that every destination accepts.
	validName = regexp.MustCompile(`^_?[a-z][a-z0-9_]{0,62}$`)
)

// register adds a stream. It panics on what only a programming mistake can
// cause, so that any test run finds it.
func register(s *Stream) *Stream { //nolint:unparam // the result makes it a declaration
	table, err := record.NewTable(s.Record)
	if err != nil {
		panic(fmt.Sprintf("registering stream %q: %v", s.Name, err))
	}
	s.table = table
	switch {
	case !validName.MatchString(s.Name) || streams[s.Name] != nil:
		panic(fmt.Sprintf("registering stream %q: the name is not valid or taken", s.Name))
	case s.Project == nil || len(s.Key) == 0:
		panic(fmt.Sprintf("registering stream %q: it has no projection or no key", s.Name))
	}
	for _, column := range table.Columns {
		if !validName.MatchString(column.Name) {
			panic(fmt.Sprintf("registering stream %q: %q is no column name", s.Name, column.Name))
		}
	}
	for _, name := range append(slices.Clone(s.Key), s.Cursor) {
		if name != "" && !table.Has(name) {
			panic(fmt.Sprintf("registering stream %q: it has no column %q", s.Name, name))
		}
	}
	streams[s.Name] = s
	return s
}

// All returns every stream, sorted by name.
func All() []*Stream {
	all := make([]*Stream, 0, len(streams))
	for _, name := range slices.Sorted(maps.Keys(streams)) {
		all = append(all, streams[name])
	}
	return all
}

// ByName returns the stream of that name.
func ByName(name string) (*Stream, bool) {
	s, ok := streams[name]
	return s, ok
}
