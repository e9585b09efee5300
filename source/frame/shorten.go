package frame

import (
	"bytes"
	"cmp"
	"slices"
)

const null = "null"

// A text counts as long from this share of the longest record on, and a record
// that is too long is read on as long as its long texts make this much room.
const (
	longShare = 512
	roomShare = 8
)

// shortened is a line that may be longer than a record: what is kept of it has
// null in place of its longest texts. Only values of members are, so that names,
// and whatever identifies the record, stay.
type shortened struct {
	limit int // bytes that are kept
	kept  []byte
	cut   bool // texts were left out
	skips bool // the text that is being read is left out
	half  bool // what was skipped last ends in the middle of an escape
}

func (s *shortened) reset() { *s = shortened{limit: s.limit, kept: s.kept[:0]} }

// add appends a piece of the line and reports whether there is room for it.
func (s *shortened) add(piece []byte) bool {
	for {
		if s.skips {
			piece = s.skip(piece)
		}
		room := min(len(piece), s.limit-len(s.kept))
		s.kept = append(s.kept, piece[:room]...)
		if piece = piece[room:]; len(piece) == 0 {
			return true
		}
		if !s.shorten() {
			return false
		}
	}
}

// skip returns what follows the text that is left out, or nothing.
func (s *shortened) skip(piece []byte) []byte {
	if s.half && len(piece) > 0 {
		piece, s.half = piece[1:], false
	}
	end, half := textEnd(piece)
	if s.skips = end < 0; s.skips {
		s.half = s.half || half
		return nil
	}
	return piece[end:]
}

// textEnd returns the offset behind the quote that ends a text, or -1 and
// whether what there is ends in the middle of an escape.
func textEnd(text []byte) (end int, half bool) {
	at := 0
	for ; at < len(text); at++ {
		switch text[at] {
		case '"':
			return at + 1, false
		case '\\':
			at++
		}
	}
	return -1, at > len(text)
}

// longText lies at kept[start:end], with its quotes.
type longText struct{ start, end int }

// shorten takes the longest texts out, until half of the room is free, and
// reports whether that was enough to go on.
func (s *shortened) shorten() bool {
	texts, open, half := s.longTexts()
	slices.SortFunc(texts, func(a, b longText) int { return cmp.Compare(b.end-b.start, a.end-a.start) })
	taken, free := 0, 0
	for ; taken < len(texts) && free < s.limit/2; taken++ {
		free += texts[taken].end - texts[taken].start - len(null)
	}
	if free < s.limit/roomShare {
		return false
	}
	texts = texts[:taken]
	slices.SortFunc(texts, func(a, b longText) int { return cmp.Compare(a.start, b.start) })
	s.skips = open && texts[taken-1].end == len(s.kept)
	s.half = s.skips && half
	kept, from := s.kept[:0], 0
	for _, text := range texts {
		kept = append(kept, s.kept[from:text.start]...)
		kept = append(kept, null...) // which is shorter
		from = text.end
	}
	s.kept, s.cut = append(kept, s.kept[from:]...), true
	return true
}

// longTexts lists the long texts. It says whether the last text, long or not,
// is open: its end is still to come; half is that of [textEnd] then.
func (s *shortened) longTexts() (texts []longText, open, half bool) {
	for at := 0; !open; {
		quote := bytes.IndexByte(s.kept[at:], '"')
		if quote < 0 {
			break
		}
		start := at + quote
		var length int
		if length, half = textEnd(s.kept[start+1:]); length < 0 {
			open, at = true, len(s.kept)
		} else {
			at = start + 1 + length
		}
		before := bytes.TrimRight(s.kept[:start], whiteSpace)
		if at-start > s.limit/longShare && bytes.HasSuffix(before, []byte{':'}) {
			texts = append(texts, longText{start, at})
		}
	}
	return texts, open, half
}
