package feed

import (
	"context"
	"fmt"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// What a seal holds counts as delivered. A load of which the rows come with
// other files than the seal therefore keeps what the seal holds and no window
// has brought yet, which ends as nothing; so does the gap that an earlier start
// date uncovers. The rest moves together with the position.

// lackingBytes is what the rest of one load may take in a state.
const lackingBytes = 32 << 10

// expects reports whether the windows of this load have to bring a response of
// the seal. Neighbors overlap: a row counts for the window that its own date
// belongs to. Rows that carry no date are not expected.
func (f *responseFetch) expects(one present, sealedAt time.Time) bool {
	date := one.modified
	if date.IsZero() && f.env.unsorted.Load() {
		date = one.recorded // windows are of recorded dates there
	}
	switch {
	case !f.loading, date.IsZero(), !one.recorded.Before(sealedAt):
		return false
	case !f.gap.IsZero():
		return date.Before(f.gap.Add(-time.Second)) // the rest was loaded before
	default:
		return f.apart && date.Unix() >= f.position.Watermark
	}
}

// bringing subtracts what a file brings from what a load lacks. It is done
// when the file is: until then nothing is subtracted.
type bringing struct {
	fetch *responseFetch
	rest  *seal
}

func (f *responseFetch) bringing() bringing {
	b := bringing{fetch: f}
	if f.ledger != nil && f.ledger.lacking != nil {
		b.rest = f.ledger.lacking.clone()
	}
	return b
}

// take takes the response that was read last.
func (b bringing) take() {
	if b.rest == nil {
		return
	}
	r := &b.fetch.response
	if one := (present{r.ID, r.time(RecordedDate), r.ModifiedAt}); b.fetch.expects(one, b.fetch.ledger.sealedAt) {
		b.rest.remove(r.ID)
	}
}

func (b bringing) done() {
	if b.rest != nil {
		b.fetch.ledger.lacking = b.rest
	}
}

// complete reads what a load lacks at its end: the seal forgets it, so that an
// audit finds out what exists, and at which version. What cannot be named is
// loaded again by the next run.
func (f *responseFetch) complete(ctx context.Context) error {
	l := f.ledger
	if l == nil || l.lacking == nil || f.to.IsZero() {
		return nil
	}
	ids, more, unsealed := l.lacking.left()
	l.lacking = nil
	for _, id := range unsealed {
		if _, known := l.delivered[id]; !known {
			l.delivered[id] = unknownVersion
		}
	}
	if more > 0 {
		f.startOver()
		if err := f.checkpoint(time.Time{}); err != nil {
			return err
		}
		return &qualtrics.ExportError{Survey: f.survey, Reason: fmt.Sprintf("about %d responses that exist came with no export: the next run reads the survey again", more+int64(len(ids)))}
	}
	if len(ids) == 0 {
		return nil
	}
	f.env.Log.Warn("responses that exist came with no window: looking for them", "survey", f.survey, "responses", len(ids))
	for _, id := range ids {
		l.set.remove(id)
		l.intended[id] = true
	}
	from := f.from()
	if err := f.audit(ctx, from); err != nil {
		return err
	}
	if err := f.read(ctx, earlier(from, f.from())); err != nil {
		return err
	}
	return f.checkpoint(f.to)
}
