package record

import (
	"errors"
	"fmt"
	"slices"
)

// Rows of some streams are parts of a parent, such as the answers of a response. All rows
// of a new version of a parent take the place of all its earlier rows. So no row names a
// part that went away: rows of older versions do not count any more. A parent without
// parts, or one that is deleted, has one row, its marker.
const (
	// MarkerKey is the value of a marker in the columns of its key beyond the parent's key.
	MarkerKey = "*"
	// DeletedVersion is the version of a deleted parent.
	DeletedVersion = "deleted"
)

// Fixed are the columns that are always written: destinations need them. They are the key,
// the cursor, and the version of a parent.
func (i Info) Fixed() []string {
	fixed := slices.Clone(i.Key)
	for _, name := range []string{i.Cursor, i.Version} {
		if name != "" && !slices.Contains(fixed, name) {
			fixed = append(fixed, name)
		}
	}
	return fixed
}

// checkParent refuses an invalid declaration of the parent of rows.
func (i Info) checkParent() error {
	if len(i.Parent) == 0 {
		if i.Version != "" {
			return errors.New("it has a version and no parent")
		}
		return nil
	}
	if len(i.Parent) >= len(i.Key) || !slices.Equal(i.Parent, i.Key[:len(i.Parent)]) {
		return fmt.Errorf("its key %q does not begin with its parent %q, and end with more", i.Key, i.Parent)
	}
	if i.Cursor == "" {
		return errors.New("it has a parent and no cursor")
	}
	for _, name := range append(slices.Clone(i.Key), i.Version) {
		if column, _ := i.Table.Column(name); column.Kind != String || column.Nullable {
			return fmt.Errorf("its column %q is not a text that is never null", name)
		}
	}
	for _, column := range i.Table.Columns {
		// Destinations delete rows by these columns. Without the marker of a deleted parent
		// its older rows would be the newest again.
		if column.Deletion || column.Protocol != "" {
			return fmt.Errorf("its column %q deletes rows at destinations, and its rows have a parent", column.Name)
		}
	}
	return nil
}

// Parents compares the parent of each row with that of the row before.
type Parents struct {
	columns []int // of the parent's key; none: the rows have no parent
	last    []any
}

// NewParents returns the comparison for the rows of a stream.
func NewParents(info Info) *Parents {
	p := &Parents{}
	for _, name := range info.Parent {
		p.columns = append(p.columns, info.Table.Index(name))
	}
	return p
}

// Any reports whether the rows have parents.
func (p *Parents) Any() bool { return len(p.columns) > 0 }

// Begins reports whether a row has another parent than the row before.
func (p *Parents) Begins(row Row) bool {
	if !p.Any() {
		return true
	}
	parent := make([]any, 0, len(p.columns))
	for _, i := range p.columns {
		parent = append(parent, row.Cell(i))
	}
	begins := !slices.Equal(parent, p.last)
	p.last = parent
	return begins
}
