package engine

import (
	"fmt"
	"slices"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/wording"
)

// Comparisons hold the times at which the surveys of a run were last compared with
// Qualtrics to find deletions. A short run may compare none.
type Comparisons struct {
	surveys, never int
	oldest         time.Time // zero: none was compared
}

// compared notes when a partition that was read was last compared.
func (e *Engine) compared(source feed.Feed, partition feed.Partition, streams []*selected) {
	comparing, ok := source.(feed.Comparing)
	if !ok || e.env.AuditEvery == 0 {
		return
	}
	e.out.mu.Lock()
	defer e.out.mu.Unlock()
	rows := slices.IndexFunc(streams, func(s *selected) bool { return !s.stream.Tombstones && s.takes(partition) })
	if rows < 0 {
		return
	}
	c := &e.comparisons
	c.surveys++
	switch at := comparing.Compared(streams[rows].state.Partitions[partition.Key]); {
	case at.IsZero():
		c.never++
	case c.oldest.IsZero() || at.Before(c.oldest):
		c.oldest = at
	}
}

// Text words it for people; "" where no survey was read.
func (c Comparisons) Text() string {
	switch {
	case c.surveys == 0:
		return ""
	case c.oldest.IsZero():
		return "Deletions: no survey has been compared with Qualtrics yet.\n"
	}
	last := ", the longest ago on "
	if c.surveys-c.never == 1 {
		last = " on "
	}
	text := "Deletions: " + were(c.surveys-c.never) + " last compared with Qualtrics" + last + c.oldest.Format("2006-01-02 15:04") + " UTC"
	if c.never > 0 {
		text += fmt.Sprintf("; %s not yet", were(c.never))
	}
	return text + ".\n"
}

func were(surveys int) string {
	if surveys == 1 {
		return "1 survey was"
	}
	return wording.Thousands(int64(surveys)) + " surveys were"
}

// logComparisons logs them, where no person is told at the end.
func (e *Engine) logComparisons() {
	c := e.Comparisons()
	if c.surveys == 0 {
		return
	}
	oldest := "never"
	if !c.oldest.IsZero() {
		oldest = c.oldest.Format(time.RFC3339)
	}
	e.Log.Info("deletions: the surveys of this run were last compared with Qualtrics",
		"longest_ago", oldest, "surveys", c.surveys, "not_yet", c.never)
}

// Comparisons returns when the surveys of the run were last compared.
func (e *Engine) Comparisons() (c Comparisons) {
	e.out.locked(func() { c = e.comparisons })
	return c
}
