package contacts

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/feed/feedtest"
	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/sketch"
)

func contactIDs(random *rand.Rand, count int) []string { return feedtest.IDs(random, "CID_", count) }

var midday = time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)

// listingOf returns a list that shows some contacts twice.
func listingOf(ids ...[]string) *reconcile.IDSet {
	shown := &reconcile.IDSet{}
	for _, some := range ids {
		for i, id := range some {
			shown.Add(id)
			if i%10 == 0 {
				shown.Add(id)
			}
		}
	}
	shown.Sort()
	return shown
}

// stored returns a tracker after it was encoded and decoded, and its size in bytes.
func stored(t testing.TB, l *tracker) (again *tracker, size int) {
	t.Helper()
	encoded, err := json.Marshal(l.state())
	if err != nil {
		t.Fatal(err)
	}
	var state trackerState
	if err := json.Unmarshal(encoded, &state); err != nil {
		t.Fatal(err)
	}
	if again, err = newTracker(&state); err != nil {
		t.Fatal(err)
	}
	return again, len(encoded)
}

func TestTracker_ListsDeletedContacts(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ listed, gone, added, unsure, addedGone int }{
		"no contact":              {},
		"few":                     {listed: 50, gone: 20, added: 10, addedGone: 3},
		"some":                    {listed: 3000, gone: 100, added: 500, unsure: 500, addedGone: 40},
		"many":                    {listed: 50_000, gone: 400, added: 2000, unsure: 1000, addedGone: 500},
		"the first contacts":      {added: 30, addedGone: 10},
		"perhaps in the snapshot": {listed: 50, unsure: 50, gone: 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(3, 5))
			listed, added := contactIDs(random, test.listed), contactIDs(random, test.added)
			l, err := newTracker(nil)
			if err != nil {
				t.Fatal(err)
			}
			l.replaceSnapshot(listingOf(listed), time.Time{})
			for _, id := range added {
				l.delivered[id] = true
			}
			for _, id := range listed[len(listed)-test.unsure:] {
				l.delivered[id] = false
			}
			l, _ = stored(t, l)
			gone, _, more, err := l.compare(listingOf(listed[test.gone:], added[test.addedGone:]))
			want := slices.Sorted(slices.Values(slices.Concat(listed[:test.gone], added[:test.addedGone])))
			if err != nil || more != 0 {
				t.Fatalf("got %d more and %v", more, err)
			}
			if diff := cmp.Diff(want, gone); diff != "" {
				t.Errorf("gone (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTracker_EstimatesTheDeletionsThatItCannotList(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 5))
	listed, came := contactIDs(random, 20_000), contactIDs(random, 100)
	l, err := newTracker(nil)
	if err != nil {
		t.Fatal(err)
	}
	l.replaceSnapshot(listingOf(listed), time.Time{})
	gone, _, more, err := l.compare(listingOf(listed[5000:], came))
	if !errors.Is(err, sketch.ErrTooMany) || more+int64(len(gone)) < 4900 || more+int64(len(gone)) > 5000 {
		t.Errorf("got %d ids, %d more and %v, want about 4,900", len(gone), more, err)
	}
	for _, id := range gone {
		if !slices.Contains(listed[:5000], id) {
			t.Errorf("%s is reported as deleted, and listed", id)
		}
	}
}

func TestTracker_IsDueByItsAge(t *testing.T) {
	t.Parallel()
	const week, lookback = 7 * 24 * time.Hour, 15 * time.Minute
	full := make(map[string]bool)
	for _, id := range contactIDs(rand.New(rand.NewPCG(1, 1)), mostDelivered+1) {
		full[id] = true
	}
	for name, test := range map[string]struct {
		tracker tracker
		now     time.Time
		want    bool
	}{
		"recent":                                {tracker{snapshotAt: midday}, midday.Add(week - time.Second), false},
		"old":                                   {tracker{snapshotAt: midday}, midday.Add(week), true},
		"in the future":                         {tracker{snapshotAt: midday.Add(time.Hour)}, midday, true},
		"no server time":                        {tracker{snapshotAt: midday}, time.Time{}, false},
		"too many delivered since":              {tracker{snapshotAt: midday, delivered: full}, midday, true},
		"doubted a minute ago":                  {tracker{snapshotAt: midday, Candidates: reconcile.Candidates{Doubted: midday.Unix()}}, midday.Add(time.Minute), false},
		"doubted a look-back ago":               {tracker{snapshotAt: midday, Candidates: reconcile.Candidates{Doubted: midday.Unix()}}, midday.Add(lookback), true},
		"doubted, and too many delivered since": {tracker{snapshotAt: midday, Candidates: reconcile.Candidates{Doubted: midday.Unix()}, delivered: full}, midday, false},
		"doubted, and no server time":           {tracker{snapshotAt: midday, Candidates: reconcile.Candidates{Doubted: 1}}, time.Time{}, false},
	} {
		if got := test.tracker.due(test.now, week, lookback); got != test.want {
			t.Errorf("%s: got %t, want %t", name, got, test.want)
		}
	}
}

// The state is stored after every change, however large the directory is.
func TestTracker_StaysSmall(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 5))
	l, err := newTracker(nil)
	if err != nil {
		t.Fatal(err)
	}
	l.replaceSnapshot(listingOf(contactIDs(random, 300_000)), time.Time{})
	if _, size := stored(t, l); size > 33<<10 {
		t.Errorf("the tracker of 300,000 contacts takes %d bytes", size)
	}
	for _, id := range contactIDs(random, 2*mostDelivered) {
		l.delivered[id] = true
	}
	taken := 0
	for _, id := range contactIDs(random, 2*mostAbsent) {
		if l.miss(id, midday) {
			taken++
		}
	}
	if taken != mostAbsent {
		t.Errorf("got %d candidates, want %d", taken, mostAbsent)
	}
	if _, size := stored(t, l); size > 300<<10 {
		t.Errorf("the largest tracker takes %d bytes", size)
	}
}

