// Package progress shows how far a run has come: on a terminal as a line that is
// kept up to date, elsewhere in the log.
package progress

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/wording"
)

// Progress counts the read partitions and rows of a run, and its pending calls. The engine and the
// client report to it. It is safe for concurrent use.
type Progress struct {
	Rows atomic.Int64 // that were delivered

	mu    sync.Mutex
	begun time.Time
	parts []Part
	jobs  map[string]time.Time // export jobs at Qualtrics, by id: since when
	files map[string]time.Time // export files on their way
	limit time.Time            // a limit of Qualtrics holds calls back until then
	retry time.Time            // the latest next try of a call that failed
	why   string               // it failed
}

// Part counts the partitions of a feed.
type Part struct {
	kind      feed.Kind
	Done, All int
}

// Name is the noun of the partitions in the plural, such as "surveys".
func (p Part) Name() string { return partNames[p.kind] }

// partNames are the feeds whose partitions are counted for people.
var partNames = map[feed.Kind]string{feed.Responses: "surveys", feed.Contacts: "directories"}

// New returns the progress of a run that begins now.
func New() *Progress {
	p := &Progress{}
	p.Begin()
	return p
}

// Begin resets the counts of an earlier run of the same command.
func (p *Progress) Begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Rows.Store(0)
	p.begun, p.parts = time.Now(), nil
	p.jobs, p.files = make(map[string]time.Time), make(map[string]time.Time)
	p.limit, p.retry = time.Time{}, time.Time{}
}

// Listed notes how many partitions of a feed there are.
func (p *Progress) Listed(kind feed.Kind, all int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.parts = append(p.parts, Part{kind: kind, All: all})
	slices.SortFunc(p.parts, func(a, b Part) int { return -cmp.Compare(a.kind, b.kind) }) // surveys first
}

// Done notes that a partition was read, or that there was nothing to read in it.
func (p *Progress) Done(kind feed.Kind) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.parts {
		if p.parts[i].kind == kind {
			p.parts[i].Done++
		}
	}
}

// Exporting notes a step of an export.
func (p *Progress) Exporting(job qualtrics.Job) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.jobs, job.ID)
	delete(p.files, job.ID)
	switch job.Step {
	case qualtrics.JobStarted:
		p.jobs[job.ID] = time.Now()
	case qualtrics.JobComplete:
		p.files[job.ID] = time.Now()
	}
}

// Waiting notes that calls are held back.
func (p *Progress) Waiting(wait qualtrics.Wait) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch wait.Kind {
	case qualtrics.WaitRateLimit:
		p.limit = later(p.limit, wait.Until)
	case qualtrics.WaitRetry:
		if wait.Until.After(p.retry) {
			p.retry, p.why = wait.Until, wait.Reason
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Standing is a progress at one moment.
type Standing struct {
	took         time.Duration
	Parts        []Part
	rows         int64
	jobs, files  int
	oldest       time.Duration // of the jobs
	longest      time.Duration // of the files
	limit, retry time.Duration // still to wait
	why          string
}

// Now returns the progress as it is now.
func (p *Progress) Now() Standing {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := Standing{
		took: time.Since(p.begun), rows: p.Rows.Load(), jobs: len(p.jobs), files: len(p.files),
		limit: time.Until(p.limit), retry: time.Until(p.retry), why: p.why,
	}
	for _, part := range p.parts {
		if part.Name() != "" {
			s.Parts = append(s.Parts, part)
		}
	}
	s.oldest, s.longest = oldest(p.jobs), oldest(p.files)
	return s
}

// oldest returns the time since the first of some moments.
func oldest(since map[string]time.Time) time.Duration {
	if len(since) == 0 {
		return 0
	}
	return time.Since(slices.MinFunc(slices.Collect(maps.Values(since)), time.Time.Compare))
}

// waits reports whether something is being waited for.
func (s *Standing) waits() bool { return s.jobs+s.files > 0 || s.limit > 0 || s.retry > 0 }

// came returns the same text for two moments between which nothing was read.
func (s *Standing) came() string { return fmt.Sprint(s.Parts, s.rows, s.jobs, s.files) }

// text is a standing in one line for people, with the most important part first.
func (s *Standing) text() string {
	var did []string
	for _, part := range s.Parts {
		if part.Done == part.All && slices.ContainsFunc(s.Parts, func(other Part) bool { return other.Done < other.All }) {
			continue // room for the unfinished ones
		}
		did = append(did, fmt.Sprintf("%s of %s %s", wording.Thousands(int64(part.Done)), wording.Thousands(int64(part.All)), part.Name()))
	}
	if s.rows > 0 {
		did = append(did, wording.Thousands(s.rows)+" rows")
	}
	var text strings.Builder
	fmt.Fprintf(&text, "[%s] ", whole(s.took))
	if len(did) == 0 && !s.waits() {
		text.WriteString("asking Qualtrics")
	}
	text.WriteString(strings.Join(did, ", "))
	between := func() string {
		if len(did) == 0 {
			did = append(did, "")
			return ""
		}
		return "; "
	}
	if s.jobs > 0 {
		fmt.Fprintf(&text, "%s%s at Qualtrics for %s", between(), wording.Count(s.jobs, "export", "exports"), whole(s.oldest))
	}
	if s.files > 0 {
		fmt.Fprintf(&text, "%s%s for %s", between(), wording.Count(s.files, "download", "downloads"), whole(s.longest))
	}
	if s.limit > 0 {
		fmt.Fprintf(&text, "%sa limit of Qualtrics for %s more", between(), whole(s.limit))
	}
	if s.retry > 0 {
		fmt.Fprintf(&text, "%strying again in %s: %s", between(), whole(s.retry), s.why)
	}
	return text.String()
}

// attributes are a standing for a log.
func (s *Standing) attributes() (all []any) {
	for _, part := range s.Parts {
		all = append(all, part.Name(), fmt.Sprintf("%d/%d", part.Done, part.All))
	}
	all = append(all, "rows", s.rows)
	if s.jobs > 0 {
		all = append(all, "exports_at_qualtrics", s.jobs, "oldest", whole(s.oldest))
	}
	if s.files > 0 {
		all = append(all, "downloads", s.files, "longest", whole(s.longest))
	}
	if s.limit > 0 {
		all = append(all, "limited_for", whole(s.limit))
	}
	if s.retry > 0 {
		all = append(all, "next_try_in", whole(s.retry), "reason", s.why)
	}
	return append(all, "after", whole(s.took))
}

// whole is a duration in whole seconds.
func whole(d time.Duration) string { return d.Round(time.Second).String() }
