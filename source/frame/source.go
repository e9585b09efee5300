package frame

import (
	"context"
	"errors"
	"io"
)

// source is the inflated text of a member.
type source interface {
	// next returns at least one byte, valid until the next call, or the error that ended
	// reading.
	next() ([]byte, error)
	// failure returns the error of reading, or nil at the end of the text.
	failure() error
	stop()
}

// keptBytes bounds the inflated text that a file keeps for its next reading. Most windows
// of a survey are shorter.
const keptBytes = 1 << 20

// source returns the text of a member. The text of a short one is inflated once.
func (f *File) source(ctx context.Context, m *member) (source, error) {
	if f.verified && m.kept != nil {
		return &kept{ctx: ctx, rest: m.kept}, nil
	}
	body, err := m.open()
	if err != nil {
		return nil, damaged(err)
	}
	source := readAhead(ctx, body)
	if m.size > keptBytes || len(f.members) > 1 {
		return source, nil
	}
	return &keeping{source, m, make([]byte, 0, m.size)}, nil
}

// keeping keeps the text that it returns, for the member, if it is read to its end.
type keeping struct {
	*ahead
	member *member
	text   []byte
}

func (k *keeping) next() ([]byte, error) {
	data, err := k.ahead.next()
	switch {
	case errors.Is(err, io.EOF):
		k.member.kept = k.text
	case len(k.text)+len(data) <= keptBytes: // a damaged file may hold more than it says
		k.text = append(k.text, data...)
	}
	return data, err
}

// kept is text in memory.
type kept struct {
	ctx  context.Context //nolint:containedctx // lives as long as one iteration
	rest []byte
}

func (k *kept) next() ([]byte, error) {
	text := k.rest
	switch k.rest = nil; {
	case k.ctx.Err() != nil:
		return nil, context.Cause(k.ctx)
	case len(text) == 0:
		return nil, io.EOF
	default:
		return text, nil
	}
}

func (k *kept) failure() error { return context.Cause(k.ctx) }

func (*kept) stop() {}
