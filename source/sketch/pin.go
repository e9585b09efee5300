package sketch

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"slices"
)

// PinSketch summarizes a set by sums of odd powers of its ids in a field of
// characteristic two (Dodis, Ostrovsky, Reyzin and Smith, "Fuzzy Extractors",
// 2008, §6.3, where it has that name). Of two sets the sums of the sums are
// those of what only one of them holds, and name all of it up to the capacity.
// No id may be put in twice, or taken out that is not in: that undoes itself.
type PinSketch struct {
	count  int32     // ids that were put in, less those that were taken out
	checks uint64    // sum of their checks, wrapping around
	powers []element // sums of id, id^3, id^5, …: as many as the capacity
}

const (
	pinBytes  = 12 // of a sketch, before its powers
	sumBytes  = 16
	checkSalt = 7 // another one than those of the cells of a table
	mostSums  = 256
)

// NewPinSketch returns the sketch of the empty set that can name so many ids.
func NewPinSketch(capacity int) *PinSketch { return &PinSketch{powers: make([]element, capacity)} }

// PinCapacity is the capacity of the largest sketch that Encode writes in so
// many bytes; it may be zero or less.
func PinCapacity(bytes int) int { return (bytes*3/4 - pinBytes) / sumBytes }

// Capacity is how many ids the sketch can name.
func (s *PinSketch) Capacity() int { return len(s.powers) }

// Add puts ids in.
func (s *PinSketch) Add(ids ...ID) { s.toggle(1, ids) }

// Remove takes ids out.
func (s *PinSketch) Remove(ids ...ID) { s.toggle(-1, ids) }

func (s *PinSketch) toggle(sign int32, ids []ID) {
	for _, id := range ids {
		s.count += sign
		s.checks += uint64(sign) * id.hash(checkSalt) //nolint:gosec // it wraps around
		power := element(id)
		square := power.squared().multiples()
		for i := range s.powers {
			s.powers[i] = s.powers[i].plus(power)
			power = square.times(power)
		}
	}
}

// Clone returns a copy.
func (s *PinSketch) Clone() *PinSketch {
	return &PinSketch{s.count, s.checks, slices.Clone(s.powers)}
}

// Net is how many more ids were put in than taken out, whatever the capacity.
func (s *PinSketch) Net() int64 { return int64(s.count) }

// Decode names the ids that are left in, and those that were taken out and not
// in; taken tells of an id whether it was taken out. ErrTooMany says that they
// are more than the capacity.
func (s *PinSketch) Decode(taken func(ID) bool) (in, out []string, err error) {
	roots, ok := s.roots()
	rest := PinSketch{count: s.count, checks: s.checks}
	for _, root := range roots {
		id := ID(root)
		name, is := id.Unpack()
		if ok = ok && is; !ok {
			break
		}
		if taken(id) {
			out = append(out, name)
			rest.Add(id)
		} else {
			in = append(in, name)
			rest.Remove(id)
		}
	}
	if !ok || rest.count != 0 || rest.checks != 0 {
		return nil, nil, ErrTooMany
	}
	return in, out, nil
}

// roots solves for the ids of which the sketch holds the sums.
func (s *PinSketch) roots() ([]element, bool) {
	sums := make([]element, 2*len(s.powers))
	for i, power := range s.powers {
		sums[2*i] = power
		sums[2*i+1] = sums[i].squared() // the even powers follow from the others
	}
	locator := recurrence(sums)
	// It is the product of all 1 - id·x; reversed it has the ids as its roots.
	slices.Reverse(locator)
	if locator.degree() > len(s.powers) || locator[0] == (element{}) || locator[locator.degree()] != one {
		return nil, false
	}
	return locator.roots()
}

// recurrence finds the shortest linear recurrence of a sequence (Massey,
// "Shift-register synthesis and BCH decoding", 1969): sequence[n] is the sum of
// result[i]·sequence[n-i] for i from 1 to its degree; result[0] is one.
func recurrence(sequence []element) polynomial {
	current, before := polynomial{one}, polynomial{one}
	length, since, discrepancyBefore := 0, 1, one
	for n := range sequence {
		discrepancy := sequence[n]
		for i := 1; i <= length && i < len(current); i++ {
			discrepancy = discrepancy.plus(current[i].times(sequence[n-i]))
		}
		if discrepancy == (element{}) {
			since++
			continue
		}
		factor := discrepancy.times(discrepancyBefore.inverse()).multiples()
		next := append(polynomial(nil), current...)
		for len(next) < len(before)+since {
			next = append(next, element{})
		}
		for i, coefficient := range before {
			next[i+since] = next[i+since].plus(factor.times(coefficient))
		}
		if 2*length <= n {
			length, before, discrepancyBefore, since = n+1-length, current, discrepancy, 0
		}
		current = next
		since++
	}
	// Its degree is the length, unless no set has these sums.
	result := make(polynomial, length+1)
	copy(result, current)
	return result
}

// Encode returns the sketch as base64 without padding.
func (s *PinSketch) Encode() string {
	raw := make([]byte, 0, pinBytes+len(s.powers)*sumBytes)
	raw = binary.BigEndian.AppendUint32(raw, uint32(s.count)) //nolint:gosec // two's complement
	raw = binary.BigEndian.AppendUint64(raw, s.checks)
	for _, power := range s.powers {
		raw = binary.BigEndian.AppendUint64(raw, power.high)
		raw = binary.BigEndian.AppendUint64(raw, power.low)
	}
	return base64.RawStdEncoding.EncodeToString(raw)
}

// DecodePinSketch reads what Encode wrote.
func DecodePinSketch(text string) (*PinSketch, error) {
	raw, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil || len(raw) < pinBytes+sumBytes || (len(raw)-pinBytes)%sumBytes != 0 {
		return nil, errors.New("the sketch is not base64 of whole sums")
	}
	if len(raw) > pinBytes+mostSums*sumBytes {
		return nil, errors.New("the sketch has more sums than anybody has time for")
	}
	s := NewPinSketch((len(raw) - pinBytes) / sumBytes)
	s.count = int32(binary.BigEndian.Uint32(raw)) //nolint:gosec // two's complement
	s.checks = binary.BigEndian.Uint64(raw[4:])
	for i := range s.powers {
		at := raw[pinBytes+i*sumBytes:]
		s.powers[i] = element{binary.BigEndian.Uint64(at), binary.BigEndian.Uint64(at[8:])}
	}
	return s, nil
}
