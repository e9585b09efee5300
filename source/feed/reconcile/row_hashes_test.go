package reconcile

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const testPartition = "responses\x00SV_1"

func newRows(t *testing.T, encoded string) *RowHashes {
	t.Helper()
	rows, err := NewRowHashes("brand", testPartition, encoded)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// noon is the date of row 0; every other row is a second newer than the one
// before.
var noon = time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)

func keepRows(rows *RowHashes, from, to int) {
	for i := from; i < to; i++ {
		rows.Keep(RowHash(i), noon.Add(time.Duration(i)*time.Second))
	}
}

// knows checks that exactly the rows of a range count as delivered.
func knows(t *testing.T, rows *RowHashes, from, to int) {
	t.Helper()
	if len(rows.known) != to-from {
		t.Errorf("got %d known rows, want %d", len(rows.known), to-from)
	}
	for i := from; i < to; i++ {
		if !rows.known[RowHash(i)] {
			t.Fatalf("row %d is not known", i)
		}
	}
}

func TestRowHashes_AreEncodedAndDecoded(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 2, MaxRows - 1, MaxRows, MaxRows + 1, 3 * MaxRows} {
		rows := newRows(t, "")
		keepRows(rows, 0, n)
		rows.Roll(noon)
		knows(t, rows, 0, n)
		encoded, kept := rows.Encode(MaxRows)
		if kept != min(n, MaxRows) || base64.RawStdEncoding.DecodedLen(len(encoded)) != kept*HashBytes {
			t.Errorf("%d rows: got %d in %d characters", n, kept, len(encoded))
		}
		knows(t, newRows(t, encoded), n-kept, n) // the newest
	}
}

func TestRowHashes_EncodingDoesNotDependOnTheOrder(t *testing.T) {
	t.Parallel()
	random, want := rand.New(rand.NewPCG(1, 2)), ""
	for range 20 {
		rows := newRows(t, "")
		for _, i := range random.Perm(MaxRows) {
			for range 1 + random.IntN(2) { // some are read twice
				rows.Keep(RowHash(i), noon.Add(time.Duration(i/5)*time.Second))
			}
		}
		rows.Roll(noon)
		encoded, _ := rows.Encode(MaxRows)
		if want == "" {
			want = encoded
		}
		if encoded != want {
			t.Fatal("the same rows in another order make another state")
		}
	}
}

func TestRowHashes_RollRemovesRowsThatTheNextWindowDoesNotRead(t *testing.T) {
	t.Parallel()
	rows := newRows(t, "")
	keepRows(rows, 0, 100)
	rows.Roll(noon.Add(40 * time.Second))
	knows(t, rows, 40, 100)
	// Rows that were not read again stay, as long as the next window reads them.
	rows.Roll(noon.Add(60 * time.Second))
	knows(t, rows, 60, 100)
	// The next window adds its own rows.
	keepRows(rows, 100, 110)
	rows.Roll(noon.Add(95 * time.Second))
	knows(t, rows, 95, 110)

	decoded, _ := rows.Encode(MaxRows)
	next := newRows(t, decoded)
	knows(t, next, 95, 110)
	next.Roll(noon)
	knows(t, next, 0, 0) // the window read none of them
}

func TestRowHashes_ALongWindowKeepsTheNewestRows(t *testing.T) {
	t.Parallel()
	rows := newRows(t, "")
	const n = 3*workingHashes + 5
	for i := range n {
		rows.Keep(RowHash(i), noon.Add(time.Duration(i)*time.Second))
		if len(rows.fresh) > 2*workingHashes {
			t.Fatalf("%d rows are held, want at most %d", len(rows.fresh), 2*workingHashes)
		}
	}
	rows.Roll(noon)
	knows(t, rows, n-workingHashes, n)
}

func TestRowHashes_TrimKeepsTheNewestOnce(t *testing.T) {
	t.Parallel()
	rows := newRows(t, "")
	for _, row := range []datedHash{{noon, 1}, {noon.Add(2), 2}, {noon.Add(1), 1}, {noon.Add(2), 2}, {noon, 3}} {
		rows.Keep(row.hash, row.at)
	}
	rows.trim(2)
	if len(rows.fresh) != 2 || rows.fresh[0] != (datedHash{noon.Add(2), 2}) || rows.fresh[1] != (datedHash{noon.Add(1), 1}) {
		t.Errorf("got %v, want the newest two, each once and with its newest date", rows.fresh)
	}
}

// A state holds 128 KiB of row hashes. The first partitions get them.
func TestBudget_LimitsTheRowHashesOfAllPartitions(t *testing.T) {
	t.Parallel()
	var budget Budget
	full := newRows(t, "")
	keepRows(full, 0, 2*MaxRows)
	full.Roll(noon)
	of := func(i int) string { return fmt.Sprint("SV_", i) }
	encode := func(set *RowHashes, i int) int { return len(newRows(t, budget.EncodeRows(set, of(i), MaxRows)).known) }
	const partitions = TotalHashes / MaxRows
	bytes := 0
	for i := range partitions + 3 {
		kept := encode(full, i)
		bytes += kept * HashBytes
		want := MaxRows
		if i >= partitions {
			want = 0
		}
		if kept != want {
			t.Fatalf("partition %d got %d hashes, want %d", i, kept, want)
		}
	}
	if bytes != 128<<10 {
		t.Errorf("got %d bytes of hashes, want 128 KiB", bytes)
	}
	// A partition that encodes again replaces its own hashes.
	small := newRows(t, "")
	keepRows(small, 0, 10)
	small.Roll(noon)
	if kept := encode(small, 0); kept != 10 {
		t.Errorf("got %d hashes, want 10", kept)
	}
	if kept := encode(full, partitions); kept != MaxRows-10 {
		t.Errorf("got %d hashes, want the %d that partition 0 does not use any more", kept, MaxRows-10)
	}
	if kept := encode(full, partitions); kept != MaxRows-10 {
		t.Errorf("got %d hashes, want the same %d again", kept, MaxRows-10)
	}
}

