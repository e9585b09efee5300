//go:build clients && unix

package integration_tests_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// clientSite serves a tenant of a size that a client reads in a second.
func clientSite(t *testing.T) *site {
	t.Helper()
	s := serveSite(t, sandbox.Options{Seed: 7, Surveys: 5, Responses: 800, Contacts: 200})
	s.tenant.SetActivity(40, 5, 1) // something is always about to show
	return s
}

// lives lets half an hour pass in which rows come, are edited and deleted. The last of
// it is not visible yet.
func (s *site) lives() { s.tenant.Advance(30*time.Minute, false) }

// settles lets an hour pass in which nothing happens: what is late shows.
func (s *site) settles() { s.tenant.Advance(time.Hour, true) }

// audit lets days pass in which nothing happens: the next read looks for
// deletions.
func (s *site) audit() { s.tenant.Advance(8*24*time.Hour, true) }

// confirm lets a look-back pass, three times, with reads in between: after a leap
// of the tenant's clock the program waits once more, and after another, before it
// is sure that a row is gone.
func (s *site) confirm(read func()) {
	for range 2 {
		s.tenant.Advance(20*time.Minute, true)
		read()
	}
	s.tenant.Advance(20*time.Minute, true)
}

// changed counts what became of one truth in another.
type changed struct{ added, edited, deleted int }

func changes(before, after map[string]testkit.Table) (c changed) {
	for stream, table := range after {
		for key, row := range table {
			switch held := before[stream][key]; {
			case held == nil:
				c.added++
			case !bytes.Equal(held.Data, row.Data):
				c.edited++
			}
		}
		for key := range before[stream] {
			if table[key] == nil {
				c.deleted++
			}
		}
	}
	return c
}

// all demands that something was added, edited and deleted: else a comparison
// says nothing of it.
func (c changed) all(t *testing.T) {
	t.Helper()
	if c.added == 0 || c.edited == 0 || c.deleted == 0 {
		t.Fatalf("too little changed: %s", c)
	}
}

func (c changed) String() string {
	return fmt.Sprintf("%d new, %d edited, %d deleted", c.added, c.edited, c.deleted)
}

// gone counts by stream the rows that were read at some time and exist no more.
func gone(end map[string]testkit.Table, earlier ...map[string]testkit.Table) map[string]int {
	counts, seen := make(map[string]int), make(map[string]bool)
	for _, truth := range earlier {
		for stream, table := range truth {
			for key := range table {
				if end[stream][key] == nil && !seen[stream+" "+key] {
					seen[stream+" "+key] = true
					counts[stream]++
				}
			}
		}
	}
	return counts
}
