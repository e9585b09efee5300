package sketch

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
)

// Table is an invertible Bloom lookup table with additive cells (Goodrich and
// Mitzenmacher, "Invertible Bloom Lookup Tables", 2011): a summary of a set of
// ids whose size depends on how much of the set may change, and not
// on the set. Subtracting from it what exists now leaves what is gone, and
// what is new, as long as they are few: about two thirds of its cells.
type Table struct{ cells []cell }

// cell sums up the ids that fall into it: how many, their values and their
// checks, all of which wrap around.
type cell struct {
	count  int32
	high   uint64
	low    uint64
	checks uint32
}

const (
	cellBytes = 24
	// tableHashes is how many cells an id falls into, each in a part of the
	// table of its own.
	tableHashes = 4
)

// tableCapacities says of measured sizes in cells how many differences decode
// in 99 of 100 cases.
var tableCapacities = [...]struct{ cells, holds int }{{48, 12}, {96, 40}, {300, 180}, {1000, 660}}

// NewTable returns an empty table of at least that many cells.
func NewTable(cells int) *Table {
	return &Table{make([]cell, (cells+tableHashes-1)/tableHashes*tableHashes)}
}

func (d ID) check() uint32 { return uint32(d.hash(tableHashes)) } //nolint:gosec // the low half

// Add counts an id in, or out with a negative count.
func (s *Table) Add(id ID, count int32) {
	part := uint64(len(s.cells) / tableHashes)
	for i := range uint64(tableHashes) {
		c := &s.cells[i*part+id.hash(i)%part]
		c.count += count
		if count < 0 {
			c.low, c.high, c.checks = c.low-id.low, c.high-id.high, c.checks-id.check()
		} else {
			c.low, c.high, c.checks = c.low+id.low, c.high+id.high, c.checks+id.check()
		}
	}
}

// Capacity is about how many ids the table can name: in 99 of 100 cases so many.
func (s *Table) Capacity() int {
	holds := 1
	for _, size := range tableCapacities {
		if len(s.cells) >= size.cells {
			holds = size.holds
		}
	}
	return holds
}

// TableBytes is what Encode makes of a table of so many cells.
func TableBytes(cells int) int { return base64.RawStdEncoding.EncodedLen(cells * cellBytes) }

// Clone returns a copy.
func (s *Table) Clone() *Table { return &Table{append([]cell(nil), s.cells...)} }

// ErrTooMany says that more differs than a table can name.
var ErrTooMany = errors.New("more has changed than the sketch can name")

// Decode names what was counted in and what was counted out. With ErrTooMany
// the named ids are right, but not all.
func (s *Table) Decode() (in, out []string, err error) {
	rest := s.Clone()
	// Damaged cells could go on for ever.
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

// Net is how many more ids were counted in than out; it is exact even where
// the table does not decode.
func (s *Table) Net() int64 {
	var sum int64
	for _, c := range s.cells {
		sum += int64(c.count)
	}
	return sum / tableHashes
}

// pure reports whether a cell holds one id, in or out.
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
func (s *Table) Encode() string {
	raw := make([]byte, 0, len(s.cells)*cellBytes)
	for _, c := range s.cells {
		raw = binary.BigEndian.AppendUint32(raw, uint32(c.count)) //nolint:gosec // two's complement
		raw = binary.BigEndian.AppendUint64(raw, c.high)
		raw = binary.BigEndian.AppendUint64(raw, c.low)
		raw = binary.BigEndian.AppendUint32(raw, c.checks)
	}
	return base64.RawStdEncoding.EncodeToString(raw)
}

// DecodeTable reads what encode wrote.
func DecodeTable(text string) (*Table, error) {
	raw, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil || len(raw) == 0 || len(raw)%(cellBytes*tableHashes) != 0 {
		return nil, errors.New("the sketch is not base64 of whole cells")
	}
	s := NewTable(len(raw) / cellBytes)
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
