package frame

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/birdie-ai/source-qualtrics/source/jsonsafe"
)

// lines splits NDJSON into records. A line stays in the block that it was read
// into, unless it spans blocks, is too long, or has to be escaped.
type lines struct {
	source  *ahead
	rest    []byte    // read and not split yet
	limit   int       // bytes of a record
	number  int64     // of the current line
	offset  int64     // of the current line
	end     int64     // offset of the line after it
	joined  shortened // a line that spans blocks
	escaped []byte    // a line whose control characters were escaped
	scanner scanner   // takes lines apart
	decoder *jsontext.Decoder
	buffer  bytes.Buffer
}

// newLines skips a byte order mark.
func newLines(source *ahead, limit int) (*lines, error) {
	head, err := source.next()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, source.failure()
	}
	// One block more than a record is for white space around it.
	l := &lines{source: source, limit: limit, joined: shortened{limit: limit + blockBytes}}
	l.rest = bytes.TrimPrefix(head, []byte(byteOrderMark))
	l.end = int64(len(head) - len(l.rest))
	l.decoder = jsontext.NewDecoder(&l.buffer, lenient...)
	return l, nil
}

// more replaces the rest, all of which was split.
func (l *lines) more() (err error) {
	l.rest, err = l.source.next()
	return err
}

// next returns the next object, valid but not repaired, or io.EOF at the end of
// the text.
func (l *lines) next() (Value, error) {
	for {
		line, whole, err := l.line()
		if err != nil {
			return l.value(line, l.offset), err
		}
		trimmed, offset := line, l.offset
		if len(line) == 0 || line[0] <= ' ' || line[len(line)-1] <= ' ' {
			trimmed = bytes.TrimLeft(line, " \t\r")
			offset += int64(len(line) - len(trimmed))
			trimmed = bytes.TrimRight(trimmed, " \t\r")
		}
		if len(trimmed) == 0 {
			continue
		}
		cut := l.joined.cut
		if len(trimmed) > l.limit {
			short := shortened{limit: l.limit}
			if !short.add(trimmed) {
				return l.value(short.kept, offset), l.tooLong()
			}
			trimmed, cut = short.kept, true
		}
		value := l.value(trimmed, offset)
		value.Shortened = cut
		err = l.validate(trimmed, offset, whole)
		if err != nil {
			var escaped bool
			if l.escaped, escaped = jsonsafe.EscapeControls(l.escaped[:0], trimmed); escaped {
				value.Raw, value.Repaired = l.escaped, true
				err = l.validate(l.escaped, offset, whole)
			}
		}
		if err != nil {
			value.Raw = trimmed
		} else {
			value.Object = &l.scanner.Object
		}
		return value, err
	}
}

// value returns the current line as a record.
func (l *lines) value(raw []byte, offset int64) Value {
	return Value{Raw: raw, Number: l.number, Offset: offset}
}

// line returns the next line without its line feed, and whether it had one. At
// the end of the text it returns io.EOF.
func (l *lines) line() (line []byte, whole bool, err error) {
	l.number++
	l.offset = l.end
	l.joined.reset()
	for {
		at := bytes.IndexByte(l.rest, '\n')
		if whole = at >= 0; whole {
			line, l.rest = l.rest[:at], l.rest[at+1:]
			l.end += int64(at) + 1
			if len(l.joined.kept) == 0 {
				return line, true, nil
			}
		} else {
			line = l.rest
			l.end += int64(len(line))
		}
		if !l.joined.add(line) {
			if err := l.skipLine(whole); err != nil {
				return nil, false, err
			}
			return l.joined.kept, false, l.tooLong()
		}
		if whole {
			return l.joined.kept, true, nil
		}
		if err := l.more(); errors.Is(err, io.EOF) {
			if len(l.joined.kept) == 0 {
				return nil, false, io.EOF
			}
			return l.joined.kept, false, nil
		} else if err != nil {
			return nil, false, l.source.failure()
		}
	}
}

// skipLine reads to the end of the current line, unless that was read already.
func (l *lines) skipLine(ended bool) error {
	for !ended {
		if err := l.more(); errors.Is(err, io.EOF) {
			l.rest = nil
			return nil
		} else if err != nil {
			return l.source.failure()
		}
		at := bytes.IndexByte(l.rest, '\n')
		if ended = at >= 0; !ended {
			at = len(l.rest) - 1
		}
		l.rest = l.rest[at+1:]
		l.end += int64(at) + 1
	}
	return nil
}

// validate takes a line apart, which has to be one object and nothing else.
func (l *lines) validate(line []byte, offset int64, whole bool) error {
	if l.scanner.scan(line) {
		return nil
	}
	l.buffer = *bytes.NewBuffer(line)
	l.decoder.Reset(&l.buffer, lenient...)
	value, err := l.decoder.ReadValue()
	switch {
	case err != nil:
		return l.invalid(err, offset, whole)
	case len(value) < len(line):
		return l.fault(offset+int64(len(value)), errors.New("text follows the object"))
	default:
		return l.fault(offset, errors.New("expected a JSON object"))
	}
}

func (l *lines) invalid(err error, offset int64, whole bool) error {
	if errors.Is(err, io.ErrUnexpectedEOF) && !whole {
		return &Error{Kind: Truncated, Detail: fmt.Sprintf("it ends within line %d", l.number)}
	}
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		return l.fault(offset+syntax.ByteOffset, syntax.Err)
	}
	return l.fault(offset, err)
}

func (l *lines) tooLong() error {
	return &Error{Kind: TooLarge, Record: l.number, alone: true, Detail: fmt.Sprintf("line %d is longer than %d bytes", l.number, l.limit)}
}

func (l *lines) fault(offset int64, err error) error {
	return &Error{Kind: NotJSON, Record: l.number, alone: true, Detail: fmt.Sprintf("line %d, byte %d", l.number, offset), Err: err}
}
