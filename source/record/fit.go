package record

import (
	"bytes"
	"encoding/json"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/jsonsafe"
)

// Format lists the limits of an output format. The zero value holds everything
// except NUL and invalid Unicode.
type Format struct {
	NUL    bool   // it also holds NUL
	Double bool   // its numbers are 64-bit floating-point numbers
	Micros bool   // its times are whole microseconds
	Mask   Masker // removes secrets from text; nil: no secrets
}

// Masker removes secrets from text. Bytes does not change its argument, but may
// return it.
type Masker interface {
	String(text string) string
	Bytes(text []byte) []byte
}

// Fit returns the row with cells that a format can hold. It lists each replaced
// cell in the changes of the row. No other code may change a value on its way to
// an output.
func (r Row) Fit(format Format) Row {
	for i := range r.table.Columns {
		kind := r.table.Columns[i].Kind
		if kind == Integer || kind == Boolean {
			continue
		}
		field, ok := r.field(i)
		if !ok {
			continue
		}
		switch kind {
		case String:
			r.fitText(i, field.String(), format)
		case Object, Array:
			if field.Len() > 0 {
				r.fitJSON(i, field.Bytes(), format)
			}
		case Number:
			if format.Double && field.Len() > 0 {
				r.fitNumber(i, field.String())
			}
		case Timestamp:
			r.fitTime(i, timeOf(field), format)
		}
	}
	return r
}

func (r *Row) fitText(i int, text string, format Format) {
	fit := text
	if format.Mask != nil {
		if fit = format.Mask.String(text); fit != text {
			r.changed(Mask(r.table.Columns[i].Name))
		}
	}
	if clean := jsonsafe.CleanText(fit, format.NUL); clean != fit {
		fit = clean
		r.changed(Repair(r.table.Columns[i].Name))
	}
	if fit != text {
		typ := r.value.Field(r.table.fields[i]).Type()
		if typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		cell := reflect.New(typ)
		cell.Elem().SetString(fit)
		if !r.table.Columns[i].Nullable {
			cell = cell.Elem()
		}
		r.put(i, cell)
	}
}

func (r *Row) fitJSON(i int, raw []byte, format Format) {
	fit, changed := raw, false
	if format.Mask != nil {
		if masked := format.Mask.Bytes(raw); !same(masked, raw) {
			fit, changed = masked, true
			r.changed(Mask(r.table.Columns[i].Name))
		}
	}
	if r.Safe && (format.NUL || !bytes.Contains(fit, []byte(`\u0000`))) {
		// There is nothing to replace.
	} else if clean := jsonsafe.Clean(fit, format.NUL); !same(clean, fit) {
		fit, changed = clean, true
		r.changed(Repair(r.table.Columns[i].Name))
	}
	if changed {
		r.put(i, reflect.ValueOf(json.RawMessage(fit)))
	}
}

// same reports whether a function returned its argument, not a copy.
func same(got, given []byte) bool {
	return len(got) == len(given) && (len(got) == 0 || &got[0] == &given[0])
}

func (r *Row) fitNumber(i int, digits string) {
	number, err := strconv.ParseFloat(digits, 64)
	switch {
	case err != nil:
		r.null(i)
	case !exactly(digits, number):
		r.changed(Round(r.table.Columns[i].Name, "the nearest 64-bit number"))
	}
}

// exactly reports whether digits equal the shortest form of a number, which its
// readers show. For example 0.1 does; 0.10000000000000001 does not.
func exactly(digits string, number float64) bool {
	const always, most = 15, 800 // digits that every number holds; digits to compare at most
	mantissa, _, exponent := strings.Cut(strings.ToLower(digits), "e")
	switch {
	case len(digits) <= always && !exponent:
		return true
	case number == 0:
		return strings.Trim(mantissa, "-0.") == ""
	case len(digits) > most:
		return false
	}
	want, ok := new(big.Rat).SetString(digits)
	got, ok2 := new(big.Rat).SetString(strconv.FormatFloat(number, 'e', -1, 64))
	return ok && ok2 && want.Cmp(got) == 0
}

func (r *Row) fitTime(i int, at time.Time, format Format) {
	switch year := at.UTC().Year(); {
	case year < 0 || year > 9999:
		r.null(i)
	case format.Micros && at.Nanosecond()%int(time.Microsecond) != 0:
		r.changed(Round(r.table.Columns[i].Name, "whole microseconds"))
	}
}

// null replaces a cell that the format cannot hold by null. A column that is never
// null keeps its cell, so the output refuses the row.
func (r *Row) null(i int) {
	if !r.table.Columns[i].Nullable {
		return
	}
	r.changed(Null(r.table.Columns[i].Name))
	r.put(i, reflect.Zero(r.value.Field(r.table.fields[i]).Type()))
}

// put replaces a cell, but not in the record, which other outputs also use.
func (r *Row) put(i int, value reflect.Value) {
	at := r.table.fields[i]
	cells := make(map[int]reflect.Value, len(r.cells)+1)
	for each, cell := range r.cells {
		cells[each] = cell
	}
	cells[at] = value
	r.cells = cells
}

func (r *Row) changed(change Change) { r.Changes = append(slices.Clip(r.Changes), change) }

// at returns the field of the i-th column.
func (r *Row) at(i int) reflect.Value {
	at := r.table.fields[i]
	if r.cells != nil {
		if cell, ok := r.cells[at]; ok {
			return cell
		}
	}
	return r.value.Field(at)
}

// field returns the value of the i-th column without the pointer of a nullable one. ok
// is false for a nil pointer.
func (r *Row) field(i int) (value reflect.Value, ok bool) {
	value = r.at(i)
	if value.Kind() != reflect.Pointer {
		return value, true
	}
	return value.Elem(), !value.IsNil()
}
