package frame

import (
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
	// Raw is a JSON object, compact and on one line, safe inside a line
	// protocol: no line separator and no lone surrogate in it, digits and
	// letters as they were. It is only valid until the next value, or until
	// the loop ends.
	Raw []byte
	// Repaired is set when invalid UTF-8 or a lone surrogate was replaced by
	// U+FFFD.
	Repaired bool
	// Shortened is set when the record is longer than may be, and its longest
	// texts are null for that.
	Shortened bool
	// Number is that of the line, or of the element of a JSON document, in
	// its member, from 1; for messages.
	Number int64
	// Offset is that of the record's first byte in its inflated member; for
	// messages.
	Offset int64
}

// Values yields the records of the file: the lines of NDJSON, or the elements
// of the "responses" array of a JSON document (API §3.6). Blank lines and
// empty objects are left out: exports hold them. An error is yielded once,
// last, and means that the file was not read to its end; it is of type
// [*Error] unless the context ended or the disk failed. A line that is longer
// than [Limits] allow comes shortened, if null in place of its longest texts
// makes it short enough; in a JSON document it is an error. Inflating runs on a
// goroutine that ends with the loop. Memory depends on the longest record, not
// on the file.
func (f *File) Values(ctx context.Context) iter.Seq2[Value, error] {
	return func(yield func(Value, error) bool) {
		f.stats = Stats{}
		for _, m := range f.members {
			if !f.member(ctx, m, yield) {
				return
			}
		}
	}
}

// Record makes a record of one JSON object that came by itself.
func Record(raw []byte) (Value, error) {
	if Kind(raw) != '{' {
		return Value{}, &Error{Kind: Corrupt, Detail: "the record is no object"}
	}
	if !jsontext.Value(raw).IsValid(lenient...) {
		return Value{}, &Error{Kind: Corrupt, Detail: "the record is no valid JSON"}
	}
	value := Value{Raw: raw, Number: 1}
	if !plain(raw) {
		value.Raw, value.Repaired = appendSafe(nil, raw)
	}
	return value, nil
}

// cutter cuts one text into records.
type cutter interface {
	// next returns the next object, valid but as it was written, or io.EOF
	// where the text properly ended.
	next() (Value, error)
}

// member yields the records of one member and reports whether to go on.
func (f *File) member(ctx context.Context, m member, yield func(Value, error) bool) bool {
	body, err := m.open()
	if err != nil {
		yield(Value{}, damaged(err))
		return false
	}
	// Nothing is written, and reading to the end has checked everything.
	defer func() { _ = body.Close() }()
	source := readAhead(ctx, body)
	defer source.stop()

	cut, err := f.cutter(source)
	if err != nil {
		yield(Value{}, err)
		return false
	}
	var line []byte // for records that have to be rewritten
	for {
		value, err := cut.next()
		switch {
		case errors.Is(err, io.EOF):
			return true
		case err != nil:
			yield(Value{}, err)
			return false
		case isEmpty(value.Raw):
			f.stats.Blanks++
			continue
		}
		f.stats.Records++
		if !plain(value.Raw) {
			line, value.Repaired = appendSafe(line[:0], value.Raw)
			value.Raw = line
		}
		if !yield(value, nil) {
			return false
		}
	}
}

// cutter finds out which of the two forms a text has.
func (f *File) cutter(source *ahead) (cutter, error) {
	head, err := source.next()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, source.failure()
	}
	f.stats.Bytes += int64(len(head))
	text := text{source: source, stats: &f.stats, limit: f.limits.RecordBytes}
	text.rest = bytes.TrimPrefix(head, []byte(byteOrderMark))
	text.start = int64(len(head) - len(text.rest))
	if isDocument(text.rest) {
		return newDocument(text)
	}
	return newLines(text), nil
}

// text is what both cutters read.
type text struct {
	source *ahead
	stats  *Stats
	rest   []byte // read and not yet cut
	start  int64  // offset of the first byte after a byte order mark
	limit  int    // bytes of a record
}

// more replaces the rest, which has been used up.
func (t *text) more() (err error) {
	t.rest, err = t.source.next()
	t.stats.Bytes += int64(len(t.rest))
	return err
}

func tooLong(what string, number int64, limit int) error {
	return &Error{Kind: TooLarge, Record: number, Detail: fmt.Sprintf("%s %d is longer than %d bytes", what, number, limit)}
}

// isEmpty reports whether a valid object has no members.
func isEmpty(object []byte) bool {
	return len(bytes.TrimSpace(object[1:len(object)-1])) == 0
}
