package inflate

import (
	"io"
	"math/bits"
)

// RFC 1951 §3.2.5 to §3.2.7.
const (
	maxLiterals  = 288
	maxDistances = 32
	maxCodeBits  = 15

	literalBits  = 11 // codes up to so many bits take one lookup
	distanceBits = 9
	literalMask  = 1<<literalBits - 1
	distanceMask = 1<<distanceBits - 1
)

// entry is a decoded code. Bits 0 to 5: length of the code. Bits 8 to 12: extra bits after
// it. From bit 16: the byte, or the least length or distance.
type entry uint32

const (
	literal    entry = 1 << 31 // it is a byte
	special    entry = 1 << 15 // a longer code, the end of the block, or an invalid code
	second     entry = 1 << 14 // a longer code. From bit 16: its place in rest. Bits 8 to 12: its further bits
	endOfBlock entry = 1 << 13
)

// byte returns the byte of a literal.
func (e entry) byte() byte { return byte(e >> 16) } //nolint:gosec // it holds no more

// bits returns the length of a code with its extra bits.
func (e entry) bits() uint { return uint(e&63 + e>>8&31) }

// extra returns the value of the extra bits.
func (e entry) extra(word uint64) int {
	return int(word >> (e & 63) & (1<<(e>>8&31) - 1)) //nolint:gosec // of 13 bits
}

// table finds codes by the next bits of the data.
type table struct {
	first [1 << literalBits]entry // by the next literalBits or distanceBits
	rest  []entry                 // of codes that are longer
}

// next returns the entry of a longer code.
func (t *table) next(e entry, word uint64) entry {
	return t.rest[uint64(e>>16)+word>>(e&63)&(1<<(e>>8&31)-1)]
}

var (
	lengthBase    = [...]uint16{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258}
	lengthExtra   = [...]uint8{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}
	distanceBase  = [...]uint16{1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577}
	distanceExtra = [...]uint8{0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13}
	lengthOrder   = [...]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
)

func literalEntry(symbol int) entry {
	switch {
	case symbol < 256:
		return literal | entry(symbol)<<16 //nolint:gosec // a byte
	case symbol == 256:
		return special | endOfBlock
	case symbol-257 < len(lengthBase):
		return entry(lengthBase[symbol-257])<<16 | entry(lengthExtra[symbol-257])<<8
	default:
		return special
	}
}

func distanceEntry(symbol int) entry {
	if symbol < len(distanceBase) {
		return entry(distanceBase[symbol])<<16 | entry(distanceExtra[symbol])<<8
	}
	return special
}

func (r *reader) fixedCodes() error {
	lengths := &r.lengths
	for symbol := range maxLiterals {
		switch {
		case symbol < 144, symbol >= 280:
			lengths[symbol] = 8
		case symbol < 256:
			lengths[symbol] = 9
		default:
			lengths[symbol] = 7
		}
	}
	for symbol := range maxDistances {
		lengths[maxLiterals+symbol] = 5
	}
	return r.codes(lengths[:maxLiterals], lengths[maxLiterals:])
}

// dynamicCodes reads the codes of a block: the lengths of all codes, themselves encoded.
func (r *reader) dynamicCodes() error {
	literals, distances, orders := r.bits(5)+257, r.bits(5)+1, r.bits(4)+4
	if literals > 286 || distances > 30 {
		return ErrCorrupt
	}
	var of [len(lengthOrder)]uint8
	for i := range orders {
		if i%16 == 0 {
			if err := r.need(); err != nil {
				return err
			}
		}
		of[lengthOrder[i]] = uint8(r.bits(3)) //nolint:gosec // of 3 bits
	}
	var codes [1 << 7]entry
	if _, ok := build(codes[:], nil, of[:], func(symbol int) entry { return entry(symbol) << 16 }); !ok { //nolint:gosec // at most 18
		return ErrCorrupt
	}
	lengths := r.lengths[:literals+distances]
	for i := 0; i < len(lengths); {
		if err := r.need(); err != nil {
			return err
		}
		e := codes[r.word&(1<<7-1)]
		if e&special != 0 {
			return ErrCorrupt
		}
		r.bits(uint(e & 63))
		length, times := uint8(e>>16), 1 //nolint:gosec // at most 18
		switch length {
		case 16:
			if i == 0 {
				return ErrCorrupt
			}
			length, times = lengths[i-1], 3+r.bits(2)
		case 17:
			length, times = 0, 3+r.bits(3)
		case 18:
			length, times = 0, 11+r.bits(7)
		}
		if times > len(lengths)-i {
			return ErrCorrupt
		}
		for range times {
			lengths[i] = length
			i++
		}
	}
	if r.overrun() {
		return io.ErrUnexpectedEOF
	}
	return r.codes(lengths[:literals], lengths[literals:])
}

// codes makes the tables of a block.
func (r *reader) codes(literals, distances []uint8) error {
	var ok, too bool
	r.literals.rest, ok = build(r.literals.first[:], r.literals.rest[:0], literals, literalEntry)
	r.distances.rest, too = build(r.distances.first[:1<<distanceBits], r.distances.rest[:0], distances, distanceEntry)
	if !ok || !too {
		return ErrCorrupt
	}
	return nil
}

// build makes a table from the lengths of its codes. It reports whether every sequence of
// bits begins with just one code. A single code of one bit, or none, is allowed, too.
func build(first, rest []entry, lengths []uint8, of func(symbol int) entry) ([]entry, bool) {
	var counts, next [maxCodeBits + 2]int
	for _, length := range lengths {
		counts[length]++
	}
	used := len(lengths) - counts[0]
	counts[0] = 0
	code := 0
	for length := 1; length <= maxCodeBits; length++ {
		next[length+1] = (next[length] + counts[length]) << 1
		code += counts[length] << (maxCodeBits - length)
	}
	single := used == 1 && counts[1] == 1
	if used > 0 && code != 1<<maxCodeBits && !single {
		return rest, false
	}
	if used == 0 || single {
		for i := range first {
			first[i] = special
		}
	}
	width := bits.Len(uint(len(first) - 1))

	// How many more bits the longest code has that begins with the same bits.
	var (
		more   [1 << literalBits]uint8
		starts = next
	)
	for _, length := range lengths {
		if int(length) > width {
			begin := reversed(starts[length], int(length)) & (len(first) - 1)
			more[begin] = max(more[begin], length-uint8(width)) //nolint:gosec // 7 to 11
		}
		starts[length]++
	}
	for begin, n := range more[:len(first)] {
		if n > 0 {
			first[begin] = special | second | entry(len(rest))<<16 | entry(n)<<8 | entry(width) //nolint:gosec // small
			rest = append(rest, make([]entry, 1<<n)...)
		}
	}
	for symbol, n := range lengths {
		if n == 0 {
			continue
		}
		length := int(n)
		place := reversed(next[length], length)
		next[length]++
		into, width := first, width
		if length > width {
			e := first[place&(len(first)-1)]
			begin, more := int(e>>16), int(e>>8&31)
			into, place, length, width = rest[begin:begin+1<<more], place>>width, length-width, more
		}
		for e := of(symbol) | entry(n); place < 1<<width; place += 1 << length {
			into[place] = e
		}
	}
	return rest, true
}

// reversed returns a code with its first bit lowest, as the data has it.
func reversed(code, length int) int {
	return int(bits.Reverse16(uint16(code)) >> (16 - length)) //nolint:gosec // of 15 bits
}
