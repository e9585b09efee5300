package responses

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/response"
)

// A record that is no JSON, is too long, or has no id cannot be a row. It is
// left out, and the other records of its file are delivered. The position of the
// survey stays, so that the next run reads the same window again, and keeps the
// hashes of the delivered rows.

const (
	mostLeftOut = 10_000 // different records of one run
	mostKept    = 64     // records that a position keeps
	mostNamed   = 5      // records that a message names
)

// leftRecord is a record that was left out.
type leftRecord struct {
	number int64 // in its file, from 1
	reason string
}

func (r leftRecord) String() string { return fmt.Sprintf("record %d: %s", r.number, r.reason) }

// leftOut holds the records that one run leaves out of a survey, by a hash of
// their bytes. A window and a list of ids show the same record with other bytes.
type leftOut struct {
	before map[reconcile.RowHash]bool // of the previous run, and those that were in every export of this run
	rows   map[reconcile.RowHash]leftRecord
	listed map[reconcile.RowHash]leftRecord
	more   int64 // rows beyond mostLeftOut
}

// newLeftOut decodes the records of the previous run from a position.
func newLeftOut(encoded string) (leftOut, error) {
	l := leftOut{before: make(map[reconcile.RowHash]bool)}
	raw, err := base64.RawStdEncoding.DecodeString(encoded)
	if err != nil || len(raw)%reconcile.HashBytes != 0 {
		return l, errors.New("its records that were left out are not base64 of 8-byte hashes")
	}
	for ; len(raw) > 0; raw = raw[reconcile.HashBytes:] {
		l.before[reconcile.RowHash(binary.BigEndian.Uint64(raw))] = true
	}
	return l, nil
}

// encode writes the records for a position.
func (l *leftOut) encode() string {
	var raw []byte
	hashes := append(slices.Sorted(maps.Keys(l.rows)), slices.Sorted(maps.Keys(l.listed))...)
	for _, hash := range hashes[:min(len(hashes), mostKept)] {
		raw = binary.BigEndian.AppendUint64(raw, uint64(hash))
	}
	return base64.RawStdEncoding.EncodeToString(raw)
}

// count returns how many records were left out.
func (l *leftOut) count() int64 {
	return max(int64(len(l.rows))+l.more, int64(len(l.listed)))
}

// incomplete reports whether this run left out a record of a window, so that the position
// must not move.
func (l *leftOut) incomplete() bool { return len(l.rows) > 0 }

// err returns an error with the records that were left out of a survey, nil for none. cut
// means that the survey was not read to its end.
func (l *leftOut) err(partition feed.Partition, cut bool) error {
	if l.count() == 0 {
		return nil
	}
	shown, listed := l.rows, len(l.rows) == 0
	if listed {
		shown = l.listed
	}
	records := slices.SortedFunc(maps.Values(shown), func(a, b leftRecord) int { return int(a.number - b.number) })
	e := &feed.LeftOutError{Survey: partition.String(), Count: l.count(), Listed: listed, Cut: cut}
	for _, record := range records[:min(len(records), mostNamed)] {
		e.Records = append(e.Records, record.String())
	}
	return e
}

// damagedLinesError reports lines that are no JSON in a file that is otherwise
// whole. Another export may show them as they are.
type damagedLinesError struct{ pass *pass }

func (e *damagedLinesError) Error() string {
	return "the export holds lines that cannot be read, such as " + e.pass.first.String()
}

// pass is one reading of a file from its beginning to its end.
type pass struct {
	reader  *reader
	found   map[reconcile.RowHash]leftRecord
	first   leftRecord // of found
	more    int64      // records beyond mostLeftOut
	damage  uint64     // sum of the hashes of the lines that are no JSON
	damaged bool       // one of these lines was not left out by the previous run
}

func (r *reader) newPass() *pass {
	return &pass{reader: r, found: make(map[reconcile.RowHash]leftRecord)}
}

// leavesOut reports whether an error concerns this record only. The record is then left
// out.
func (p *pass) leavesOut(value frame.Value, err error) bool {
	if !frame.IsAlone(err) && !errors.Is(err, response.ErrNoID) {
		return false
	}
	hash := reconcile.RowHash(response.ContentOf(0, "", value.Raw))
	if p.reader.env.Privacy != nil {
		// The record may hold values that are left out, and the position keeps the hash. A part
		// of it confirms no guess.
		hash &= 0xffff
	}
	if damaged := new(frame.Error); errors.As(err, &damaged) && damaged.Kind == frame.NotJSON {
		p.damage += uint64(hash)
		p.damaged = p.damaged || !p.reader.left.before[hash]
	}
	record := leftRecord{value.Number, err.Error()}
	if len(p.found) == 0 {
		p.first = record
	}
	if len(p.found) >= mostLeftOut {
		p.more++
		return true
	}
	p.found[hash] = record
	return true
}

// end ends the pass. Lines that are no JSON are an error as long as the file may
// be exported again.
func (p *pass) end() error {
	r := p.reader
	switch {
	case len(p.found) == 0:
		return nil
	case p.damaged && !r.lastTry:
		return &damagedLinesError{p}
	}
	for hash := range p.found {
		r.left.before[hash] = true // no file is exported again for this record
	}
	if !r.listing {
		r.window.keepFrom = reconcile.Earlier(r.window.keepFrom, r.window.began) // the next run reads all of this window again
	}
	return nil
}

// note adds the records that this pass left out to those of the run.
func (p *pass) note() {
	l := &p.reader.left
	into := &l.rows
	if p.reader.listing {
		into = &l.listed
	} else {
		l.more = max(l.more, p.more)
	}
	if *into == nil {
		*into = make(map[reconcile.RowHash]leftRecord)
	}
	known := len(*into)
	maps.Copy(*into, p.found)
	if fresh := len(*into) - known; fresh > 0 {
		p.reader.env.Log.Warn("records cannot be delivered: they are left out",
			"survey", p.reader.survey, "records", int64(fresh)+p.more, "first", p.first)
	}
}
