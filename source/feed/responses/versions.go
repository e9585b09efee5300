package responses

import (
	"time"

	"github.com/birdie-ai/source-qualtrics/source/sketch"
)

// versions maps the latest ids of a file to their modified dates, in epoch microseconds. If a
// file lists a response twice, an older version behind a newer one is not delivered, because
// some destinations keep the last row. Of two versions with the same date both are delivered.
// Ids of an unknown form are not checked: destinations compare the cursors of such rows.
type versions map[sketch.ID]int64

// mostVersions bounds the memory to 0.4 MB a survey, because several surveys are read at once.
// Rows that lie farther apart in a file are not checked, either.
const mostVersions = 1 << 13

// outdated reports whether the file listed a newer version before. It remembers the date
// of this version.
func (v versions) outdated(id string, modified time.Time) bool {
	packed, ok := sketch.Pack(id)
	if !ok || modified.IsZero() {
		return false
	}
	date := modified.UnixMicro()
	if newest, listed := v[packed]; listed && date < newest {
		return true
	}
	if len(v) >= mostVersions {
		clear(v)
	}
	v[packed] = date
	return false
}