func BenchmarkTracker_Audit(b *testing.B) {
	random := rand.New(rand.NewPCG(3, 5))
	ids := contactIDs(random, 1_000_000)
	l, err := newTracker(nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		shown := listingOf(ids)
		if l.hasSnapshot {
			if gone, _, _, err := l.compare(shown); len(gone) > 0 || err != nil {
				b.Fatal(gone, err)
			}
		}
		l.replaceSnapshot(shown, time.Time{})
	}
}

// The list may show contacts that no search has shown yet: only a contact that was created after the
// list was read is certainly not in the snapshot.
func TestTracker_TheSnapshotMayHaveContactsThatNoSearchShowed(t *testing.T) {
	t.Parallel()
	listedAt := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)
	ids := contactIDs(rand.New(rand.NewPCG(7, 7)), 3000)
	for name, test := range map[string]struct {
		created time.Time
		lacking bool // certainly not in the snapshot
	}{
		"created before the list was read": {listedAt.Add(-time.Hour), false},
		"created after it was read":        {listedAt.Add(time.Hour), true},
	} {
		before, err := newTracker(nil)
		if err != nil {
			t.Fatal(err)
		}
		before.created = listedAt.Add(-48 * time.Hour).Unix() // newest contact that a search has shown
		before.replaceSnapshot(listingOf(ids), listedAt)
		l, _ := stored(t, before)
		contact := &feed.Contact{ID: qualtrics.ContactID(ids[5]), CreatedAt: &test.created}
		l.observe(contact)
		if fresh, certain := l.isFresh(contact); !fresh || certain != test.lacking || l.later[ids[5]] != test.lacking {
			t.Errorf("%s: the snapshot may lack it: %t, for certain: %t, created later: %t; want %t", name, fresh, certain, l.later[ids[5]], test.lacking)
		}
	}
}
