package frame

import (
	"encoding/binary"
	"math/bits"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/birdie-ai/source-qualtrics/source/jsonsafe"
)

// Member is a member of an [Object]. Both slices are valid as long as the object.
type Member struct {
	Name    []byte // decoded, without quotes
	Value   []byte // raw
	Escaped bool   // the name is written with escapes

	start, end int32 // of the member in the record, from the quote of its name on
	from, to   int32 // its own members, in Object.inner
}

// Object is a record that was taken apart in one pass: its members, and the members
// of those that are objects, in order. Names that occur twice come twice.
type Object struct {
	Raw     []byte   // the record
	Members []Member // of the record

	inner []Member
}

// Of returns the members of a member; none if it is not an object.
func (o *Object) Of(m *Member) []Member { return o.inner[m.from:m.to] }

// Follows reports whether a member stands next after another one.
func (m *Member) Follows(other *Member) bool { return m.start == other.end+1 }

// Run returns members that follow each other as they are written, such as "QID1":3,"QID2":4.
func (o *Object) Run(first, last *Member) []byte { return o.Raw[first.start:last.end] }

// mostNested is the deepest nesting of JSON values that jsontext allows.
const mostNested = 10_000

// scanner takes JSON objects apart. It accepts the same objects as jsontext with the options
// lenient. Every byte is read once; text is read eight bytes at a time.
type scanner struct {
	Object
	depth   int
	names   []byte // decoded names of this record
	escaped bool   // the string that was read last has an escape
	spaced  bool   // white space stands between tokens
	suspect bool   // there are bytes beyond ASCII, or escapes of surrogates
}

// scan takes a record apart. It reports whether the record is one valid object and
// nothing else, without white space around it.
func (s *scanner) scan(raw []byte) bool {
	valid := s.begin(raw) == len(raw)
	if !valid {
		s.Members = s.Members[:0]
	}
	return valid
}

// begin takes the object at the start of a text apart. It returns the offset after it, or -1.
func (s *scanner) begin(raw []byte) int {
	s.Raw, s.Members, s.inner, s.names = raw, s.Members[:0], s.inner[:0], s.names[:0]
	s.depth, s.spaced, s.suspect = 0, false, false
	if len(raw) == 0 || raw[0] != '{' {
		return -1
	}
	return s.object(0)
}

// repair makes the record that was just scanned safe on one line, in a buffer.
func (s *scanner) repair(value *Value, buffer []byte) []byte {
	if !s.spaced && (!s.suspect || jsonsafe.IsSafe(value.Raw)) {
		return buffer
	}
	buffer, replaced := jsonsafe.Repair(buffer[:0], value.Raw)
	value.Raw, value.Repaired = buffer, value.Repaired || replaced
	s.scan(buffer)
	return buffer
}

// The methods below return the offset after the value, or -1 if it is not valid.

// value reads the value at an offset.
func (s *scanner) value(at int) int {
	if at >= len(s.Raw) {
		return -1
	}
	switch c := s.Raw[at]; {
	case c == '"':
		return s.text(at)
	case c == '{':
		return s.object(at)
	case c == '[':
		return s.array(at)
	case c-'0' <= 9 && at+1 < len(s.Raw) && (s.Raw[at+1] == ',' || s.Raw[at+1] == '}'):
		return at + 1
	case c == '-' || c-'0' <= 9:
		return s.number(at)
	case c == 't':
		return s.literal(at, "true")
	case c == 'f':
		return s.literal(at, "false")
	case c == 'n':
		return s.literal(at, "null")
	}
	return -1
}

func (s *scanner) literal(at int, text string) int {
	if end := at + len(text); end <= len(s.Raw) && string(s.Raw[at:end]) == text {
		return end
	}
	return -1
}

// space skips white space between tokens.
func (s *scanner) space(at int) int {
	for at < len(s.Raw) && s.Raw[at] <= ' ' && (s.Raw[at] == ' ' || s.Raw[at] == '\t' || s.Raw[at] == '\r' || s.Raw[at] == '\n') {
		s.spaced = true
		at++
	}
	return at
}

// next skips white space and returns the byte after it, or 0 at the end.
func (s *scanner) next(at int) (c byte, then int) {
	if at < len(s.Raw) {
		if c = s.Raw[at]; c > ' ' {
			return c, at
		}
		if at = s.space(at); at < len(s.Raw) {
			return s.Raw[at], at
		}
	}
	return 0, at
}

