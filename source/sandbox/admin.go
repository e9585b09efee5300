package sandbox

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// The admin endpoints belong to the sandbox, for tests and demonstrations. They
// need no credentials and are not part of the counts.

// adminTruth serves GET /sandbox/truth/{kind}: one JSON object per line.
func (s *Sandbox) adminTruth(w http.ResponseWriter, r *http.Request) {
	rows, ok := s.Truth(r.PathValue("kind"))
	if !ok {
		http.Error(w, "unknown kind: use one of "+strings.Join(TruthKinds(), ", "), http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	out := bufio.NewWriterSize(w, 64<<10)
	for row := range rows {
		if _, err := out.Write(row); err != nil {
			return // the client left
		}
		if err := out.WriteByte('\n'); err != nil {
			return
		}
	}
	_ = out.Flush() // likewise
}

// adminAdvance serves POST /sandbox/advance {"seconds":N,"quiet":false} and
// answers {"now":"…"}.
func (s *Sandbox) adminAdvance(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Seconds *float64 `json:"seconds"`
		Quiet   bool     `json:"quiet"`
	}
	decoder := json.NewDecoder(io.LimitReader(r.Body, maxBodyBytes))
	decoder.DisallowUnknownFields()
	// A century fits into a time.Duration.
	const most = 100 * 365 * 24 * 3600
	if err := decoder.Decode(&request); err != nil || request.Seconds == nil || *request.Seconds < 0 || *request.Seconds > most {
		http.Error(w, `the body must be {"seconds":N,"quiet":false} with N from 0 to a century`, http.StatusBadRequest)
		return
	}
	s.Advance(time.Duration(*request.Seconds*float64(time.Second)), request.Quiet)
	writeAdmin(w, map[string]string{"now": s.Now().Format(time.RFC3339Nano)})
}

// adminRequests serves GET /sandbox/requests: {endpoint:{status:count}}.
func (s *Sandbox) adminRequests(w http.ResponseWriter, _ *http.Request) {
	writeAdmin(w, s.Requests())
}

// adminFaults serves GET /sandbox/faults: the planned faults, and the number of
// faults so far, by class.
func (s *Sandbox) adminFaults(w http.ResponseWriter, _ *http.Request) {
	writeAdmin(w, map[string]any{"planned": s.Scripted(), "struck": s.Fired()})
}

// adminScript serves POST /sandbox/faults, whose body is a ScriptedFault.
func (s *Sandbox) adminScript(w http.ResponseWriter, r *http.Request) {
	var planned ScriptedFault
	decoder := json.NewDecoder(io.LimitReader(r.Body, maxBodyBytes))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&planned); err != nil {
		http.Error(w, `the body must be {"class":"rate","endpoint":"GET /surveys","count":1,"variant":0}; only class is required`, http.StatusBadRequest)
		return
	}
	if err := s.Script(planned); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.adminFaults(w, r)
}

// adminUnscript serves DELETE /sandbox/faults: it cancels the planned faults.
func (s *Sandbox) adminUnscript(w http.ResponseWriter, r *http.Request) {
	s.Unscript()
	s.adminFaults(w, r)
}

func writeAdmin(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(encodeJSON(value), '\n')) // the client may have left
}

// adminPage serves GET /: a description of the sandbox for a person in a
// browser.
func (s *Sandbox) adminPage(w http.ResponseWriter, _ *http.Request) {
	var page strings.Builder
	fmt.Fprintf(&page, "This is a simulated Qualtrics tenant (data center %s, seed %d).\n", s.options.DataCenter, s.options.Seed)
	page.WriteString("Nothing in it is real. Its clock says " + s.Now().Format(time.RFC3339) + ".\n\nEndpoints:\n")
	for _, r := range s.routes.routes {
		fmt.Fprintf(&page, "  %-4s /API/v3%s\n", r.method, r.pattern)
	}
	page.WriteString(`  POST /oauth2/token

For tests, without credentials:
  GET  /sandbox/truth/KIND                           objects that are visible now, one JSON object per line; kinds:
                                                     ` + strings.Join(TruthKinds(), ", ") + `
  POST /sandbox/advance {"seconds":N,"quiet":false}  moves the clock and changes the data; quiet: no new changes
  GET  /sandbox/requests                             answers so far, by endpoint and status
  POST /sandbox/faults {"class":"rate","endpoint":"GET /surveys","count":2,"variant":0}
                                                     plans faults of the next two of these requests; without an endpoint,
                                                     of the next requests that the class can affect; classes:
                                                     ` + strings.Join(ScriptClasses(), ", ") + `
  GET /sandbox/faults                                planned faults, and the number of faults so far, by class
  DELETE /sandbox/faults                             cancels the planned faults
`)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, page.String()) // the client may have left
}
