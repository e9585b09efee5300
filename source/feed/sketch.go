package feed

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"math/bits"
	"strings"
)

// sketch is an invertible Bloom lookup table with additive cells (Goodrich and
// Mitzenmacher, "Invertible Bloom Lookup Tables", 2011): a summary of a set of
// ids whose size depends on how much of the set may change, and not
// on the set. Subtracting from it what exists now leaves what is gone, and
// what is new, as long as they are few: about two thirds of its cells.
type sketch struct{ cells []cell }

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
	// sketchHashes is how many cells an id falls into, each in a part of the
	// table of its own.
	sketchHashes = 4
)

// newSketch returns an empty table of at least that many cells.
func newSketch(cells int) *sketch {
	return &sketch{make([]cell, (cells+sketchHashes-1)/sketchHashes*sketchHashes)}
}

// sketchID is an id as a number: what follows its prefix, at most 21 letters
// and digits, to the base of 62 behind the number of the prefix. No two ids
// have the same.
type sketchID struct{ high, low uint64 }

const (
	idDigits   = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	mostDigits = 21 // digits of an id; one more would not fit behind every prefix
)

// idPrefixes are those of responses and of contacts. States hold the numbers.
var idPrefixes = [...]string{1: "R_", 2: "CID_"}

// packID returns the number of an id; false for ids of another form.
func packID(id string) (sketchID, bool) {
	for number, prefix := range idPrefixes[1:] {
		digits, ok := strings.CutPrefix(id, prefix)
		if !ok || digits == "" || len(digits) > mostDigits {
			continue
		}
		packed := sketchID{low: uint64(number + 1)}
		for i := range len(digits) {
			digit, ok := digitOf(digits[i])
			if !ok {
				return sketchID{}, false
			}
			carry, low := bits.Mul64(packed.low, 62)
			low, more := bits.Add64(low, digit, 0)
			packed = sketchID{packed.high*62 + carry + more, low}
		}
		return packed, true
	}
	return sketchID{}, false
}

func digitOf(c byte) (uint64, bool) {
	switch {
	case c >= '0' && c <= '9':
		return uint64(c - '0'), true
	case c >= 'A' && c <= 'Z':
		return uint64(c-'A') + 10, true
	case c >= 'a' && c <= 'z':
		return uint64(c-'a') + 36, true
	}
	return 0, false
}

// id returns the id of a number; false where it is none's.
func (s sketchID) id() (string, bool) {
	var digits [mostDigits]byte
	at := len(digits)
	for s.high != 0 || s.low >= 62 {
		high, rest := bits.Div64(0, s.high, 62)
		low, digit := bits.Div64(rest, s.low, 62)
		if at == 0 {
			return "", false
		}
		at--
		digits[at] = idDigits[digit]
		s = sketchID{high, low}
	}
	if s.low == 0 || s.low >= uint64(len(idPrefixes)) || at == len(digits) {
		return "", false
	}
	return idPrefixes[s.low] + string(digits[at:]), true
}

// mix is a finalizer of splitmix64: its output bits depend on all of its input.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

func (s sketchID) hash(salt uint64) uint64 {
	return mix(mix(s.low+salt*0x9e3779b97f4a7c15) ^ s.high)
}

func (s sketchID) check() uint32 { return uint32(s.hash(sketchHashes)) } //nolint:gosec // the low half

// add counts an id in, or out with a negative count.
func (s *sketch) add(id sketchID, count int32) {
	part := uint64(len(s.cells) / sketchHashes)
	for i := range uint64(sketchHashes) {
		c := &s.cells[i*part+id.hash(i)%part]
		c.count += count
		if count < 0 {
			c.low, c.high, c.checks = c.low-id.low, c.high-id.high, c.checks-id.check()
		} else {
			c.low, c.high, c.checks = c.low+id.low, c.high+id.high, c.checks+id.check()
		}
	}
}

// clone returns a copy.
func (s *sketch) clone() *sketch { return &sketch{append([]cell(nil), s.cells...)} }

// errSketch says that more differs than a table can name.
var errSketch = errors.New("more has changed than the sketch can name")

// decode names what was counted in and what was counted out. With errSketch
// the named ids are right, but not all.
func (s *sketch) decode() (in, out []string, err error) {
	rest := s.clone()
	// Damaged cells could go on for ever.
	for again := true; again && len(in)+len(out) <= len(s.cells); {
		again = false
		for i := range rest.cells {
			id, count, pure := rest.cells[i].pure()
			if !pure {
				continue
			}
			name, ok := id.id()
			if !ok {
				continue
			}
			if count > 0 {
				in = append(in, name)
			} else {
				out = append(out, name)
			}
			rest.add(id, -count)
			again = true
		}
	}
	for _, c := range rest.cells {
		if c != (cell{}) {
			return in, out, errSketch
		}
	}
	return in, out, nil
}

// net is how many more ids were counted in than out; it is exact even where
// the table does not decode.
func (s *sketch) net() int64 {
	var sum int64
	for _, c := range s.cells {
		sum += int64(c.count)
	}
	return sum / sketchHashes
}

// pure reports whether a cell holds one id, in or out.
func (c cell) pure() (id sketchID, count int32, ok bool) {
	switch c.count {
	case 1:
		id = sketchID{c.high, c.low}
		return id, 1, id.check() == c.checks
	case -1:
		id = sketchID{-c.high, -c.low}
		return id, -1, id.check() == -c.checks
	}
	return sketchID{}, 0, false
}

// encode returns the table as base64 without padding.
func (s *sketch) encode() string {
	raw := make([]byte, 0, len(s.cells)*cellBytes)
	for _, c := range s.cells {
		raw = binary.BigEndian.AppendUint32(raw, uint32(c.count)) //nolint:gosec // two's complement
		raw = binary.BigEndian.AppendUint64(raw, c.high)
		raw = binary.BigEndian.AppendUint64(raw, c.low)
		raw = binary.BigEndian.AppendUint32(raw, c.checks)
	}
	return base64.RawStdEncoding.EncodeToString(raw)
}

// decodeSketch reads what encode wrote.
func decodeSketch(text string) (*sketch, error) {
	raw, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil || len(raw) == 0 || len(raw)%(cellBytes*sketchHashes) != 0 {
		return nil, errors.New("the sketch is not base64 of whole cells")
	}
	s := newSketch(len(raw) / cellBytes)
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
