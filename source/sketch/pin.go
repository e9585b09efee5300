package sketch

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// PinSketch summarizes a set by sums of odd powers of its ids in a field of
// characteristic two. Name and method are from Dodis, Ostrovsky, Reyzin and Smith,
// "Fuzzy Extractors", 2008, §6.3. The sketches of two sets add up to the sketch of
// their symmetric difference, which decodes up to the capacity. An id that is
// added or removed twice cancels itself out, so the caller must not do that.
type PinSketch struct {
	count  int32     // added minus removed ids
	checks uint64    // sum of their checksums; wraps around
	powers []element // sums of id, id^3, id^5, …; the capacity is their number
}

const (
	pinBytes  = 12 // of an encoded sketch before its powers
	sumBytes  = 16
	checkSalt = 7 // differs from the salts of an IBLT
	mostSums  = 256
)

// NewPinSketch returns the sketch of the empty set with a capacity of ids.
func NewPinSketch(capacity int) *PinSketch { return &PinSketch{powers: make([]element, capacity)} }

// PinCapacity returns the capacity of the largest sketch that Encode writes in
// the given number of bytes. It may be zero or negative.
func PinCapacity(bytes int) int { return (bytes*3/4 - pinBytes) / sumBytes }

// Capacity returns the number of ids that the sketch can list.
func (s *PinSketch) Capacity() int { return len(s.powers) }

// Add adds ids.
func (s *PinSketch) Add(ids ...ID) { s.toggle(1, ids) }

// Remove removes ids.
func (s *PinSketch) Remove(ids ...ID) { s.toggle(-1, ids) }

func (s *PinSketch) toggle(sign int32, ids []ID) {
	var square octets
	for _, id := range ids {
		s.count += sign
		s.checks += uint64(sign) * id.hash(checkSalt) //nolint:gosec // it wraps around
		power := element(id)
		square.of(power.squared())
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

// Net returns the number of added minus removed ids, even beyond the capacity.
func (s *PinSketch) Net() int64 { return int64(s.count) }

// Decode lists the ids that were added but not removed (in), and removed but not
// added (out). removed reports whether an id was removed. The error is ErrTooMany
// if they exceed the capacity.
func (s *PinSketch) Decode(removed func(ID) bool) (in, out []string, err error) {
	roots, ok := s.roots()
	rest := PinSketch{count: s.count, checks: s.checks}
	for _, root := range roots {
		id := ID(root)
		name, is := id.Unpack()
		if ok = ok && is; !ok {
			break
		}
		if removed(id) {
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

// roots computes the ids from the sums of their powers.
func (s *PinSketch) roots() ([]element, bool) {
	sums := make([]element, 2*len(s.powers))
	for i, power := range s.powers {
		sums[2*i] = power
		sums[2*i+1] = sums[i].squared() // even powers are squares of earlier powers
	}
	locator := recurrence(sums)
	// The locator is the product of all 1 - id·x; reversed, its roots are the ids.
	slices.Reverse(locator)
	if locator.degree() > len(s.powers) || locator[0] == (element{}) || locator[locator.degree()] != one {
		return nil, false
	}
	return locator.roots()
}

// recurrence returns the shortest linear recurrence of a sequence (Massey,
// "Shift-register synthesis and BCH decoding", 1969). sequence[n] is the sum of
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
	// The degree equals the length, unless no set has these sums.
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

// DecodePinSketch reads the output of [PinSketch.Encode].
func DecodePinSketch(text string) (*PinSketch, error) {
	raw, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil || len(raw) < pinBytes+sumBytes || (len(raw)-pinBytes)%sumBytes != 0 {
		return nil, errors.New("the sketch is not base64 of whole sums")
	}
	if len(raw) > pinBytes+mostSums*sumBytes {
		return nil, fmt.Errorf("the sketch has more than %d entries", mostSums)
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
