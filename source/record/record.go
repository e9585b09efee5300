// Package record holds the values that pass between streams, the engine and sinks.
// They are rows of typed columns, and the description, statuses and failures of a
// stream. It knows neither Qualtrics nor any output protocol.
package record

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"time"
)

// Info describes a stream to a sink, once, before its rows and states.
type Info struct {
	Stream string   // name, [a-z][a-z0-9_]*
	Schema []byte   // JSON Schema (draft-07) of a row, compact JSON
	Table  *Table   // the columns of a row, in order
	Key    []string // column names of the primary key
	Cursor string   // column name of the cursor; "" for a stream without one
	// Parent lists the leading columns of the key that name the parent of a row. Version is
	// the column with the version of the parent, see [MarkerKey]. Most streams have neither.
	Parent  []string
	Version string
	// OnRequest is set for a stream that is read only if the user names it.
	OnRequest bool
}

var streamName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)

// IsStreamName reports whether a name is valid for a stream. Folders, tables and
// messages use it without escapes.
func IsStreamName(name string) bool { return streamName.MatchString(name) }

// Check refuses an invalid description of a stream.
func (i Info) Check() error {
	switch {
	case !IsStreamName(i.Stream):
		return fmt.Errorf("beginning a stream: the name %.80q is not of the form [a-z][a-z0-9_]*", i.Stream)
	case i.Table == nil || !json.Valid(i.Schema):
		return fmt.Errorf("beginning stream %s: it has no table or no schema", i.Stream)
	}
	for _, name := range i.Fixed() {
		if !i.Table.Has(name) {
			return fmt.Errorf("beginning stream %s: it has no column %q", i.Stream, name)
		}
	}
	if err := i.checkParent(); err != nil {
		return fmt.Errorf("beginning stream %s: %w", i.Stream, err)
	}
	return nil
}

// Checker checks rows against the description of their stream.
type Checker struct {
	info   Info
	filled []int // columns of the primary key, and the version of a parent
}

// NewChecker returns the checker of a stream.
func NewChecker(info Info) *Checker {
	c := &Checker{info: info}
	for i, column := range info.Table.Columns {
		if slices.Contains(info.Key, column.Name) || column.Name == info.Version {
			c.filled = append(c.filled, i)
		}
	}
	return c
}

// Check refuses a row of another table, and a row without a value for its key or for the
// version of its parent. A destination that deduplicates would end the whole sync at a row
// without a key. A row without a version would not take the place of older rows.
func (c *Checker) Check(row Row) error {
	if row.Table() != c.info.Table {
		return fmt.Errorf("writing a record of %s: the row belongs to another table", c.info.Stream)
	}
	for _, i := range c.filled {
		if !row.Empty(i) {
			continue
		}
		kind := "key column"
		if c.info.Table.Columns[i].Name == c.info.Version {
			kind = "version"
		}
		return fmt.Errorf("writing a record of %s: its %s %s is empty", c.info.Stream, kind, c.info.Table.Columns[i].Name)
	}
	return nil
}

// Status describes the progress of a stream while it is read.
type Status struct {
	// RateLimitedUntil is the end of a rate limit that delays the stream. Zero
	// means no limit.
	RateLimitedUntil time.Time
}

// FailureType names the party that has to act on a failure (Airbyte protocol,
// failure_type).
type FailureType string

// The failure types.
const (
	ConfigError    FailureType = "config_error"    // the user, by credentials, permissions or configuration
	TransientError FailureType = "transient_error" // nobody: a later run may succeed
	SystemError    FailureType = "system_error"    // the developers: a bug or an unforeseen case
)

// InvariantError reports a violated invariant, which is a bug. Nothing wrong was
// written; the run stops.
type InvariantError struct{ What string }

// Error names the violated invariant.
func (e *InvariantError) Error() string {
	return "internal error, stopped before writing wrong data: " + e.What + "; please report it with the command and this message"
}

// Failure is the reason why a stream, or a whole run, is not complete. Its texts
// are redacted.
type Failure struct {
	Type     FailureType
	Message  string // for the user: the problem and its solution
	Internal string // for support: the original error
	Stack    string // stack trace of a panic
}

// Error returns the message for the user.
func (f *Failure) Error() string { return f.Message }
