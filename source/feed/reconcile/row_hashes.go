package reconcile

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"time"
)

// The limits of row hashes. Rows beyond a limit are delivered again: duplicates, but no loss.
const (
	// MaxRows is the limit of one position.
	MaxRows = 256
	// MaxRowsStayed is the limit of a position that could not move. The next run reads the
	// whole window again.
	MaxRowsStayed = 2048
	// TotalHashes is the limit of a state: 128 KiB over all positions, also those of surveys
	// that a run does not read.
	TotalHashes = 128 << 10 / HashBytes
	// HashBytes is the size of a row hash in bytes.
	HashBytes = 8
	// workingHashes is the limit of one window in memory.
	workingHashes = 1 << 16
)

// RowHash is the salted hash of a row's id and canonical content.
type RowHash uint64

// Salt makes the row hashes of different brands and partitions different.
type Salt []byte

// Hash returns the hash of a row.
func (s Salt) Hash(id string, canonical []byte) RowHash {
	digest := sha256.New()
	_, _ = digest.Write(s)
	_, _ = digest.Write([]byte(id))
	_, _ = digest.Write([]byte{0})
	_, _ = digest.Write(canonical)
	return RowHash(binary.BigEndian.Uint64(digest.Sum(nil)))
}

// RowHashes prevents that a row is delivered twice. A window begins one look-back before the
// position, so it contains rows that were delivered. The position keeps the hashes of the newest
// delivered rows. Example: the position is 12:00 and the look-back is 15 minutes. The next window
// begins at 11:45, and the position has the hashes of the rows that were modified since 11:45.
//
// The zero value is empty and has no salt.
type RowHashes struct {
	Salt
	known     map[RowHash]bool // rows that were delivered before this window
	fresh     []datedHash      // rows of this window
	canonical []byte           // scratch of WasDelivered
}

type datedHash struct {
	at   time.Time
	hash RowHash
}

// NewRowHashes decodes the row hashes of a position. The brand and the partition are the salt. The
// error says that the text is not base64 of whole hashes.
func NewRowHashes(brand, partition, encoded string) (*RowHashes, error) {
	set := &RowHashes{
		Salt:  []byte(brand + "\x00" + partition + "\x00"),
		known: make(map[RowHash]bool),
	}
	raw, err := base64.RawStdEncoding.DecodeString(encoded)
	if err != nil || len(raw)%HashBytes != 0 {
		return nil, errors.New("its row hashes are not base64 of 8-byte hashes")
	}
	for ; len(raw) > 0; raw = raw[HashBytes:] {
		set.known[RowHash(binary.BigEndian.Uint64(raw))] = true
	}
	return set, nil
}

// WasDelivered reports whether a row was delivered before with the same content. The next window
// reads the rows again that were modified at rereadFrom or later, so their hashes are kept for
// the next position. canonical appends the row's canonical content; it is not called if no hash
// is needed. Its error is returned.
func (s *RowHashes) WasDelivered(id string, modified, rereadFrom time.Time, canonical func(dst []byte) ([]byte, error)) (bool, error) {
	again := !modified.Before(rereadFrom)
	if s.Empty() && !again {
		return false, nil
	}
	content, err := canonical(s.canonical[:0])
	if err != nil {
		return false, err
	}
	s.canonical = content
	hash := s.Hash(id, content)
	if again {
		s.Keep(hash, modified)
	}
	return s.Has(hash), nil
}

// Has reports whether a row was delivered before this window.
func (s *RowHashes) Has(hash RowHash) bool { return s.known[hash] }

// Empty reports whether no row is known to be delivered before this window.
func (s *RowHashes) Empty() bool { return len(s.known) == 0 }

// Forget removes the rows that were delivered before this window, so that they are delivered
// again. Rows of this window stay.
func (s *RowHashes) Forget() { s.known = nil }

// Clear removes all rows.
func (s *RowHashes) Clear() { s.known, s.fresh = nil, nil }

// Keep adds a row of this window, whether it is delivered now or was delivered before.
func (s *RowHashes) Keep(hash RowHash, modified time.Time) {
	if len(s.fresh) >= 2*workingHashes {
		s.trim(workingHashes)
	}
	s.fresh = append(s.fresh, datedHash{modified, hash})
}

// trim keeps the newest n rows and removes duplicates.
func (s *RowHashes) trim(n int) {
	slices.SortStableFunc(s.fresh, func(a, b datedHash) int { return b.at.Compare(a.at) })
	seen := make(map[RowHash]bool)
	s.fresh = slices.DeleteFunc(s.fresh, func(row datedHash) bool {
		drop := seen[row.hash] || len(seen) >= n
		seen[row.hash] = true
		return drop
	})
}

// Roll ends a window. Only its rows that were modified at from or later count as delivered for
// the next window, which begins there.
func (s *RowHashes) Roll(from time.Time) {
	s.fresh = slices.DeleteFunc(s.fresh, func(row datedHash) bool { return row.at.Before(from) })
	s.trim(workingHashes)
	s.known = make(map[RowHash]bool, len(s.fresh))
	for _, row := range s.fresh {
		s.known[row.hash] = true
	}
}

// Encode returns the newest n rows for a position, and their number. Call it after
// [RowHashes.Roll].
func (s *RowHashes) Encode(n int) (encoded string, kept int) {
	newest := s.fresh[:min(n, len(s.fresh))]
	hashes := make([]RowHash, 0, len(newest))
	for _, row := range newest {
		hashes = append(hashes, row.hash)
	}
	return encodeHashes(hashes), len(hashes)
}

// Intersect keeps only the known rows that are known to the other set, too, and encodes them.
func (s *RowHashes) Intersect(other *RowHashes) (encoded string) {
	maps.DeleteFunc(s.known, func(hash RowHash, _ bool) bool { return !other.known[hash] })
	return encodeHashes(slices.Collect(maps.Keys(s.known)))
}

// encodeHashes encodes hashes in ascending order.
func encodeHashes(hashes []RowHash) string {
	slices.Sort(hashes)
	raw := make([]byte, 0, len(hashes)*HashBytes)
	for _, hash := range hashes {
		raw = binary.BigEndian.AppendUint64(raw, uint64(hash))
	}
	return base64.RawStdEncoding.EncodeToString(raw)
}
