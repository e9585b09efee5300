package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// The classes of faults.
const (
	faultRate      = "rate"      // 429, in bursts
	faultServer    = "server"    // 500, 502, 503, 504 with JSON, HTML or nothing
	faultReset     = "reset"     // the connection breaks: before, or in the middle of the answer
	faultTruncate  = "truncate"  // a ZIP file is cut, although lengths agree
	faultCorrupt   = "corrupt"   // a bit of a ZIP file is flipped
	faultJobFail   = "jobfail"   // an export job fails
	faultJobVanish = "jobvanish" // progress or file of a job answer 404
	faultJobStuck  = "jobstuck"  // an export job never ends
	faultSlow      = "slow"      // an answer takes seconds
	faultHTML      = "html"      // 200 with a page instead of JSON
	faultAuth      = "auth"      // a bearer token is not known any more
	faultRedirect  = "redirect"  // 302 to another host, rare
	faultClock     = "clock"     // the Date header is missing or wrong
)

// chance is how often a class strikes, in ten thousandths.
type chance struct {
	class string
	rate  uint64
}

// faultPlan holds the chances by what they strike. They are *assumed* figures:
// the default ones are those of a bad day.
type faultPlan struct{ calls, files, jobs []chance }

var faultPlans = map[string]faultPlan{
	"none": {},
	"default": {
		calls: []chance{{faultRate, 200}, {faultServer, 250}, {faultReset, 150}},
		files: []chance{{faultTruncate, 300}, {faultCorrupt, 300}},
		jobs:  []chance{{faultJobFail, 400}, {faultJobVanish, 200}},
	},
	faultRate:      {calls: []chance{{faultRate, 800}}},
	faultServer:    {calls: []chance{{faultServer, 1000}}},
	faultReset:     {calls: []chance{{faultReset, 1000}}},
	faultTruncate:  {files: []chance{{faultTruncate, 3000}}},
	faultCorrupt:   {files: []chance{{faultCorrupt, 3000}}},
	faultJobFail:   {jobs: []chance{{faultJobFail, 3000}}},
	faultJobVanish: {jobs: []chance{{faultJobVanish, 3000}}},
	faultJobStuck:  {jobs: []chance{{faultJobStuck, 2000}}},
	faultSlow:      {calls: []chance{{faultSlow, 1000}}},
	faultHTML:      {calls: []chance{{faultHTML, 500}}},
	faultAuth:      {calls: []chance{{faultAuth, 300}}},
	faultRedirect:  {calls: []chance{{faultRedirect, 100}}},
	faultClock:     {calls: []chance{{faultClock, 3000}}},
}

// FaultProfiles lists what Options.Faults takes: "none", "default" and one
// profile for each class.
func FaultProfiles() []string {
	return []string{
		"none", "default", faultRate, faultServer, faultReset, faultTruncate, faultCorrupt, faultJobFail,
		faultJobVanish, faultJobStuck, faultSlow, faultHTML, faultAuth, faultRedirect, faultClock,
	}
}

const (
	mostCallFaults = 3 // in a row on equal requests; a bearer token is lost once
	mostFileFaults = 2 // in a row on one file
)

// faults decides who is struck. A request's fingerprint decides, so equal runs
// meet equal faults; rows of bad luck are cut short, so that a client with
// eight tries per call and three jobs per export always gets through.
type faults struct {
	seed uint64
	plan faultPlan
	lock sync.Mutex
	runs map[uint64]run
	jobs map[string]bool // survey id → its newest job was struck
}

// run is the state of equal requests.
type run struct {
	length int // faults in a row
	burst  int // how many more answers are 429
}

func newFaults(seed uint64, profile string) (*faults, error) {
	if profile == "" {
		profile = "none"
	}
	plan, ok := faultPlans[profile]
	if !ok {
		return nil, fmt.Errorf("unknown fault profile %q: use one of %s", profile, strings.Join(FaultProfiles(), ", "))
	}
	return &faults{seed: seed, plan: plan, runs: make(map[uint64]run), jobs: make(map[string]bool)}, nil
}

// fault is what strikes a request or a job; roll decides its variety.
type fault struct {
	class string
	roll  uint64
}

// draw picks a class by its chance.
func draw(chances []chance, f fingerprint) fault {
	at := f.number(0) % 10_000
	for _, c := range chances {
		if at < c.rate {
			return fault{c.class, f.number(1)}
		}
		at -= c.rate
	}
	return fault{}
}

// call decides about a request. Applies says which classes can strike it.
func (f *faults) call(v visit, applies func(class string) bool) fault {
	if len(f.plan.calls) == 0 {
		return fault{}
	}
	drawn := draw(f.plan.calls, v.derive("call fault"))
	f.lock.Lock()
	defer f.lock.Unlock()
	state := f.runs[v.key]
	switch {
	case state.length >= mostCallFaults:
		state, drawn = run{}, fault{}
	case state.burst > 0:
		state.burst--
		drawn = fault{class: faultRate}
	case drawn.class == "" || !applies(drawn.class), drawn.class == faultAuth && state.length > 0:
		state, drawn = run{}, fault{}
	case drawn.class == faultRate:
		state.burst = int(drawn.roll % 3)
	}
	if drawn.class == "" {
		delete(f.runs, v.key)
		return drawn
	}
	state.length++
	f.runs[v.key] = state
	return drawn
}

// file decides about the content of a download.
func (f *faults) file(v visit) fault {
	drawn := draw(f.plan.files, v.derive("file fault"))
	key := ^v.key // apart from the calls
	f.lock.Lock()
	defer f.lock.Unlock()
	if drawn.class == "" || f.runs[key].length >= mostFileFaults {
		delete(f.runs, key)
		return fault{}
	}
	f.runs[key] = run{length: f.runs[key].length + 1}
	return drawn
}

// job decides about a job. Two jobs of a survey in a row are never struck.
func (f *faults) job(v visit, surveyID string) fault {
	drawn := draw(f.plan.jobs, v.derive("job fault"))
	f.lock.Lock()
	defer f.lock.Unlock()
	if f.jobs[surveyID] {
		drawn = fault{}
	}
	f.jobs[surveyID] = drawn.class != ""
	return drawn
}

// forToken are the classes that strike the token endpoint.
var forToken = []string{faultRate, faultServer, faultReset, faultSlow, faultClock}

func (x *exchange) struckBy(class string) bool {
	switch {
	case x.route == nil:
		return slices.Contains(forToken, class)
	case class == faultAuth:
		_, ok := bearerToken(x.r)
		return ok && x.r.Header.Get("X-API-TOKEN") == ""
	default:
		return true
	}
}
