package feed

import (
	"hash/fnv"
	"slices"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// Up to so many surveys are exported by every run. Of more, only those are for
// which there is a reason: exports are what Qualtrics limits most (API §7.2),
// counters cost a plain call.
const alwaysExported = 500

const (
	// sweepEvery is how often a survey is exported without a reason: edits do
	// not move its counters. The surveys of an account take turns over the
	// last eighth of it.
	sweepEvery = 22 * time.Hour
	// untrustedEvery is how often one is exported whose counters were seen
	// to miss a response.
	untrustedEvery = time.Hour
)

// counted notes the counters of this run.
func (f *responseFetch) counted(counts qualtrics.ResponseCounts) {
	now := []int64{counts.Auditable, counts.Generated, counts.Deleted}
	if !slices.Equal(now, f.position.Counts) {
		f.position.Counts, f.position.Changed = now, f.to.Unix()
		return
	}
	f.unmoved = f.position.Changed == 0
}

// idle reports whether nothing calls for an export. Counters that stand still
// are not enough: a response can be counted before an export shows it, so a
// change is followed by exports until one began a look-back after it.
func (f *responseFetch) idle() bool {
	p := &f.position
	switch {
	case f.env.exportsAll(), f.to.IsZero(), p.Watermark == 0, p.Loading, p.Counts == nil, p.Changed != 0:
		return false
	case f.ledger != nil && (len(f.ledger.intended) > 0 || f.auditDue()):
		return false
	}
	since := f.to.Sub(time.Unix(p.Watermark, 0))
	if p.Untrusted {
		return since < untrustedEvery
	}
	return since < sweepEvery-f.turn()
}

// turn spreads the surveys' exports without a reason.
func (f *responseFetch) turn() time.Duration {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(f.survey))
	return sweepEvery / 8 * time.Duration(hash.Sum32()%64) / 64
}

// exported notes that an export began at f.to.
func (f *responseFetch) exported() {
	p := &f.position
	if p.Changed != 0 && f.to.Sub(time.Unix(p.Changed, 0)) >= f.env.Lookback {
		p.Changed = 0
	}
	p.Untrusted = p.Untrusted || (f.unmoved && f.arrived > 0)
}

func (e *Env) exportsAll() bool { return len(e.listed) <= alwaysExported }
