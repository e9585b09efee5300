package frame

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/go-json-experiment/json/jsontext"
)

// Value is one record.
type Value struct {
	// Raw is valid JSON on one line, safe inside a line protocol: no line
	// separator and no lone surrogate in it, digits and letters as they
	// were. It is only valid until the next value.
	Raw []byte
	// Repaired is set when invalid UTF-8 or a lone surrogate was replaced by
	// U+FFFD.
	Repaired bool
}

// Values yields the records of the file: the lines of NDJSON, or the elements
// of the "responses" array of a JSON document. Blank lines and lines that are
// an empty object are left out (API §3.4: exports hold them). An error is
// yielded once, last, and means that the file was not read to its end.
func (f *File) Values(ctx context.Context) iter.Seq2[Value, error] {
	return func(yield func(Value, error) bool) {
		for _, m := range f.members {
			if !f.member(ctx, m, yield) {
				return
			}
		}
	}
}

// member yields the records of one member and reports whether to go on.
func (f *File) member(ctx context.Context, m member, yield func(Value, error) bool) (more bool) {
	body, err := m.open()
	if err != nil {
		return yield(Value{}, damaged(err)) && false
	}
	defer func() {
		if err := body.Close(); err != nil && more {
			more = yield(Value{}, damaged(err)) && false
		}
	}()
	ahead := readAhead(ctx, body)
	defer ahead.stop()
	return f.values(ahead, yield)
}

// values yields the records of one text and reports whether to go on.
func (f *File) values(source io.Reader, yield func(Value, error) bool) bool {
	c := &cutter{limit: f.limits.RecordBytes}
	c.capped = cappedReader{source: source}
	buffered := bufio.NewReaderSize(&c.capped, 64<<10)
	c.capped.left = f.limits.InflatedBytes
	if err := c.start(buffered); err != nil {
		return yield(Value{}, c.fault(err)) && false
	}
	for {
		value, err := c.next()
		switch {
		case errors.Is(err, io.EOF):
			return true
		case err != nil:
			return yield(Value{}, c.fault(err)) && false
		case !yield(value, nil):
			return false
		}
	}
}

// cutter cuts one text into records.
type cutter struct {
	capped   cappedReader
	decoder  *jsontext.Decoder
	document bool // {"responses":[…]} and not NDJSON
	number   int  // of the record at work, from 1
	limit    int
	line     []byte // scratch for records that had to be rewritten
}

// cappedReader is a reader that a record cannot make read without end.
type cappedReader struct {
	source io.Reader
	left   int64
}

var errTooLong = errors.New("one record is too long")

func (r *cappedReader) Read(p []byte) (int, error) {
	if r.left <= 0 {
		return 0, errTooLong
	}
	n, err := r.source.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	return n, err
}

// start skips a byte order mark and finds out which of the two forms it is.
func (c *cutter) start(text *bufio.Reader) error {
	if mark, err := text.Peek(3); err == nil && string(mark) == "\ufeff" {
		_, _ = text.Discard(3)
	}
	head, err := text.Peek(4 << 10)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	c.document = isDocument(head)
	c.decoder = jsontext.NewDecoder(text, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	c.capped.left = int64(c.limit)
	if !c.document {
		return nil
	}
	for range 3 { // the brace, the name, the bracket
		if _, err := c.decoder.ReadToken(); err != nil {
			return err
		}
	}
	return nil
}

// isDocument reports whether a text begins with {"responses":[ .
func isDocument(head []byte) bool {
	for _, token := range []string{"{", `"responses"`, ":", "["} {
		rest, ok := bytes.CutPrefix(bytes.TrimLeft(head, " \t\r\n"), []byte(token))
		if !ok {
			return false
		}
		head = rest
	}
	return true
}

// next returns the next record, or io.EOF after the last one.
func (c *cutter) next() (Value, error) {
	for {
		c.capped.left = int64(c.limit) + 64<<10 // what the buffers read ahead
		c.number++
		if c.document && c.decoder.PeekKind() == ']' {
			return Value{}, c.end()
		}
		raw, err := c.decoder.ReadValue()
		if err != nil {
			if errors.Is(err, io.EOF) && !c.document {
				return Value{}, io.EOF
			}
			return Value{}, err
		}
		switch {
		case raw.Kind() != '{':
			return Value{}, fmt.Errorf("record %d is no object", c.number)
		case len(raw) > c.limit:
			return Value{}, errTooLong
		case len(bytes.TrimSpace(raw[1:len(raw)-1])) == 0:
			continue
		}
		return c.clean(raw), nil
	}
}

// end reads what follows the array, and the end of the text.
func (c *cutter) end() error {
	for {
		_, err := c.decoder.ReadToken()
		if err != nil {
			return err // io.EOF when the document is complete
		}
	}
}

// fault types an error of cutting.
func (c *cutter) fault(err error) error {
	var syntax *jsontext.SyntacticError
	switch {
	case errors.Is(err, errTooLong):
		return &Error{Kind: TooLarge, Detail: fmt.Sprintf("record %d is longer than %d bytes", c.number, c.limit)}
	case errors.As(err, &syntax):
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return &Error{Kind: Truncated, Detail: fmt.Sprintf("it ends within record %d", c.number)}
		}
		return &Error{Kind: NotJSON, Detail: fmt.Sprintf("record %d, at byte %d", c.number, syntax.ByteOffset), Err: syntax.Err}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &Error{Kind: Truncated, Detail: fmt.Sprintf("it ends within record %d", c.number)}
	}
	if typed := damaged(err); errors.As(typed, new(*Error)) {
		return typed
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &Error{Kind: NotJSON, Err: err}
}

// clean makes a record one safe line; nearly all of them are already.
func (c *cutter) clean(raw []byte) Value {
	if safe(raw) {
		return Value{Raw: raw}
	}
	var repaired bool
	c.line, repaired = appendSafe(c.line[:0], raw)
	return Value{Raw: c.line, Repaired: repaired}
}
