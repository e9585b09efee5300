// Package sandbox simulates a Qualtrics tenant with the HTTP endpoints of the
// API. It has surveys, responses and contacts that depend on one seed, export
// jobs, OAuth, rate limits, and faults.
//
// The simulation follows public material about the API. "API §n" in comments is
// a section of this project's API reference. Comments mark the evidence for
// each behavior:
//
//   - *recorded*: seen in a real answer
//   - *documented*: stated by Qualtrics, or relied on by clients in use
//   - *assumed*: a guess
//
// Data changes only in [Sandbox.Advance]. The server clock always runs.
package sandbox

import (
	"cmp"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Options describe a tenant. The zero value is a small one without faults.
type Options struct {
	Seed           uint64        // determines all data, the ids of requests and the faults
	Surveys        int           // number of surveys; 0 means 12
	Responses      int           // responses over all surveys; 0 means 2000
	Contacts       int           // contacts over all directories; 0 means 500
	Faults         string        // fault profile, one of FaultProfiles; "" means "none"
	ExportDelay    time.Duration // how long an export job runs on the server clock; 0 means complete after two polls
	Limits         string        // "" or "none": no rate limits; "published": those of API §7.2
	Epoch          time.Time     // date of the server clock at the start; zero means 2026-01-15T12:00:00Z
	Doubt          Doubt         // alternatives where public material is silent
	DataCenter     string        // data center id; "" means "sandbox1". Its hosts and loopback hosts are the home data center
	ForeignHosts   []string      // hosts that answer as a foreign data center does (API §1.1)
	Scopes         []string      // scopes granted to the OAuth client; nil means all read scopes
	MaxExportBytes int64         // an export whose rows exceed it fails; 0 means 1.8 GB (API §3.3)

	// The next fields are for simulations of many small tenants.
	FaultRates   map[string]int // class of faults → chance in ten thousandths, instead of a profile
	FaultRow     int            // most faults in a row on one object, with FaultRates; 0 means 3 on calls, 2 on files, 1 on jobs
	LateMost     time.Duration  // largest delay until a change becomes visible; 0 means ten minutes
	Lag          time.Duration  // after a torn export, time in which reads of an omitted response do not find it, either
	Live         bool           // data changes while the clock runs, not only in Advance
	KeepSurveys  int            // surveys are deleted while more than this number are listed; 0 means 20
	KeepContacts bool           // contacts are not deleted
	PageSize     int            // elements on a page of a list; 0 means the page sizes of the API
	SearchDepth  int            // most contacts in a search result; 0 means 10,000 (API §4.2)
	SmallSurveys bool           // surveys have few questions
	Personal     bool           // surveys ask for personal data, which no other text of the tenant resembles
	OddFields    bool           // surveys have embedded data with confusing names and types, some of it undeclared
	Stored       bool           // ZIP files are stored instead of deflated
	Users        int            // users of the brand; 0 means 30
	Without      []Right        // rights that the account does not have
}

const defaultMaxExportBytes = 1_800_000_000

// Sandbox is a running tenant. Its methods may be called concurrently.
type Sandbox struct {
	options     Options
	world       *world
	started     time.Time // on the runtime's clock
	credentials Credentials

	advancing sync.Mutex   // one Advance at a time; guards lived
	lived     time.Time    // time up to which the world has changed
	resting   atomic.Bool  // nothing changes until the next Advance
	skipped   atomic.Int64 // sum of all Advance calls, in nanoseconds

	intercept atomic.Pointer[func(*http.Request) *http.Response]
	routes    *router
	visits    *visits
	faults    *faults
	limits    *limiter
	tokens    *tokens
	jobs      *jobs
	counts    *counts
	contacts  *contactLists

	continuations *continuations
}

// Credentials give access to a tenant: the API token of its user, and an OAuth
// client that acts as the same user.
type Credentials struct {
	APIToken     string // 40 characters
	ClientID     string
	ClientSecret string
}

// New makes a tenant. It returns an error for an unknown fault profile, unknown
// limits, unknown rights and negative sizes.
func New(o Options) (*Sandbox, error) {
	if o.Surveys < 0 || o.Responses < 0 || o.Contacts < 0 || o.ExportDelay < 0 || o.MaxExportBytes < 0 || o.LateMost < 0 || o.Lag < 0 || o.KeepSurveys < 0 || o.PageSize < 0 || o.SearchDepth < 0 || o.FaultRow < 0 || o.Users < 0 {
		return nil, fmt.Errorf("making a sandbox: sizes and delays cannot be negative")
	}
	if o.Limits != "" && o.Limits != limitsNone && o.Limits != limitsPublished {
		return nil, fmt.Errorf("making a sandbox: unknown limits %q: use %q or %q", o.Limits, limitsNone, limitsPublished)
	}
	for _, right := range o.Without {
		if !slices.Contains(Rights(), right) {
			return nil, fmt.Errorf("making a sandbox: unknown right %q: use some of %v", right, Rights())
		}
	}
	o.Surveys = cmp.Or(o.Surveys, 12)
	o.Responses = cmp.Or(o.Responses, 2000)
	o.Contacts = cmp.Or(o.Contacts, 500)
	o.MaxExportBytes = cmp.Or(o.MaxExportBytes, defaultMaxExportBytes)
	o.DataCenter = cmp.Or(o.DataCenter, "sandbox1")
	o.Doubt.TokenLifetime = cmp.Or(o.Doubt.TokenLifetime, time.Hour)
	o.Doubt.ExpiredTokenCode = cmp.Or(o.Doubt.ExpiredTokenCode, http.StatusUnauthorized)
	o.Doubt.MissingRightCode = cmp.Or(o.Doubt.MissingRightCode, http.StatusForbidden)
	if o.Epoch.IsZero() {
		o.Epoch = time.Date(2026, time.January, 15, 12, 0, 0, 0, time.UTC)
	}
	if o.Scopes == nil {
		o.Scopes = readScopes()
	}
	o.Scopes = slices.Clone(o.Scopes)
	o.ForeignHosts = slices.Clone(o.ForeignHosts)
	faults, err := newFaults(o)
	if err != nil {
		return nil, fmt.Errorf("making a sandbox: %w", err)
	}
	s := &Sandbox{
		options: o,
		world: newWorld(worldOptions{
			Seed: o.Seed, Surveys: o.Surveys, Responses: o.Responses, Contacts: o.Contacts,
			Epoch: o.Epoch, Doubt: o.Doubt, LateMost: o.LateMost, Lag: o.Lag,
			KeepSurveys: o.KeepSurveys, KeepContacts: o.KeepContacts, SmallSurveys: o.SmallSurveys, Personal: o.Personal, OddFields: o.OddFields,
			Users: o.Users, Without: o.Without,
		}),
		started: time.Now(),
		credentials: Credentials{
			APIToken:     fingerprintOf(o.Seed, "api token").text(40),
			ClientID:     fingerprintOf(o.Seed, "client id").hex(32),
			ClientSecret: fingerprintOf(o.Seed, "client secret").text(64),
		},
		visits:   newVisits(o.Seed),
		faults:   faults,
		limits:   newLimiter(o.Limits == limitsPublished),
		tokens:   newTokens(o.Seed),
		jobs:     newJobs(),
		counts:   newCounts(),
		contacts: newContactLists(),

		continuations: newContinuations(),
	}
	s.world.clock = s.Now
	s.routes = newRouter(s)
	s.lived = s.Now()
	return s, nil
}

// Credentials returns the credentials, which depend on the seed.
func (s *Sandbox) Credentials() Credentials { return s.credentials }

// Now returns the time of the server clock: the epoch, the time since [New],
// and the sum of all [Sandbox.Advance].
func (s *Sandbox) Now() time.Time {
	return s.options.Epoch.Add(time.Since(s.started) + time.Duration(s.skipped.Load())).UTC()
}

// Advance moves the server clock by d and changes the data as in this time.
// Responses arrive, are edited and deleted. Contacts, mailing lists, users,
// surveys and their questions change. Quiet makes pending changes visible and
// adds none. After a quiet Advance, a tenant with Options.Live does not change
// until the next Advance.
func (s *Sandbox) Advance(d time.Duration, quiet bool) {
	s.pass(d, quiet, func() { s.skipped.Add(int64(d)) })
}

// Elapse is Advance in real time: it sleeps for d, and the clock does not jump.
func (s *Sandbox) Elapse(d time.Duration, quiet bool) {
	s.pass(d, quiet, func() { time.Sleep(d) })
}

func (s *Sandbox) pass(d time.Duration, quiet bool, wait func()) {
	s.advancing.Lock()
	defer s.advancing.Unlock()
	from := s.Now()
	s.jobs.completeDue(from)
	wait()
	if s.options.Live && !quiet {
		from, s.lived = s.lived, from.Add(d)
		s.world.advance(from, s.lived, false)
	} else {
		s.world.advance(from, from.Add(d), quiet)
		s.lived = from.Add(d)
	}
	s.resting.Store(quiet)
	s.contacts.forget()
}

// liveStep is the shortest interval between two changes of a tenant with
// Options.Live.
const liveStep = time.Second

// live applies the changes up to the present, with Options.Live.
func (s *Sandbox) live() {
	if !s.options.Live || s.resting.Load() {
		return
	}
	s.advancing.Lock()
	defer s.advancing.Unlock()
	now := s.Now()
	if now.Sub(s.lived) < liveStep {
		return
	}
	s.jobs.completeDue(now)
	s.world.advance(s.lived, now, false)
	s.lived = now
	s.contacts.forget()
}

// SetActivity scales the rates of later changes: of responses; of contacts,
// mailing lists, members and users; of surveys and their questions. The initial
// factor is 1.
func (s *Sandbox) SetActivity(responses, contacts, surveys float64) {
	s.world.mutex.Lock()
	defer s.world.mutex.Unlock()
	s.world.activity = activity{responses, contacts, surveys}
}

// DeleteSurvey deletes the newest listed survey if more than
// Options.KeepSurveys are listed. It reports whether it did.
func (s *Sandbox) DeleteSurvey() bool {
	s.world.mutex.Lock()
	defer s.world.mutex.Unlock()
	listed := s.world.listedLocked()
	if len(listed) <= s.world.scale.KeepSurveys {
		return false
	}
	listed[len(listed)-1].deleted = true
	return true
}

// StopFaults ends all faults and disturbances for good.
func (s *Sandbox) StopFaults() { s.faults.stop() }

// Fired returns the numbers of faults so far, by class.
func (s *Sandbox) Fired() map[string]int { return s.faults.counts() }

// Truth yields the objects of one of [TruthKinds] that are visible now, as
// compact JSON. The second result is false for another kind. A slice is valid
// until the next one.
func (s *Sandbox) Truth(kind string) (iter.Seq[[]byte], bool) { return s.world.truth(kind) }

// Versions calls each for the responses of [Sandbox.Truth], with the ids and
// the modified date only.
func (s *Sandbox) Versions(each func(surveyID, responseID string, modified time.Time)) {
	s.world.versions(each)
}

// Requests returns the numbers of answers, by endpoint, such as "GET
// /surveys/{id}", and status code. A connection that ended before a status
// counts as "reset". An unknown path counts by its shape, such as "GET
// (unknown) /surveys/{id}/sessions".
func (s *Sandbox) Requests() map[string]map[string]int { return s.counts.copy() }

// Intercept calls f for every request to the API and the token endpoint before
// the tenant answers. If f returns a response, the client gets it. If f returns
// nil, the tenant answers. F may read the request's body. A response without a
// Date header gets the server clock's. A nil f ends the interception.
func (s *Sandbox) Intercept(f func(*http.Request) *http.Response) {
	if f == nil {
		s.intercept.Store(nil)
		return
	}
	s.intercept.Store(&f)
}

// RevokeTokens makes every bearer token issued so far unknown.
func (s *Sandbox) RevokeTokens() { s.tokens.revoke(false) }

// RevokeClient makes the OAuth client and all its tokens unknown.
func (s *Sandbox) RevokeClient() { s.tokens.revoke(true) }
