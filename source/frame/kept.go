package frame

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Scratch is a temporary file. Close deletes it.
type Scratch interface {
	io.Writer
	io.ReaderAt
	io.Closer
}

const (
	// memoryBytes bounds the text that is kept in memory. Most windows of a survey are shorter.
	memoryBytes = 1 << 20
	// pieceBytes is the size of the pieces in which a temporary file is written and read.
	pieceBytes = 128 << 10
)

// kept holds the records of a file, taken apart, for its next reading: that one neither
// inflates nor parses them. Those of a short file are kept in memory, those of a longer one
// in a temporary file. A record is kept as
//
//	number, flags, length of its text, length of its lengths, lengths, text
//
// where the lengths are those of names and values of its members, see [kept.lengths].
type kept struct {
	scratch Scratch // nil: in memory
	written int64   // to scratch
	most    int64   // bytes
	buffer  []byte  // not written yet
	lengths []byte
	off     bool // nothing is kept
}

const (
	repairedFlag = 1 << iota
	shortenedFlag
	irregularFlag // the record is taken apart again, because lengths do not say where its members are
)

// keep begins to keep the records of the first reading.
func (f *File) keep() *kept {
	var size uint64
	for i := range f.members {
		size += f.members[i].size
	}
	k := &kept{most: 2*int64(size) + pieceBytes}
	switch {
	case size <= memoryBytes:
		k.buffer = make([]byte, 0, size+size/4)
	case f.limits.Scratch == nil || int64(size) > f.limits.ScratchBytes:
		k.off = true
	default:
		var err error
		k.scratch, err = f.limits.Scratch()
		k.off = err != nil // the file is inflated again instead
	}
	return k
}

// add keeps a record that was just scanned.
func (k *kept) add(value *Value) {
	if k.off {
		return
	}
	var flags byte
	if value.Repaired {
		flags |= repairedFlag
	}
	if value.Shortened {
		flags |= shortenedFlag
	}
	if !k.measure(value.Object) {
		flags |= irregularFlag
		k.lengths = k.lengths[:0]
	}
	b := binary.AppendUvarint(k.buffer, uint64(value.Number)) //nolint:gosec // counted from 1
	b = append(b, flags)
	b = binary.AppendUvarint(b, uint64(len(value.Raw)))
	b = binary.AppendUvarint(b, uint64(len(k.lengths)))
	b = append(b, k.lengths...)
	k.buffer = append(b, value.Raw...)
	switch total := k.written + int64(len(k.buffer)); {
	case total > k.most: // the file is damaged: it holds more than it says
		k.drop()
	case k.scratch != nil && len(k.buffer) >= pieceBytes:
		k.flush()
	}
}

// measure makes the lengths of the names and values of a record's members. After a member
// come the number and the lengths of its own members. It reports whether the offsets of all
// members follow from that: {"a":{"b":1}} has no space between tokens and no escaped name.
func (k *kept) measure(o *Object) bool {
	k.lengths = k.lengths[:0]
	at := 1
	for i := range o.Members {
		m := &o.Members[i]
		if at = k.member(m, at); at < 0 {
			return false
		}
		inner := o.Of(m)
		k.lengths = binary.AppendUvarint(k.lengths, uint64(len(inner)))
		from := int(m.start) + len(m.Name) + len(`"":{`)
		for j := range inner {
			if from = k.member(&inner[j], from); from < 0 {
				return false
			}
		}
	}
	return at == len(o.Raw)
}

// member appends the lengths of a member that starts at an offset. It returns the offset
// of the next one, or -1 if the member is not where the lengths say.
func (k *kept) member(m *Member, at int) int {
	end := at + len(m.Name) + len(`"":`) + len(m.Value)
	if m.Escaped || int(m.start) != at || int(m.end) != end {
		return -1
	}
	k.lengths = binary.AppendUvarint(binary.AppendUvarint(k.lengths, uint64(len(m.Name))), uint64(len(m.Value)))
	return end + 1
}

// flush writes the buffer to the temporary file. If the disk is full, nothing is kept.
func (k *kept) flush() {
	n, err := k.scratch.Write(k.buffer)
	if err != nil {
		k.drop()
		return
	}
	k.written += int64(n)
	k.buffer = k.buffer[:0]
}

// end ends the first reading, which read all records.
func (k *kept) end() {
	if k.scratch != nil && len(k.buffer) > 0 {
		k.flush()
		k.buffer = nil
	}
}

// drop forgets everything. Its error adds nothing: the file is inflated again.
func (k *kept) drop() {
	k.off, k.buffer = true, nil
	if k.scratch != nil {
		_ = k.scratch.Close()
		k.scratch = nil
	}
}

// values yields the records. It returns false if the loop ended.
func (k *kept) values(ctx context.Context, yield func(Value, error) bool) {
	r := keptReader{from: k.scratch, left: k.written, rest: k.buffer}
	for r.more() {
		if ctx.Err() != nil {
			yield(Value{}, context.Cause(ctx))
			return
		}
		value, err := r.value()
		if !yield(value, err) || err != nil {
			return
		}
	}
}

