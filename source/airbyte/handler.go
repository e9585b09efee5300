package airbyte

import (
	"context"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/birdie-ai/source-qualtrics/source/record"
)

// Handler returns a log handler that writes LOG messages of a level and above.
func (w *Writer) Handler(level slog.Level) slog.Handler { return &handler{writer: w, level: level} }

type handler struct {
	writer *Writer
	level  slog.Level
	attrs  []slog.Attr
}

func (h *handler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level }

// Handle writes the message with its attributes as key=value.
func (h *handler) Handle(_ context.Context, rec slog.Record) error {
	var text strings.Builder
	text.WriteString(record.OneLine(rec.Message))
	add := func(attr slog.Attr) bool {
		value := attr.Value.Resolve().String()
		if value == "" || strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r == '"' || !unicode.IsPrint(r) }) {
			value = strconv.Quote(value)
		}
		text.WriteString(" " + attr.Key + "=" + value)
		return true
	}
	for _, attr := range h.attrs {
		add(attr)
	}
	rec.Attrs(add)
	return h.writer.log(rec.Level, text.String())
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := *h
	with.attrs = append(slices.Clone(h.attrs), attrs...)
	return &with
}

// WithGroup returns the same handler: log lines are flat.
func (h *handler) WithGroup(string) slog.Handler { return h }
