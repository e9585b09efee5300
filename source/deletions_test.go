package source_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// exactly checks that the destination holds what exists and nothing else.
func (tn *tenant) exactly(t *testing.T, tables map[string]table) {
	t.Helper()
	tn.compareTruth(t, "responses", tables["responses"])
	exist := tn.existing(t)
	surveys := keysOfTruth(t, tn, "surveys")
	ghosts := 0
	for id, row := range tables["responses"] {
		// Of a survey that is gone as a whole its own row tells.
		if !exist[id] && slices.Contains(surveys, fmt.Sprint(row["survey_id"])) {
			ghosts++
			t.Logf("%s does not exist", id)
		}
	}
	if ghosts > 0 {
		t.Errorf("%d of %d delivered responses are gone and were not reported", ghosts, len(tables["responses"]))
	}
}

// existing returns the keys of the responses that exist.
func (tn *tenant) existing(t *testing.T) map[string]bool {
	t.Helper()
	exist := make(map[string]bool)
	for _, id := range keysOfTruth(t, tn, "responses") {
		exist[id] = true
	}
	return exist
}

// noFalseTombstone checks that what was reported as deleted is gone.
func (tn *tenant) noFalseTombstone(t *testing.T, r *reading) {
	t.Helper()
	exist := tn.existing(t)
	for _, row := range r.records["responses"] {
		if row["deleted_at"] != nil && exist[key("responses", row)] {
			t.Errorf("%s exists and was reported as deleted", key("responses", row))
		}
	}
}

// quiesce reads, with time between, until all that happened is known: an
// audit, the confirmation of what it did not find, and one read more.
func (tn *tenant) quiesce(t *testing.T, state []byte, tables map[string]table) {
	t.Helper()
	for _, pause := range []time.Duration{time.Hour, 26 * time.Hour, time.Hour, time.Hour} {
		tn.Advance(pause, true)
		r := tn.readPatiently(t, state, "responses", "response_deletions")
		tn.noFalseTombstone(t, r)
		tables, state = merge(tables, r), r.states
	}
	tn.exactly(t, tables)
}

func TestRead_ReportsDeletions(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 11, Surveys: 5, Responses: thorough.Number(900, 250), Contacts: 5})
		tn.config["deletions"] = map[string]any{"audit_days": 1}
		r := tn.readComplete(t, nil, "responses", "response_deletions")
		tables, reported := merge(nil, r), make(map[string]bool)
		for range 6 {
			tn.Advance(30*time.Hour, false)
			r = tn.readComplete(t, r.states, "responses", "response_deletions")
			tn.noFalseTombstone(t, r)
			tables = merge(tables, r)
			var onResponses []string
			for _, row := range r.records["responses"] {
				if row["deleted_at"] != nil {
					onResponses = append(onResponses, key("responses", row))
					if row["_ab_cdc_deleted_at"] != row["deleted_at"] || row["last_modified_date"] != row["deleted_at"] || row["answer_values"] != nil {
						t.Errorf("got the tombstone %v", row)
					}
				}
			}
			for i, row := range r.records["response_deletions"] {
				id := key("responses", row)
				if reported[id] || len(onResponses) <= i || onResponses[i] != id {
					t.Errorf("%s was reported before, or not on responses", id)
				}
				reported[id] = true
			}
		}
		if len(reported) < 10 {
			t.Fatalf("only %d deletions were reported: the tenant shows nothing", len(reported))
		}
		tn.quiesce(t, r.states, tables)
	})
}

func TestRead_DeletionsOffCostNothing(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 11, Surveys: 3, Responses: 200, Contacts: 5})
		tn.config["deletions"] = map[string]any{"mode": "off"}
		r := tn.readComplete(t, nil, "responses")
		before := len(r.states)
		tn.Advance(10*24*time.Hour, false)
		r = tn.readComplete(t, r.states, "responses")
		for _, row := range r.records["responses"] {
			if row["deleted_at"] != nil {
				t.Errorf("got the tombstone %v", row)
			}
		}
		starts := 0
		for _, n := range tn.Requests()["POST /surveys/{id}/export-responses"] {
			starts += n
		}
		if starts > 2*len(keysOfTruth(t, tn, "surveys")) || strings.Contains(string(r.states), `"a":`) {
			t.Errorf("%d exports were started, the state grew from %d to %s", starts, before, r.states)
		}
	})
}

