package sandbox

import (
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"
)

type truthRow struct {
	SurveyID     string         `json:"survey_id"`
	ResponseID   string         `json:"response_id"`
	RecordedDate time.Time      `json:"recorded_date"`
	LastModified time.Time      `json:"last_modified_date"`
	Values       map[string]any `json:"answer_values"`
}

func responseTruth(t testing.TB, w *world) map[string]truthRow {
	t.Helper()
	all := map[string]truthRow{}
	sequence, _ := w.truth("responses")
	for line := range sequence {
		var r truthRow
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatalf("decoding %s: %v", line, err)
		}
		if _, twice := all[r.ResponseID]; twice {
			t.Fatalf("%s occurs twice", r.ResponseID)
		}
		all[r.ResponseID] = r
	}
	return all
}

func deletedCount(t testing.TB, w *world) (total int) {
	t.Helper()
	for _, s := range w.listed() {
		counts := s.legacyBody().(map[string]any)["responseCounts"].(map[string]any)
		if sum := counts["auditable"].(int) + counts["generated"].(int); sum != s.responseCount() {
			t.Errorf("counts of %s sum up to %d, want %d", s.id(), sum, s.responseCount())
		}
		total += counts["deleted"].(int)
	}
	return total
}

func TestAdvance_ResponsesArriveChangeAndVanish(t *testing.T) {
	t.Parallel()
	w := testWorld(t, worldOptions{Surveys: 12, Responses: 2000, Contacts: 100})
	before, deleted := responseTruth(t, w), deletedCount(t, w)
	to := testEpoch.Add(24 * time.Hour)
	w.advance(testEpoch, to, false)
	after := responseTruth(t, w)
	var arrived, edited, gone, imported, late int
	for id, r := range after {
		old, known := before[id]
		switch {
		case !known:
			arrived++
			if !r.RecordedDate.After(testEpoch) || r.RecordedDate.After(to) {
				t.Errorf("%s is recorded at %s, outside of the interval", id, r.RecordedDate)
			}
			if r.Values["status"] == float64(statusImported) {
				imported++
			}
			if r.Values["finished"] == float64(0) {
				late++
			}
		case !old.LastModified.Equal(r.LastModified):
			edited++
			if !r.LastModified.After(testEpoch) || r.LastModified.After(to) || !r.RecordedDate.Equal(old.RecordedDate) {
				t.Errorf("%s was edited at %s and recorded at %s, was %s", id, r.LastModified, r.RecordedDate, old.RecordedDate)
			}
		}
	}
	for id := range before {
		if _, still := after[id]; !still {
			gone++
		}
	}
	if arrived < 60 || edited < 15 || gone < 3 || imported == 0 || late == 0 {
		t.Errorf("got %d arrivals (%d imported, %d late partials), %d edits, %d deletions", arrived, imported, late, edited, gone)
	}
	removed := 0 // newcomers that vanished within the day included
	for _, s := range w.listed() {
		for _, c := range s.responses.changes {
			if c.gone {
				removed++
			}
		}
	}
	if got := deletedCount(t, w) - deleted; got != removed || got < gone {
		t.Errorf("the counts show %d deletions, want %d, of which %d were known", got, removed, gone)
	}
}

func TestAdvance_QuietShowsWhatIsPendingAndNothingElse(t *testing.T) {
	t.Parallel()
	w := testWorld(t, worldOptions{Surveys: 4, Responses: 1_000_000})
	at := testEpoch.Add(time.Hour)
	w.advance(testEpoch, at, false)
	pending := slices.Clone(w.pending)
	if len(pending) == 0 {
		t.Fatal("nothing is pending after an hour of a large tenant")
	}
	var fresh, edits int
	visible := func(c pendingChange) bool {
		f, shown := c.survey.responses.current(c.index)
		return shown && f.revision >= c.revision
	}
	for _, c := range pending {
		if c.visibleAt <= at.UnixMilli() || c.modified > at.UnixMilli() || c.visibleAt-c.modified > lateMost {
			t.Fatalf("pending change is due already, or dated in the future: %+v", c)
		}
		if c.revision == 0 {
			fresh++
			if visible(c) {
				t.Fatalf("a pending response is visible: %+v", c)
			}
		} else {
			edits++
		}
	}
	if fresh == 0 || edits == 0 {
		t.Errorf("got %d pending responses and %d pending edits", fresh, edits)
	}
	count := 0
	for _, s := range w.listed() {
		count += s.responseCount()
	}
	arrivals := len(w.listed()[0].responses.arrivals)
	w.advance(at, at.Add(time.Second), true)
	if len(w.pending) != 0 {
		t.Errorf("%d changes are still pending", len(w.pending))
	}
	shown := 0
	for _, s := range w.listed() {
		shown += s.responseCount()
	}
	if shown != count+fresh || len(w.listed()[0].responses.arrivals) != arrivals {
		t.Errorf("got %d responses, want %d and %d that were pending", shown, count, fresh)
	}
	for _, c := range pending {
		if !visible(c) {
			if _, gone := c.survey.responses.current(c.index); gone {
				t.Errorf("still not visible: %+v", c)
			}
		}
	}
	before := joined(w.surveyTruth())
	w.advance(at.Add(time.Second), at.Add(time.Hour), true)
	if joined(w.surveyTruth()) != before {
		t.Error("a quiet hour changed surveys")
	}
}