// keptReader reads the records that were kept.
type keptReader struct {
	from    Scratch
	offset  int64 // of the next piece
	left    int64 // not read yet
	rest    []byte
	buffer  []byte
	scanner scanner
}

func (r *keptReader) more() bool { return len(r.rest) > 0 || r.left > 0 }

// errKept is the error of a temporary file with other content than was written to it.
var errKept = errors.New("the content of a temporary file has changed")

// headBytes is the longest head of a record: three numbers and the flags.
const headBytes = 3*binary.MaxVarintLen64 + 1

func (r *keptReader) value() (value Value, err error) {
	if err := r.want(headBytes); err != nil {
		return Value{}, err
	}
	in := numbers{rest: r.rest}
	value.Number = int64(in.next()) //nolint:gosec // a record shows its number only
	flags := byte(in.next())        //nolint:gosec // below 128, so a number of one byte
	size, lengths := in.next(), in.next()
	if in.bad || size < uint64(len(`{}`)) || size > 1<<31 || lengths > 1<<31 {
		return Value{}, errKept
	}
	head, body := len(r.rest)-len(in.rest), int(size+lengths)
	if err := r.want(head + body); err != nil {
		return Value{}, err
	}
	if len(r.rest) < head+body {
		return Value{}, errKept
	}
	in.rest = r.rest[head : head+int(lengths)]
	value.Raw = r.rest[head+int(lengths) : head+body : head+body]
	value.Repaired, value.Shortened = flags&repairedFlag > 0, flags&shortenedFlag > 0
	r.rest = r.rest[head+body:]
	if flags&irregularFlag > 0 {
		in.bad = !r.scanner.scan(value.Raw)
	} else {
		r.scanner.place(value.Raw, &in)
	}
	if in.bad {
		return Value{}, errKept
	}
	value.Object = &r.scanner.Object
	return value, nil
}

// want reads on until the rest has some bytes, or all there are.
func (r *keptReader) want(size int) error {
	if size <= len(r.rest) || r.left == 0 {
		return nil
	}
	piece := int(min(r.left, int64(max(pieceBytes, size))))
	if need := len(r.rest) + piece; need > cap(r.buffer) {
		r.buffer = append(make([]byte, 0, need+pieceBytes), r.rest...)
	} else {
		r.buffer = append(r.buffer[:0], r.rest...)
	}
	had := len(r.buffer)
	r.buffer = r.buffer[:had+piece]
	if n, err := r.from.ReadAt(r.buffer[had:], r.offset); n < piece {
		return fmt.Errorf("reading a temporary file: %w", err)
	}
	r.offset, r.left, r.rest = r.offset+int64(piece), r.left-int64(piece), r.buffer
	return nil
}

// numbers reads unsigned numbers one after the other.
type numbers struct {
	rest []byte
	bad  bool // a number is missing, or an offset is outside of the record
}

func (n *numbers) next() uint64 {
	if len(n.rest) > 0 && n.rest[0] < 0x80 {
		v := n.rest[0]
		n.rest = n.rest[1:]
		return uint64(v)
	}
	v, size := binary.Uvarint(n.rest)
	if size <= 0 {
		n.bad = true
		return 0
	}
	n.rest = n.rest[size:]
	return v
}

// place makes the members of a record from the lengths of their names and values.
func (s *scanner) place(raw []byte, lengths *numbers) {
	s.Raw, s.Members, s.inner = raw, s.Members[:0], s.inner[:0]
	at := 1
	for len(lengths.rest) > 0 && !lengths.bad {
		m := s.placed(at, lengths)
		inner := lengths.next()
		m.from = int32(len(s.inner)) //nolint:gosec // a record is shorter than 2 GiB
		from := int(m.start) + len(m.Name) + len(`"":{`)
		for ; inner > 0 && !lengths.bad; inner-- {
			one := s.placed(from, lengths)
			s.inner = append(s.inner, one)
			from = int(one.end) + 1
		}
		m.to = int32(len(s.inner)) //nolint:gosec // as above
		s.Members = append(s.Members, m)
		at = int(m.end) + 1
	}
}

// placed returns the member at an offset.
func (s *scanner) placed(at int, lengths *numbers) Member {
	name, value := lengths.next(), lengths.next()
	size := uint64(len(s.Raw))
	if name > size || value > size || uint64(at)+name+value+uint64(len(`"":`)) > size { //nolint:gosec // an offset in the record
		lengths.bad = true
		return Member{}
	}
	begin := at + 1 + int(name) + len(`":`) //nolint:gosec // bounded above
	end := begin + int(value)               //nolint:gosec // bounded above
	return Member{
		Name: s.Raw[at+1 : begin-len(`":`) : begin-len(`":`)], Value: s.Raw[begin:end:end],
		start: int32(at), end: int32(end), //nolint:gosec // a record is shorter than 2 GiB
	}
}
