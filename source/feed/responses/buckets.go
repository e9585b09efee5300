package responses

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"
)

// Some accounts may refuse to sort exports by modified date (assumed; none is known). Their
// responses are read by recorded dates, which edits do not change. To find edits, every row
// is read from time to time. Rows are grouped into buckets by recorded date, and the sum of
// the row hashes of each bucket is compared with the previous one. The rows of a changed
// bucket are delivered again.

const (
	defaultSweep = 7 * 24 * time.Hour // where deletions are not followed
	mostBuckets  = 64                 // of one partition
	leastBuckets = 4
	bucketsBytes = 96 << 10 // over all partitions
)

// buckets are the sums of the row hashes by recorded date, from one read of all rows.
type buckets struct {
	At    int64  `json:"a"`           // when it began, epoch seconds
	First int64  `json:"f,omitempty"` // recorded date at which the first bucket begins
	Width int64  `json:"w,omitempty"` // of a bucket, in seconds
	Sums  string `json:"s,omitempty"` // base64 of 8-byte sums; empty: not known

	sums []uint64
}

// newBuckets divides the time from first to now into buckets.
func newBuckets(first, now time.Time, partitions int) *buckets {
	n := min(mostBuckets, max(leastBuckets, bucketsBytes/8/max(1, partitions)))
	width := max(1, (now.Unix()-first.Unix())/int64(n)+1)
	return &buckets{At: now.Unix(), First: first.Unix(), Width: width, sums: make([]uint64, n)}
}

// decode decodes the sums.
func (b *buckets) decode() error {
	raw, err := base64.RawStdEncoding.DecodeString(b.Sums)
	if err != nil || len(raw)%8 != 0 || len(raw)/8 > mostBuckets || (len(raw) > 0 && b.Width < 1) {
		return errors.New("its sums of rows are not base64 of 8-byte sums")
	}
	for ; len(raw) > 0; raw = raw[8:] {
		b.sums = append(b.sums, binary.BigEndian.Uint64(raw))
	}
	return nil
}

// same reports whether the buckets come from the same read, or from reads of the same rows.
func (b *buckets) same(other *buckets) bool {
	if b == nil || other == nil {
		return b == other
	}
	return b.At == other.At && b.First == other.First && b.Width == other.Width && b.Sums == other.Sums
}

func (b *buckets) encode() {
	var raw []byte
	for _, sum := range b.sums {
		raw = binary.BigEndian.AppendUint64(raw, sum)
	}
	b.Sums = base64.RawStdEncoding.EncodeToString(raw)
}

// of returns the bucket of a recorded date; -1 where there is none.
func (b *buckets) of(recorded time.Time) int {
	if i := (recorded.Unix() - b.First) / max(1, b.Width); recorded.Unix() >= b.First && recorded.Unix() < b.At && i >= 0 && i < int64(len(b.sums)) {
		return int(i)
	}
	return -1
}

func (b *buckets) add(recorded time.Time, hash uint64) {
	if i := b.of(recorded); i >= 0 {
		b.sums[i] += hash
	}
}
