package record

import (
	"fmt"
	"reflect"
	"strconv"
	"time"
	"unicode/utf8"
)

// AppendJSON appends the row as one JSON object, its members in column order
// and nulls written out. The result is one line that is safe inside a line
// protocol: control characters, U+0085, U+2028 and U+2029 in strings are
// escaped and invalid UTF-8 is replaced by U+FFFD. Object, array and number
// cells are copied as they are: whoever fills them has to make them so.
func (r Row) AppendJSON(dst []byte) ([]byte, error) {
	if r.table == nil {
		return dst, ErrNoRow
	}
	dst = append(dst, '{')
	for i, column := range r.table.Columns {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendString(dst, column.Name)
		dst = append(dst, ':')
		var err error
		if dst, err = r.appendCell(dst, i); err != nil {
			return dst, fmt.Errorf("encoding column %s: %w", column.Name, err)
		}
	}
	return append(dst, '}'), nil
}

func (r Row) appendCell(dst []byte, i int) ([]byte, error) {
	field := r.value.Field(r.table.fields[i])
	if r.table.Columns[i].Nullable && field.IsNil() {
		return append(dst, "null"...), nil
	}
	if r.table.Columns[i].Nullable && field.Kind() != reflect.Slice {
		field = field.Elem()
	}
	switch r.table.Columns[i].Kind {
	case String:
		if text, ok := text(field); ok {
			return AppendString(dst, text), nil
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

// AppendTime appends an instant as every stream writes it: RFC 3339 in UTC
// with Z; without a fraction when there is none, with milliseconds when they
// are exact, else with nanoseconds.
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

const hexDigits = "0123456789abcdef"

// AppendString appends text as a JSON string that holds no control character,
// no line separator in the sense of any reader (U+0085, U+2028, U+2029 are
// escaped) and only valid UTF-8 (the rest becomes U+FFFD).
func AppendString(dst []byte, text string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			if c >= ' ' && c != '"' && c != '\\' && c != 0x7f {
				i++
				continue
			}
			dst = append(dst, text[start:i]...)
			switch c {
			case '"', '\\':
				dst = append(dst, '\\', c)
			case '\n':
				dst = append(dst, '\\', 'n')
			case '\r':
				dst = append(dst, '\\', 'r')
			case '\t':
				dst = append(dst, '\\', 't')
			default:
				dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
			}
			i++
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			dst = append(dst, text[start:i]...)
			dst = append(dst, "\ufffd"...)
		case r == '\u0085' || r == '\u2028' || r == '\u2029':
			dst = append(dst, text[start:i]...)
			dst = append(dst, '\\', 'u', hexDigits[r>>12&0xf], hexDigits[r>>8&0xf], hexDigits[r>>4&0xf], hexDigits[r&0xf])
		default:
			i += size
			continue
		}
		i += size
		start = i
	}
	dst = append(dst, text[start:]...)
	return append(dst, '"')
}