func TestAdvance_LateEditShowsTheOldVersionFirst(t *testing.T) {
	t.Parallel()
	w := testWorld(t, worldOptions{Surveys: 1, Responses: 50})
	s := w.listed()[0]
	o := &s.responses
	old, _ := o.current(3)
	edited := testEpoch.Add(time.Minute).UnixMilli()
	w.pending = append(w.pending, pendingChange{
		visibleAt: edited + 60_000, survey: s, index: 3, revision: o.promise(3), modified: edited,
	})
	w.showDue(edited+59_999, false)
	if f, _ := o.current(3); f != old {
		t.Errorf("before it is due: got %+v, want %+v", f, old)
	}
	w.showDue(edited+60_000, false)
	if f, _ := o.current(3); f.modified != edited || f.revision != old.revision+1 {
		t.Errorf("when it is due: got %+v", f)
	}
	o.edit(3, old.revision, edited+5)
	if f, _ := o.current(3); f.modified != edited {
		t.Errorf("an older revision came back: %+v", f)
	}
}

func TestAdvance_ArrivalsOfOneCallAreLimited(t *testing.T) {
	t.Parallel()
	w := testWorld(t, worldOptions{Surveys: 1, Responses: 1_000_000})
	w.advance(testEpoch, testEpoch.Add(30*24*time.Hour), false)
	closed := w.listed()[0].responses.opened
	if got := len(w.surveys[0].responses.arrivals); got > mostArrivals+closed {
		t.Errorf("got %d arrivals", got)
	}
}

func TestAdvance_SurveysComeAndAreRenamed(t *testing.T) {
	t.Parallel()
	w := testWorld(t, worldOptions{Surveys: 30, Responses: 100})
	before := map[string]string{}
	for _, s := range w.listed() {
		before[s.id()] = s.name()
	}
	at := testEpoch
	for range 100 {
		w.advance(at, at.Add(time.Hour), false)
		at = at.Add(time.Hour)
	}
	added, renamed, gone := 0, 0, maps.Clone(before)
	for _, s := range w.listed() {
		delete(gone, s.id())
		switch name, known := before[s.id()]; {
		case !known:
			added++
		case name != s.name():
			renamed++
			if s.modified <= testEpoch.Unix() {
				t.Errorf("renaming %q did not move its modified date", s.name())
			}
		}
	}
	if added < 5 || added > 100 || renamed < 5 || len(gone) > 15 {
		t.Errorf("got %d added, %d renamed, %d deleted surveys", added, renamed, len(gone))
	}
	for id := range gone {
		if _, found := w.survey(id); found {
			t.Errorf("deleted survey %s is found", id)
		}
	}
}

func TestAdvance_ResponsesMoveSurveysOnlyWhenInDoubt(t *testing.T) {
	t.Parallel()
	for _, moves := range []bool{false, true} {
		w := testWorld(t, worldOptions{Surveys: 1, Responses: 5000, Doubt: Doubt{ResponsesMoveSurvey: moves}})
		s := w.surveys[0]
		before := s.modified
		w.mutex.Lock()
		p := &progressing{world: w, from: testEpoch.UnixMilli(), to: testEpoch.Add(time.Hour).UnixMilli(), hours: 1, dice: newRandom(1)}
		p.changeResponses()
		w.showDue(p.to+lateMost, true)
		w.mutex.Unlock()
		if got := s.modified != before; got != moves {
			t.Errorf("ResponsesMoveSurvey=%v: survey moved = %v", moves, got)
		}
	}
}

func TestWorld_CanBeReadWhileItChanges(t *testing.T) {
	t.Parallel()
	w := testWorld(t, worldOptions{Surveys: 22, Responses: 500, Contacts: 200})
	sequence := w.listed()[0].export(exportQuery{Sort: true}).records
	want := joined(sequence)
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for range 3 {
				_ = everything(t, w)
			}
		})
	}
	at := testEpoch
	for range 20 {
		w.advance(at, at.Add(time.Hour), false)
		at = at.Add(time.Hour)
	}
	readers.Wait()
	if joined(sequence) != want {
		t.Error("an export changed after it was taken")
	}
}

func TestAdvance_ImportsAreDatedByTheirAnswersWhenInDoubt(t *testing.T) {
	t.Parallel()
	for _, backdated := range []bool{false, true} {
		w := testWorld(t, worldOptions{Surveys: 4, Responses: 400, Contacts: 1, Doubt: Doubt{BackdatedImports: backdated}})
		before := responseTruth(t, w)
		w.advance(testEpoch, testEpoch.Add(48*time.Hour), false)
		imports := 0
		for id, r := range responseTruth(t, w) {
			if _, known := before[id]; known || r.Values["status"] != float64(statusImported) {
				continue
			}
			imports++
			if old := r.RecordedDate.Before(testEpoch); old != backdated || !r.LastModified.After(testEpoch) {
				t.Errorf("in doubt: %t, and %s is recorded at %s and modified at %s", backdated, id, r.RecordedDate, r.LastModified)
			}
		}
		if imports == 0 {
			t.Error("nothing was imported")
		}
	}
}
