package source

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/redact"
	"github.com/birdie-ai/source-qualtrics/source/wire"
)

// redacted passes log records on with every secret replaced.
type redacted struct {
	next     slog.Handler
	redactor *redact.Redactor
	detailed bool // errors are followed by the HTTP side of their calls
}

func (h *redacted) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

func (h *redacted) Handle(ctx context.Context, rec slog.Record) error {
	clean := slog.NewRecord(rec.Time, rec.Level, h.redactor.String(rec.Message), rec.PC)
	rec.Attrs(func(attr slog.Attr) bool {
		clean.AddAttrs(h.clean(attr))
		if err, ok := attr.Value.Any().(error); ok && h.detailed {
			if detail := qualtrics.Detail(err); detail != "" {
				clean.AddAttrs(slog.String("detail", h.redactor.String(detail)))
			}
		}
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
	return &redacted{h.next.WithAttrs(clean), h.redactor, h.detailed}
}

func (h *redacted) WithGroup(name string) slog.Handler {
	return &redacted{h.next.WithGroup(name), h.redactor, h.detailed}
}

// shortestID is less than any id of Qualtrics has, in bytes.
const shortestID = 8

// maxLine is the largest length of a line for people, in bytes.
const maxLine = 50_000

// lines writes log records for people: one line each.
type lines struct {
	out  io.Writer
	lock sync.Mutex
}

// newLines returns a log handler that writes records for people from a level on.
func newLines(out io.Writer, level slog.Level) slog.Handler {
	return wire.NewLogHandler(level, (&lines{out: out}).record)
}

// record writes a record as a line. The cause of an error comes first, because people
// look for it. In other lines it comes last, because it may be long.
func (l *lines) record(rec slog.Record, attributes []wire.Attribute) error {
	for i, attr := range attributes {
		attributes[i].Text = record.OneLine(attr.Text)
	}
	cause := ""
	if at := slices.IndexFunc(attributes, isCause); at >= 0 {
		cause = attributes[at].Text
		attributes = slices.Delete(attributes, at, at+1)
	}
	told := record.OneLine(rec.Message)
	for _, attr := range attributes {
		value := attr.Text
		if named := attr.Key == "survey" || attr.Key == "partition"; named && len(value) >= shortestID && strings.Contains(cause, value) {
			continue // the cause names it
		}
		if strings.ContainsAny(value, " ") {
			value = fmt.Sprintf("%q", value)
		}
		told += " " + attr.Key + "=" + value
	}
	var line strings.Builder
	if rec.Level != slog.LevelInfo {
		line.WriteString(strings.ToLower(rec.Level.String()) + ": ")
	}
	switch {
	case cause == "":
		line.WriteString(told)
	case rec.Level >= slog.LevelError:
		line.WriteString(cause + " (" + told + ")")
	default:
		line.WriteString(told + ": " + cause)
	}
	text := line.String()
	if len(text) > maxLine {
		text = strings.ToValidUTF8(text[:maxLine], "")
	}
	l.lock.Lock()
	defer l.lock.Unlock()
	_, err := io.WriteString(l.out, text+"\n")
	return err
}

// isCause reports whether an attribute says why something failed. Reasons of one word
// are names.
func isCause(attr wire.Attribute) bool {
	return attr.Text != "" && (attr.Key == "error" || attr.Key == "reason" && strings.Contains(attr.Text, " "))
}
