package landing

import (
	"encoding/binary"
	"math"
	"unicode/utf8"

	"github.com/xitongsys/parquet-go/parquet"

	"github.com/birdie-ai/source-qualtrics/source/record"
)

// boundBytes is the longest text that is a bound in full. Longer texts are cut, so
// that the footer stays small.
const boundBytes = 64

// statistics collects the footer's statistics of one column in one row group. The
// statistics of the library are not used: it writes long texts in full. Without
// bounds it omits the null count, which some readers take for 0.
type statistics struct {
	nulls  int64
	bounds bounds
}

// bounds are the least and the greatest value of a column.
type bounds interface {
	// extend adds a value that is not null.
	extend(value any)
	// encode returns both bounds in Parquet's plain encoding; nil is no bound. A
	// lower bound may be less than every value, and an upper bound greater.
	encode() (lower, upper []byte)
}

func newStatistics(kind record.Kind) *statistics {
	switch kind {
	case record.Integer, record.Timestamp:
		return &statistics{bounds: &integerBounds{}}
	case record.Number:
		return &statistics{bounds: &numberBounds{}}
	case record.Boolean:
		return &statistics{bounds: &booleanBounds{}}
	default:
		return &statistics{bounds: &textBounds{lower: make([]byte, 0, boundBytes), upper: make([]byte, 0, boundBytes)}}
	}
}

// add adds a cell in the type of the library.
func (s *statistics) add(cell any) {
	if cell == nil {
		s.nulls++
		return
	}
	s.bounds.extend(cell)
}

// footer returns the statistics for the footer. The fields min and max stay empty:
// they are deprecated, and have no defined order of texts.
func (s *statistics) footer() *parquet.Statistics {
	written := parquet.NewStatistics()
	written.NullCount = &s.nulls
	written.MinValue, written.MaxValue = s.bounds.encode()
	return written
}

type integerBounds struct {
	some         bool
	lower, upper int64
}

func (b *integerBounds) extend(value any) {
	number := value.(int64)
	if !b.some {
		b.some, b.lower, b.upper = true, number, number
		return
	}
	b.lower, b.upper = min(b.lower, number), max(b.upper, number)
}

func (b *integerBounds) encode() (lower, upper []byte) {
	if !b.some {
		return nil, nil
	}
	encoded := func(number int64) []byte {
		return binary.LittleEndian.AppendUint64(nil, uint64(number)) //nolint:gosec // two's complement
	}
	return encoded(b.lower), encoded(b.upper)
}

// numberBounds ignores NaN, which has no order.
type numberBounds struct {
	some         bool
	lower, upper float64
}

func (b *numberBounds) extend(value any) {
	number := value.(float64)
	switch {
	case math.IsNaN(number):
	case !b.some:
		b.some, b.lower, b.upper = true, number, number
	default:
		b.lower, b.upper = min(b.lower, number), max(b.upper, number)
	}
}

// encode writes zero as the format requires: a lower bound as -0, an upper bound as
// +0, because readers may distinguish them.
func (b *numberBounds) encode() (lower, upper []byte) {
	if !b.some {
		return nil, nil
	}
	least, greatest := b.lower, b.upper
	if least == 0 {
		least = math.Copysign(0, -1)
	}
	if greatest == 0 {
		greatest = math.Copysign(0, 1)
	}
	return binary.LittleEndian.AppendUint64(nil, math.Float64bits(least)), binary.LittleEndian.AppendUint64(nil, math.Float64bits(greatest))
}

type booleanBounds struct{ no, yes bool }

func (b *booleanBounds) extend(value any) {
	if value.(bool) {
		b.yes = true
	} else {
		b.no = true
	}
}

func (b *booleanBounds) encode() (lower, upper []byte) {
	switch {
	case !b.no && !b.yes:
		return nil, nil
	case !b.no:
		return []byte{1}, []byte{1}
	case !b.yes:
		return []byte{0}, []byte{0}
	default:
		return []byte{0}, []byte{1}
	}
}

// textBounds copies the first boundBytes bytes only, so that two long texts per
// column do not stay in memory.
type textBounds struct {
	some         bool
	lower, upper []byte
	longer       bool // some text continues after upper
}

func (b *textBounds) extend(value any) {
	text := value.(string)
	head := text[:min(len(text), boundBytes)]
	if !b.some || head < string(b.lower) {
		b.lower = append(b.lower[:0], head...)
	}
	switch {
	case !b.some || head > string(b.upper):
		b.upper = append(b.upper[:0], head...)
		b.longer = len(head) < len(text)
	case len(head) < len(text) && head == string(b.upper):
		b.longer = true
	}
	b.some = true
}

// encode cuts both bounds at the end of a character. The head of a text is never
// greater than the text, so it is a lower bound. An upper bound that was cut is
// raised: "abc…" becomes "abd".
func (b *textBounds) encode() (lower, upper []byte) {
	if !b.some {
		return nil, nil
	}
	lower, upper = wholeCharacters(b.lower), wholeCharacters(b.upper)
	if b.longer {
		upper = raised(upper)
	}
	return lower, upper
}

// wholeCharacters removes an incomplete last character.
func wholeCharacters(text []byte) []byte {
	for n := 1; n <= min(len(text), utf8.UTFMax); n++ {
		if start := len(text) - n; utf8.RuneStart(text[start]) {
			if !utf8.FullRune(text[start:]) {
				return text[:start]
			}
			return text
		}
	}
	return text
}

// raised returns a text greater than every text that begins with the given one, or
// nil. For example "ab" becomes "ac".
func raised(text []byte) []byte {
	for len(text) > 0 {
		last, size := utf8.DecodeLastRune(text)
		text = text[:len(text)-size]
		switch {
		case last < 0xD7FF || last > 0xDFFF && last < utf8.MaxRune:
			return utf8.AppendRune(text, last+1)
		case last == 0xD7FF: // the next code points are surrogates
			return utf8.AppendRune(text, 0xE000)
		}
	}
	return nil
}
