package source

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"
)

// A million bad rows shall not make a million lines: of each message so many
// are logged a minute, the rest is counted. Errors are logged all, for there
// is one for each part that is not complete, and so are details that were asked
// for.
const (
	alikePerMinute = 10
	alikeWindow    = time.Minute
)

// limited is a log handler that limits the number of similar lines.
type limited struct {
	next  slog.Handler
	alike *alike
}

// alike counts the messages of each kind.
type alike struct {
	mu    sync.Mutex
	kinds map[message]*heard
}

type message struct {
	level slog.Level
	text  string
}

type heard struct {
	begun          time.Time
	passed, missed int
}

func newLimited(next slog.Handler) *limited {
	return &limited{next, &alike{kinds: make(map[message]*heard)}}
}

// Enabled reports whether the next handler writes records of a level.
func (h *limited) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

// Handle passes a record on or counts it.
func (h *limited) Handle(ctx context.Context, rec slog.Record) error {
	if rec.Level < slog.LevelError && rec.Level > slog.LevelDebug {
		missed, pass := h.alike.take(message{rec.Level, rec.Message}, rec.Time)
		if missed > 0 {
			if err := h.next.Handle(ctx, more(rec.Level, rec.Message, missed)); err != nil {
				return err
			}
		}
		if !pass {
			return nil
		}
	}
	return h.next.Handle(ctx, rec)
}

// take counts a message. It returns how many of the window before were left
// out, and whether this one is logged.
func (a *alike) take(k message, at time.Time) (missed int, pass bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	t := a.kinds[k]
	if t == nil {
		t = &heard{begun: at}
		a.kinds[k] = t
	}
	if at.Sub(t.begun) >= alikeWindow {
		missed = t.missed
		*t = heard{begun: at}
	}
	if t.passed == alikePerMinute {
		t.missed++
		return missed, false
	}
	t.passed++
	return missed, true
}

// rest logs the number of lines that were left out since the last such line.
func (h *limited) rest(ctx context.Context) {
	h.alike.mu.Lock()
	defer h.alike.mu.Unlock()
	kinds := slices.SortedFunc(maps.Keys(h.alike.kinds), func(a, b message) int { return h.alike.kinds[a].begun.Compare(h.alike.kinds[b].begun) })
	for _, k := range kinds {
		if t := h.alike.kinds[k]; t.missed > 0 {
			_ = h.next.Handle(ctx, more(k.level, k.text, t.missed)) // nobody is left to be told
			t.missed = 0
		}
	}
}

func more(level slog.Level, message string, missed int) slog.Record {
	rec := slog.NewRecord(time.Now(), level, "left out: more of these messages", 0)
	rec.AddAttrs(slog.Int("messages", missed), slog.String("like", message))
	return rec
}

// WithAttrs returns a handler that counts with this one.
func (h *limited) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &limited{h.next.WithAttrs(attrs), h.alike}
}

// WithGroup returns a handler that counts with this one.
func (h *limited) WithGroup(name string) slog.Handler {
	return &limited{h.next.WithGroup(name), h.alike}
}
