package feed

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Row hashes keep re-read rows from being emitted again: a window starts
// before the position, so it meets rows that were delivered already. Per
// partition the newest maxHashes of them are kept, at most totalHashes over
// all partitions (8 bytes each); what is beyond is emitted again, which is a
// duplicate and never a loss.
const (
	maxHashes   = 256
	totalHashes = 128 << 10 / hashBytes
	hashBytes   = 8
	// workingHashes bounds what one window remembers while it runs.
	workingHashes = 1 << 16
)

// rowHash is the keyed hash of a row's id and canonical content.
type rowHash uint64

// rowSet is a set of delivered rows with their modified dates.
type rowSet struct {
	salt  []byte
	known map[rowHash]bool // delivered before
	fresh []datedHash      // delivered now, or met again
}

type datedHash struct {
	at   time.Time
	hash rowHash
}

// newRowSet decodes what an earlier position kept. The brand and the partition
// salt the hashes.
func newRowSet(brand string, partition Partition, encoded string) (*rowSet, error) {
	set := &rowSet{
		salt:  fmt.Appendf(nil, "%s\x00%s\x00%s\x00", brand, partition.Kind, partition.Key),
		known: make(map[rowHash]bool),
	}
	raw, err := base64.RawStdEncoding.DecodeString(encoded)
	if err != nil || len(raw)%hashBytes != 0 {
		return nil, &PositionError{partition, errors.New("its row hashes are not base64 of 8-byte hashes")}
	}
	for ; len(raw) > 0; raw = raw[hashBytes:] {
		set.known[rowHash(binary.BigEndian.Uint64(raw))] = true
	}
	return set, nil
}

// hash returns the hash of a row.
func (s *rowSet) hash(id string, canonical []byte) rowHash {
	digest := sha256.New()
	_, _ = digest.Write(s.salt)
	_, _ = digest.Write([]byte(id))
	_, _ = digest.Write([]byte{0})
	_, _ = digest.Write(canonical)
	return rowHash(binary.BigEndian.Uint64(digest.Sum(nil)))
}

// keep remembers a row that was delivered, or met again, at its modified date.
func (s *rowSet) keep(hash rowHash, modified time.Time) {
	if len(s.fresh) >= 2*workingHashes {
		s.trim(workingHashes)
	}
	s.fresh = append(s.fresh, datedHash{modified, hash})
}

// trim leaves the newest rows, at most n and each once.
func (s *rowSet) trim(n int) {
	slices.SortStableFunc(s.fresh, func(a, b datedHash) int { return b.at.Compare(a.at) })
	seen := make(map[rowHash]bool)
	s.fresh = slices.DeleteFunc(s.fresh, func(row datedHash) bool {
		drop := seen[row.hash] || len(seen) >= n
		seen[row.hash] = true
		return drop
	})
}

// roll makes the rows that the next window will meet again, those modified at
// or after from, the known ones.
func (s *rowSet) roll(from time.Time) {
	s.fresh = slices.DeleteFunc(s.fresh, func(row datedHash) bool { return row.at.Before(from) })
	s.trim(workingHashes)
	s.known = make(map[rowHash]bool, len(s.fresh))
	for _, row := range s.fresh {
		s.known[row.hash] = true
	}
}

// encode returns the newest n rows that were rolled last.
func (s *rowSet) encode(n int) (encoded string, kept int) {
	newest := s.fresh[:min(n, len(s.fresh))]
	hashes := make([]rowHash, 0, len(newest))
	for _, row := range newest {
		hashes = append(hashes, row.hash)
	}
	slices.SortFunc(hashes, cmp.Compare[rowHash])
	raw := make([]byte, 0, len(hashes)*hashBytes)
	for _, hash := range hashes {
		raw = binary.BigEndian.AppendUint64(raw, uint64(hash))
	}
	return base64.RawStdEncoding.EncodeToString(raw), len(hashes)
}

// encodeWithin encodes the rows within the budgets of the partition and of
// the run; held is how many this partition took from the run's budget before,
// which are given back.
func (e *Env) encodeWithin(set *rowSet, held int) (encoded string, kept int) {
	e.budget.Lock()
	defer e.budget.Unlock()
	e.hashes -= held
	encoded, kept = set.encode(max(0, min(maxHashes, totalHashes-e.hashes)))
	e.hashes += kept
	return encoded, kept
}
