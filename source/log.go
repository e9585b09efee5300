package source

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/redact"
)

// redacted passes log records on with every secret replaced.
type redacted struct {
	next     slog.Handler
	redactor *redact.Redactor
}

func (h *redacted) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

func (h *redacted) Handle(ctx context.Context, rec slog.Record) error {
	clean := slog.NewRecord(rec.Time, rec.Level, h.redactor.String(rec.Message), rec.PC)
	rec.Attrs(func(attr slog.Attr) bool {
		clean.AddAttrs(h.clean(attr))
		return true
	})
	return h.next.Handle(ctx, clean)
}

func (h *redacted) clean(attr slog.Attr) slog.Attr {
	return slog.String(attr.Key, h.redactor.String(attr.Value.Resolve().String()))
}

func (h *redacted) WithAttrs(attrs []slog.Attr) slog.Handler {
	clean := make([]slog.Attr, 0, len(attrs))
	for _, attr := range attrs {
		clean = append(clean, h.clean(attr))
	}
	return &redacted{h.next.WithAttrs(clean), h.redactor}
}

func (h *redacted) WithGroup(name string) slog.Handler {
	return &redacted{h.next.WithGroup(name), h.redactor}
}

// maxLine is how long a line for people may be, in bytes.
const maxLine = 50_000

// lines writes log records for people: one line each.
type lines struct {
	out   io.Writer
	level slog.Level
	lock  *sync.Mutex
	attrs []slog.Attr
}

func newLines(out io.Writer, level slog.Level) *lines {
	return &lines{out: out, level: level, lock: &sync.Mutex{}}
}

func (h *lines) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level }

func (h *lines) Handle(_ context.Context, rec slog.Record) error {
	var line strings.Builder
	if rec.Level != slog.LevelInfo {
		line.WriteString(strings.ToLower(rec.Level.String()) + ": ")
	}
	line.WriteString(record.OneLine(rec.Message))
	add := func(attr slog.Attr) bool {
		value := record.OneLine(attr.Value.String())
		if strings.ContainsAny(value, " ") {
			value = fmt.Sprintf("%q", value)
		}
		line.WriteString(" " + attr.Key + "=" + value)
		return true
	}
	for _, attr := range h.attrs {
		add(attr)
	}
	rec.Attrs(add)
	text := line.String()
	if len(text) > maxLine {
		text = strings.ToValidUTF8(text[:maxLine], "")
	}
	h.lock.Lock()
	defer h.lock.Unlock()
	_, err := io.WriteString(h.out, text+"\n")
	return err
}

func (h *lines) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := *h
	with.attrs = append(slices.Clone(h.attrs), attrs...)
	return &with
}

func (h *lines) WithGroup(string) slog.Handler { return h }
