package feed

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/sketch"
)

func contactIDs(random *rand.Rand, count int) []string { return idsOf("CID_", random, count) }

// idsOf are so many ids with a prefix.
func idsOf(prefix string, random *rand.Rand, count int) []string {
	const all = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	ids := make([]string, count)
	for i := range ids {
		id := []byte(prefix)
		for range 15 {
			id = append(id, all[random.IntN(len(all))])
		}
		ids[i] = string(id)
	}
	return ids
}

// listingOf is a list that shows some contacts twice.
func listingOf(ids ...[]string) *listing {
	shown := &listing{}
	for _, some := range ids {
		for i, id := range some {
			shown.put(id)
			if i%10 == 0 {
				shown.put(id)
			}
		}
	}
	shown.close()
	return shown
}

// stored is the ledger after its way through a state.
func stored(t testing.TB, l *contactLedger) (again *contactLedger, size int) {
	t.Helper()
	encoded, err := json.Marshal(l.state())
	if err != nil {
		t.Fatal(err)
	}
	var state contactLedgerState
	if err := json.Unmarshal(encoded, &state); err != nil {
		t.Fatal(err)
	}
	if again, err = newContactLedger(&state); err != nil {
		t.Fatal(err)
	}
	return again, len(encoded)
}

func TestContactLedger_NamesWhatIsGone(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ sealed, gone, added, unsure, addedGone int }{
		"nothing":               {},
		"of few":                {sealed: 50, gone: 20, added: 10, addedGone: 3},
		"of some":               {sealed: 3000, gone: 100, added: 500, unsure: 500, addedGone: 40},
		"of many":               {sealed: 50_000, gone: 400, added: 2000, unsure: 1000, addedGone: 500},
		"added where none were": {added: 30, addedGone: 10},
		"unsure of a few":       {sealed: 50, unsure: 50, gone: 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(3, 5))
			sealed, added := contactIDs(random, test.sealed), contactIDs(random, test.added)
			l, err := newContactLedger(nil)
			if err != nil {
				t.Fatal(err)
			}
			l.reseal(listingOf(sealed), time.Time{})
			for _, id := range added {
				l.added[id] = true
			}
			for _, id := range sealed[len(sealed)-test.unsure:] {
				l.added[id] = false
			}
			l, _ = stored(t, l)
			gone, more, err := l.compare(listingOf(sealed[test.gone:], added[test.addedGone:]), nil)
			want := slices.Sorted(slices.Values(slices.Concat(sealed[:test.gone], added[:test.addedGone])))
			if err != nil || more != 0 {
				t.Fatalf("got %d more and %v", more, err)
			}
			if diff := cmp.Diff(want, gone); diff != "" {
				t.Errorf("gone (-want +got):\n%s", diff)
			}
		})
	}
}

func TestContactLedger_SaysAboutHowManyItCannotName(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 5))
	sealed, came := contactIDs(random, 20_000), contactIDs(random, 100)
	l, err := newContactLedger(nil)
	if err != nil {
		t.Fatal(err)
	}
	l.reseal(listingOf(sealed), time.Time{})
	gone, more, err := l.compare(listingOf(sealed[5000:], came), nil)
	if !errors.Is(err, sketch.ErrTooMany) || more+int64(len(gone)) < 4900 || more+int64(len(gone)) > 5000 {
		t.Errorf("got %d names, %d more and %v, want about 4,900", len(gone), more, err)
	}
	for _, id := range gone {
		if !slices.Contains(sealed[:5000], id) {
			t.Errorf("%s is there", id)
		}
	}
}

