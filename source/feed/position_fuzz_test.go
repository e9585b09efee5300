package feed

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/sketch"
)

// A position that is understood is written as what was understood, and every
// other one is refused by an error that names its partition.
func FuzzPosition(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"w":1768478400,"h":"AAAAAAAAAAE","f":1,"r":2,"l":true,"n":[1,2,3],"t":4,"u":true}`,
		`{"w":-9223372036854775808,"b":{"a":1,"f":-9223372036854775808,"w":1,"s":"AAAAAAAAAAEAAAAAAAAAAg"}}`,
		`{"a":{"c":1768478400,"i":"R_1 R_2","d":3,"s":1768478400,"a":true,"m":1768478401,"x":{"R_3":1768478400123},"q":["R_4"],"y":{"R_5":1768478400}}}`,
		`{"a":{"c":253402300800,"k":"` + sketch.NewTable(48).Encode() + `"}}`, `{"a":{"c":1,"p":"` + sketch.NewPinSketch(4).Encode() + `","l":{"i":"R_1"}}}`, `{"a":{"c":1,"n":true,"u":true}}`, `{"a":{"c":1,"k":"AAAA"}}`,
		`{"s":1,"t":2,"f":3,"l":4}`, `{"surveys":{"SV_1":"0123456789abcdef","SV_2":""},"n":253402300799}`, `[]`, `{"w":"x"}`, `{"h":"!"}`, `{"w":1e3}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if !json.Valid(raw) {
			return // no part of a state file that was decoded
		}
		partition := Partition{Kind: Responses, Key: "SV_1"}
		typed := func(err error) bool {
			var lost *PositionError
			if err != nil && (!errors.As(err, &lost) || lost.Partition != partition) {
				t.Errorf("%s: the error names no position: %v", raw, err)
			}
			return err == nil
		}
		identity(t, raw, typed, partition, &contactPosition{}, &contactPosition{})
		identity(t, raw, typed, partition, &listPosition{}, &listPosition{})
		if !identity(t, raw, typed, partition, &responsePosition{}, &responsePosition{}) {
			return
		}
		var position responsePosition
		if err := json.Unmarshal(raw, &position); err != nil {
			t.Fatal(err)
		}
		if rows, err := newRowSet("brand", partition, position.Rows); typed(err) {
			rowsStay(t, partition, rows)
		}
		if l, err := newLedger(position.Ledger, 1); err == nil {
			ledgerStays(t, l)
		}
		if s := position.Swept; s != nil && s.understand() == nil {
			stretchesStay(t, s)
		}
	})
}

// identity reports whether a position is understood; it then is the same after
// it was written and read again.
func identity(t *testing.T, raw []byte, typed func(error) bool, partition Partition, first, second interface{ plausible() error }) bool {
	t.Helper()
	request := Request{Partition: partition, Position: raw}
	if !typed(request.understand(first)) {
		return false
	}
	var err error
	if request.Position, err = json.Marshal(first); err != nil {
		t.Fatal(err)
	}
	if err := request.understand(second); err != nil {
		t.Fatalf("%s, written as %s: %v", raw, request.Position, err)
	}
	again, err := json.Marshal(second)
	if err != nil || string(again) != string(request.Position) {
		t.Errorf("%s was written as %s, then as %s, %v", raw, request.Position, again, err)
	}
	return true
}

func rowsStay(t *testing.T, partition Partition, rows *rowSet) {
	t.Helper()
	for hash := range rows.known {
		rows.keep(hash, time.Unix(1, 0))
	}
	rows.roll(time.Unix(0, 0))
	encoded, kept := rows.encode(len(rows.known))
	again, err := newRowSet("brand", partition, encoded)
	if err != nil || kept != len(again.known) {
		t.Fatalf("%d rows, %v", kept, err)
	}
	if len(rows.known) < workingHashes {
		if diff := cmp.Diff(rows.known, again.known); diff != "" {
			t.Errorf("rows (-first +second):\n%s", diff)
		}
	}
}

func ledgerStays(t *testing.T, l *ledger) {
	t.Helper()
	first := l.state()
	restored, err := newLedger(first, 1)
	if err != nil {
		t.Fatalf("what a ledger wrote cannot be read: %v: %+v", err, first)
	}
	if diff := cmp.Diff(encodedState(t, first), encodedState(t, restored.state())); diff != "" {
		t.Errorf("ledger (-first +second):\n%s", diff)
	}
	if l.sealed() != restored.sealed() || (l.set == nil) != (restored.set == nil) {
		t.Errorf("the seal of %+v was lost or made", first)
	}
	if l.set == nil {
		return
	}
	if gone, fresh, net, err := l.set.compare().result(); err == nil && int64(len(gone)-len(fresh)) != net {
		t.Errorf("%d gone and %d fresh, but a net of %d", len(gone), len(fresh), net)
	}
}

func encodedState(t *testing.T, state *ledgerState) string {
	t.Helper()
	text, err := json.Marshal(state)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func stretchesStay(t *testing.T, s *stretches) {
	t.Helper()
	sums := slices.Clone(s.sums)
	s.encode()
	again := &stretches{At: s.At, First: s.First, Width: s.Width, Sums: s.Sums}
	if err := again.understand(); err != nil || !slices.Equal(again.sums, sums) {
		t.Errorf("sums %v became %v, %v", sums, again.sums, err)
	}
	for _, at := range []int64{s.First, s.At - 1, s.At, 0, 1 << 40, -1 << 40} {
		if i := s.of(time.Unix(at, 0)); i < -1 || i >= max(len(sums), 0) {
			t.Errorf("%d lies in stretch %d of %d", at, i, len(sums))
		}
	}
}
