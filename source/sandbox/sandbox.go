// Package sandbox is a simulated Qualtrics tenant behind the API's own HTTP
// face: surveys, responses and contacts that one seed decides, export jobs,
// OAuth, rate limits, and the faults that a bad day brings.
//
// It imitates what public material says about the API ("API §n" below is a
// section of this project's API reference). Behaviors are tagged in comments:
// *recorded* was seen in a real answer, *documented* is stated by Qualtrics or
// relied on by clients in use, *assumed* is a guess.
//
// Data changes only in [Sandbox.Advance]; the server clock always runs.
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
	Seed           uint64        // decides every byte of the world, the ids of requests and the faults
	Surveys        int           // number of surveys; 0 means 12
	Responses      int           // responses over all surveys; 0 means 2000
	Contacts       int           // contacts over all directories; 0 means 500
	Faults         string        // fault profile, one of FaultProfiles; "" means "none"
	ExportDelay    time.Duration // how long an export job runs on the server clock; 0 means complete after two polls
	Limits         string        // "" or "none": no rate limits; "published": those of API §7.2
	Epoch          time.Time     // the world's present at the start; zero means 2026-01-15T12:00:00Z
	Doubt          Doubt         // alternatives where public material is silent
	DataCenter     string        // data center id; "" means "sandbox1". Its hosts and loopback hosts are home
	ForeignHosts   []string      // hosts that answer as a foreign data center does (API §1.1)
	Scopes         []string      // scopes granted to the OAuth client; nil means all read scopes
	MaxExportBytes int64         // an export whose rows exceed it fails; 0 means 1.8 GB (API §3.3)

	// What follows is for simulations of many small tenants.
	FaultRates   map[string]int // class of faults → chance in ten thousandths, instead of a profile
	FaultRow     int            // most faults in a row on one thing, with FaultRates; 0 means 3 on calls, 2 on files, 1 on jobs
	LateMost     time.Duration  // how late a change becomes visible at most; 0 means ten minutes
	Lag          time.Duration  // how long a read of its own does not show what a torn export missed, either
	Live         bool           // the world lives through the time that passes by itself, not only in Advance
	KeepSurveys  int            // surveys are deleted as long as more than so many are listed; 0 means 20
	KeepContacts bool           // contacts are not deleted
	PageSize     int            // elements on a page of a list; 0 means what the API has
	SearchDepth  int            // contacts that a search shows at most; 0 means 10,000 (API §4.2)
	SmallSurveys bool           // surveys have few questions
	Stored       bool           // ZIP files are stored instead of deflated
}

const defaultMaxExportBytes = 1_800_000_000

// Sandbox is a running tenant. Its methods may be called concurrently.
type Sandbox struct {
	options     Options
	world       *world
	started     time.Time // on the runtime's clock
	credentials Credentials

	advancing sync.Mutex   // one Advance at a time; guards lived
	lived     time.Time    // up to where the world has lived
	resting   atomic.Bool  // nothing new happens until the next Advance
	skipped   atomic.Int64 // what Advance added to the clock, in nanoseconds

	intercept atomic.Pointer[func(*http.Request) *http.Response]
	routes    *router
	visits    *visits
	faults    *faults
	limits    *limiter
	tokens    *tokens
	jobs      *jobs
	counts    *counts
	contacts  *contactLists
}

// Credentials open a tenant: the API token of its user, and an OAuth client
// that acts as the same user.
type Credentials struct {
	APIToken     string // 40 characters
	ClientID     string
	ClientSecret string
}

