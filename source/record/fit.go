package record

import (
	"bytes"
	"encoding/json"
	"math/big"
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
		switch r.table.Columns[i].Kind {
		case String:
			if text, ok := r.text(i); ok {
				r.fitText(i, text, format)
			}
		case Object, Array:
			if raw := r.raw(i); raw != nil {
				r.fitJSON(i, raw, format)
			}
		case Number:
			if digits := r.number(i); format.Double && digits != "" {
				r.fitNumber(i, string(digits))
			}
		case Timestamp:
			if cell, ok := value[time.Time](r.cell(i)); ok {
				r.fitTime(i, *cell, format)
			}
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
		cell := fit // which alone needs memory
		r.put(i, &cell)
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
		cell := json.RawMessage(fit)
		r.put(i, &cell)
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

// The years of a date that can be written are 0 to 9999.
var (
	yearZero        = time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	yearTenThousand = time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
)

func (r *Row) fitTime(i int, at time.Time, format Format) {
	switch second := at.Unix(); {
	case second < yearZero || second >= yearTenThousand:
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
	r.put(i, nil)
}

// put replaces a cell, but not in the record, which other outputs also use.
func (r *Row) put(i int, cell any) {
	r.cells = slices.Clone(r.cells)
	r.cells[r.table.cells[i]] = cell
}

func (r *Row) changed(change Change) { r.Changes = append(slices.Clip(r.Changes), change) }
