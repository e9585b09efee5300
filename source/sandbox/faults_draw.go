package sandbox

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	mostCallFaults = 3 // in a row on equal requests; a bearer token is lost once
	mostFileFaults = 2 // in a row on one file
	mostJobFaults  = 1 // in a row on the jobs of one survey
)

// faults decides who is struck. A request's fingerprint decides, so equal runs
// meet equal faults; rows of bad luck are cut short, so that a client with
// eight tries per call and three jobs per export always gets through.
type faults struct {
	seed uint64
	plan faultPlan
	most faultLimits
	lock sync.Mutex
	runs map[uint64]run
	jobs map[string]int // survey id → how many of its newest jobs in a row were struck

	rates    map[string]uint64 // instead of the plan
	stopped  bool
	fired    map[string]int
	scripted []*ScriptedFault // before plan and rates
}

// faultLimits are the most faults in a row.
type faultLimits struct{ calls, files, jobs int }

// run is the state of equal requests.
type run struct {
	length int // faults in a row
	burst  int // how many more answers are 429
}

func newFaults(o Options) (*faults, error) {
	f := &faults{
		seed: o.Seed, most: faultLimits{mostCallFaults, mostFileFaults, mostJobFaults},
		runs: make(map[uint64]run), jobs: make(map[string]int), fired: make(map[string]int),
	}
	if o.FaultRates == nil {
		plan, ok := faultPlans[cmp.Or(o.Faults, "none")]
		if !ok {
			return nil, fmt.Errorf("unknown fault profile %q: use one of %s", o.Faults, strings.Join(FaultProfiles(), ", "))
		}
		f.plan = plan
		return f, nil
	}
	f.rates = make(map[string]uint64)
	for class, rate := range o.FaultRates {
		if !slices.Contains(FaultClasses(), class) || rate < 0 || rate > 10_000 {
			return nil, fmt.Errorf("unknown fault class %q, or a rate that is none: %d", class, rate)
		}
		f.rates[class] = uint64(rate)
	}
	if o.FaultRow > 0 {
		f.most = faultLimits{o.FaultRow, o.FaultRow, o.FaultRow}
	}
	return f, nil
}

// stop ends the faults.
func (f *faults) stop() {
	f.lock.Lock()
	defer f.lock.Unlock()
	f.stopped = true
}

func (f *faults) counts() map[string]int {
	f.lock.Lock()
	defer f.lock.Unlock()
	return maps.Clone(f.fired)
}

// strikes draws one of the classes: by the plan's chances, or each by its own
// rate. Then a class that is left out does not change what the others do.
func (f *faults) strikes(v visit, kind string, planned []chance, classes []string) fault {
	if f.rates == nil {
		return draw(planned, v.derive(kind))
	}
	for _, class := range classes {
		if f.rates[class] == 0 {
			continue
		}
		if struck := draw([]chance{{class, f.rates[class]}}, v.derive(kind+" "+class)); struck.class != "" {
			return struck
		}
	}
	return fault{}
}

// outageMinutes is how long a request stays without an answer.
const outageMinutes = 30

// out says whether a request gets no answer now.
func (f *faults) out(v visit, now time.Time) bool {
	rate := f.rates[faultOutage]
	if rate == 0 {
		return false
	}
	key, period := strconv.FormatUint(v.key, 10), strconv.FormatInt(now.Unix()/60/outageMinutes, 10)
	return fingerprintOf(f.seed, faultOutage, key, period).number(0)%10_000 < rate
}

// deniedHours is how long a survey stays denied.
const deniedHours = 3

// denies says whether a survey may not be read now.
func (f *faults) denies(surveyID string, now time.Time) bool {
	rate := f.rates[faultDenied]
	if rate == 0 {
		return false
	}
	period := strconv.FormatInt(now.Unix()/3600/deniedHours, 10)
	denied := fingerprintOf(f.seed, faultDenied, surveyID, period).number(0)%10_000 < rate
	f.lock.Lock()
	defer f.lock.Unlock()
	if f.stopped {
		return false
	}
	if denied {
		f.fired[faultDenied]++
	}
	return denied
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
func (f *faults) call(v visit, now time.Time, endpoint string, applies func(class string) bool) fault {
	f.lock.Lock()
	planned, ok := f.nextLocked(v, endpoint, callFaults, applies)
	f.lock.Unlock()
	if ok {
		return planned
	}
	if len(f.plan.calls) == 0 && f.rates == nil {
		return fault{}
	}
	drawn := f.strikes(v, "call fault", f.plan.calls, callFaults)
	f.lock.Lock()
	defer f.lock.Unlock()
	if !f.stopped && f.out(v, now) {
		f.fired[faultOutage]++
		return fault{class: faultOutage}
	}
	state := f.runs[v.key]
	switch {
	case f.stopped, state.length >= f.most.calls:
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
	f.fired[drawn.class]++
	return drawn
}

// file decides about the content of a download.
func (f *faults) file(v visit) fault {
	drawn := f.strikes(v, "file fault", f.plan.files, fileFaults)
	key := ^v.key // apart from the calls
	f.lock.Lock()
	defer f.lock.Unlock()
	if planned, ok := f.nextLocked(v, fileEndpoint, fileFaults, always); ok {
		return planned
	}
	if drawn.class == "" || f.stopped || f.runs[key].length >= f.most.files {
		delete(f.runs, key)
		return fault{}
	}
	f.runs[key] = run{length: f.runs[key].length + 1}
	f.fired[drawn.class]++
	return drawn
}

// job decides about a job. Two jobs of a survey in a row are not struck. Applies
// says which classes can strike it.
func (f *faults) job(v visit, surveyID string, applies func(class string) bool) fault {
	drawn := f.strikes(v, "job fault", f.plan.jobs, jobFaults)
	f.lock.Lock()
	defer f.lock.Unlock()
	if planned, ok := f.nextLocked(v, jobEndpoint, jobFaults, applies); ok {
		return planned
	}
	switch {
	case f.stopped, f.jobs[surveyID] >= f.most.jobs, !applies(drawn.class):
		drawn = fault{}
	case drawn.class == faultMisfiled && f.jobs[surveyID] > 0:
		drawn = fault{} // two jobs that hold the same are believed
	}
	if drawn.class == "" {
		delete(f.jobs, surveyID)
		return drawn
	}
	f.jobs[surveyID]++
	f.fired[drawn.class]++
	return drawn
}

// forToken are the classes that strike the token endpoint.
var forToken = []string{faultRate, faultServer, faultReset, faultSlow, faultClock, faultDateless}

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
