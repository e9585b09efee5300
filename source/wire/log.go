package wire

import (
	"context"
	"log/slog"
	"slices"
)

// LogHandler is a log handler for formats without nesting. It gives a function each
// record with its attributes as texts, those of the logger first. Groups are ignored.
type LogHandler struct {
	level  slog.Level
	write  func(record slog.Record, attributes []Attribute) error
	logger []Attribute
}

// Attribute is an attribute of a log record as text.
type Attribute struct{ Key, Text string }

// NewLogHandler returns a handler that calls write for records from a level on. Calls
// may be concurrent. The attributes belong to write.
func NewLogHandler(level slog.Level, write func(record slog.Record, attributes []Attribute) error) *LogHandler {
	return &LogHandler{level: level, write: write}
}

// Enabled reports whether a level is written.
func (h *LogHandler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level }

// Handle writes a record.
func (h *LogHandler) Handle(_ context.Context, record slog.Record) error {
	attributes := slices.Clone(h.logger)
	record.Attrs(func(attr slog.Attr) bool {
		attributes = append(attributes, textOf(attr))
		return true
	})
	return h.write(record, attributes)
}

// WithAttrs returns a handler that adds attributes.
func (h *LogHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := *h
	with.logger = slices.Clone(h.logger)
	for _, attr := range attrs {
		with.logger = append(with.logger, textOf(attr))
	}
	return &with
}

// WithGroup returns the same handler.
func (h *LogHandler) WithGroup(string) slog.Handler { return h }

func textOf(attr slog.Attr) Attribute { return Attribute{attr.Key, attr.Value.Resolve().String()} }
