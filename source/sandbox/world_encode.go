package sandbox

import (
	"strconv"
	"time"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// appendQuoted appends s as a JSON string. It escapes only the characters that
// JSON requires. U+0085, U+2028, "<" and ">" stay unescaped, as in answers of
// most servers.
func appendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		start = i + 1
	}
	return append(append(b, s[start:]...), '"')
}

func quoted(s string) string { return string(appendQuoted(nil, s)) }

// appendQuotedOrNull writes null for the empty string.
func appendQuotedOrNull(b []byte, s string) []byte {
	if s == "" {
		return append(b, "null"...)
	}
	return appendQuoted(b, s)
}

// appendSeconds appends a quoted RFC 3339 date in UTC, seconds.
func appendSeconds(b []byte, unix int64) []byte {
	b = append(b, '"')
	b = time.Unix(unix, 0).UTC().AppendFormat(b, time.RFC3339)
	return append(b, '"')
}

// appendMillis appends a quoted RFC 3339 date in UTC with three digits of
// milliseconds.
func appendMillis(b []byte, unixMilli int64) []byte {
	b = append(b, '"')
	b = time.UnixMilli(unixMilli).UTC().AppendFormat(b, time.RFC3339)
	ms := time.UnixMilli(unixMilli).Nanosecond() / 1e6
	b[len(b)-1] = '.'
	return append(b, byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10), 'Z', '"')
}

// appendExact appends a quoted date for rows of truth. It has milliseconds only
// if they are not zero.
func appendExact(b []byte, unixMilli int64) []byte {
	if unixMilli%1000 == 0 {
		return appendSeconds(b, unixMilli/1000)
	}
	return appendMillis(b, unixMilli)
}

func appendInt[T ~int | ~int64 | ~int32](b []byte, n T) []byte {
	return strconv.AppendInt(b, int64(n), 10)
}

// isoSeconds is the date format of the survey endpoints (API §2.1).
func isoSeconds(unix int64) string { return time.Unix(unix, 0).UTC().Format(time.RFC3339) }

// shorten cuts s to at most n characters.
func shorten(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n])
}
