package sandbox

import (
	"fmt"
	"slices"
	"strings"
)

// ScriptedFault is a fault that certainly happens, with every profile.
type ScriptedFault struct {
	Class    string `json:"class"`    // one of ScriptClasses
	Endpoint string `json:"endpoint"` // as Requests names it; "" means the next request that the class can affect
	Count    int    `json:"count"`    // number of requests in a row; 0 means 1
	Variant  int    `json:"variant"`  // first variety; each further request gets the next one
}

// varieties is the largest number of varieties of a class. Each class computes
// its variety as a remainder.
const varieties = 6

// ScriptClasses lists the classes that can be scripted. It excludes outage and
// denied, which affect repeated requests for a time.
func ScriptClasses() []string { return slices.Concat(callFaults, fileFaults, jobFaults) }

// The endpoints for faults of files and of jobs.
const (
	fileEndpoint = "GET /surveys/{id}/export-responses/{fileId}/file"
	jobEndpoint  = "POST /surveys/{id}/export-responses"
)

// Script plans a fault for later requests, after the faults that are already
// planned. It fails if the fault could never happen.
func (s *Sandbox) Script(planned ScriptedFault) error {
	if planned.Count == 0 {
		planned.Count = 1
	}
	if planned.Count < 1 || planned.Count > 1_000_000 || planned.Variant < 0 {
		return fmt.Errorf("count must be from 1 to 1000000, and variant at least 0")
	}
	if !slices.Contains(ScriptClasses(), planned.Class) {
		return fmt.Errorf("unknown class %q: use one of %s", planned.Class, strings.Join(ScriptClasses(), ", "))
	}
	only := s.strikable(planned.Class)
	if planned.Endpoint != "" && !slices.Contains(only, planned.Endpoint) {
		return fmt.Errorf("the class %s does not affect %q: use one of %s", planned.Class, planned.Endpoint, strings.Join(only, ", "))
	}
	s.faults.lock.Lock()
	defer s.faults.lock.Unlock()
	s.faults.scripted = append(s.faults.scripted, &planned)
	return nil
}

// strikable lists the endpoints that a class can affect.
func (s *Sandbox) strikable(class string) []string {
	switch {
	case slices.Contains(fileFaults, class):
		return []string{fileEndpoint}
	case slices.Contains(jobFaults, class):
		return []string{jobEndpoint}
	}
	var all []string
	for _, r := range s.routes.routes {
		all = append(all, r.endpoint())
	}
	if slices.Contains(forToken, class) {
		all = append(all, "POST "+tokenPath)
	}
	return all
}

// Scripted lists the planned faults that have not happened yet.
func (s *Sandbox) Scripted() []ScriptedFault {
	s.faults.lock.Lock()
	defer s.faults.lock.Unlock()
	list := make([]ScriptedFault, 0, len(s.faults.scripted))
	for _, planned := range s.faults.scripted {
		list = append(list, *planned)
	}
	return list
}

// Unscript cancels the planned faults.
func (s *Sandbox) Unscript() {
	s.faults.lock.Lock()
	defer s.faults.lock.Unlock()
	s.faults.scripted = nil
}

// nextLocked removes and returns the first planned fault that can affect a
// request.
func (f *faults) nextLocked(v visit, endpoint string, classes []string, applies func(string) bool) (fault, bool) {
	for i, planned := range f.scripted {
		if !slices.Contains(classes, planned.Class) || (planned.Endpoint != "" && planned.Endpoint != endpoint) || !applies(planned.Class) {
			continue
		}
		struck := fault{planned.Class, uint64(planned.Variant%varieties) + varieties*(v.derive("scripted").number(1)>>8)}
		planned.Variant++
		if planned.Count--; planned.Count == 0 {
			f.scripted = slices.Delete(f.scripted, i, i+1)
		}
		f.fired[struck.class]++
		return struck, true
	}
	return fault{}, false
}

func always(string) bool { return true }
