package feed

import (
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
