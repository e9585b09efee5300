package source_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// keptState is a state that a release wrote, and the tenant that it was made
// of, which can be made again.
type keptState struct {
	stream   string
	options  sandbox.Options
	loadRows int64
	planned  bool // the account has too many surveys to export them all
	cut      bool // the run was interrupted in the middle of its first load
}

// keptStates are those of the files testdata/state-<name>.json.
var keptStates = map[string]keptState{
	"v1-surveys":         {stream: "surveys", options: sandbox.Options{Seed: 51, Surveys: 8, Responses: 40, Contacts: 1, KeepSurveys: 4}},
	"v1-contacts":        {stream: "contacts", options: sandbox.Options{Seed: 52, Surveys: 1, Responses: 1, Contacts: 60}},
	"v1-responses-ids":   {stream: "responses", options: sandbox.Options{Seed: 53, Surveys: 3, Responses: 120, Contacts: 1}, planned: true},
	"v1-responses-pins":  {stream: "responses", options: sandbox.Options{Seed: 54, Surveys: 1, Responses: 400, Contacts: 1}},
	"v1-responses-table": {stream: "responses", options: sandbox.Options{Seed: 55, Surveys: 1, Responses: 20_100, Contacts: 1}},
	// Jobs that take longer than states lie apart: one is out after each window.
	"v1-responses-loading": {stream: "responses", options: sandbox.Options{Seed: 56, Surveys: 1, Responses: 400, Contacts: 1, ExportDelay: 2 * time.Minute}, loadRows: 100, cut: true},
}

// tenant is the tenant as it was when the state was made.
func (k keptState) tenant(t *testing.T) *tenant {
	t.Helper()
	k.options.SmallSurveys = true
	tn := newTenant(t, k.options)
	tn.config["deletions"] = map[string]any{"audit_days": 1}
	tn.sizes.LoadRows, tn.jitter = k.loadRows, func(bound time.Duration) time.Duration { return bound }
	if k.planned {
		tn.sizes.ExportAll = 1
	}
	if k.stream == "responses" { // some that the next window meets again
		for _, survey := range keysOfTruth(t, tn, "surveys") {
			tn.RecordResponses(survey, 3, tn.Now().Add(-time.Minute), tn.Now())
		}
	}
	return tn
}

// states are what a file holds. With -update one that is missing is written;
// one that is there stays, for what it holds is what an earlier release wrote.
func (k keptState) states(t *testing.T, file string) []byte {
	t.Helper()
	states, err := os.ReadFile(file)
	switch {
	case err == nil:
		return states
	case !errors.Is(err, fs.ErrNotExist) || !*update:
		t.Fatalf("%v: go test ./source -run EarlierReleases -update makes it", err)
	}
	whole := k.tenant(t).readComplete(t, nil, k.stream)
	if states = whole.states; k.cut {
		lines := strings.SplitAfter(whole.output, "\n")
		states = collectReading(t, result{stdout: strings.Join(lines[:len(lines)*6/10], "")}, nil).states
	}
	if err := os.WriteFile(file, states, 0o644); err != nil {
		t.Fatal(err)
	}
	return states
}

// A state of each form that a release wrote is understood by all later ones:
// nothing is read again, and what changes or is deleted from then on is found.
func TestRead_GoesOnFromAStateOfEarlierReleases(t *testing.T) {
	files, err := filepath.Glob("testdata/state-*.json")
	if err != nil || len(files) != len(keptStates) && !*update {
		t.Errorf("got the files %q, want one for each of %d states: %v", files, len(keptStates), err)
	}
	for name, kept := range keptStates {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				states := kept.states(t, "testdata/state-"+name+".json")
				tn := kept.tenant(t)
				before := snapshot(t, tn)
				tn.Advance(30*time.Minute, true)
				r := tn.readComplete(t, states, kept.stream)
				switch {
				case kept.cut:
					compareRest(t, tn, states, r)
					states = r.states
				case r.count() > 0:
					t.Errorf("%d rows were read again", r.count())
				}
				// The tenant changes, and is read until all of it is known: an audit,
				// the confirmation of what it did not find, and one run more.
				tn.DeleteSurvey()
				tn.Advance(30*time.Hour, false)
				for _, survey := range keysOfTruth(t, tn, "surveys") {
					tn.DeleteResponses(survey, 3)
				}
				later := &reading{records: make(map[string][]map[string]any)}
				for range 3 {
					tn.Advance(time.Hour, true)
					r = tn.readComplete(t, states, kept.stream)
					states = r.states
					later.records[kept.stream] = append(later.records[kept.stream], r.records[kept.stream]...)
				}
				after := snapshot(t, tn)
				compareChanges(t, before, after, later, []string{kept.stream})
				compareDeletions(t, before, after, later, kept.stream)
			})
		})
	}
}

// compareRest checks that a load that was interrupted goes on where its state
// says.
func compareRest(t *testing.T, tn *tenant, states []byte, r *reading) {
	t.Helper()
	read := make(map[string]bool)
	for _, row := range r.records["responses"] {
		read[row["response_id"].(string)] = true
	}
	reached := make(map[string]time.Time)
	for survey, position := range positions(t, states, "responses") {
		var p struct {
			Watermark int64 `json:"w"`
		}
		if err := json.Unmarshal(position, &p); err != nil {
			t.Fatal(err)
		}
		reached[survey] = time.Unix(p.Watermark, 0)
	}
	covered := 0
	tn.Versions(func(survey, response string, modified time.Time) {
		before := modified.Before(reached[survey])
		if before {
			covered++
		}
		if before == read[response] {
			t.Errorf("%s of %s, read until %s: was it read: %t", response, modified, reached[survey], read[response])
		}
	})
	if covered == 0 || len(read) == 0 {
		t.Errorf("%d rows are covered, and %d were read: this shows nothing", covered, len(read))
	}
}

// compareDeletions checks that what is gone was reported, and nothing else.
func compareDeletions(t *testing.T, before, after map[string]map[string]string, r *reading, stream string) {
	t.Helper()
	reported := make(map[string]bool)
	for _, row := range r.records[stream] {
		if row["deleted_at"] == nil {
			continue
		}
		id := key(stream, row)
		if reported[id] = true; after[stream][id] != "" {
			t.Errorf("%s %s exists and was reported as deleted", stream, id)
		}
	}
	gone := 0
	for id := range before[stream] {
		if after[stream][id] != "" {
			continue
		}
		if gone++; !reported[id] {
			t.Errorf("%s %s is gone and was not reported", stream, id)
		}
	}
	if gone == 0 {
		t.Errorf("of %s nothing is gone: this shows nothing", stream)
	}
}