func TestContactLedger_IsDueByItsAge(t *testing.T) {
	t.Parallel()
	const week, lookback = 7 * 24 * time.Hour, 15 * time.Minute
	full := make(map[string]bool)
	for _, id := range contactIDs(rand.New(rand.NewPCG(1, 1)), mostAdded+1) {
		full[id] = true
	}
	for name, test := range map[string]struct {
		ledger contactLedger
		now    time.Time
		want   bool
	}{
		"young":                              {contactLedger{sealedAt: noon}, noon.Add(week - time.Second), false},
		"old":                                {contactLedger{sealedAt: noon}, noon.Add(week), true},
		"in the future":                      {contactLedger{sealedAt: noon.Add(time.Hour)}, noon, true},
		"the time is not known":              {contactLedger{sealedAt: noon}, time.Time{}, false},
		"too much was added":                 {contactLedger{sealedAt: noon, added: full}, noon, true},
		"doubted just now":                   {contactLedger{sealedAt: noon, pending: pending{doubted: noon.Unix()}}, noon.Add(time.Minute), false},
		"doubted a look-back ago":            {contactLedger{sealedAt: noon, pending: pending{doubted: noon.Unix()}}, noon.Add(lookback), true},
		"doubted, and too much was added":    {contactLedger{sealedAt: noon, pending: pending{doubted: noon.Unix()}, added: full}, noon, false},
		"doubted, and the time is not known": {contactLedger{sealedAt: noon, pending: pending{doubted: 1}}, time.Time{}, false},
	} {
		if got := test.ledger.due(test.now, week, lookback); got != test.want {
			t.Errorf("%s: got %t", name, got)
		}
	}
}

// A state is stored after every change, however large the directory is.
func TestContactLedger_StaysSmall(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 5))
	l, err := newContactLedger(nil)
	if err != nil {
		t.Fatal(err)
	}
	l.reseal(listingOf(contactIDs(random, 300_000)), time.Time{})
	if _, size := stored(t, l); size > 33<<10 {
		t.Errorf("the ledger of 300,000 contacts takes %d bytes", size)
	}
	for _, id := range contactIDs(random, 2*mostAdded) {
		l.added[id] = true
	}
	taken := 0
	for _, id := range contactIDs(random, 2*mostAbsent) {
		if l.miss(id, noon) {
			taken++
		}
	}
	if taken != mostAbsent {
		t.Errorf("%d are waited for, want %d", taken, mostAbsent)
	}
	if _, size := stored(t, l); size > 300<<10 {
		t.Errorf("the fullest ledger takes %d bytes", size)
	}
}

func BenchmarkContactLedger_Audit(b *testing.B) {
	random := rand.New(rand.NewPCG(3, 5))
	ids := contactIDs(random, 1_000_000)
	l, err := newContactLedger(nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		shown := listingOf(ids)
		if l.sealed {
			if gone, _, err := l.compare(shown, nil); len(gone) > 0 || err != nil {
				b.Fatal(gone, err)
			}
		}
		l.reseal(shown, time.Time{})
	}
}

// What searches have not shown can be in the set all the same: a contact that was
// created before its list ended is not said to be missing from it.
func TestContactLedger_KnowsThatASetHoldsWhatNoSearchHasShown(t *testing.T) {
	t.Parallel()
	sealed := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)
	ids := contactIDs(rand.New(rand.NewPCG(7, 7)), 3000)
	l, err := newContactLedger(nil)
	if err != nil {
		t.Fatal(err)
	}
	l.created = sealed.Add(-48 * time.Hour).Unix() // of the newest contact that a search has shown
	l.reseal(listingOf(ids), sealed)
	for name, test := range map[string]struct {
		created time.Time
		lacking bool // from the set, for sure
	}{
		"created before the list ended": {sealed.Add(-time.Hour), false},
		"created after it":              {sealed.Add(time.Hour), true},
	} {
		f := &contactFetch{ledger: l, young: make(map[string]bool)}
		contact := &Contact{ID: qualtrics.ContactID(ids[5]), CreatedAt: &test.created}
		f.meet(contact)
		if fresh, ok := f.fresh([]*Contact{contact})[ids[5]]; !ok || fresh != test.lacking || f.young[ids[5]] != test.lacking {
			t.Errorf("%s: the set lacks it: %t (known: %t), it is young: %t; want %t", name, fresh, ok, f.young[ids[5]], test.lacking)
		}
	}
}
