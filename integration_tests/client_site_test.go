//go:build clients && unix

package integration_tests_test

import (
	"testing"
	"time"

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

// confirm lets a look-back pass: the read after the one that missed a row is
// sure that it is gone.
func (s *site) confirm() { s.tenant.Advance(20*time.Minute, true) }
