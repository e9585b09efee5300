package source_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// Qualtrics fails an export that would be too large (API §3.3): whatever is to
// be read then comes in parts.
func TestRead_WhatIsTooLargeForOneFileComesInParts(t *testing.T) {
	// About two dozen of these rows fit into a file, and the ids of all of them.
	options := sandbox.Options{Seed: 9, Surveys: 2, Responses: 240, Contacts: 1, SmallSurveys: true, MaxExportBytes: 50_000}
	tests := map[string]struct {
		loadRows int64
		doubt    sandbox.Doubt
		before   func(tn *tenant) // the first run
		then     func(tn *tenant, t *testing.T)
	}{
		"a first load":                          {},
		"a first load in windows":               {loadRows: 60},
		"a window":                              {then: func(tn *tenant, _ *testing.T) { tn.SetActivity(150, 0, 0); tn.Advance(time.Hour, false) }},
		"a window of rows without dates":        {doubt: sandbox.Doubt{ModifiedKey: "none"}, then: func(tn *tenant, _ *testing.T) { tn.SetActivity(150, 0, 0); tn.Advance(time.Hour, false) }},
		"what is read again":                    {then: (*tenant).resyncAll},
		"what an earlier start date uncovers":   {before: func(tn *tenant) { tn.config["start_date"] = "2026-01-10T00:00:00Z" }, then: func(tn *tenant, _ *testing.T) { delete(tn.config, "start_date") }},
		"windows of which the end is exclusive": {loadRows: 60, doubt: sandbox.Doubt{StartExclusive: true}},
	}
	for name, test := range tests {
		for _, mode := range []string{"off", "reconcile"} {
			if mode == "off" && test.then != nil && !thorough.Asked() {
				continue // later runs are cut as the first one is
			}
			t.Run(name+", deletions "+mode, func(t *testing.T) {
				insideBubble(t, func(t *testing.T) {
					options := options
					options.Doubt = test.doubt
					tn := newTenant(t, options)
					tn.sizes.LoadRows, tn.noModified = test.loadRows, test.doubt.ModifiedKey == "none"
					tn.config["deletions"] = map[string]any{"mode": mode}
					starts := tn.starts()
					if test.before != nil {
						test.before(tn)
					}
					first := tn.readComplete(t, nil, "responses")
					tables := merge(nil, first)
					if test.then != nil {
						test.then(tn, t)
						tn.Advance(2*time.Hour, true)
						starts.Store(0)
						first = tn.readComplete(t, first.states, "responses")
						tables = merge(tables, first)
					}
					tn.compareTruth(t, "responses", tables["responses"])
					if !strings.Contains(fmt.Sprint(first.logs), "in parts") {
						t.Error("nothing was read in parts")
					}
					versions := make(map[string]bool)
					for _, row := range first.records["responses"] {
						versions[fmt.Sprint(row["response_id"], row["last_modified_date"])] = true
					}
					if again := first.count() - len(versions); again > len(versions)/50 || starts.Load() > 100 {
						t.Errorf("%d exports for %d rows, %d of which came twice", starts.Load(), len(versions), again)
					}
				})
			})
		}
	}
}

// resyncAll asks for every survey once more.
func (tn *tenant) resyncAll(t *testing.T) {
	ids := make(map[string]any)
	for _, id := range tn.surveyIDs(t) {
		ids[id] = "2020-01-01"
	}
	tn.config["surveys"] = map[string]any{"resync": ids}
}

// starts counts the export jobs that are started.
func (tn *tenant) starts() *atomic.Int64 {
	starts := new(atomic.Int64)
	tn.Intercept(func(r *http.Request) *http.Response {
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/export-responses") {
			starts.Add(1)
		}
		return nil
	})
	return starts
}

// What a first load in parts delivers is sealed as a whole: what is deleted
// after it is found, and nothing is read again.
func TestRead_AFirstLoadInPartsIsSealed(t *testing.T) {
	if !thorough.Asked() {
		t.Skip("a smaller load in parts races as much")
	}
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 12, Surveys: 66, Responses: 3_000, Contacts: 1, MaxExportBytes: 450_000, Stored: true})
		r := tn.readComplete(t, nil, "responses", "response_deletions")
		if !strings.Contains(fmt.Sprint(r.logs), "in parts") {
			t.Fatal("nothing was read in parts")
		}
		tables := merge(nil, r)
		deleted := 0
		for _, survey := range tn.surveyIDs(t) {
			deleted += len(tn.DeleteResponses(survey, 3))
		}
		tn.Advance(8*24*time.Hour, true)
		for range 2 {
			r = tn.readComplete(t, r.states, "responses", "response_deletions")
			tables = merge(tables, r)
			tn.Advance(time.Hour, true)
			if n, gone := len(r.records["responses"]), len(r.records["response_deletions"]); n > gone {
				t.Errorf("%d rows came again", n-gone)
			}
		}
		if deleted == 0 {
			t.Error("nothing was deleted")
		}
		tn.exactly(t, tables)
	})
}