func keysOfTruth(t *testing.T, tn *tenant, stream string) []string {
	t.Helper()
	var keys []string
	truth, _ := tn.Truth(stream)
	for line := range truth {
		row, err := testkit.ParseRow(stream, line)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, row.Key)
	}
	return keys
}

// A consumer that keeps the states that it was given, wherever it is cut off,
// ends with what exists.
func TestRead_DeletionsAreFoundWhateverInterrupts(t *testing.T) {
	for seed := range uint64(thorough.Number(12, 2)) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				random := rand.New(rand.NewPCG(seed, 99))
				faults := []string{"none", "default"}[seed%2]
				tn := newTenant(t, sandbox.Options{Seed: seed, Faults: faults, Surveys: 1 + random.IntN(3), Responses: 10 + random.IntN(200), Contacts: 5})
				tn.config["deletions"] = map[string]any{"audit_days": 1}
				var tables map[string]table
				var state []byte
				for range 8 {
					r, _ := tn.readInto(t, state, 500+random.IntN(200_000), syscall.EPIPE, "responses", "response_deletions")
					tn.noFalseTombstone(t, r)
					tables, state = merge(tables, r), r.states
					tn.Advance(time.Duration(10+random.IntN(2000))*time.Minute, false)
				}
				tn.quiesce(t, state, tables)
			})
		})
	}
}

// More deletions than the state can name are said, and do not hide.
func TestRead_SaysHowManyDeletionsItCannotName(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 31, Surveys: 1, Responses: 800, Contacts: 5})
		r := tn.readComplete(t, nil, "responses", "response_deletions")
		tn.Advance(8*24*time.Hour, true)
		var survey string
		for _, row := range merge(nil, r)["responses"] {
			survey, _ = row["survey_id"].(string)
		}
		deleted := len(tn.DeleteResponses(survey, 150))
		// A file that lacks rows looks like this, too: a second one has to agree.
		r = tn.readComplete(t, r.states, "responses", "response_deletions")
		tn.noFalseTombstone(t, r)
		tn.Advance(time.Hour, true)
		r = tn.read(t, r.states, "responses", "response_deletions")
		if r.code == 0 || len(r.errors) == 0 || !strings.Contains(r.errors[0].message, "could not be identified") || r.errors[0].kind != "config_error" {
			t.Errorf("%d of 800 responses were deleted: got exit code %d, %v", deleted, r.code, r.errors)
		}
		tn.noFalseTombstone(t, r)
	})
}

// Of so many surveys each has little room in the state: enough to name some
// deletions of every one.
func TestRead_ReportsDeletionsOfHundredsOfSurveys(t *testing.T) {
	if !thorough.Asked() {
		t.Skip("one survey after the other has nothing to race for")
	}
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 37, Surveys: 400, Responses: 14_000, Contacts: 1, SmallSurveys: true, Stored: true})
		r := tn.readComplete(t, nil, "responses", "response_deletions")
		tables := merge(nil, r)
		tn.Advance(8*24*time.Hour, true)
		deleted, surveys := 0, make(map[string]bool)
		for _, row := range tables["responses"] {
			if survey, _ := row["survey_id"].(string); !surveys[survey] && len(surveys) < 40 {
				surveys[survey] = true
				deleted += len(tn.DeleteResponses(survey, 1+len(surveys)%12))
			}
		}
		for range 2 {
			r = tn.readComplete(t, r.states, "responses", "response_deletions")
			tables = merge(tables, r)
			tn.Advance(time.Hour, true)
		}
		if got := len(r.records["response_deletions"]); got != deleted || got < 200 {
			t.Errorf("%d of %d deletions were reported", got, deleted)
		}
		tn.exactly(t, tables)
	})
}

// A first load of which the windows missed something, in an account where each
// survey has little room, is looked at all the same.
func TestRead_ALoadIsLookedAtHoweverLittleRoomThereIs(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 62, Surveys: 150, Responses: 900, Contacts: 1, SmallSurveys: true, FaultRates: map[string]int{"torn": 5000}})
		tn.sizes.LoadRows = 100
		r := tn.read(t, nil, "responses")
		if r.code == 2 || r.count() == 0 {
			t.Fatalf("it ended with code %d after %d rows: %v", r.code, r.count(), r.errors)
		}
		if !strings.Contains(r.output, "responses that exist came with no window") {
			t.Error("the windows missed nothing: this shows nothing")
		}
		tn.StopFaults()
		for range 2 { // the first one brings what this one could not
			tn.Advance(time.Hour, true)
			r = tn.readComplete(t, r.states, "responses")
		}
		if r.count() != 0 {
			t.Errorf("%d rows come again in a quiet run", r.count())
		}
	})
}

