package frame

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"slices"
)

// Value is one record.
type Value struct {
	// Raw is a JSON object on one line, without white space between tokens. It
	// has no line separator and no lone surrogate; digits and letters are as
	// they were. It is valid until the next value, or until the loop ends.
	//
	// With an error it holds the bytes of the record as they were, or the first
	// of them.
	Raw []byte
	// Object is Raw taken apart, valid as long as Raw. With an error it is nil.
	Object *Object
	// Repaired is set when U+FFFD replaced invalid UTF-8 or a lone surrogate,
	// or when a control character in a string was escaped.
	Repaired bool
	// Shortened is set when the record was longer than [Limits] allow, so that
	// null replaced its longest texts.
	Shortened bool
	// Number is the number of the line in its member, from 1; for messages.
	Number int64
	// Offset is the offset of the record's first byte in its inflated member;
	// for messages.
	Offset int64
}

// Values yields the records of the file, which are the lines of NDJSON. It
// skips blank lines and empty objects, because exports hold them.
//
// Errors are of type [*Error] unless the context ended or the disk failed. After
// an error about one line, see [IsAlone], the loop may go on with the next line.
// Every other error is the last value: the file was not read to its end.
//
// A line longer than [Limits] allow is shortened if null in place of its longest
// texts makes it fit. Inflating runs on a goroutine that ends with the loop.
// Memory depends on the longest record, not on the file. The records of a file that was
// read to its end are kept for the next reading, as [Limits] say.
func (f *File) Values(ctx context.Context) iter.Seq2[Value, error] {
	return func(yield func(Value, error) bool) {
		if f.verified && f.kept != nil {
			f.kept.values(ctx, yield)
			return
		}
		keep := f.keep()
		for i := range f.members {
			if !f.member(ctx, &f.members[i], keep, yield) {
				keep.drop()
				return
			}
		}
		keep.end()
		f.Close()
		if !keep.off {
			f.kept = keep
		}
		// The lengths and checksums of all members were right. Only a checksum of zero is
		// not compared here.
		f.verified = f.verified || !slices.ContainsFunc(f.members, func(m member) bool { return m.zeroSum })
	}
}

// Record returns the record of one JSON object that is not from a file.
func Record(raw []byte) (Value, error) {
	if Kind(raw) != '{' {
		return Value{}, &Error{Kind: Corrupt, Detail: "the record is not a JSON object"}
	}
	var s scanner
	raw = bytes.Trim(raw, whiteSpace)
	if !s.scan(raw) {
		return Value{}, &Error{Kind: Corrupt, Detail: "the record is not valid JSON"}
	}
	value := Value{Raw: raw, Object: &s.Object, Number: 1}
	s.repair(&value, nil)
	return value, nil
}

// member yields the records of one member and reports whether to go on.
func (f *File) member(ctx context.Context, m *member, keep *kept, yield func(Value, error) bool) bool {
	body, err := m.open()
	if err != nil {
		yield(Value{}, damaged(err))
		return false
	}
	source := readAhead(ctx, body)
	defer source.stop()

	lines, err := newLines(source, f.limits.RecordBytes)
	if err != nil {
		yield(Value{}, err)
		return false
	}
	var line []byte // for records that have to be repaired
	for {
		value, err := lines.next()
		switch {
		case errors.Is(err, io.EOF):
			return true
		case err != nil:
			keep.drop() // the next reading reports the line again
			if !yield(value, err) || !IsAlone(err) {
				return false
			}
			continue
		case len(value.Object.Members) == 0:
			continue
		}
		line = lines.scanner.repair(&value, line)
		keep.add(&value)
		if !yield(value, nil) {
			return false
		}
	}
}
