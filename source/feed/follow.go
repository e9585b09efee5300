package feed

import "encoding/json"

var _ Following = responses{}

// Follows holds where nothing is pending that only the own position knows, and
// what was found gone since was found by it as well: by an audit that is not
// older.
func (responses) Follows(own, rows Position) bool {
	if len(own) == 0 {
		return true
	}
	var a, b responsePosition
	if json.Unmarshal(own, &a) != nil || json.Unmarshal(rows, &b) != nil {
		return false // who reads them says what is wrong
	}
	if a.Ledger == nil {
		return a.Watermark <= b.Watermark
	}
	l := a.Ledger
	pending := a.Loading || l.Lacking != nil || l.Doubted != 0 || len(l.Absent)+len(l.Intended) > 0
	return !pending && b.Ledger != nil && a.Watermark <= b.Watermark && l.SealedAt >= b.Ledger.SealedAt
}
