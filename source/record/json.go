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
	if len(r.table.prefixes) == 0 {
		dst = append(dst, '{')
	}
	for i, prefix := range r.table.prefixes {
		dst = append(dst, prefix...)
		var err error
		if dst, err = r.appendCell(dst, i); err != nil {
			return dst, fmt.Errorf("encoding column %s: %w", r.table.Columns[i].Name, err)
		}
	}
	return append(dst, '}'), nil
}

func (r *Row) appendCell(dst []byte, i int) ([]byte, error) {
	switch r.table.Columns[i].Kind {
	case String:
		if text, ok := r.text(i); ok {
			return jsonsafe.AppendString(dst, text), nil
		}
	case Integer:
		if cell, ok := value[int64](r.cell(i)); ok {
			return strconv.AppendInt(dst, *cell, 10), nil
		}
	case Boolean:
		if cell, ok := value[bool](r.cell(i)); ok {
			return strconv.AppendBool(dst, *cell), nil
		}
	case Timestamp:
		if cell, ok := value[time.Time](r.cell(i)); ok {
			if year := cell.UTC().Year(); year < 0 || year > 9999 {
				return dst, fmt.Errorf("the year %d does not fit RFC 3339", year)
			}
			dst = append(dst, '"')
			dst = AppendTime(dst, *cell)
			return append(dst, '"'), nil
		}
	case Number:
		if digits := r.number(i); digits != "" {
			return append(dst, digits...), nil
		}
	default:
		if raw := r.raw(i); raw != nil {
			return append(dst, raw...), nil
		}
	}
	return append(dst, "null"...), nil
}

// AppendTime appends a time in the form of all streams: RFC 3339 in UTC with Z.
// The fraction is absent, milliseconds if they are exact, or nanoseconds.
func AppendTime(dst []byte, at time.Time) []byte {
	// The library is faster in this layout than in others.
	dst = at.UTC().AppendFormat(dst, time.RFC3339)
	nanos, digits := at.Nanosecond(), 9
	if nanos == 0 {
		return dst
	}
	if nanos%int(time.Millisecond) == 0 {
		nanos, digits = nanos/int(time.Millisecond), 3
	}
	dst = append(dst[:len(dst)-1], '.')
	begin := len(dst)
	for range digits {
		dst = append(dst, '0')
	}
	for i := len(dst) - 1; i >= begin; i-- {
		dst[i] += byte(nanos % 10) //nolint:gosec // a digit
		nanos /= 10
	}
	return append(dst, 'Z')
}
