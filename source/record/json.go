package record

import (
	"fmt"
	"strconv"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/jsonsafe"
)

// AppendJSON appends the row as one JSON object, with its members in column order
// and with nulls. Strings are safe on one line, see [jsonsafe.AppendString].
// Object, array and number cells are copied: the stream has to make them safe.
func (r Row) AppendJSON(dst []byte) ([]byte, error) {
	if r.table == nil {
		return dst, ErrNoRow
	}
	dst = append(dst, '{')
	for i, column := range r.table.Columns {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = jsonsafe.AppendString(dst, column.Name)
		dst = append(dst, ':')
		var err error
		if dst, err = r.appendCell(dst, i); err != nil {
			return dst, fmt.Errorf("encoding column %s: %w", column.Name, err)
		}
	}
	return append(dst, '}'), nil
}

func (r Row) appendCell(dst []byte, i int) ([]byte, error) {
	field, ok := r.field(i)
	if !ok {
		return append(dst, "null"...), nil
	}
	switch r.table.Columns[i].Kind {
	case String:
		if text, ok := text(field); ok {
			return jsonsafe.AppendString(dst, text), nil
		}
		return append(dst, "null"...), nil
	case Integer:
		return strconv.AppendInt(dst, field.Int(), 10), nil
	case Boolean:
		return strconv.AppendBool(dst, field.Bool()), nil
	case Timestamp:
		at := field.Interface().(time.Time)
		if year := at.UTC().Year(); year < 0 || year > 9999 {
			return dst, fmt.Errorf("the year %d does not fit RFC 3339", year)
		}
		dst = append(dst, '"')
		dst = AppendTime(dst, at)
		return append(dst, '"'), nil
	case Number:
		if field.Len() == 0 {
			return append(dst, "null"...), nil
		}
		return append(dst, field.String()...), nil
	default:
		if field.Len() == 0 {
			return append(dst, "null"...), nil
		}
		return append(dst, field.Bytes()...), nil
	}
}

// AppendTime appends a time in the form of all streams: RFC 3339 in UTC with Z.
// The fraction is absent, milliseconds if they are exact, or nanoseconds.
func AppendTime(dst []byte, at time.Time) []byte {
	at = at.UTC()
	switch nanos := at.Nanosecond(); {
	case nanos == 0:
		return at.AppendFormat(dst, "2006-01-02T15:04:05Z")
	case nanos%int(time.Millisecond) == 0:
		return at.AppendFormat(dst, "2006-01-02T15:04:05.000Z")
	default:
		return at.AppendFormat(dst, "2006-01-02T15:04:05.000000000Z")
	}
}
