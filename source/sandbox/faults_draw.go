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
	mostCallFaults = 3 // in a row on equal requests; at most one loss of a bearer token
	mostFileFaults = 2 // in a row on one file
	mostJobFaults  = 1 // in a row on the jobs of one survey
)

// faults draws the faults. The draws depend on a request's fingerprint, so
// equal runs get equal faults. Faults in a row are limited. So a client with
// eight tries per call and three jobs per export always succeeds.
type faults struct {
	seed uint64
	plan faultPlan
	most faultLimits
	lock sync.Mutex
	runs map[uint64]run
	jobs map[string]int // survey id → number of its newest jobs in a row with a fault

	rates    map[string]uint64 // instead of the plan
	stopped  bool
	fired    map[string]int
	scripted []*ScriptedFault // before plan and rates

	disturbances []*disturbance // in the order in which they began
}

// faultLimits holds the largest numbers of faults in a row.
type faultLimits struct{ calls, files, jobs int }

// run is the state of equal requests.
type run struct {
	length int // faults in a row
	burst  int // number of further 429 answers
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
			return nil, fmt.Errorf("unknown fault class %q, or invalid rate %d: use 0 to 10000 for one of %s", class, rate, strings.Join(FaultClasses(), ", "))
		}
		f.rates[class] = uint64(rate)
	}
	if o.FaultRow > 0 {
		f.most = faultLimits{o.FaultRow, o.FaultRow, o.FaultRow}
	}
	return f, nil
}

// stop ends all faults.
func (f *faults) stop() {
	f.lock.Lock()
	defer f.lock.Unlock()
	f.stopped, f.disturbances = true, nil
}

func (f *faults) counts() map[string]int {
	f.lock.Lock()
	defer f.lock.Unlock()
	return maps.Clone(f.fired)
}

// strikes draws one of the classes, by the plan or by the rates. With rates
// each class has a draw of its own, so removing one does not change the others.
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

// outageMinutes is the duration of an outage.
const outageMinutes = 30

// out reports whether an outage refuses the request now.
func (f *faults) out(v visit, now time.Time) bool {
	rate := f.rates[faultOutage]
	if rate == 0 {
		return false
	}
	key, period := strconv.FormatUint(v.key, 10), strconv.FormatInt(now.Unix()/60/outageMinutes, 10)
	return fingerprintOf(f.seed, faultOutage, key, period).number(0)%10_000 < rate
}

// deniedHours is the time for which a survey is denied.
const deniedHours = 3

// denies reports whether a survey cannot be read now.
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

// fault is the fault of a request or a job. Its roll selects the variety.
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

// call draws the fault of a request. Applies reports whether a class can affect
// it.
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

// file draws the fault of a downloaded file.
func (f *faults) file(v visit) fault {
	drawn := f.strikes(v, "file fault", f.plan.files, fileFaults)
	key := ^v.key // a key of its own, separate from the calls
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

// job draws the fault of a job. At most f.most.jobs jobs of a survey in a row
// get one. Applies reports whether a class can affect the job.
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
		drawn = fault{} // a client believes two equal exports
	}
	if drawn.class == "" {
		delete(f.jobs, surveyID)
		return drawn
	}
	f.jobs[surveyID]++
	f.fired[drawn.class]++
	return drawn
}

// forToken lists the classes for the token endpoint.
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
