package responses

import (
	"errors"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
)

// surveyPosition is the position of one survey. All of its moments are in epoch seconds.
type surveyPosition struct {
	// Watermark: all responses that were modified before and visible then are delivered. Only
	// the end of a verified window moves it, never the date of a row.
	Watermark int64  `json:"w,omitempty"`
	Rows      string `json:"h,omitempty"` // hashes of the rows that the next window reads again
	Floor     int64  `json:"f,omitempty"` // start date of the first load
	Resynced  int64  `json:"r,omitempty"` // date of the last resync that the user asked for
	Loading   bool   `json:"l,omitempty"` // the first load was interrupted between two of its windows
	// AttemptedAt is the beginning of a load that has delivered no window since. Other surveys are
	// read first.
	AttemptedAt int64 `json:"e,omitempty"`
	// In accounts with many surveys, the position keeps the counters (auditable, generated,
	// deleted). Changed is the moment of their last change; 0: an export has covered it.
	// Untrusted means that they missed a response.
	Counts    []int64 `json:"n,omitempty"`
	Changed   int64   `json:"t,omitempty"`
	Untrusted bool    `json:"u,omitempty"`
	// DormantSince is the modified date of a survey that took no responses when its counters were
	// read last. 0: it did take responses, or its counters changed.
	DormantSince int64 `json:"z,omitempty"`
	// Denied is the moment of the last refusal, of a survey that the account never could read.
	Denied int64 `json:"d,omitempty"`
	// Missed is the moment when the survey was first missing from the account's list.
	Missed int64 `json:"g,omitempty"`
	// Width is the width in seconds of a part that could be exported, of a window that was too
	// large to be exported at once.
	Width int64 `json:"v,omitempty"`
	// Names records how the names of the delivered rows were classified.
	Names *naming `json:"m,omitempty"`
	// LeftOut has the hashes of records that could not be delivered. The watermark stayed
	// because of them.
	LeftOut string `json:"k,omitempty"`
	// Chosen is the mark of the last selection that held the survey. It is empty, too, after the
	// survey left that selection and was read a last time.
	Chosen string `json:"s,omitempty"`
	// Privacy is the checksum of the privacy settings of the last run; "": there were none.
	Privacy string `json:"p,omitempty"`
	// Buckets is set in accounts whose exports cannot be sorted by modified date.
	Buckets *buckets `json:"b,omitempty"`
	// Tracker has the delivered responses that are needed to find deletions.
	Tracker *trackerState `json:"a,omitempty"`
}

// Plausible reports a position that no run writes.
func (p *surveyPosition) Plausible() error {
	if p.Watermark < 0 || p.Loading && p.Watermark == 0 {
		return errors.New("its first load has no beginning")
	}
	seconds := []int64{p.Watermark, p.Floor, p.Resynced, p.Changed}
	if s := p.Buckets; s != nil {
		seconds = append(seconds, s.At, s.First)
	}
	l := p.Tracker
	if l == nil {
		return feed.Plausible(seconds)
	}
	seconds = append(seconds, l.ListedAt, l.Floor, l.Since, l.Newest)
	for _, at := range l.Delivered {
		seconds = append(seconds, at/1000)
	}
	for _, at := range l.Absent {
		if reconcile.Restarts(at) <= reconcile.MaxRestarts {
			at = reconcile.WaitBegan(at)
		}
		seconds = append(seconds, at)
	}
	inFlight := make(map[string]int64, len(l.InFlight))
	for _, id := range l.InFlight {
		inFlight[id] = 0
	}
	return feed.Plausible(seconds, l.Delivered, l.Absent, inFlight)
}
