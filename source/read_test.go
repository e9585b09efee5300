package source_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
	"github.com/birdie-ai/source-qualtrics/source/failures"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// insideBubble runs a test on a fake clock: retries and waits take no time.
func insideBubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, test)
}

func (tn *tenant) readComplete(t *testing.T, state []byte, streams ...string) *reading {
	t.Helper()
	r := tn.read(t, state, streams...)
	if r.code != 0 {
		t.Fatalf("read ended with code %d: %v\n%s", r.code, r.errors, strings.Join(r.logs, "\n"))
	}
	for name, status := range r.statuses {
		if status != "COMPLETE" {
			t.Errorf("%s is %s", name, status)
		}
	}
	validateRecords(t, r)
	return r
}

// readPatiently reads as a platform does on a bad day: a run that ends with a
// failure that may pass is followed by another from the states that are out.
func (tn *tenant) readPatiently(t *testing.T, state []byte, streams ...string) *reading {
	t.Helper()
	const runs = 6
	records := make(map[string][]map[string]any)
	for range runs {
		r := tn.read(t, state, streams...)
		validateRecords(t, r)
		for stream, some := range r.records {
			records[stream] = append(records[stream], some...)
		}
		r.records, state = records, r.states
		switch {
		case r.code == failures.ExitOK:
			return r
		case r.code != failures.ExitTransient && r.code != failures.ExitPartial:
			t.Fatalf("read ended with code %d: %v\n%s", r.code, r.errors, strings.Join(r.logs, "\n"))
		}
		for _, failure := range r.errors {
			if failure.kind != "transient_error" {
				t.Errorf("got %v, want only failures that may pass", failure)
			}
		}
	}
	t.Fatalf("read is not complete after %d runs", runs)
	return nil
}

func (tn *tenant) compareAll(t *testing.T, tables map[string]table) {
	t.Helper()
	for _, stream := range []string{"surveys", "responses", "contacts"} {
		tn.compareTruth(t, stream, tables[stream])
	}
}

const week = 7 * 24 * time.Hour

// The whole promise on one tenant: everything first, nothing when nothing
// happened, and then exactly what changed.
func testTruth(t *testing.T, tn *tenant, exact bool, read func(t *testing.T, state []byte, streams ...string) *reading) {
	t.Helper()
	first := read(t, nil)
	tables := merge(nil, first)
	tn.compareAll(t, tables)
	if t.Failed() {
		return
	}
	second := read(t, first.states)
	if exact && second.count() != 0 {
		t.Errorf("a second read emitted %d records", second.count())
	}
	state := second.states
	for _, pause := range []time.Duration{time.Minute, 2 * time.Hour, 3 * 24 * time.Hour, 10 * 24 * time.Hour} {
		before := snapshot(t, tn)
		tn.Advance(pause, false)
		tn.Advance(time.Hour, true)
		next := read(t, state)
		tables = merge(tables, next)
		tn.compareAll(t, tables)
		if pause > week {
			tn.ignored = nil // everything was read again
			tn.compareAll(t, tables)
		}
		if exact {
			streams := []string{"surveys", "responses", "contacts"}
			if pause > week {
				streams = streams[:2] // contacts are read in full once a week
			}
			compareChanges(t, before, snapshot(t, tn), next, streams)
		}
		if t.Failed() {
			t.Fatalf("after %s", pause)
		}
		state = next.states
	}
}

// snapshot is the truth by stream and key.
func snapshot(t *testing.T, tn *tenant) map[string]map[string]string {
	t.Helper()
	all := make(map[string]map[string]string)
	for _, stream := range []string{"contacts", "responses", "surveys"} {
		all[stream] = make(map[string]string)
		truth, _ := tn.Truth(stream)
		for line := range truth {
			row, err := testkit.ParseRow(stream, line)
			if err != nil {
				t.Fatal(err)
			}
			all[stream][row.Key] = string(line)
		}
	}
	return all
}

