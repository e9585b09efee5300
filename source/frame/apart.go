package frame

import "bytes"

// Scanner takes objects apart one after the other, in the same memory. Unlike [Record] it
// repairs nothing: names and values are as they are written. An object is valid until the
// next call.
type Scanner struct{ scanner scanner }

// Object takes one object apart. It reports whether the text is a valid object and nothing
// else, apart from white space around it.
func (s *Scanner) Object(raw []byte) (*Object, bool) {
	valid := s.scanner.scan(bytes.Trim(raw, whiteSpace))
	return &s.scanner.Object, valid
}

// Elements calls each with the elements of a valid array, until it returns false. An
// object comes taken apart; every other element comes without an object.
func (s *Scanner) Elements(array []byte, each func(value []byte, object *Object) bool) {
	for at := skip(array, 0, '['); array[at] != ']'; {
		var object *Object
		var end int
		if array[at] == '{' {
			object = &s.scanner.Object
			end = at + s.scanner.begin(array[at:])
			object.Raw = array[at:end:end]
		} else {
			end = valueEnd(array, at)
		}
		if !each(array[at:end:end], object) {
			return
		}
		at = skip(array, end, ',')
	}
}
