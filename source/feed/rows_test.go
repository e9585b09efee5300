package feed

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

var testPartition = Partition{Kind: Responses, Key: "SV_1"}

func newRows(t *testing.T, encoded string) *rowSet {
	t.Helper()
	rows, err := newRowSet("brand", testPartition, encoded)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// noon is the date of row 0; every other row is a second newer than the one
// before.
var noon = time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)

func keepRows(rows *rowSet, from, to int) {
	for i := from; i < to; i++ {
		rows.keep(rowHash(i), noon.Add(time.Duration(i)*time.Second))
	}
}

// knows checks that exactly the rows in a range are known.
func knows(t *testing.T, rows *rowSet, from, to int) {
	t.Helper()
	if len(rows.known) != to-from {
		t.Errorf("got %d known rows, want %d", len(rows.known), to-from)
	}
	for i := from; i < to; i++ {
		if !rows.known[rowHash(i)] {
			t.Fatalf("row %d is not known", i)
		}
	}
}

func TestRows_SurviveAState(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 2, maxHashes - 1, maxHashes, maxHashes + 1, 3 * maxHashes} {
		rows := newRows(t, "")
		keepRows(rows, 0, n)
		rows.roll(noon)
		knows(t, rows, 0, n)
		encoded, kept := rows.encode(maxHashes)
		if kept != min(n, maxHashes) || base64.RawStdEncoding.DecodedLen(len(encoded)) != kept*hashBytes {
			t.Errorf("%d rows: got %d in %d characters", n, kept, len(encoded))
		}
		knows(t, newRows(t, encoded), n-kept, n) // the newest
	}
}

func TestRows_StateDoesNotDependOnTheirOrder(t *testing.T) {
	t.Parallel()
	random, want := rand.New(rand.NewPCG(1, 2)), ""
	for range 20 {
		rows := newRows(t, "")
		for _, i := range random.Perm(maxHashes) {
			for range 1 + random.IntN(2) { // some are met again
				rows.keep(rowHash(i), noon.Add(time.Duration(i/5)*time.Second))
			}
		}
		rows.roll(noon)
		encoded, _ := rows.encode(maxHashes)
		if want == "" {
			want = encoded
		}
		if encoded != want {
			t.Fatal("the same rows in another order make another state")
		}
	}
}

func TestRows_RollForgetsWhatNoWindowMeetsAgain(t *testing.T) {
	t.Parallel()
	rows := newRows(t, "")
	keepRows(rows, 0, 100)
	rows.roll(noon.Add(40 * time.Second))
	knows(t, rows, 40, 100)
	// What was known, and was not met again, is still there.
	rows.roll(noon.Add(60 * time.Second))
	knows(t, rows, 60, 100)
	// A later window keeps its own.
	keepRows(rows, 100, 110)
	rows.roll(noon.Add(95 * time.Second))
	knows(t, rows, 95, 110)

	decoded, _ := rows.encode(maxHashes)
	next := newRows(t, decoded)
	knows(t, next, 95, 110)
	next.roll(noon)
	knows(t, next, 0, 0) // the window met none of them again
}

func TestRows_ALongWindowRemembersTheNewest(t *testing.T) {
	t.Parallel()
	rows := newRows(t, "")
	const n = 3*workingHashes + 5
	for i := range n {
		rows.keep(rowHash(i), noon.Add(time.Duration(i)*time.Second))
		if len(rows.fresh) > 2*workingHashes {
			t.Fatalf("%d rows are held, want at most %d", len(rows.fresh), 2*workingHashes)
		}
	}
	rows.roll(noon)
	knows(t, rows, n-workingHashes, n)
}

func TestRows_TrimKeepsTheNewestOnce(t *testing.T) {
	t.Parallel()
	rows := newRows(t, "")
	for _, row := range []datedHash{{noon, 1}, {noon.Add(2), 2}, {noon.Add(1), 1}, {noon.Add(2), 2}, {noon, 3}} {
		rows.keep(row.hash, row.at)
	}
	rows.trim(2)
	if len(rows.fresh) != 2 || rows.fresh[0] != (datedHash{noon.Add(2), 2}) || rows.fresh[1] != (datedHash{noon.Add(1), 1}) {
		t.Errorf("got %v, want the newest two, each once and with its newest date", rows.fresh)
	}
}