// Deletions are told from where the responses stand, whether their stream is
// selected later or its state is an older one: no survey is exported twice for
// long.
func TestRead_DeletionsFollowTheResponses(t *testing.T) {
	both := []string{"responses", "response_deletions"}
	for name, begin := range map[string]func(t *testing.T, tn *tenant) (tables map[string]table, state []byte){
		"selected later": func(t *testing.T, tn *tenant) (map[string]table, []byte) {
			r := tn.readComplete(t, nil, "responses")
			return merge(nil, r), r.states
		},
		"with an older state": func(t *testing.T, tn *tenant) (map[string]table, []byte) {
			first := tn.readComplete(t, nil, both...)
			tn.Advance(30*time.Minute, false)
			second := tn.readComplete(t, first.states, both...)
			mixed := withState(t, second.states, first.states, "response_deletions")
			tn.Advance(30*time.Minute, false)
			third := tn.readComplete(t, mixed, both...) // each for itself
			return merge(merge(merge(nil, first), second), third), third.states
		},
		"with a newer state": func(t *testing.T, tn *tenant) (map[string]table, []byte) {
			first := tn.readComplete(t, nil, both...)
			tn.Advance(30*time.Minute, false)
			second := tn.readComplete(t, first.states, both...)
			mixed := withState(t, first.states, second.states, "response_deletions")
			tn.Advance(30*time.Minute, false)
			third := tn.readComplete(t, mixed, both...)
			return merge(merge(merge(nil, first), second), third), third.states
		},
		"with a newer state, and audits of its own": func(t *testing.T, tn *tenant) (map[string]table, []byte) {
			first := tn.readComplete(t, nil, both...)
			tn.Advance(30*time.Minute, false)
			second := tn.readComplete(t, first.states, both...)
			mixed := withState(t, first.states, second.states, "response_deletions")
			tn.Advance(26*time.Hour, true)
			third := tn.readComplete(t, mixed, both...) // both are audited
			return merge(merge(merge(nil, first), second), third), third.states
		},
	} {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, sandbox.Options{Seed: 71, Surveys: 4, Responses: 120, Contacts: 1})
				tn.config["deletions"] = map[string]any{"audit_days": 1}
				tables, state := begin(t, tn)
				r := &reading{states: state}
				// Some have to bring what is pending, and to be audited again.
				for _, pause := range []time.Duration{time.Hour, time.Hour, 25 * time.Hour, time.Hour, time.Hour} {
					tn.Advance(pause, true)
					r = tn.readComplete(t, r.states, both...)
					tables = merge(tables, r)
				}
				for id, position := range positions(t, r.states, "responses") {
					if own := positions(t, r.states, "response_deletions")[id]; string(own) != string(position) {
						t.Errorf("%s stands at\n%s, and what tells of its deletions at\n%s", id, position, own)
					}
				}
				gone := make(map[string]bool)
				for _, survey := range tn.surveyIDs(t) {
					for _, id := range tn.DeleteResponses(survey, 2) {
						gone[id] = true
					}
				}
				for _, pause := range []time.Duration{30 * time.Hour, time.Hour} {
					tn.Advance(pause, true)
					r = tn.readComplete(t, r.states, both...)
					tables = merge(tables, r)
				}
				for _, row := range r.records["response_deletions"] {
					delete(gone, row["response_id"].(string))
				}
				if len(gone) > 0 {
					t.Errorf("%d deletions were not told", len(gone))
				}
				tn.exactly(t, tables)
			})
		})
	}
}

// withState puts a stream's state among others in the place of theirs.
func withState(t *testing.T, states, from []byte, stream string) []byte {
	t.Helper()
	type element = struct {
		Type   string `json:"type"`
		Stream struct {
			Descriptor map[string]any  `json:"stream_descriptor"`
			State      json.RawMessage `json:"stream_state"`
		} `json:"stream"`
	}
	var into, source []element
	if err := errors.Join(json.Unmarshal(states, &into), json.Unmarshal(from, &source)); err != nil {
		t.Fatal(err)
	}
	for i := range into {
		for _, other := range source {
			if into[i].Stream.Descriptor["name"] == stream && other.Stream.Descriptor["name"] == stream {
				into[i] = other
			}
		}
	}
	return testkit.Encode(into)
}
