package contacts

import (
	"errors"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/wording"
)

// Explain describes the position in sentences for users.
func (p *directoryPosition) Explain() ([]string, error) {
	var s wording.Sentences
	s.When(p.Watermark == 0 && p.SweepThrough == 0, "Nothing was read yet.")
	s.When(p.Watermark > 0, "Contacts were read up to %s.", wording.Time(p.Watermark))
	s.When(p.Swept > 0, "All contacts were last read at %s.", wording.Time(p.Swept))
	s.When(p.Privacy != "", "Privacy settings left data out of its rows, or hashed it.")
	t, err := newTracker(p.Tracker)
	if err != nil {
		return nil, err
	}
	switch {
	case p.Tracker == nil:
		s.When(true, "No ids are tracked: deletions are not followed.")
	case t.snapshotAt.IsZero() || !t.hasSnapshot:
		s.When(true, "Deletions were not compared with Qualtrics yet.")
	default:
		s.When(true, "Deletions were last compared with Qualtrics at %s.", wording.Time(t.snapshotAt.Unix()))
		s.When(true, "The state keeps %s.", t.snapshot.Words())
	}
	s.When(len(t.delivered) > 0, "It also keeps the ids of contacts delivered since then: %d.", len(t.delivered))
	finished := len(s)
	s.When(p.SweepStart > 0, "Pending: a read of all contacts began at %s, and has read those created before %s.", wording.Time(p.SweepStart), wording.Time(p.SweepThrough))
	s.When(t.Doubted != 0, "Pending: the last comparison lacked more ids than can be named; a second one has to agree.")
	s.When(len(t.Absent) > 0, "Pending, because they may be deleted: %s. Each is asked for by its own call.", wording.Number(len(t.Absent), "contact"))
	s.When(p.Missed > 0, "Pending: the account's list has lacked this directory since %s.", wording.Time(p.Missed))
	s.When(len(s) == finished, "Nothing is pending.")
	return s, nil
}

// Plausible returns an error if a time of the position cannot be right.
func (p *directoryPosition) Plausible() error {
	if p.Watermark < 0 || p.SweepThrough < 0 {
		return errors.New("it lies before every contact")
	}
	return feed.Plausible([]int64{p.Watermark, p.SweepStart, p.SweepThrough, p.Swept, p.Listed})
}

// Explain describes the position of a directory for users.
func (Feed) Explain(partition feed.Partition, position feed.Position) ([]string, error) {
	return feed.ExplainPosition(partition, position, &directoryPosition{})
}