// The budget of a run is 128 KiB of hashes, whoever comes first.
func TestRows_ShareTheBudgetOfARun(t *testing.T) {
	t.Parallel()
	var env Env
	full := newRows(t, "")
	keepRows(full, 0, 2*maxHashes)
	full.roll(noon)
	const partitions = totalHashes / maxHashes
	bytes := 0
	for i := range partitions + 3 {
		encoded, kept := env.encodeWithin(full, 0)
		bytes += kept * hashBytes
		want := maxHashes
		if i >= partitions {
			want = 0
		}
		if kept != want || len(newRows(t, encoded).known) != want {
			t.Fatalf("partition %d got %d hashes, want %d", i, kept, want)
		}
	}
	if bytes != 128<<10 {
		t.Errorf("got %d bytes of hashes, want 128 KiB", bytes)
	}
	// A partition that encodes again gives back what it held.
	small := newRows(t, "")
	keepRows(small, 0, 10)
	small.roll(noon)
	if _, kept := env.encodeWithin(small, maxHashes); kept != 10 {
		t.Errorf("got %d hashes, want 10", kept)
	}
	if _, kept := env.encodeWithin(full, 0); kept != maxHashes-10 {
		t.Errorf("got %d hashes, want the %d that were given back", kept, maxHashes-10)
	}
	if _, kept := env.encodeWithin(full, maxHashes-10); kept != maxHashes-10 {
		t.Errorf("got %d hashes, want the %d again that it held", kept, maxHashes-10)
	}
}

func TestRows_RefuseABrokenEncoding(t *testing.T) {
	t.Parallel()
	whole := base64.RawStdEncoding.EncodeToString([]byte("12345678abcdefgh"))
	for _, encoded := range []string{
		"!", "A", whole[:len(whole)-1], whole[:4], whole + "A", whole + "=", strings.ReplaceAll(whole, "M", "-"), "\u00e9" + whole,
		base64.RawStdEncoding.EncodeToString([]byte("1234567")), base64.StdEncoding.EncodeToString([]byte("12345678")),
	} {
		rows, err := newRowSet("brand", testPartition, encoded)
		if err == nil || !strings.Contains(err.Error(), "SV_1") {
			t.Errorf("%q: got %v, %v, want an error that names the survey", encoded, rows, err)
		}
	}
}

func TestRows_HashesDependOnEverything(t *testing.T) {
	t.Parallel()
	seen := make(map[rowHash]string)
	for _, brand := range []string{"", "a", "ab"} {
		for _, kind := range []Kind{Responses, Contacts} {
			for _, key := range []string{"", "SV_1", "SV_2"} {
				rows, err := newRowSet(brand, Partition{Kind: kind, Key: key}, "")
				if err != nil {
					t.Fatal(err)
				}
				for _, id := range []string{"R_1", "R_12", "R_2"} {
					for _, content := range []string{"", "2", "{}"} {
						row := fmt.Sprintf("%q %q %q %q %q", brand, kind, key, id, content)
						hash := rows.hash(id, []byte(content))
						if other, taken := seen[hash]; taken {
							t.Errorf("%s and %s have one hash", row, other)
						}
						if seen[hash] = row; hash != rows.hash(id, []byte(content)) {
							t.Errorf("%s has two hashes", row)
						}
					}
				}
			}
		}
	}
}

// A state of an earlier release has to be understood: a hash that changes
// makes every row of the look-back come twice once.
func TestRows_AHashStaysWhatItWas(t *testing.T) {
	t.Parallel()
	if got := newRows(t, "").hash("R_1", []byte(`{"a":1}`)); got != 0x5f365a4e4bb3ae97 {
		t.Errorf("got %#x, want the first 8 bytes of the SHA-256 of brand, kind, key, id and content", uint64(got))
	}
}
