package frame

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// lines cuts NDJSON. A line is handed out where it lies in the block it was
// read into, unless it spans blocks, or is too long.
type lines struct {
	text
	number  int64     // of the current line
	offset  int64     // of the current line
	end     int64     // offset of the line after it
	joined  shortened // a line that spans blocks
	decoder *jsontext.Decoder
	buffer  bytes.Buffer
}

func newLines(text text) *lines {
	// A little more than a record may be white space around it.
	l := &lines{text: text, end: text.start, joined: shortened{limit: text.limit + blockBytes}}
	l.decoder = jsontext.NewDecoder(&l.buffer, lenient...)
	return l
}

func (l *lines) next() (Value, error) {
	for {
		line, whole, err := l.line()
		if err != nil {
			return Value{}, err
		}
		trimmed := bytes.TrimLeft(line, " \t\r")
		offset := l.offset + int64(len(line)-len(trimmed))
		trimmed = bytes.TrimRight(trimmed, " \t\r")
		if len(trimmed) == 0 {
			l.stats.Blanks++
			continue
		}
		cut := l.joined.cut
		if len(trimmed) > l.limit {
			short := shortened{limit: l.limit}
			if !short.add(trimmed) {
				return Value{}, tooLong("line", l.number, l.limit)
			}
			trimmed, cut = short.kept, true
		}
		if err := l.validate(trimmed, offset, whole); err != nil {
			return Value{}, err
		}
		return Value{Raw: trimmed, Number: l.number, Offset: offset, Shortened: cut}, nil
	}
}

// line returns the next line without its line feed, and whether it had one;
// io.EOF when there is none.
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
			return nil, false, tooLong("line", l.number, l.limit)
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

// validate checks that a line is one object and nothing else.
func (l *lines) validate(line []byte, offset int64, whole bool) error {
	l.buffer = *bytes.NewBuffer(line)
	l.decoder.Reset(&l.buffer, lenient...)
	value, err := l.decoder.ReadValue()
	switch {
	case err != nil:
		return l.invalid(err, offset, whole)
	case len(value) < len(line):
		return l.fault(offset+int64(len(value)), errors.New("there is something after the value"))
	case value.Kind() != '{':
		return l.fault(offset, errors.New("it is no object"))
	default:
		return nil
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

func (l *lines) fault(offset int64, err error) error {
	return &Error{Kind: NotJSON, Record: l.number, Detail: fmt.Sprintf("line %d, byte %d", l.number, offset), Err: err}
}
