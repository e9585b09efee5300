// Package sketch summarizes sets of ids in a few bytes. A later comparison with
// the current ids lists the removed and the added ones, without the old set. The
// size depends on the number of changes, not on the set.
//
// A [PinSketch] is exact up to its capacity and takes 16 bytes per change. Its
// time is the size of the set times the capacity. An [IBLT] takes about three
// times the bytes, and time in proportion to the set.
package sketch

import (
	"cmp"
	"math/bits"
	"strings"
)

// ID is an id as a number. The number of its prefix is the first digit to the
// base of 62; up to 21 letters and digits follow. For example "R_0" is 1·62 + 0
// and "CID_z" is 2·62 + 61. No two ids have the same number, and none has zero.
type ID struct{ high, low uint64 }

const (
	idDigits   = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	mostDigits = 21 // digits of an id; 22 would exceed 128 bits for some prefixes
)

// idPrefixes are the prefixes of responses, contacts, mailing lists, users and sessions.
// States hold their numbers, so a new prefix goes to the end. More than seven
// would exceed 128 bits.
var idPrefixes = [...]string{1: "R_", 2: "CID_", 3: "CG_", 4: "UR_", 5: "URH_", 6: "FS_"}

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

// Unpack returns the id of a number; false if no id has it.
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

// Mix is the finalizer of splitmix64: each output bit depends on all input bits.
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
