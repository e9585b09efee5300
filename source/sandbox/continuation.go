package sandbox

import (
	"encoding/json"
	"maps"
	"strings"
	"sync"
	"time"
)

// tokenLifetime is *documented* (API §3.4).
const tokenLifetime = 7 * 24 * time.Hour

// continuation is the content of a token: the responses of one export, and of
// the exports that it continued.
type continuation struct {
	surveyID   string
	parameters string
	issued     time.Time
	revisions  map[int]int // revision of each exported response, by its index
}

// continuations holds the tokens of the tenant.
type continuations struct {
	lock sync.Mutex
	all  map[string]*continuation
}

func newContinuations() *continuations { return &continuations{all: make(map[string]*continuation)} }

// issue stores the responses of a complete job under a token and returns it.
func (c *continuations) issue(token string, j *job) string {
	c.lock.Lock()
	defer c.lock.Unlock()
	held := make(map[int]int)
	if earlier, ok := c.all[j.request.token]; ok {
		held = maps.Clone(earlier.revisions)
	}
	for f := range j.rows.versions {
		held[f.index] = f.revision
	}
	c.all[token] = &continuation{j.surveyID, j.request.parameters, j.completed, held}
	return token
}

// find returns the content of a token. It returns false if the token is unknown
// or expired, or belongs to another survey or other parameters.
func (c *continuations) find(token, surveyID, parameters string, now time.Time) (*continuation, bool) {
	c.lock.Lock()
	defer c.lock.Unlock()
	for name, one := range c.all {
		if now.Sub(one.issued) >= tokenLifetime+fileLifetime { // a running job may still continue it
			delete(c.all, name)
		}
	}
	found, ok := c.all[token]
	ok = ok && found.surveyID == surveyID && found.parameters == parameters && now.Sub(found.issued) < tokenLifetime
	return found, ok
}

// lacks returns a filter for the responses that were not exported yet. With edits
// it also keeps responses that changed since (*documented*, API §3.4).
func (c *continuation) lacks(edits bool) func(facts) bool {
	return func(f facts) bool {
		revision, held := c.revisions[f.index]
		return !held || (edits && revision != f.revision)
	}
}

// continuation reads allowContinuation and continuationToken. They exclude each
// other (*documented*, API §3.4).
func (p *exportParameters) continuation() (allow bool, token string) {
	_, allowSent := p.take("allowContinuation")
	allow = p.boolean("allowContinuation", false)
	raw, sent := p.take("continuationToken")
	if !sent {
		return allow, ""
	}
	if allowSent {
		p.fail(badRequest("Invalid request. allowContinuation cannot be combined with continuationToken."))
	}
	if json.Unmarshal(raw, &token) != nil || token == "" {
		p.fail(invalidParameter("continuationToken"))
	}
	return false, token
}

// filter reads the id of a saved filter. It cannot be combined with sorting or
// continuation (*documented*).
func (p *exportParameters) filter(sorted, continued bool) (id string) {
	raw, sent := p.take("filterId")
	switch {
	case !sent:
		return ""
	case json.Unmarshal(raw, &id) != nil || id == "":
		p.fail(invalidParameter("filterId"))
	case sorted:
		p.fail(badRequest("Invalid request. filterId cannot be combined with sortByLastModifiedDate."))
	case continued:
		p.fail(badRequest("Invalid request. filterId cannot be combined with allowContinuation or continuationToken."))
	}
	return id
}

// lasting returns the parameters, with their values, that must be equal in an
// export and its continuation. The selection of parameters is *assumed*.
func (p *exportParameters) lasting() string {
	var text strings.Builder
	for _, name := range []string{
		"startDate", "endDate", "sortByLastModifiedDate", "exportResponsesInProgress", "questionIds", "embeddedDataIds", "surveyMetadataIds",
	} {
		text.Write(p.members[name])
		text.WriteByte('\n')
	}
	return text.String()
}
