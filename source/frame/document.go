package frame

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

const responses = "responses"

// isDocument reports whether a text begins with {"responses":[ , which is how
// the JSON format begins (API §3.6); that nothing comes before the array is
// assumed.
func isDocument(head []byte) bool {
	for _, token := range []string{"{", `"` + responses + `"`, ":", "["} {
		rest, ok := bytes.CutPrefix(bytes.TrimLeft(head, " \t\r\n"), []byte(token))
		if !ok {
			return false
		}
		head = rest
	}
	return true
}

// document cuts {"responses":[…]}.
type document struct {
	text
	number  int64
	allowed int // bytes that may be read before the next record is complete
	decoder *jsontext.Decoder
}

var errTooLong = errors.New("the record is too long")

// newDocument reads up to the first element.
func newDocument(text text) (*document, error) {
	d := &document{text: text, allowed: text.limit + blockBytes}
	d.decoder = jsontext.NewDecoder((*documentReader)(d), lenient...)
	for range 3 { // the brace, the name, the bracket
		if _, err := d.decoder.ReadToken(); err != nil {
			return nil, d.fault(err)
		}
	}
	return d, nil
}

func (d *document) next() (Value, error) {
	// What the decoder has buffered is at most as much as a record.
	d.allowed = d.limit + blockBytes
	d.number++
	if d.decoder.PeekKind() == ']' {
		if err := d.finish(); err != nil {
			return Value{}, d.fault(err)
		}
		return Value{}, io.EOF
	}
	raw, err := d.decoder.ReadValue()
	offset := d.decoder.InputOffset() - int64(len(raw))
	switch {
	case err != nil:
		return Value{}, d.fault(err)
	case raw.Kind() != '{':
		return Value{}, d.notJSON(offset, errors.New("it is no object"))
	case len(raw) > d.limit:
		return Value{}, d.fault(errTooLong)
	}
	return Value{Raw: raw, Number: d.number, Offset: d.start + offset}, nil
}

// finish reads what follows the elements, up to the end of the text.
func (d *document) finish() error {
	if _, err := d.decoder.ReadToken(); err != nil {
		return err
	}
	for d.decoder.PeekKind() != '}' {
		name, err := d.decoder.ReadToken()
		if err != nil {
			return err
		}
		if name.String() == responses {
			return errors.New("the document has two arrays of responses")
		}
		if err := d.decoder.SkipValue(); err != nil {
			return err
		}
	}
	if _, err := d.decoder.ReadToken(); err != nil {
		return err
	}
	switch _, err := d.decoder.ReadToken(); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	default:
		return errors.New("there is something after the document")
	}
}

// fault types an error of the decoder.
func (d *document) fault(err error) error {
	if failure := d.source.failure(); failure != nil {
		return failure
	}
	var syntax *jsontext.SyntacticError
	switch {
	case errors.Is(err, errTooLong):
		return tooLong("record", d.number, d.limit)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &Error{Kind: Truncated, Detail: fmt.Sprintf("it ends within or before record %d", d.number)}
	case errors.As(err, &syntax):
		return d.notJSON(syntax.ByteOffset, syntax.Err)
	default:
		return d.notJSON(d.decoder.InputOffset(), err)
	}
}

func (d *document) notJSON(offset int64, err error) error {
	return &Error{Kind: NotJSON, Record: d.number, Detail: fmt.Sprintf("record %d, byte %d", d.number, d.start+offset), Err: err}
}

// documentReader is the document as its decoder reads it: a record cannot make
// it read without end.
type documentReader document

func (r *documentReader) Read(p []byte) (int, error) {
	if r.allowed <= 0 {
		return 0, errTooLong
	}
	if len(r.rest) == 0 {
		if err := r.more(); err != nil {
			return 0, err
		}
	}
	n := copy(p[:min(len(p), r.allowed)], r.rest)
	r.rest = r.rest[n:]
	r.allowed -= n
	return n, nil
}
