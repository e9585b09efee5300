package feed

import (
	"time"

	"github.com/birdie-ai/source-qualtrics/source/sketch"
)

// versions are the modified dates, in epoch microseconds, of what a file has
// shown last. Should it list a response twice, an older version that comes
// behind a newer one must not go out: whoever keeps what came last would keep
// it. Of two with one date the last counts, and ids of another form than
// Qualtrics' are left to the cursor.
type versions map[sketch.ID]int64

// mostVersions bounds the memory: rows that lie farther apart in a file are
// left to the cursor, too.
const mostVersions = 1 << 15

// outdated reports whether a newer version was shown before, and remembers
// this one.
func (v versions) outdated(id string, modified time.Time) bool {
	packed, ok := sketch.Pack(id)
	if !ok || modified.IsZero() {
		return false
	}
	date := modified.UnixMicro()
	if newest, shown := v[packed]; shown && date < newest {
		return true
	}
	if len(v) >= mostVersions {
		clear(v)
	}
	v[packed] = date
	return false
}
