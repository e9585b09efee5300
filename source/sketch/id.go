// Package sketch summarizes sets of ids in little room, so that later, without
// the set, the ids that left it and those that came to it can be named. What
// that takes depends on how many these are, not on the set.
//
// A [PinSketch] is exact up to its capacity and takes 16 bytes for each of it;
// what it costs in time is the product of the set and the capacity. A [Table]
// takes about three times the room, and time that depends on the set alone.
package sketch

import (
	"cmp"
	"math/bits"
	"strings"
)

// ID is an id as a number: what follows its prefix, at most 21 letters and
// digits, to the base of 62 behind the number of the prefix. No two ids have
// the same, and none has zero.
type ID struct{ high, low uint64 }

const (
	idDigits   = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	mostDigits = 21 // digits of an id; one more would not fit behind every prefix
)

// idPrefixes are those of responses and of contacts. States hold the numbers.
var idPrefixes = [...]string{1: "R_", 2: "CID_"}

// Pack returns the number of an id; false for ids of another form.
func Pack(id string) (ID, bool) {
	for number, prefix := range idPrefixes[1:] {
		digits, ok := strings.CutPrefix(id, prefix)
		if !ok || digits == "" || len(digits) > mostDigits {
			continue
		}
		packed := ID{low: uint64(number + 1)}
		for i := range len(digits) {
			digit, ok := digitOf(digits[i])
			if !ok {
				return ID{}, false
			}
			carry, low := bits.Mul64(packed.low, 62)
			low, more := bits.Add64(low, digit, 0)
			packed = ID{packed.high*62 + carry + more, low}
		}
		return packed, true
	}
	return ID{}, false
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

// Unpack returns the id of a number; false where it is none's.
func (d ID) Unpack() (string, bool) {
	var digits [mostDigits]byte
	at := len(digits)
	for d.high != 0 || d.low >= 62 {
		high, rest := bits.Div64(0, d.high, 62)
		low, digit := bits.Div64(rest, d.low, 62)
		if at == 0 {
			return "", false
		}
		at--
		digits[at] = idDigits[digit]
		d = ID{high, low}
	}
	if d.low == 0 || d.low >= uint64(len(idPrefixes)) || at == len(digits) {
		return "", false
	}
	return idPrefixes[d.low] + string(digits[at:]), true
}

// Compare orders ids.
func (d ID) Compare(other ID) int {
	return cmp.Or(cmp.Compare(d.high, other.high), cmp.Compare(d.low, other.low))
}

// Mix is the finalizer of splitmix64: its output bits depend on all of its
// input.
func Mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

func (d ID) hash(salt uint64) uint64 {
	return Mix(Mix(d.low+salt*0x9e3779b97f4a7c15) ^ d.high)
}
