// Package stream holds the tables that a user can select, one file each. A file has the
// record struct with a comment per column, the key, the cursor, and the projection of
// a feed's documents into records. The published schema is made of struct and
// comments. A stream costs no API call of its own.
package stream

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"sync"

	"github.com/birdie-ai/source-qualtrics/schemas"
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
	// Part names the documents of the feed that it projects, if the feed has several kinds.
	// Its state then has these only. "": the first kind.
	Part string
	// ByName is set if users have to name the stream to select it.
	ByName bool
	// Tombstones is set for a stream that only reports deleted rows of another one.
	Tombstones bool
	// Project turns one document into records: pointers to the record struct, each
	// with the changes of its columns.
	Project func(doc *feed.Document, emit Emit) error
	// Safe is set if the raw JSON of all cells comes from records of [frame], see
	// [record.Row.Safe].
	Safe bool
	// Needs are the facts about a survey that the projection takes from [feed.Document.Survey].
	Needs feed.Needs

	// Parent is set for a stream with several rows of a document: all rows of a document take
	// the place of all earlier ones. It names the columns of the document's own key, which
	// lead Key. Version names the column with the version of the document. All rows of a
	// document have the same version and the same cursor.
	Parent  []string
	Version string
	// Marker makes the one row of a document that is deleted, or that has no rows. The rest
	// of its key is [record.MarkerKey], and the version of a deleted document is
	// [record.DeletedVersion]. Project is never called with a deleted document then.
	Marker func(doc *feed.Document, emit Emit) error

	// Takes reports whether the stream projects a partition of the feed; nil: it projects all.
	Takes func(partition string) bool
	// Unlisted returns the names of values that came and have no column, of a stream whose
	// columns depend on a survey.
	Unlisted func() []string

	table   *record.Table
	schema  func() ([]byte, error) // made once
	columns partColumns            // of a stream with a parent
}

// Emit takes a copy of one record. Values that it points to stay as they are until the rows
// of the document were written.
type Emit func(record any, changes ...record.Change) error

// Schema returns the JSON Schema of the stream's records.
func (s *Stream) Schema() ([]byte, error) { return s.schema() }

// Info describes the stream to a sink.
func (s *Stream) Info() (record.Info, error) {
	schema, err := s.Schema()
	return s.info(schema), err
}

func (s *Stream) info(schema []byte) record.Info {
	return record.Info{
		Stream: s.Name, Schema: schema, Table: s.table, Key: s.Key, Cursor: s.Cursor, Parent: s.Parent, Version: s.Version, OnRequest: s.OnRequest(),
	}
}

// Fixed are the columns that are always written, see [record.Info.Fixed].
func (s *Stream) Fixed() []string { return s.info(nil).Fixed() }

// Table returns the columns of the stream's records.
func (s *Stream) Table() *record.Table { return s.table }

// OnRequest reports whether the stream is read only if the user names it.
func (s *Stream) OnRequest() bool {
	if s.ByName {
		return true
	}
	source, _ := feed.ByKind(s.Feed)
	list, ok := source.(feed.ListFeed)
	return ok && list.ByRequest()
}

// Incremental reports whether the stream can be read from a state.
func (s *Stream) Incremental() bool { return s.Cursor != "" }

var (
	streams = make(map[string]*Stream)
	// names of tables and columns that every destination accepts.
	validName = regexp.MustCompile(`^_?[a-z][a-z0-9_]{0,62}$`)
)

// Register adds a stream; the package's own streams register themselves. It
// panics on a mistake in the declaration, so that any test run finds it.
func Register(s *Stream) *Stream {
	if err := s.prepare(); err != nil {
		panic(fmt.Sprintf("registering stream %q: %v", s.Name, err))
	}
	if streams[s.Name] != nil {
		panic(fmt.Sprintf("registering stream %q: the name is taken", s.Name))
	}
	streams[s.Name] = s
	return s
}

// prepare checks a stream and makes its table.
func (s *Stream) prepare() error {
	table, err := record.NewTable(s.Record)
	if err != nil {
		return err
	}
	s.table = table
	switch {
	case !validName.MatchString(s.Name):
		return errors.New("the name is not valid")
	case s.Project == nil || len(s.Key) == 0:
		return errors.New("it has no projection or no key")
	case (len(s.Parent) > 0) != (s.Marker != nil):
		return errors.New("it has a parent or a marker, and not both")
	case s.Needs != 0 && s.Feed != feed.Responses:
		return fmt.Errorf("the feed %q has no facts about surveys", s.Feed)
	}
	for _, column := range table.Columns {
		if !validName.MatchString(column.Name) {
			return fmt.Errorf("%q is no column name", column.Name)
		}
	}
	if err := s.info([]byte("{}")).Check(); err != nil {
		return err
	}
	s.columns = s.partColumns()
	s.schema = sync.OnceValues(func() ([]byte, error) { return schemas.Record(s.Record, schemas.Published()) })
	return nil
}

// All returns every stream that does not depend on the account, sorted by name.
func All() []*Stream {
	all := make([]*Stream, 0, len(streams))
	for _, name := range slices.Sorted(maps.Keys(streams)) {
		all = append(all, streams[name])
	}
	return all
}

// ByName returns the stream of that name. A stream of [Wide] has no columns of answers then.
func ByName(name string) (*Stream, bool) {
	s, ok := streams[name]
	if !ok && IsWide(name) {
		s, err := Wide(name, nil)
		return s, err == nil
	}
	return s, ok
}