// compareChanges checks that the changed rows were read and no others.
func compareChanges(t *testing.T, before, after map[string]map[string]string, r *reading, streams []string) {
	t.Helper()
	for _, stream := range streams {
		read := make(map[string]bool)
		for _, record := range r.records[stream] {
			read[key(stream, record)] = true
		}
		for id := range read {
			if _, exists := after[stream][id]; exists && before[stream][id] == after[stream][id] {
				t.Errorf("%s %s did not change and was read again", stream, id)
			}
		}
		for id, row := range after[stream] {
			if before[stream][id] != row && !read[id] {
				t.Errorf("%s %s changed and was not read", stream, id)
			}
		}
	}
}

func TestRead_EqualsTheTruth(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 1, Surveys: thorough.Number(12, 8), Responses: thorough.Number(2000, 400), Contacts: thorough.Number(500, 80)})
		testTruth(t, tn, true, tn.readComplete)
	})
}

func TestRead_EqualsTheTruthWithOAuth(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 2, Surveys: 6, Responses: thorough.Number(600, 100), Contacts: thorough.Number(250, 40)}).withOAuth()
		testTruth(t, tn, true, tn.readComplete)
	})
}

func TestRead_EqualsTheTruthOnABadDay(t *testing.T) {
	profiles := sandbox.FaultProfiles()
	if !thorough.Asked() {
		profiles = []string{"default"} // which holds most of the others
	}
	for _, profile := range profiles {
		t.Run(profile, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, sandbox.Options{Seed: 3, Surveys: 6, Responses: thorough.Number(600, 150), Contacts: thorough.Number(250, 60), Faults: profile, ExportDelay: 3 * time.Second}).withOAuth()
				testTruth(t, tn, false, tn.readPatiently)
			})
		})
	}
}

func TestRead_EqualsTheTruthUnderPublishedLimits(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		options := sandbox.Options{Seed: 4, Surveys: 150, Responses: 900, Contacts: 200, Limits: "published"}
		if !thorough.Asked() {
			options.Surveys, options.Responses, options.Contacts = 40, 160, 40
		}
		tn := newTenant(t, options)
		delete(tn.config, "limits")
		testTruth(t, tn, true, tn.readComplete)
	})
}

// What public material leaves open is tried both ways.
func TestRead_EqualsTheTruthInEveryDoubt(t *testing.T) {
	doubts := map[string]sandbox.Doubt{
		"the modified date is spelt otherwise":      {ModifiedKey: "lastModifiedDate"},
		"rows carry no modified date":               {ModifiedKey: "none"},
		"the file holds what is there at its end":   {SnapshotAtCompletion: true},
		"the start is exclusive":                    {StartExclusive: true},
		"the end is inclusive":                      {EndInclusive: true},
		"responses move their survey":               {ResponsesMoveSurvey: true},
		"next page on another host":                 {NextPageForeignHost: true},
		"next page relative":                        {NextPageRelative: true},
		"empty lines in files":                      {EmptyNDJSONLine: true},
		"sorting is refused with whoami's scope":    {WhoAmINeedsScope: true},
		"files are zipped whatever was asked":       {IgnoreCompressFalse: true},
		"an opt-out does not move the contact date": {OptOutKeepsModified: true},
	}
	for name, doubt := range doubts {
		if !thorough.Asked() && doubt.ModifiedKey == "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, sandbox.Options{Seed: 5, Surveys: 6, Responses: thorough.Number(600, 80), Contacts: thorough.Number(250, 40), Doubt: doubt, ExportDelay: time.Second}).withOAuth()
				if doubt.OptOutKeepsModified {
					tn.ignored = []string{"unsubscribed"} // until the weekly sweep
				}
				tn.noModified = doubt.ModifiedKey == "none"
				exact := !tn.noModified && !doubt.OptOutKeepsModified
				testTruth(t, tn, exact, tn.readComplete)
			})
		})
	}
}

func TestRead_FullRefreshReadsEverythingAgain(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 1, Surveys: 4, Responses: 200, Contacts: 50})
		first := tn.readComplete(t, nil, "surveys:full_refresh", "responses:full_refresh")
		again := tn.readComplete(t, first.states, "surveys:full_refresh", "responses:full_refresh")
		if first.count() == 0 || again.count() != first.count() {
			t.Errorf("read %d records, then %d", first.count(), again.count())
		}
	})
}

