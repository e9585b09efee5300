package stream

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/dates"
	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/response"
)

// cells types raw JSON values. A value that does not fit its column becomes
// null and is recorded as a change: neither a crash nor silence.
//
// Columns point to values that cells keeps together, so that a row takes few allocations.
type cells struct {
	changes []record.Change

	words    strings.Builder // all texts
	texts    [12]string
	integers [4]int64
	numbers  [2]json.Number
	booleans [1]bool
	times    [4]time.Time
	taken    struct{ texts, integers, numbers, booleans, times int }
}

// keep puts a value into the next free place, or else into one of its own.
func keep[T any](places []T, taken *int, value T) *T {
	if *taken == len(places) {
		further := value
		return &further
	}
	place := &places[*taken]
	*place = value
	*taken++
	return place
}

// decoded decodes a raw string.
func (c *cells) decoded(value []byte) (text string, ok bool) {
	inner, verbatim := frame.Verbatim(value)
	if !verbatim {
		return frame.String(value)
	}
	return c.word(inner), true
}

// word returns a text that is kept with the others.
func (c *cells) word(text []byte) string {
	if c.words.Cap() == 0 {
		c.words.Grow(len(text) + 240) // about the texts of a response
	}
	begin := c.words.Len()
	c.words.Write(text)
	return c.words.String()[begin:]
}

// absent reports whether there is nothing to type: no value, null, or the
// empty text that PHP writes for nothing.
func absent(value []byte) bool {
	kind := frame.Kind(value)
	return kind == 0 || kind == 'n' || string(value) == `""`
}

func (c *cells) tell(change record.Change) { c.changes = append(c.changes, change) }

func (c *cells) unfit(column string) { c.tell(record.Null(column)) }

// came reports the altered fields of a survey or a contact, by the column of each
// field. The cursor has a function of its own.
func (c *cells) came(altered []feed.Altered, columns map[string]string) error {
	for _, each := range altered {
		column, ok := columns[each.Field]
		switch {
		case !ok:
			return fmt.Errorf("the field %s has no column", each.Field)
		case column == "": // the cursor
		case each.How == feed.Unreadable:
			c.tell(record.Null(column))
		case each.How == feed.Repaired:
			c.tell(record.Repair(column))
		case each.How == feed.Renamed:
			c.tell(record.Rename(column))
		}
	}
	return nil
}

// cursor reports a date of ours in a cursor, which is never null. It replaces a date
// that is missing or cannot be read.
func (c *cells) cursor(column string, sent bool, instead string) {
	if sent {
		c.tell(record.Replace(column, instead))
	} else {
		c.tell(record.Invent(column, instead))
	}
}

// The dates that stand in a cursor in place of Qualtrics' own.
const (
	foundDeleted  = record.FoundDeleted
	timeOfRead    = "the time of the read"
	beforeTheRead = "shortly before the read"
	recordedDate  = "the recorded date"
)

// sentButUnreadable reports whether a field came in a form that cannot be read.
func sentButUnreadable(altered []feed.Altered, field string) bool {
	return slices.Contains(altered, feed.Altered{Field: field, How: feed.Unreadable})
}

// text takes a string, or a number as it is written.
func (c *cells) text(column string, value []byte) *string {
	if kind := frame.Kind(value); kind == 0 || kind == 'n' {
		return nil
	}
	if text, ok := c.scalar(value); ok {
		return keep(c.texts[:], &c.taken.texts, text)
	}
	c.unfit(column)
	return nil
}

// integer takes an integer, also one written as a string or with a fraction
// of zero.
func (c *cells) integer(column string, value []byte) *int64 {
	if absent(value) {
		return nil
	}
	if text, ok := c.scalar(value); ok {
		whole, fraction, _ := strings.Cut(strings.TrimSpace(text), ".")
		if n, err := strconv.ParseInt(whole, 10, 64); err == nil && strings.Trim(fraction, "0") == "" {
			return keep(c.integers[:], &c.taken.integers, n)
		}
	}
	c.unfit(column)
	return nil
}

// number takes a number with its digits as they are, also one written as a
// string (API §0.7: coordinates are strings). White space around it goes: a
// line feed in it would break the line of the record.
func (c *cells) number(column string, value []byte) *json.Number {
	if absent(value) {
		return nil
	}
	text, _ := c.scalar(value)
	text = strings.TrimSpace(text)
	if isNumber(text) {
		return keep(c.numbers[:], &c.taken.numbers, json.Number(text))
	}
	c.unfit(column)
	return nil
}

// boolean takes true and false, 1 and 0, also as strings.
func (c *cells) boolean(column string, value []byte) *bool {
	if absent(value) {
		return nil
	}
	var is bool
	switch text, _ := c.scalar(value); strings.ToLower(text) {
	case "true", "1":
		is = true
	case "false", "0":
	default:
		c.unfit(column)
		return nil
	}
	return keep(c.booleans[:], &c.taken.booleans, is)
}

// time takes a date in any form that Qualtrics writes.
func (c *cells) time(column string, value []byte) *time.Time {
	if absent(value) {
		return nil
	}
	if text, ok := c.decoded(value); ok {
		if at, ok := response.ParseTime(text); ok {
			c.exact(column, text)
			return keep(c.times[:], &c.taken.times, at)
		}
	}
	c.unfit(column)
	return nil
}

// exact reports a date that is read as another one. A leap second becomes the next
// second, and digits beyond nanoseconds are left out.
func (c *cells) exact(column, text string) {
	if _, leap := dates.LeapSecond(text); leap {
		c.tell(record.Round(column, "the second after the leap second"))
	}
	if _, fraction, ok := strings.Cut(text, "."); ok {
		digits := strings.TrimRight(fraction[:len(fraction)-len(strings.TrimLeft(fraction, "0123456789"))], "0")
		if len(digits) > len("123456789") {
			c.tell(record.Round(column, "whole nanoseconds"))
		}
	}
}

// scalar returns a string's text, or a number's or a boolean's digits.
func (c *cells) scalar(value []byte) (string, bool) {
	switch frame.Kind(value) {
	case '"':
		return c.decoded(value)
	case '0', 't', 'f':
		return c.word(value), true
	}
	return "", false
}

// isNumber reports whether a text is a number of JSON.
func isNumber(text string) bool {
	return text != "" && (text[0] == '-' || text[0] >= '0' && text[0] <= '9') && json.Valid([]byte(text))
}

// known is a text, null where there is none.
func known(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// date is a time, null where there is none.
func date(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}
