package airbyte

import (
	"log/slog"
	"strconv"
	"strings"
	"unicode"

	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/wire"
)

// Handler returns a log handler that writes LOG messages from a level on, with the
// attributes of a record in the form key=value.
func (w *Writer) Handler(level slog.Level) slog.Handler {
	return wire.NewLogHandler(level, func(rec slog.Record, attributes []wire.Attribute) error {
		var text strings.Builder
		text.WriteString(record.OneLine(rec.Message))
		for _, attr := range attributes {
			value := attr.Text
			if value == "" || strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r == '"' || !unicode.IsPrint(r) }) {
				value = strconv.Quote(value)
			}
			text.WriteString(" " + attr.Key + "=" + value)
		}
		return w.log(rec.Level, text.String())
	})
}