// New makes a tenant. It fails for an unknown fault profile, unknown limits
// and negative sizes.
func New(o Options) (*Sandbox, error) {
	if o.Surveys < 0 || o.Responses < 0 || o.Contacts < 0 || o.ExportDelay < 0 || o.MaxExportBytes < 0 || o.LateMost < 0 || o.Lag < 0 || o.KeepSurveys < 0 || o.PageSize < 0 || o.SearchDepth < 0 || o.FaultRow < 0 {
		return nil, fmt.Errorf("making a sandbox: sizes and delays cannot be negative")
	}
	if o.Limits != "" && o.Limits != limitsNone && o.Limits != limitsPublished {
		return nil, fmt.Errorf("making a sandbox: unknown limits %q: use %q or %q", o.Limits, limitsNone, limitsPublished)
	}
	o.Surveys = cmp.Or(o.Surveys, 12)
	o.Responses = cmp.Or(o.Responses, 2000)
	o.Contacts = cmp.Or(o.Contacts, 500)
	o.MaxExportBytes = cmp.Or(o.MaxExportBytes, defaultMaxExportBytes)
	o.DataCenter = cmp.Or(o.DataCenter, "sandbox1")
	o.Doubt.TokenLifetime = cmp.Or(o.Doubt.TokenLifetime, time.Hour)
	o.Doubt.ExpiredTokenCode = cmp.Or(o.Doubt.ExpiredTokenCode, http.StatusUnauthorized)
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
			KeepSurveys: o.KeepSurveys, KeepContacts: o.KeepContacts, SmallSurveys: o.SmallSurveys,
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
	}
	s.routes = newRouter(s)
	s.lived = s.Now()
	return s, nil
}

// Credentials are decided by the seed.
func (s *Sandbox) Credentials() Credentials { return s.credentials }

// Now is the server clock: the epoch, the time since [New], and what
// [Sandbox.Advance] added.
func (s *Sandbox) Now() time.Time {
	return s.options.Epoch.Add(time.Since(s.started) + time.Duration(s.skipped.Load())).UTC()
}

// Advance moves the server clock by d and lets the world live through it:
// responses arrive, are edited and deleted, contacts change. Quiet means that
// nothing new happens and what was pending becomes visible; a living world
// rests until the next Advance.
func (s *Sandbox) Advance(d time.Duration, quiet bool) {
	s.pass(d, quiet, func() { s.skipped.Add(int64(d)) })
}

// Elapse is Advance with a clock that does not leap: it takes so long.
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

// liveStep is the shortest time that a living world lives through at once.
const liveStep = time.Second

// live lets a living world catch up with the clock.
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

// SetActivity scales what happens per hour from now on: responses and what
// befalls them, contacts, surveys. 1 is what a tenant begins with.
func (s *Sandbox) SetActivity(responses, contacts, surveys float64) {
	s.world.mutex.Lock()
	defer s.world.mutex.Unlock()
	s.world.activity = activity{responses, contacts, surveys}
}

// DeleteSurvey deletes the newest listed survey, as long as more than
// Options.KeepSurveys are listed, and says whether it did.
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

// StopFaults ends the faults for good.
func (s *Sandbox) StopFaults() { s.faults.stop() }

// Fired counts the faults that struck, by class.
func (s *Sandbox) Fired() map[string]int { return s.faults.counts() }

// Truth lists what exists and is visible now, one compact JSON object each,
// of the kind "surveys", "responses" or "contacts". The second result is false
// for another kind. A slice is valid until the next one.
func (s *Sandbox) Truth(kind string) (iter.Seq[[]byte], bool) { return s.world.truth(kind) }

// Versions hands out what [Sandbox.Truth] knows of responses, without their
// content: the ids and the modified date.
func (s *Sandbox) Versions(each func(surveyID, responseID string, modified time.Time)) {
	s.world.versions(each)
}

// Requests counts what was answered: endpoint, such as "GET /surveys/{id}",
// to status code to count. A connection that ended before a status counts as
// "reset", a path that no endpoint has as "(unknown)".
func (s *Sandbox) Requests() map[string]map[string]int { return s.counts.copy() }

// Intercept makes f see every request to the API and the token endpoint before
// the tenant does. When f returns a response, that is the answer; nil means
// the normal one. The request's body can be read. A response without a Date
// gets that of the server clock. A nil f ends it.
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