// Wherever a full refresh is cut, the run after it goes on from the last state
// that was out: what came behind that one, at most a window of one survey,
// comes again and nothing else does. One that was complete begins anew.
func TestRead_FullRefreshGoesOnAfterAnInterruption(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		const stream, window, cuts = "responses", 50, 5
		// Jobs that take longer than states lie apart: one is out after each window.
		tn := newTenant(t, sandbox.Options{Seed: 6, Surveys: 3, Responses: 300, Contacts: 1, SmallSurveys: true, ExportDelay: 2 * time.Minute})
		tn.sizes.LoadRows = window
		tn.config["limits"].(map[string]any)["parallel_exports"] = 1
		whole := tn.readComplete(t, nil, stream+":full_refresh")
		lines, ended := strings.SplitAfter(whole.output, "\n"), []byte(nil)
		for i := 1; i < cuts; i++ {
			cut := collectReading(t, result{stdout: strings.Join(lines[:len(lines)*i/cuts], "")}, nil)
			covered := cut.covered(t)
			if n := cut.count() - covered.count(); n > 2*window {
				t.Errorf("cut %d: %d rows came behind the last state, which is more than a window", i, n)
			}
			tables := merge(nil, covered)
			if len(tables[stream]) == 0 {
				t.Fatalf("cut %d: no state covers a row: this shows nothing", i)
			}
			rest := tn.readComplete(t, cut.states, stream+":full_refresh")
			again := 0
			for _, row := range rest.records[stream] {
				if tables[stream][key(stream, row)] != nil {
					again++
				}
			}
			if again > 0 {
				t.Errorf("cut %d: %d of %d rows that a state covers came again", i, again, len(tables[stream]))
			}
			tn.compareTruth(t, stream, merge(tables, rest)[stream])
			ended = rest.states
		}
		if anew := tn.readComplete(t, ended, stream+":full_refresh"); anew.count() != whole.count() {
			t.Errorf("after its end the next refresh read %d rows, want all %d", anew.count(), whole.count())
		}
	})
}

func TestRead_CutsALargeFirstLoadAndGoesOnAfterAnInterruption(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		const responses, window = 1200, 375
		tn := newTenant(t, sandbox.Options{Seed: 6, Surveys: 1, Responses: responses, Contacts: 10})
		tn.sizes.LoadRows = window
		exports := 0
		tn.Intercept(func(request *http.Request) *http.Response {
			if strings.HasSuffix(request.URL.Path, "/export-responses") {
				if exports++; exports == 3 { // the first window, what it seals, and the second
					return answer(request, http.StatusForbidden, `{"meta":{"httpStatus":"403 - Forbidden","error":{"errorMessage":"no more","errorCode":"AUTH_1"}}}`)
				}
			}
			return nil
		})
		first := tn.read(t, nil, "responses")
		if first.code == 0 || len(first.errors) == 0 {
			t.Fatalf("the interrupted load ended with code %d", first.code)
		}
		tables := merge(nil, first)
		if n := len(tables["responses"]); n == 0 || n > 2*window {
			t.Fatalf("the interrupted load read %d responses", n)
		}
		rest := tn.readComplete(t, first.states, "responses")
		if n := rest.count(); n > responses-len(tables["responses"])*9/10 {
			t.Errorf("the second run read %d rows after %d: it started over", n, len(tables["responses"]))
		}
		tn.compareTruth(t, "responses", merge(tables, rest)["responses"])
		if exports < 6 {
			t.Errorf("the load was cut into %d exports", exports)
		}
	})
}

func answer(request *http.Request, code int, body string) *http.Response {
	return &http.Response{
		StatusCode: code, Status: fmt.Sprintf("%d %s", code, http.StatusText(code)), Request: request,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        http.Header{"Content-Type": {"application/json"}},
		Body:          io.NopCloser(strings.NewReader(body)),
		ContentLength: int64(len(body)),
	}
}
