package contacts

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// directory is the directory of a read, with its position. All parts of the read share it.
type directory struct {
	env       *feed.Env
	partition feed.Partition
	id        qualtrics.DirectoryID
	out       feed.Out
	to        time.Time // server time before the first page; zero: unknown

	position   directoryPosition
	sweepShown *reconcile.Snapshot // contacts that the unfinished sweep has found, created before SweepThrough; nil: unknown
	swept      bool                // this run has read a part of a sweep
	tracker    *tracker            // nil: deletions are not followed
	nameless   feed.WithoutID      // contacts without an id
}

// directoryPosition is the position of one directory. Times are epoch seconds.
type directoryPosition struct {
	// Watermark: all contacts that were modified before were delivered.
	Watermark int64  `json:"w,omitempty"`
	Rows      string `json:"h,omitempty"` // hashes of the contacts that the next window reads again
	// A sweep reads all contacts by their creation dates. The first load is one. Later ones find
	// changes that do not move the modified date.
	SweepStart   int64 `json:"s,omitempty"` // start of the unfinished sweep
	SweepThrough int64 `json:"t,omitempty"` // it has read the contacts that were created before
	// Shown has the contacts that the unfinished sweep has read in earlier runs. At its end they
	// are compared with the directory's list.
	Shown  *reconcile.SnapshotState `json:"u,omitempty"`
	Swept  int64                    `json:"f,omitempty"` // start of the last complete sweep
	Listed int64                    `json:"l,omitempty"` // newest date of a contact without a modified date
	Missed int64                    `json:"g,omitempty"` // since when the list of directories lacks this one
	// Privacy is the checksum of the privacy settings of the last run; "": there were none.
	Privacy string `json:"p,omitempty"`
	// Tracker is set if deletions are followed.
	Tracker *trackerState `json:"a,omitempty"`
}

// readSince returns the start of the last complete read of modified contacts, or of the first
// sweep, in epoch seconds.
func (p *directoryPosition) readSince() int64 {
	if p.Swept == 0 {
		return p.SweepStart
	}
	return p.Watermark
}

// sweepEvery is the time between two reads of all contacts. Some changes of a contact
// do not move its modified date (API §4.2).
const sweepEvery = 7 * 24 * time.Hour

// sweepDue reports whether a sweep is unfinished, or its interval has passed.
func (d *directory) sweepDue() bool {
	if d.position.Swept == 0 || d.position.SweepStart != 0 {
		return true
	}
	return d.to.Sub(time.Unix(d.position.Swept, 0)) >= sweepEvery
}

// distrust resets a position in the future, which a wrong date of the server has caused. It keeps
// the dates of delivered rows, because later rows need later dates.
func (d *directory) distrust() {
	if !d.env.Client.IsFuture(time.Unix(d.position.Watermark, 0)) {
		return
	}
	d.env.Log.Warn("the position lies in the future: the directory is read again from its beginning", "directory", d.id)
	d.position = directoryPosition{Listed: d.position.Listed, Tracker: d.position.Tracker, Privacy: d.position.Privacy}
}

// checkpoint reports the position after its rows.
func (d *directory) checkpoint() error { return d.report(d.out.Checkpoint) }

// announce reports the position before the rows that it notes as possibly delivered.
func (d *directory) announce() error { return d.report(d.out.Announce) }

func (d *directory) report(to func(feed.Position) error) error {
	if d.tracker != nil {
		d.position.Tracker = d.tracker.state()
	}
	if d.position.Shown = nil; d.position.SweepThrough != 0 && d.sweepShown != nil {
		state := d.sweepShown.State()
		d.position.Shown = &state
	}
	encoded, err := json.Marshal(d.position)
	if err != nil {
		return fmt.Errorf("writing the position of %s: %w", d.partition, err)
	}
	return to(encoded)
}
