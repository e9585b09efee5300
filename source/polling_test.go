package source_test

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

var (
	pollingSurveys = flag.Int("polling", 0, "simulate polling of a tenant with so many surveys, and print what it takes")
	pollingHours   = flag.Int("polling-hours", 24, "for so many hours of the tenant")
)

// latencies are how much later than its own date something was delivered.
type latencies []time.Duration

func (l latencies) String() string {
	if len(l) == 0 {
		return "none"
	}
	slices.Sort(l)
	at := func(share float64) time.Duration {
		return l[min(len(l)-1, int(share*float64(len(l))))].Round(time.Second)
	}
	return fmt.Sprintf("%d, median %s, 99 %% within %s, worst %s", len(l), at(0.5), at(0.99), at(1))
}

// A day of runs every ten minutes, on the tenant's clock: calls by endpoint
// against the published limits, and how old news is when it is delivered.
// go test ./source -run Polling -polling 10000 -timeout 60m
func TestPolling_StaysWithinLimits(t *testing.T) {
	if *pollingSurveys == 0 {
		t.Skip("-polling says how many surveys to poll for a day")
	}
	insideBubble(t, func(t *testing.T) {
		const cycle = 10 * time.Minute
		tn := newTenant(t, sandbox.Options{Seed: 51, Surveys: *pollingSurveys, Responses: 5 * *pollingSurveys, Contacts: 5, Limits: "published", ExportDelay: 2 * time.Second})
		delete(tn.config, "limits")
		state := tn.readComplete(t, nil, "responses").states
		tn.Advance(20*time.Minute, true)
		state = tn.readComplete(t, state, "responses").states
		var fresh, edited latencies
		var late, longest time.Duration
		seen, before := make(map[string]bool), tn.Requests()
		begun := tn.Now()
		runs := 0
		for tn.Now().Sub(begun) < time.Duration(*pollingHours)*time.Hour {
			started := tn.Now()
			r := tn.readComplete(t, state, "responses")
			state = r.states
			runs++
			for _, row := range r.records["responses"] {
				if row["deleted_at"] != nil {
					continue
				}
				modified, err := time.Parse(time.RFC3339, row["last_modified_date"].(string))
				if err != nil {
					t.Fatal(err)
				}
				id := key("responses", row)
				age := tn.Now().Sub(modified)
				if recorded := fmt.Sprint(row["recorded_date"]); seen[id] || !strings.HasPrefix(recorded, modified.UTC().Format("2006-01-02T15:04")) {
					edited = append(edited, age)
				} else {
					fresh = append(fresh, age)
				}
				seen[id] = true
			}
			took := tn.Now().Sub(started)
			longest = max(longest, took)
			late += max(0, took-cycle)
			tn.Advance(max(0, cycle-took), false)
		}
		t.Logf("%d surveys, %d runs in %s of the tenant, the longest %s", *pollingSurveys, runs, tn.Now().Sub(begun).Round(time.Minute), longest.Round(time.Second))
		t.Logf("new responses: %s", fresh)
		t.Logf("edited responses: %s", edited)
		t.Logf("state: %d bytes", len(state))
		perDay := 24 / tn.Now().Sub(begun).Hours()
		for endpoint, codes := range tn.Requests() {
			total := 0
			for code, n := range codes {
				total += n - before[endpoint][code]
				if code == "429" && n > before[endpoint][code] {
					t.Errorf("%s was refused %d times for its rate", endpoint, n-before[endpoint][code])
				}
			}
			if total > 0 {
				t.Logf("%-60s %9.0f a day, %7.1f a minute", endpoint, float64(total)*perDay, float64(total)*perDay/1440)
			}
		}
	})
}
