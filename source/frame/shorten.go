package frame

import (
	"bytes"
	"cmp"
	"slices"
)

const null = "null"

const (
	longShare = 512 // a text is long above 1/512 of the record limit
	roomShare = 8   // a record is refused if its long texts free less than 1/8
)

// shortened is a line that may exceed the record limit. In its kept bytes null
// replaces the longest texts. Only values of members are replaced, so that names
// and short ids stay: {"id":"R_1","QID1":"…"} becomes {"id":"R_1","QID1":null}.
type shortened struct {
	limit int // most bytes to keep
	kept  []byte
	cut   bool // null replaced at least one text
	skips bool // the current text is being skipped
	half  bool // the skipped bytes end in the middle of an escape
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

// skip returns the bytes after the skipped text; nil if it goes on.
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

// textEnd returns the offset after the quote that ends a text. Without such a
// quote it returns -1, and whether the bytes end in the middle of an escape.
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

// longText is the place of a text in kept[start:end], with its quotes.
type longText struct{ start, end int }

// shorten replaces the longest texts until half of the limit is free. It reports
// whether at least 1/8 is.
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
		kept = append(kept, null...) // shorter than any long text
		from = text.end
	}
	s.kept, s.cut = append(kept, s.kept[from:]...), true
	return true
}

// longTexts lists the long texts. It reports whether the last text, long or not,
// is open, which means that its end was not read yet. Then half is that of
// [textEnd].
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
