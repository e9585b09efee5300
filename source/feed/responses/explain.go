package responses

import (
	"encoding/base64"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
	"github.com/birdie-ai/source-qualtrics/source/wording"
)

func (p *surveyPosition) Explain() ([]string, error) {
	var s wording.Sentences
	s.When(p.Watermark == 0, "Nothing was read yet.")
	s.When(p.Watermark > 0 && p.Loading, "The first load is not complete: it has read responses up to %s.", wording.Time(p.Watermark))
	s.When(p.Watermark > 0 && !p.Loading, "Responses were read up to %s.", wording.Time(p.Watermark))
	s.When(p.Floor > 0, "Responses before start_date, %s, were left out.", wording.Time(p.Floor))
	s.When(p.Resynced > 0, "It was read again from %s, as surveys.resync asked.", wording.Time(p.Resynced))
	s.When(p.Privacy != "", "Privacy settings left data out of its rows, or hashed it.")
	t, err := newTracker(p.Tracker, 1)
	if err != nil {
		return nil, err
	}
	switch {
	case p.Tracker == nil:
		s.When(true, "No ids are tracked: deletions are not followed.")
	case !t.hasSnapshot():
		s.When(true, "Deletions were not compared with Qualtrics yet.")
	default:
		s.When(!p.Loading, "Deletions were last compared with Qualtrics at %s.", wording.Time(t.listedAt.Unix()))
		s.When(p.Loading, "The ids that exist were listed at %s.", wording.Time(t.listedAt.Unix()))
		s.When(true, "The state keeps %s.", t.snapshot.Words())
	}
	s.When(len(t.delivered) > 0, "It also keeps the ids of responses delivered since %s: %d.", wording.Time(t.since.Unix()), len(t.delivered))
	described := len(s)
	s.When(t.due, "Pending: the next run compares the ids.")
	s.When(t.Doubted != 0, "Pending: the last comparison lacked more ids than can be named; a second one has to agree.")
	s.When(len(t.Absent) > 0, "Pending, because they may be deleted: %s. Each is asked for by its own call.", wording.Number(len(t.Absent), "response"))
	s.When(len(t.inFlight) > 0, "Pending, because the run ended while they were delivered: %s.", wording.Number(len(t.inFlight), "response"))
	s.When(len(t.backfill) > 0, "Pending, because they are still to be delivered one by one: %s.", wording.Number(len(t.backfill), "response"))
	s.When(t.undelivered != nil, "Pending: the first load has not delivered all ids that were listed before it.")
	s.When(p.LeftOut != "", "Pending, because they could not be delivered: %s. Each run reads that time again.", wording.Number(base64.RawStdEncoding.DecodedLen(len(p.LeftOut))/reconcile.HashBytes, "record"))
	s.When(p.Changed > 0, "Pending: the survey's counters changed at %s, and it is exported again.", wording.Time(p.Changed))
	s.When(p.Denied > 0, "Pending: the account was refused this survey at %s.", wording.Time(p.Denied))
	s.When(p.Missed > 0, "Pending: the account's list has lacked this survey since %s.", wording.Time(p.Missed))
	s.When(len(s) == described, "Nothing is pending.")
	return s, nil
}

// Explain describes the position of a survey in words.
func (Feed) Explain(partition feed.Partition, position feed.Position) ([]string, error) {
	return feed.ExplainPosition(partition, position, &surveyPosition{})
}
