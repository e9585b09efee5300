package sandbox

import "slices"

// Certainty says how sure it is that Qualtrics does what the tenant does.
type Certainty string

// The certainties, from the surest.
const (
	Recorded   Certainty = "recorded"   // seen in a real answer
	Documented Certainty = "documented" // stated by Qualtrics, or relied on by clients in use
	Assumed    Certainty = "assumed"    // a guess
)

// Behavior is one thing that the tenant does.
type Behavior struct {
	Does    string    // a clause whose subject is the endpoint
	Sure    Certainty // how sure it is that Qualtrics does so, too
	Section string    // of the API reference
	Test    string    // the test of this package that shows it
	// Switch is what makes it happen, when it does not by itself:
	// "--doubt NAME", "fault CLASS", or a flag of the command.
	Switch string
}

// Covered is an endpoint with what it does.
type Covered struct {
	Endpoint  string // as Requests names it, or a group of requests
	Behaviors []Behavior
}

// Coverage lists everything that the tenant does: what holds for all requests
// first, then each endpoint, what time changes, and the faults.
func Coverage() []Covered {
	all := []Covered{{"every request", requestCoverage}, {"POST " + tokenPath, tokenCoverage}}
	for _, r := range newRouter(nil).routes {
		all = append(all, Covered{r.endpoint(), slices.Clone(r.covered)})
	}
	return append(all, Covered{"the passing of time", timeCoverage}, Covered{"faults", faultCoverage})
}

// NotSimulated lists what Qualtrics has and the tenant has not.
func NotSimulated() []string {
	return []string{
		"exports as CSV, TSV, SPSS and XML, continuation tokens and saved filters: 400 with a text that says so",
		"202 of a single response that cannot be read yet",
		"everything that writes, imports or erases",
		"the authorization code grant of OAuth",
		"the lists below a survey definition (questions, blocks, flow, options, metadata, versions, quotas), translations, `?format=qsf`",
		"distributions with their history and links, SMS and WhatsApp",
		"contact export jobs, opted-out and bounced contacts, contact history, transactions, samples, segments, and the mailing lists of old",
		"users, groups, divisions, organizations, libraries, tickets, audit logs, event subscriptions, imported data projects",
	}
}