func TestNewRowHashes_RefusesABrokenEncoding(t *testing.T) {
	t.Parallel()
	whole := base64.RawStdEncoding.EncodeToString([]byte("12345678abcdefgh"))
	for _, encoded := range []string{
		"!", "A", whole[:len(whole)-1], whole[:4], whole + "A", whole + "=", strings.ReplaceAll(whole, "M", "-"), "\u00e9" + whole,
		base64.RawStdEncoding.EncodeToString([]byte("1234567")), base64.StdEncoding.EncodeToString([]byte("12345678")),
	} {
		rows, err := NewRowHashes("brand", testPartition, encoded)
		if err == nil {
			t.Errorf("%q: got %v, want an error", encoded, rows)
		}
	}
}

func TestRowHashes_DependOnBrandPartitionIDAndContent(t *testing.T) {
	t.Parallel()
	seen := make(map[RowHash]string)
	for _, brand := range []string{"", "a", "ab"} {
		for _, kind := range []string{"responses", "contacts"} {
			for _, key := range []string{"", "SV_1", "SV_2"} {
				rows, err := NewRowHashes(brand, kind+"\x00"+key, "")
				if err != nil {
					t.Fatal(err)
				}
				for _, id := range []string{"R_1", "R_12", "R_2"} {
					for _, content := range []string{"", "2", "{}"} {
						row := fmt.Sprintf("%q %q %q %q %q", brand, kind, key, id, content)
						hash := rows.Hash(id, []byte(content))
						if other, taken := seen[hash]; taken {
							t.Errorf("%s and %s have one hash", row, other)
						}
						if seen[hash] = row; hash != rows.Hash(id, []byte(content)) {
							t.Errorf("%s has two hashes", row)
						}
					}
				}
			}
		}
	}
}

// A release with other hashes would deliver every row of the look-back once more.
func TestRowHashes_AreTheSameInEveryRelease(t *testing.T) {
	t.Parallel()
	if got := newRows(t, "").Hash("R_1", []byte(`{"a":1}`)); got != 0x5f365a4e4bb3ae97 {
		t.Errorf("got %#x, want the first 8 bytes of the SHA-256 of brand, kind, key, id and content", uint64(got))
	}
}

func TestRowHashes_WasDelivered(t *testing.T) {
	t.Parallel()
	first := newRows(t, "")
	content := func(text string) func([]byte) ([]byte, error) {
		return func(dst []byte) ([]byte, error) { return append(dst, text...), nil }
	}
	for i, text := range []string{"old", "at the start", "later"} {
		delivered, err := first.WasDelivered(text, noon.Add(time.Duration(i-1)*time.Minute), noon, content(text))
		if delivered || err != nil {
			t.Errorf("%s: got %t, %v in the first window", text, delivered, err)
		}
	}
	first.Roll(noon)
	encoded, _ := first.Encode(MaxRows)
	second := newRows(t, encoded)
	for name, test := range map[string]struct {
		id, content string
		want        bool
	}{
		"modified before the next window":  {"old", "old", false},
		"modified when it begins":          {"at the start", "at the start", true},
		"modified later":                   {"later", "later", true},
		"with another content since":       {"later", "edited", false},
		"another id with the same content": {"new", "later", false},
	} {
		if got, err := second.WasDelivered(test.id, noon, noon, content(test.content)); got != test.want || err != nil {
			t.Errorf("%s: got %t, %v, want %t", name, got, err, test.want)
		}
	}
	broken := errors.New("no JSON")
	if _, err := second.WasDelivered("later", noon, noon, func([]byte) ([]byte, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Errorf("got %v, want the error of the content", err)
	}
	if _, err := newRows(t, "").WasDelivered("old", noon.Add(-1), noon, nil); err != nil {
		t.Errorf("got %v, want no hash of a row that needs none", err)
	}
}

func FuzzRowHashes(f *testing.F) {
	for _, seed := range []string{"", "AAAAAAAAAAE", "!", "AAAAAAAAAAEAAAAAAAAAAg"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, encoded string) {
		if rows, err := NewRowHashes("brand", testPartition, encoded); err == nil {
			rolledAndEncoded(t, rows)
		}
	})
}

// rolledAndEncoded checks that rows are the same after they were kept, rolled, encoded and decoded.
func rolledAndEncoded(t *testing.T, rows *RowHashes) {
	t.Helper()
	for hash := range rows.known {
		rows.Keep(hash, time.Unix(1, 0))
	}
	rows.Roll(time.Unix(0, 0))
	encoded, kept := rows.Encode(len(rows.known))
	again, err := NewRowHashes("brand", testPartition, encoded)
	if err != nil || kept != len(again.known) {
		t.Fatalf("%d rows, %v", kept, err)
	}
	if len(rows.known) < workingHashes {
		if diff := cmp.Diff(rows.known, again.known); diff != "" {
			t.Errorf("rows (-first +second):\n%s", diff)
		}
	}
}
