package responses

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// alwaysExported is the number of surveys up to which every run exports all of them. Of more
// surveys, a run exports those that have a reason. Qualtrics limits exports more than other
// calls (API §7.2), and counters cost a plain call.
const alwaysExported = 500

const (
	// sweepEvery is the time after which a survey is exported without a reason, because edits
	// do not change its counters.
	sweepEvery = 22 * time.Hour
	// untrustedEvery is the time after which a survey is exported whose counters cannot be
	// read, or missed a response.
	untrustedEvery = time.Hour
)

// schedule decides whether a survey has to be exported.
type schedule struct {
	*scope
	names   *classifier
	auditor *auditor
}

// compareCounters compares the counters with those of the position, and stores them there.
func (s *schedule) compareCounters(counts qualtrics.ResponseCounts) {
	p := &s.position
	now := []int64{counts.Auditable, counts.Generated, counts.Deleted}
	if !slices.Equal(now, p.Counts) {
		s.counters.change = moved
		p.Counts, p.Changed, p.DormantSince = now, s.to.Unix(), 0
		return
	}
	s.counters.change = waiting
	if p.Changed == 0 {
		s.counters.change = unmoved
	}
	p.DormantSince = 0
	// The row of the account's list is older than the counters. If the survey was modified just
	// now, the counters may not show that yet.
	if row := s.partition.Survey; row != nil && row.Inactive() && s.to.Sub(row.LastModified) >= s.env.Lookback {
		p.DormantSince = row.LastModified.Unix()
	}
}

// idle reports whether there is no reason for an export. Equal counters are not enough: a
// response can be counted before an export shows it. So another export, one look-back later,
// follows each change.
func (s *schedule) idle() bool {
	p := &s.position
	switch {
	case exportsAll(s.env), s.to.IsZero(), p.Watermark == 0, p.Loading, p.LeftOut != "", s.names.renamed, s.partition.Left != "":
		return false
	case s.auditor.joined, s.tracker != nil && (len(s.tracker.inFlight) > 0 || s.auditIsUrgent()):
		return false
	case s.counters.change == unreadable:
		return s.to.Sub(time.Unix(p.Watermark, 0)) < untrustedEvery
	case p.Counts == nil, s.counters.change == moved, p.Watermark < p.Changed:
		return false
	case p.Changed != 0 && s.waited(p.Changed):
		return false
	case p.Untrusted && s.to.Sub(time.Unix(p.Watermark, 0)) >= untrustedEvery:
		return false
	}
	return !s.dailyExportDue()
}

// auditIsUrgent reports whether an audit cannot wait for the daily export. An audit that is
// due because of its age can wait.
func (s *schedule) auditIsUrgent() bool {
	return s.auditor.auditDue() && (s.tracker.due || s.to.Sub(s.tracker.listedAt) < s.env.AuditEvery)
}

// dailyExportDue reports whether the survey's own time of day has passed since its last
// export.
func (s *schedule) dailyExportDue() bool { return s.dayPassed(s.position.Watermark, s.to) }

// exported notes that the survey was exported.
func (s *schedule) exported() {
	p := &s.position
	if p.Changed != 0 && s.waited(p.Changed) {
		p.Changed = 0
	}
	// An audit restores the trust in counters that missed a response once.
	p.Untrusted = (p.Untrusted && !s.auditor.audited) || (s.counters.change == unmoved && s.counters.arrived > 0)
}

// wasExported reports whether an export was read before the position was stored.
func wasExported(position feed.Position) bool {
	var p struct {
		Watermark int64  `json:"w"`
		LeftOut   string `json:"k"`
		Tracker   struct {
			ListedAt int64 `json:"c"`
		} `json:"a"`
	}
	if len(position) == 0 || json.Unmarshal(position, &p) != nil {
		return len(position) > 0 // the read reports the error
	}
	return p.Watermark != 0 || p.LeftOut != "" || p.Tracker.ListedAt != 0
}
