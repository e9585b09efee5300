package responses

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
)

// A response whose version is not known has no date. It stays for the next audit, and does
// not move the date since which the tracker holds all versions.
func TestTracker_TrimKeepsResponsesOfUnknownVersion(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)
	for _, dated := range []int{10, 10 * leastEntries} {
		tracked, err := newTracker(nil, 1000)
		if err != nil {
			t.Fatal(err)
		}
		tracked.listedAt, tracked.since = now, now.Add(-deliveredSince)
		for i := range dated {
			tracked.delivered[fmt.Sprint("R_", i)] = now.Add(time.Duration(i) * time.Second).UnixMilli()
		}
		for i := range leastEntries {
			tracked.delivered[fmt.Sprint("R_unknown", i)] = unknownVersion
		}
		before := tracked.since
		tracked.trim()
		unknown := 0
		for _, at := range tracked.delivered {
			if at == unknownVersion {
				unknown++
			}
		}
		if tracked.since.Before(before) || unknown != leastEntries || len(tracked.delivered)-unknown != min(dated, tracked.entries/2) {
			t.Errorf("%d dated versions: since changed from %s to %s, %d unknown and %d dated versions remain", dated, before, tracked.since, unknown, len(tracked.delivered)-unknown)
		}
	}
}

// A state may hold ten thousand surveys without pending work, so each has to be small.
func TestTracker_TheStateOfASurveyWithoutPendingWorkIsSmall(t *testing.T) {
	t.Parallel()
	const at = 1_768_478_400
	first := &tracker{
		Candidates: reconcile.NewCandidates(reconcile.CandidateState{}), listedAt: time.Unix(at, 0).UTC(), since: time.Unix(at, 0).UTC().Add(-deliveredSince), newest: at - 7,
		snapshot: reconcile.SnapshotOf("R_1"),
	}
	encoded, err := json.Marshal(surveyPosition{Watermark: at, Counts: []int64{12, 0, 0}, Tracker: first.state()})
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"w":1768478400,"n":[12,0,0],"a":{"c":1768478400,"i":"R_1"}}`; string(encoded) != want {
		t.Errorf("got  %s\nwant %s", encoded, want)
	}
	var p surveyPosition
	if err := json.Unmarshal(encoded, &p); err != nil {
		t.Fatal(err)
	}
	again, err := newTracker(p.Tracker, 1)
	if err != nil {
		t.Fatal(err)
	}
	if !again.since.Equal(first.since) || !again.listedAt.Equal(first.listedAt) || again.newest < first.newest {
		t.Errorf("decoded since %s and newest %d, want %s and at least %d", again.since, again.newest, first.since, first.newest)
	}
}
