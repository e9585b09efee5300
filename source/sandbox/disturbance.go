package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Disturbance changes the answers of one endpoint until it is lifted. It
// refuses calls, leaves them without an answer, or answers a list in another
// form. It never begins by chance. That Qualtrics does so is *assumed*, except
// for the statuses of API §7.3.
type Disturbance struct {
	Endpoint string // as Requests names it, such as "GET /surveys"
	Object   string // only calls with this id in the path; "" means all
	Page     Page   // only these pages of a list

	// MoreRows selects exports of more rows than this; 0 means all exports. It
	// works where the endpoint starts an export or returns its file.
	MoreRows int

	// Exactly one of the next three fields has to be set.
	Status int      // the call gets this status
	Silent bool     // the call gets no answer: it hangs until the client gives up
	List   ListForm // the list has another form

	Code, Message string        // of the error; "" means the usual ones of the status
	Calls         int           // number of calls that it changes; 0 means all
	For           time.Duration // duration on the server clock; 0 means until it is lifted
}

// Page selects pages of a list.
type Page int

// The pages of a list.
const (
	EveryPage Page = iota
	FirstPage
	LaterPages
)

// disturbance is a disturbance that has begun.
type disturbance struct {
	Disturbance
	until time.Time // zero = until lifted
}

// Disturb begins a disturbance. Earlier ones take precedence. The returned
// function ends it, and StopFaults ends all. Disturb fails if the disturbance
// could never change an answer.
func (s *Sandbox) Disturb(d Disturbance) (lift func(), err error) {
	i := slices.IndexFunc(s.routes.routes, func(r *route) bool { return r.endpoint() == d.Endpoint })
	effects := 0
	for _, is := range []bool{d.Status != 0, d.Silent, d.List != SoundList} {
		if is {
			effects++
		}
	}
	switch {
	case i < 0:
		return nil, fmt.Errorf("disturbing %q: unknown endpoint", d.Endpoint)
	case effects != 1:
		return nil, fmt.Errorf("disturbing %s: set exactly one of Status, Silent and List", d.Endpoint)
	case d.Status != 0 && (d.Status < 400 || d.Status > 599):
		return nil, fmt.Errorf("disturbing %s: %d is not an error status", d.Endpoint, d.Status)
	case d.MoreRows < 0 || d.Calls < 0 || d.For < 0:
		return nil, fmt.Errorf("disturbing %s: numbers cannot be negative", d.Endpoint)
	case d.MoreRows > 0 && d.Endpoint != jobEndpoint && d.Endpoint != fileEndpoint:
		return nil, fmt.Errorf("disturbing %s: MoreRows needs one of the endpoints %s and %s", d.Endpoint, jobEndpoint, fileEndpoint)
	case (d.List != SoundList || d.Page != EveryPage) && !s.routes.routes[i].list:
		return nil, fmt.Errorf("disturbing %s: List and Page need an endpoint that returns a list", d.Endpoint)
	}
	added := &disturbance{Disturbance: d}
	if d.For > 0 {
		added.until = s.Now().Add(d.For)
	}
	s.faults.lock.Lock()
	defer s.faults.lock.Unlock()
	s.faults.disturbances = append(s.faults.disturbances, added)
	return func() {
		s.faults.lock.Lock()
		defer s.faults.lock.Unlock()
		s.faults.disturbances = slices.DeleteFunc(s.faults.disturbances, func(one *disturbance) bool { return one == added })
	}, nil
}

// disturbed returns the first disturbance that applies to the call, and counts
// the call against Disturbance.Calls. Rows counts the rows of an export, at
// most up to its argument. It is nil if the export is not known yet.
func (x *exchange) disturbed(rows func(most int) int) (Disturbance, bool) {
	s := x.tenant
	s.faults.lock.Lock()
	defer s.faults.lock.Unlock()
	for i, d := range s.faults.disturbances {
		switch {
		case !d.concerns(x), !d.until.IsZero() && !s.Now().Before(d.until), (d.MoreRows > 0) != (rows != nil):
			continue
		case rows != nil && rows(d.MoreRows+1) <= d.MoreRows:
			continue
		}
		if d.Calls == 1 {
			s.faults.disturbances = slices.Delete(s.faults.disturbances, i, i+1)
		} else if d.Calls > 1 {
			d.Calls--
		}
		return d.Disturbance, true
	}
	return Disturbance{}, false
}

func (d *disturbance) concerns(x *exchange) bool {
	if d.Endpoint != x.route.endpoint() {
		return false
	}
	query := x.r.URL.Query()
	later := query.Get("skipToken") != "" || strings.Trim(query.Get("offset"), "0") != ""
	if (d.Page == FirstPage && later) || (d.Page == LaterPages && !later) {
		return false
	}
	if d.Object == "" {
		return true
	}
	for _, value := range x.params {
		if value == d.Object {
			return true
		}
	}
	return false
}

// suffer carries out a disturbance with Status or Silent.
func (x *exchange) suffer(d Disturbance) error {
	if d.Silent {
		<-x.r.Context().Done()
		x.abort()
	}
	refusal := &apiError{status: d.Status, message: http.StatusText(d.Status)}
	switch d.Status {
	case http.StatusNotFound:
		refusal.code, refusal.message = "UNF_9", "Resource not found"
	case http.StatusForbidden:
		refusal.code, refusal.message = "QMST_2.1", "The operation is forbidden."
	case http.StatusBadRequest:
		refusal.code, refusal.message = "GPR_1", "Invalid request."
	}
	if d.Code != "" {
		refusal.code = d.Code
	}
	if d.Message != "" {
		refusal.message = d.Message
	}
	return refusal
}
