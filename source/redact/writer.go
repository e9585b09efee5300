package redact

import (
	"bytes"
	"io"
	"iter"
)

// Writer writes whole lines with every known secret masked. A line without its
// line feed waits for it or for Flush. So a secret that is split between two
// writes is found, because no secret has a line feed.
type Writer struct {
	out      io.Writer
	redactor *Redactor
	rest     []byte // a line without its line feed
}

// Writer returns a writer to out. It is not safe for concurrent use.
func (r *Redactor) Writer(out io.Writer) *Writer { return &Writer{out: out, redactor: r} }

// Write writes the whole lines and keeps the rest. After an error the unwritten
// lines are lost.
func (w *Writer) Write(p []byte) (int, error) {
	end := bytes.LastIndexByte(p, '\n') + 1
	if end == 0 {
		w.rest = append(w.rest, p...)
		return len(p), nil
	}
	lines, err := p[:end], error(nil)
	if len(w.rest) > 0 { // only the first line belongs to it
		first := bytes.IndexByte(lines, '\n') + 1
		w.rest, lines = append(w.rest, lines[:first]...), lines[first:]
		_, err = w.out.Write(w.redactor.Bytes(w.rest))
	}
	if err == nil && len(lines) > 0 {
		_, err = w.out.Write(w.redactor.Bytes(lines))
	}
	w.rest = append(w.rest[:0], p[end:]...)
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

// Flush writes a line without its line feed.
func (w *Writer) Flush() error {
	if len(w.rest) == 0 {
		return nil
	}
	_, err := w.out.Write(w.redactor.Bytes(w.rest))
	w.rest = w.rest[:0]
	return err
}

// finder finds several patterns in a text. It reads pairs of bytes and skips
// positions that no pattern can cover (Wu and Manber, "A fast algorithm for
// multi-pattern searching", 1994).
type finder struct {
	window int // length of the shortest pattern
	shift  [1 << 16]uint8
	ending map[uint16][]string // patterns by the last pair of their first window bytes
}

func newFinder(patterns []string) *finder {
	f := &finder{window: 255, ending: make(map[uint16][]string)}
	for _, pattern := range patterns {
		f.window = min(f.window, len(pattern))
	}
	for i := range f.shift {
		f.shift[i] = uint8(f.window - 1) //nolint:gosec // at most 254
	}
	for _, pattern := range patterns {
		for end := 1; end < f.window; end++ {
			pair := uint16(pattern[end-1])<<8 | uint16(pattern[end])
			f.shift[pair] = min(f.shift[pair], uint8(f.window-1-end)) //nolint:gosec // at most 254
		}
		pair := uint16(pattern[f.window-2])<<8 | uint16(pattern[f.window-1])
		f.ending[pair] = append(f.ending[pair], pattern)
	}
	return f
}

// found yields the start of each match, and the end of the longest pattern that
// starts there, in order. Matches may overlap.
func found[T string | []byte](f *finder, text T) iter.Seq2[int, int] {
	return func(yield func(start, end int) bool) {
		for at := f.window - 1; at < len(text); {
			pair := uint16(text[at-1])<<8 | uint16(text[at])
			if skip := f.shift[pair]; skip > 0 {
				at += int(skip)
				continue
			}
			start, longest := at-f.window+1, 0
			for _, pattern := range f.ending[pair] {
				if len(pattern) > longest && len(text)-start >= len(pattern) && string(text[start:start+len(pattern)]) == pattern {
					longest = len(pattern)
				}
			}
			if longest > 0 && !yield(start, start+longest) {
				return
			}
			at++
		}
	}
}
