package sketch

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
)

// IBLT is an invertible Bloom lookup table with additive cells (Goodrich and
// Mitzenmacher, "Invertible Bloom Lookup Tables", 2011). It summarizes a set of
// ids in a size that depends on the number of changes, not on the set. After the
// current ids are subtracted, the removed and the new ids are left. It can list
// them up to about two thirds of its cells.
type IBLT struct{ cells []cell }

// cell holds the number of its ids, and the sums of their values and of their
// checksums. The sums wrap around.
type cell struct {
	count  int32
	high   uint64
	low    uint64
	checks uint32
}

const (
	cellBytes = 24
	// ibltHashes is the number of cells of an id, one in each quarter of the
	// table.
	ibltHashes = 4
)

// ibltCapacities lists sizes in cells with the number of changes that decode in
// 99 of 100 measured cases.
var ibltCapacities = [...]struct{ cells, holds int }{{48, 12}, {96, 40}, {300, 180}, {1000, 660}}

// NewIBLT returns an empty table of at least the given number of cells.
func NewIBLT(cells int) *IBLT {
	return &IBLT{make([]cell, (cells+ibltHashes-1)/ibltHashes*ibltHashes)}
}

func (d ID) check() uint32 { return uint32(d.hash(ibltHashes)) } //nolint:gosec // the lower half

// Add adds an id with count 1, and subtracts it with count -1.
func (s *IBLT) Add(id ID, count int32) {
	part := uint64(len(s.cells) / ibltHashes)
	for i := range uint64(ibltHashes) {
		c := &s.cells[i*part+id.hash(i)%part]
		c.count += count
		if count < 0 {
			c.low, c.high, c.checks = c.low-id.low, c.high-id.high, c.checks-id.check()
		} else {
			c.low, c.high, c.checks = c.low+id.low, c.high+id.high, c.checks+id.check()
		}
	}
}

// Capacity returns the number of ids that the table can list in 99 of 100 cases.
func (s *IBLT) Capacity() int {
	holds := 1
	for _, size := range ibltCapacities {
		if len(s.cells) >= size.cells {
			holds = size.holds
		}
	}
	return holds
}

// IBLTBytes returns the length of an encoded table with the given number of cells.
func IBLTBytes(cells int) int { return base64.RawStdEncoding.EncodedLen(cells * cellBytes) }

// Clone returns a copy.
func (s *IBLT) Clone() *IBLT { return &IBLT{append([]cell(nil), s.cells...)} }

// ErrTooMany reports more changes than a sketch can list.
var ErrTooMany = errors.New("the sketch has more changes than it can list")

// Decode lists the ids that were added (in) and subtracted (out). With
// ErrTooMany the listed ids are correct but not complete.
func (s *IBLT) Decode() (in, out []string, err error) {
	rest := s.Clone()
	// The bound ends the loop for damaged cells, which may decode endlessly.
	for again := true; again && len(in)+len(out) <= len(s.cells); {
		again = false
		for i := range rest.cells {
			id, count, pure := rest.cells[i].pure()
			if !pure {
				continue
			}
			name, ok := id.Unpack()
			if !ok {
				continue
			}
			if count > 0 {
				in = append(in, name)
			} else {
				out = append(out, name)
			}
			rest.Add(id, -count)
			again = true
		}
	}
	for _, c := range rest.cells {
		if c != (cell{}) {
			return in, out, ErrTooMany
		}
	}
	return in, out, nil
}

// Net returns the number of added minus subtracted ids. It is exact even if the
// table does not decode.
func (s *IBLT) Net() int64 {
	var sum int64
	for _, c := range s.cells {
		sum += int64(c.count)
	}
	return sum / ibltHashes
}

// pure returns the id of a cell that holds exactly one, added or subtracted.
func (c cell) pure() (id ID, count int32, ok bool) {
	switch c.count {
	case 1:
		id = ID{c.high, c.low}
		return id, 1, id.check() == c.checks
	case -1:
		id = ID{-c.high, -c.low}
		return id, -1, id.check() == -c.checks
	}
	return ID{}, 0, false
}

// Encode returns the table as base64 without padding.
func (s *IBLT) Encode() string {
	raw := make([]byte, 0, len(s.cells)*cellBytes)
	for _, c := range s.cells {
		raw = binary.BigEndian.AppendUint32(raw, uint32(c.count)) //nolint:gosec // two's complement
		raw = binary.BigEndian.AppendUint64(raw, c.high)
		raw = binary.BigEndian.AppendUint64(raw, c.low)
		raw = binary.BigEndian.AppendUint32(raw, c.checks)
	}
	return base64.RawStdEncoding.EncodeToString(raw)
}

// DecodeIBLT reads the output of [IBLT.Encode].
func DecodeIBLT(text string) (*IBLT, error) {
	raw, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil || len(raw) == 0 || len(raw)%(cellBytes*ibltHashes) != 0 {
		return nil, errors.New("the sketch is not base64 of whole cells")
	}
	s := NewIBLT(len(raw) / cellBytes)
	for i := range s.cells {
		at := raw[i*cellBytes:]
		s.cells[i] = cell{
			count:  int32(binary.BigEndian.Uint32(at)), //nolint:gosec // two's complement
			high:   binary.BigEndian.Uint64(at[4:]),
			low:    binary.BigEndian.Uint64(at[12:]),
			checks: binary.BigEndian.Uint32(at[20:]),
		}
	}
	return s, nil
}