func (s *scanner) object(at int) int {
	if s.depth++; s.depth > mostNested {
		return -1
	}
	depth := s.depth
	c, at := s.next(at + 1)
	if c == '}' {
		s.depth--
		return at + 1
	}
	raw := s.Raw
	for {
		if c != '"' {
			return -1
		}
		start := at
		s.escaped = false
		nameEnd := s.text(at)
		if nameEnd < 0 {
			return -1
		}
		escaped := s.escaped
		if at = nameEnd; at >= len(raw) {
			return -1
		}
		if raw[at] != ':' {
			if c, at = s.next(at); c != ':' {
				return -1
			}
		}
		if at++; at >= len(raw) {
			return -1
		}
		if raw[at] <= ' ' {
			if at = s.space(at); at >= len(raw) {
				return -1
			}
		}
		from, value := len(s.inner), at
		if at = s.value(at); at < 0 {
			return -1
		}
		if depth <= 2 {
			m := Member{Name: s.name(start, nameEnd, escaped), Escaped: escaped, Value: s.Raw[value:at:at], start: int32(start), end: int32(at)} //nolint:gosec // a record is shorter than 2 GiB
			if depth == 1 {
				m.from, m.to = int32(from), int32(len(s.inner)) //nolint:gosec // as above
				s.Members = append(s.Members, m)
			} else {
				s.inner = append(s.inner, m)
			}
		}
		if at+1 < len(raw) && raw[at] == ',' && raw[at+1] == '"' {
			c, at = '"', at+1
			continue
		}
		switch c, at = s.next(at); c {
		case ',':
			c, at = s.next(at + 1)
		case '}':
			s.depth--
			return at + 1
		default:
			return -1
		}
	}
}

func (s *scanner) array(at int) int {
	if s.depth++; s.depth > mostNested {
		return -1
	}
	c, at := s.next(at + 1)
	if c == ']' {
		s.depth--
		return at + 1
	}
	raw := s.Raw
	for {
		// Most arrays are lists of codes, such as [1,2,3].
		for at+1 < len(raw) && raw[at+1] == ',' && raw[at]-'0' <= 9 {
			at += 2
		}
		if _, at = s.next(at); at >= len(raw) {
			return -1
		}
		if at = s.value(at); at < 0 {
			return -1
		}
		switch c, at = s.next(at); c {
		case ',':
			at++
		case ']':
			s.depth--
			return at + 1
		default:
			return -1
		}
	}
}

// name returns the name at raw[start:end], decoded.
func (s *scanner) name(start, end int, escaped bool) []byte {
	if !escaped {
		return s.Raw[start+1 : end-1 : end-1]
	}
	from := len(s.names)
	// The error is about text that lenient allows: U+FFFD replaces it.
	s.names, _ = jsontext.AppendUnquote(s.names, s.Raw[start:end])
	return s.names[from:len(s.names):len(s.names)]
}

func (s *scanner) number(at int) int {
	raw := s.Raw
	if raw[at] == '-' {
		at++
	}
	switch {
	case at >= len(raw):
		return -1
	case raw[at] == '0':
		at++
	default:
		if at = digits(raw, at); at < 0 {
			return -1
		}
	}
	if at < len(raw) && raw[at] == '.' {
		if at = digits(raw, at+1); at < 0 {
			return -1
		}
	}
	if at < len(raw) && (raw[at] == 'e' || raw[at] == 'E') {
		at++
		if at < len(raw) && (raw[at] == '+' || raw[at] == '-') {
			at++
		}
		return digits(raw, at)
	}
	return at
}

// digits reads at least one digit.
func digits(raw []byte, at int) int {
	begin := at
	for at < len(raw) && raw[at]-'0' <= 9 {
		at++
	}
	if at == begin {
		return -1
	}
	return at
}

const (
	ones  = 0x0101010101010101 // each byte is 1
	highs = 0x80 * ones        // the high bit of each byte
)

// text reads the string at an offset.
func (s *scanner) text(at int) int {
	raw := s.Raw
	i := at + 1
	for {
		// The lowest byte of the mask is exact: a borrow moves upwards only.
		for len(raw)-i >= 8 {
			word := binary.LittleEndian.Uint64(raw[i:])
			quote, slash := word^('"'*ones), word^('\\'*ones)
			mask := ((quote - ones) &^ quote) | ((slash - ones) &^ slash) | ((word - ' '*ones) &^ word)
			if word&highs != 0 {
				s.suspect = true
			}
			if mask &= highs; mask != 0 {
				i += bits.TrailingZeros64(mask) >> 3
				break
			}
			i += 8
		}
		if i >= len(raw) {
			return -1
		}
		switch c := raw[i]; {
		case c == '"':
			return i + 1
		case c == '\\':
			if i = s.escape(i); i < 0 {
				return -1
			}
		case c < ' ':
			return -1
		default: // near the end of the record
			if c >= 0x80 {
				s.suspect = true
			}
			i++
		}
	}
}

// escape reads the escape at an offset.
func (s *scanner) escape(at int) int {
	raw := s.Raw
	s.escaped = true
	if at+1 >= len(raw) {
		return -1
	}
	switch raw[at+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return at + 2
	case 'u':
	default:
		return -1
	}
	if at+6 > len(raw) {
		return -1
	}
	for _, c := range raw[at+2 : at+6] {
		if c-'0' > 9 && c|0x20-'a' > 5 {
			return -1
		}
	}
	if raw[at+2]|0x20 == 'd' && raw[at+3] >= '8' {
		s.suspect = true // perhaps half of a pair
	}
	return at + 6
}
