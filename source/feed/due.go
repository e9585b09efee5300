package feed

import (
	"cmp"
	"encoding/json"
	"errors"
	"hash/fnv"
	"slices"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// Up to so many surveys are all exported by every run. Of more, only those are for
// which there is a reason: exports are what Qualtrics limits most (API §7.2),
// counters cost a plain call.
const alwaysExported = 500

const (
	// sweepEvery is how often a survey is exported without a reason: edits do
	// not move its counters.
	sweepEvery = 22 * time.Hour
	// untrustedEvery is how often one is exported whose counters may not be
	// read, or were seen to miss a response.
	untrustedEvery = time.Hour
)

// counted notes the counters of this run.
func (f *responseFetch) counted(counts qualtrics.ResponseCounts) {
	p := &f.position
	now := []int64{counts.Auditable, counts.Generated, counts.Deleted}
	if f.moved = !slices.Equal(now, p.Counts); f.moved {
		p.Counts, p.Changed, p.Rested = now, f.to.Unix(), 0
		return
	}
	f.unmoved = p.Changed == 0
	p.Rested = 0
	// The row is older than the counters. One that changed just now may be
	// ahead of counters that lag.
	if s := f.partition.Survey; s != nil && !s.IsActive && f.to.Sub(s.LastModified) >= f.env.Lookback {
		p.Rested = s.LastModified.Unix()
	}
}

// idle reports whether nothing calls for an export. Counters that stand still
// are not enough: a response can be counted before an export shows it, so a
// change is followed by another export a look-back later.
func (f *responseFetch) idle() bool {
	p := &f.position
	switch {
	case f.env.exportsAll(), f.to.IsZero(), p.Watermark == 0, p.Loading:
		return false
	case f.ledger != nil && (len(f.ledger.intended) > 0 || f.auditPresses()):
		return false
	case f.blind:
		return f.to.Sub(time.Unix(p.Watermark, 0)) < untrustedEvery
	case p.Counts == nil, f.moved, p.Watermark < p.Changed:
		return false
	case p.Changed != 0 && f.waited(p.Changed):
		return false
	case p.Untrusted && f.to.Sub(time.Unix(p.Watermark, 0)) >= untrustedEvery:
		return false
	}
	return !f.swept()
}

// auditPresses reports whether an audit cannot wait for the next export, as
// one does that is due for its age: within a sweep there will be one.
func (f *responseFetch) auditPresses() bool {
	return f.auditDue() && (f.ledger.due || f.to.Sub(f.ledger.sealedAt) < f.env.AuditEvery)
}

// swept reports whether the survey's turn to be exported without a reason has
// come since its last export.
func (f *responseFetch) swept() bool { return f.turned(f.position.Watermark, f.to) }

// turned reports whether the survey's turn of sweepEvery has come since. The
// turns are spread evenly by the survey's id.
func (f *responseFetch) turned(since int64, now time.Time) bool {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(f.survey))
	every := int64(sweepEvery / time.Second)
	phase := int64(hash.Sum32()) % every
	return (since+phase)/every != (now.Unix()+phase)/every
}

// denied remembers that the account may not read the survey, so that only one
// try in sweepEvery is spent on it.
func (f *responseFetch) denied(err error) error {
	var skipped *Skipped
	if !errors.As(err, &skipped) || skipped.Gone || f.env.exportsAll() || f.to.IsZero() {
		return err
	}
	position, encodeErr := json.Marshal(responsePosition{Denied: f.to.Unix()})
	if encodeErr != nil {
		return encodeErr
	}
	if sinkErr := f.out.Checkpoint(position); sinkErr != nil {
		return sinkErr
	}
	return err
}

// wasExported reports whether a position tells of an export that was read.
func wasExported(position Position) bool {
	var p struct {
		Watermark int64 `json:"w"`
		Ledger    struct {
			SealedAt int64 `json:"c"`
		} `json:"a"`
	}
	if len(position) == 0 || json.Unmarshal(position, &p) != nil {
		return len(position) > 0 // who reads it all says what is wrong
	}
	return p.Watermark != 0 || p.Ledger.SealedAt != 0
}

// waited reports whether a look-back has passed since, in epoch seconds.
func (f *responseFetch) waited(since int64) bool { return waited(f.to, since, f.env.Lookback) }

// exported notes that an export began at f.to.
func (f *responseFetch) exported() {
	p := &f.position
	if p.Changed != 0 && f.waited(p.Changed) {
		p.Changed = 0
	}
	// Trust comes back with the audit, should the counters have lagged once.
	p.Untrusted = (p.Untrusted && !f.audited) || (f.unmoved && f.arrived > 0)
}

func (e *Env) exportsAll() bool { return len(e.listed) <= cmp.Or(e.ExportAll, alwaysExported) }
