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
	return serveSite(t, sandbox.Options{Seed: 7, Surveys: 5, Responses: 800, Contacts: 200})
}

// lives lets hours pass in which things happen: rows come, late ones too, are
// edited and deleted. All of it is visible afterwards.
func (s *site) lives() {
	s.tenant.Advance(6*time.Hour, false)
	s.tenant.Advance(time.Hour, true)
}

// audit lets days pass in which nothing happens: the next read looks for
// deletions.
func (s *site) audit() { s.tenant.Advance(8*24*time.Hour, true) }

// confirm lets a look-back pass: the read after the one that missed a row is
// sure that it is gone.
func (s *site) confirm() { s.tenant.Advance(20*time.Minute, true) }
