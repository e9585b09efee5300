package progress

import (
	"io"
	"strings"
	"sync"
)

// Screen keeps one line of status at the bottom of a terminal. Everything else
// that is written to the terminal goes through it, so that the line is erased
// before and never mixed with other text.
type Screen struct {
	out     io.Writer
	columns func() int

	mu     sync.Mutex
	shown  bool // the line of status stands there
	within bool // the last text did not end its line: no status may follow
}

// NewScreen shows its line on a terminal of as many columns as a function returns;
// 0: unknown.
func NewScreen(out io.Writer, columns func() int) *Screen {
	return &Screen{out: out, columns: columns}
}

// Widths of a terminal, in columns: the least for a line of status, and the one for
// terminals of unknown width.
const (
	narrowest   = 20
	commonWidth = 80
)

// Over returns a writer to the same terminal that erases the line of status
// first.
func (s *Screen) Over(out io.Writer) io.Writer {
	if s == nil {
		return out
	}
	return &overwriter{s, out}
}

type overwriter struct {
	screen *Screen
	out    io.Writer
}

func (w *overwriter) Write(text []byte) (int, error) {
	w.screen.mu.Lock()
	defer w.screen.mu.Unlock()
	if len(text) > 0 {
		w.screen.erase()
		w.screen.within = text[len(text)-1] != '\n'
	}
	return w.out.Write(text)
}

// show replaces the line of status. A text that does not fit is cut.
func (s *Screen) show(text string) {
	columns := s.columns()
	if columns <= 0 {
		columns = commonWidth
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.within {
		return
	}
	s.erase()
	if columns < narrowest {
		return
	}
	// The last columns stay free for text of the terminal itself, such as ^C: else it
	// would begin another line.
	_, err := io.WriteString(s.out, fit(text, columns-3))
	s.shown = err == nil
}

// clear takes the line of status away.
func (s *Screen) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
}

// erase does so with the lock held.
func (s *Screen) erase() {
	if s.shown {
		// Go to the first column and erase the rest of the line (ECMA-48: CR, EL).
		_, _ = io.WriteString(s.out, "\r\x1b[K") // the next write reports the error
		s.shown = false
	}
}

// fit makes a text one line of at most so many columns. Characters beyond ASCII may
// be wider than a column: each becomes a question mark.
func fit(text string, columns int) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text)
	if len(text) <= columns {
		return text
	}
	return text[:columns-3] + "..."
}
