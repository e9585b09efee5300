package sandbox

import "slices"

// Certainty is the evidence that Qualtrics behaves like the tenant.
type Certainty string

// The certainties, the strongest first.
const (
	Recorded   Certainty = "recorded"   // seen in a real answer
	Documented Certainty = "documented" // stated by Qualtrics, or relied on by clients in use
	Assumed    Certainty = "assumed"    // a guess
)

// Behavior is one simulated behavior of the tenant.
type Behavior struct {
	Does    string    // a clause whose subject is the endpoint
	Sure    Certainty // evidence that Qualtrics does the same
	Section string    // of the API reference
	Test    string    // the test of this package that shows it
	// Switch turns the behavior on; "" means that it is always on. It is
	// "--doubt NAME", "fault CLASS", or a flag of the command.
	Switch string
}

// Covered is an endpoint with its behaviors.
type Covered struct {
	Endpoint  string // as Requests names it, or a group of requests
	Behaviors []Behavior
}

// Coverage lists all behaviors of the tenant: those of all requests, of each
// endpoint, changes over time, faults, and events of tests.
func Coverage() []Covered {
	all := []Covered{{"every request", requestCoverage}, {"POST " + tokenPath, tokenCoverage}}
	for _, r := range newRouter(nil).routes {
		all = append(all, Covered{r.endpoint(), slices.Clone(r.covered)})
	}
	return append(all, Covered{"the passing of time", timeCoverage}, Covered{"faults", faultCoverage}, Covered{"events of Go tests", eventCoverage})
}

// NotSimulated lists the features of Qualtrics that the tenant lacks.
func NotSimulated() []string {
	return []string{
		"exports as SPSS: the answer is 400 with an explanation",
		"202 of a single response that cannot be read yet",
		"endpoints that write, import or erase",
		"the authorization code grant of OAuth",
		"single questions and blocks, options, versions, quotas and quota groups below a survey definition, translations, `?format=qsf`",
		"distributions with their history and links, SMS and WhatsApp",
		"contact export jobs, opted-out and bounced contacts, contact history, transactions, samples, segments, single members, and the former mailing lists",
		"edits of questions in exports, in the response schema and in `GET /surveys/{id}`: they keep the initial questions of the survey",
		"groups, divisions, organizations, libraries, tickets, audit logs, event subscriptions, imported data projects",
	}
}
