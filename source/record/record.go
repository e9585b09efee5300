// Package record holds what travels between a stream, the engine and a sink:
// rows of typed columns, the description of a stream, its statuses and its
// failures. It is a leaf: it knows neither Qualtrics nor any output protocol.
package record

import (
	"fmt"
	"slices"
	"time"
)

// Info describes a stream to a sink, once, before anything else of it.
type Info struct {
	Stream string   // name, [a-z][a-z0-9_]*
	Schema []byte   // JSON Schema (draft-07) of a row, compact JSON
	Table  *Table   // the columns of a row, in order
	Key    []string // column names of the primary key
	Cursor string   // column name of the cursor; "" when the stream has none
}

// Checker holds rows against the description of their stream.
type Checker struct {
	info Info
	keys []int // columns of the primary key
}

// NewChecker returns the checker of a stream.
func NewChecker(info Info) *Checker {
	c := &Checker{info: info}
	for i, column := range info.Table.Columns {
		if slices.Contains(info.Key, column.Name) {
			c.keys = append(c.keys, i)
		}
	}
	return c
}

// Check refuses a row of another table, and one without a value for its key:
// under deduplication that would end the whole sync.
func (c *Checker) Check(row Row) error {
	if row.Table() != c.info.Table {
		return fmt.Errorf("writing a record of %s: the row is of another table", c.info.Stream)
	}
	for _, i := range c.keys {
		if row.Empty(i) {
			return fmt.Errorf("writing a record of %s: its key %s is empty", c.info.Stream, c.info.Table.Columns[i].Name)
		}
	}
	return nil
}

// Change says that a column does not hold what Qualtrics sent.
type Change struct {
	Column string
	Kind   ChangeKind
	Reason ChangeReason
}

// ChangeKind says what was done to a value (Airbyte protocol, record meta).
type ChangeKind string

// The changes a source can make.
const (
	Nulled    ChangeKind = "NULLED"
	Truncated ChangeKind = "TRUNCATED"
	// Renamed is a member of an object whose name had come before. Its value is
	// as it was; the protocol knows no such change.
	Renamed ChangeKind = "RENAMED"
)

// ChangeReason says why a value was changed (Airbyte protocol, record meta).
type ChangeReason string

// The reasons a source can give.
const (
	// Unfit is a value that its column's type cannot hold.
	Unfit ChangeReason = "SOURCE_SERIALIZATION_ERROR"
	// TooLarge is a value above a size limit.
	TooLarge ChangeReason = "SOURCE_FIELD_SIZE_LIMITATION"
	// Repeated is a name that an object has twice. The protocol does not know it.
	Repeated ChangeReason = "REPEATED_NAME"
	// NotRetrieved is a value whose own fetch failed.
	NotRetrieved ChangeReason = "SOURCE_RETRIEVAL_ERROR"
)

// Status is news about a stream that is being read.
type Status struct {
	// RateLimitedUntil is when a limit of Qualtrics ends that holds the
	// stream back; zero means that it runs freely.
	RateLimitedUntil time.Time
}

// FailureType says who has to act on a failure (Airbyte protocol,
// failure_type).
type FailureType string

// The failure types.
const (
	ConfigError    FailureType = "config_error"    // the user: credentials, permissions, configuration
	TransientError FailureType = "transient_error" // time: a later run may succeed
	SystemError    FailureType = "system_error"    // us: a bug, or something nobody foresaw
)

// InvariantError says that something that always holds does not: a bug. It is
// found before the wrong thing leaves, and the run ends by it.
type InvariantError struct{ What string }

// Error says what does not hold.
func (e *InvariantError) Error() string {
	return "internal error, nothing of it was written: " + e.What + "; please report it with the command and this message"
}

// Failure is why a stream, or a whole run, is not complete. Both texts are
// already redacted.
type Failure struct {
	Type     FailureType
	Message  string // for the user: what happened and what to do
	Internal string // for support: the error as it was
	Stack    string // of a bug
}

// Error returns the message for the user.
func (f *Failure) Error() string { return f.Message }
