package sandbox

import "slices"

// The classes of faults.
const (
	faultRate      = "rate"      // 429, in bursts
	faultServer    = "server"    // 500, 502, 503, 504 with JSON, HTML or nothing
	faultReset     = "reset"     // the connection breaks: before, or in the middle of the answer
	faultTruncate  = "truncate"  // a ZIP file is cut, and Content-Length is that of the cut file
	faultCorrupt   = "corrupt"   // a bit of a ZIP file is flipped
	faultJobFail   = "jobfail"   // an export job fails
	faultJobVanish = "jobvanish" // progress or file of a job return 404
	faultJobStuck  = "jobstuck"  // an export job never ends
	faultJobNull   = "jobnull"   // an export job starts without an id
	faultSlow      = "slow"      // an answer takes seconds
	faultHTML      = "html"      // status 200 with an HTML page instead of JSON
	faultAuth      = "auth"      // a bearer token becomes unknown
	faultRedirect  = "redirect"  // status 302 to another host, rare
	faultClock     = "clock"     // the Date header is missing or wrong
	faultDateless  = "dateless"  // the Date header is missing
	faultOutage    = "outage"    // a request and its repetitions return 503 for half an hour
	faultDenied    = "denied"    // a survey cannot be read for three hours
	faultTorn      = "torn"      // an export misses responses that exist; see exportTorn
	faultMisfiled  = "misfiled"  // an export of a window holds older responses of another survey instead
)

// chance holds the probability of a class, in ten thousandths.
type chance struct {
	class string
	rate  uint64
}

// faultPlan holds the chances for calls, files and jobs. The figures are
// *assumed*; those of the default profile are those of a bad day.
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

// FaultProfiles lists the values of Options.Faults: "none", "default" and one
// profile for each class.
func FaultProfiles() []string {
	return []string{
		"none", "default", faultRate, faultServer, faultReset, faultTruncate, faultCorrupt, faultJobFail,
		faultJobVanish, faultJobStuck, faultSlow, faultHTML, faultAuth, faultRedirect, faultClock,
	}
}

// The classes of calls, files and jobs, in the order of the draws.
var (
	callFaults = []string{faultRate, faultServer, faultReset, faultSlow, faultHTML, faultAuth, faultRedirect, faultClock, faultDateless}
	fileFaults = []string{faultTruncate, faultCorrupt}
	jobFaults  = []string{faultJobFail, faultJobVanish, faultJobStuck, faultJobNull, faultTorn, faultMisfiled}
)

// FaultClasses lists the classes of Options.FaultRates.
func FaultClasses() []string {
	return slices.Concat(callFaults, fileFaults, jobFaults, []string{faultOutage, faultDenied})
}
