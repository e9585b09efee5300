package feed

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"
)

// A version that is not known has no date: it stays for the next audit, and
// does not move back what the ledger promises to hold.
func TestLedger_KeepsUnknownVersionsApartFromDatedOnes(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)
	for _, dated := range []int{10, 10 * leastEntries} {
		l, err := newLedger(nil, 1000)
		if err != nil {
			t.Fatal(err)
		}
		l.sealedAt, l.since = now, now.Add(-deliveredSince)
		for i := range dated {
			l.delivered[fmt.Sprint("R_", i)] = now.Add(time.Duration(i) * time.Second).UnixMilli()
		}
		for i := range leastEntries {
			l.delivered[fmt.Sprint("R_unknown", i)] = unknownVersion
		}
		before := l.since
		l.trim()
		unknown := 0
		for _, at := range l.delivered {
			if at == unknownVersion {
				unknown++
			}
		}
		if l.since.Before(before) || unknown != leastEntries || len(l.delivered)-unknown != min(dated, l.entries/2) {
			t.Errorf("of %d dated versions: since went from %s to %s, %d unknown and %d dated are left", dated, before, l.since, unknown, len(l.delivered)-unknown)
		}
	}
}

// What a state says of a survey at rest: states of ten thousand have to stay
// small.
func TestLedger_SaysLittleOfASurveyAtRest(t *testing.T) {
	t.Parallel()
	const at = 1_768_478_400
	sealed := &ledger{
		pending: newPending(pendingState{}), sealedAt: time.Unix(at, 0).UTC(), since: time.Unix(at, 0).UTC().Add(-deliveredSince), newest: at - 7,
		set: &seal{ids: map[string]bool{"R_1": true}},
	}
	encoded, err := json.Marshal(responsePosition{Watermark: at, Counts: []int64{12, 0, 0}, Ledger: sealed.state()})
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"w":1768478400,"n":[12,0,0],"a":{"c":1768478400,"i":"R_1"}}`; string(encoded) != want {
		t.Errorf("got  %s\nwant %s", encoded, want)
	}
	var p responsePosition
	if err := json.Unmarshal(encoded, &p); err != nil {
		t.Fatal(err)
	}
	again, err := newLedger(p.Ledger, 1)
	if err != nil {
		t.Fatal(err)
	}
	if !again.since.Equal(sealed.since) || !again.sealedAt.Equal(sealed.sealedAt) || again.newest < sealed.newest {
		t.Errorf("got since %s and newest %d back, want %s and %d at least", again.since, again.newest, sealed.since, sealed.newest)
	}
}
