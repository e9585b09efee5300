package feed

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// An account whose exports cannot be sorted by their modified date (none is
// known to us; assumed) is read by recorded dates, which edits do not move.
// They are found by reading every row from time to time and comparing sums of
// hashes, one for each stretch of recorded dates: the rows of a stretch whose
// sum has changed are delivered again.

const (
	defaultSweep   = 7 * 24 * time.Hour // where deletions are not followed
	mostStretches  = 64                 // of one partition
	leastStretches = 4
	stretchesBytes = 96 << 10 // over all partitions
)

// stretches are the sums of a read of all rows.
type stretches struct {
	At    int64  `json:"a"`           // when it began, epoch seconds
	First int64  `json:"f,omitempty"` // recorded date at which the first stretch begins
	Width int64  `json:"w,omitempty"` // of a stretch, in seconds
	Sums  string `json:"s,omitempty"` // base64 of 8-byte sums; empty: not known

	sums []uint64
}

// newStretches parts the time from first to now.
func newStretches(first, now time.Time, partitions int) *stretches {
	n := min(mostStretches, max(leastStretches, stretchesBytes/8/max(1, partitions)))
	width := max(1, (now.Unix()-first.Unix())/int64(n)+1)
	return &stretches{At: now.Unix(), First: first.Unix(), Width: width, sums: make([]uint64, n)}
}

// understand decodes the sums.
func (s *stretches) understand() error {
	raw, err := base64.RawStdEncoding.DecodeString(s.Sums)
	if err != nil || len(raw)%8 != 0 || len(raw)/8 > mostStretches || (len(raw) > 0 && s.Width < 1) {
		return errors.New("its sums of rows are not base64 of 8-byte sums")
	}
	for ; len(raw) > 0; raw = raw[8:] {
		s.sums = append(s.sums, binary.BigEndian.Uint64(raw))
	}
	return nil
}

func (s *stretches) encode() {
	var raw []byte
	for _, sum := range s.sums {
		raw = binary.BigEndian.AppendUint64(raw, sum)
	}
	s.Sums = base64.RawStdEncoding.EncodeToString(raw)
}

// of returns the stretch of a recorded date; -1 where there is none.
func (s *stretches) of(recorded time.Time) int {
	if i := (recorded.Unix() - s.First) / max(1, s.Width); recorded.Unix() >= s.First && recorded.Unix() < s.At && i >= 0 && i < int64(len(s.sums)) {
		return int(i)
	}
	return -1
}

func (s *stretches) add(recorded time.Time, hash uint64) {
	if i := s.of(recorded); i >= 0 {
		s.sums[i] += hash
	}
}

// refuseSort notes that the account refuses to sort.
func (e *Env) refuseSort() {
	if !e.unsorted.Swap(true) {
		e.Log.Warn("exports of this account cannot be sorted by the modified date: new responses are read by their recorded date, edits are found by reading everything from time to time",
			"every", e.sweepEvery())
	}
}

func (e *Env) sweepEvery() time.Duration {
	if e.AuditEvery > 0 {
		return e.AuditEvery
	}
	return defaultSweep
}

// sweepRows reads every row where nothing else finds edits, when it is due.
func (f *responseFetch) sweepRows(ctx context.Context) error {
	p := &f.position
	switch {
	case !f.env.unsorted.Load():
		p.Swept = nil
		return nil
	case f.to.IsZero(), p.Swept != nil && f.to.Sub(time.Unix(p.Swept.At, 0)) < f.env.sweepEvery():
		return nil
	}
	before := p.Swept
	if before == nil {
		before = &stretches{}
	}
	if f.ledger != nil && !f.audited {
		// What exists is sealed first, so that rows need no announcement.
		f.seals = true
		if err := f.audit(ctx, f.from()); err != nil {
			return err
		}
	}
	now := newStretches(later(f.env.Start, f.created), f.to, len(f.env.listed))
	f.loading = true
	_, err := f.export(ctx, qualtrics.ExportRequest{Survey: f.survey, Start: f.env.Start}, func(file *frame.File) (int64, error) {
		return f.compare(ctx, file, before, now)
	})
	f.loading = false
	if err != nil {
		return err
	}
	now.encode()
	p.Swept = now
	return f.checkpoint(f.to)
}

// compare sums the rows of a file anew and delivers those of the stretches
// that are not what they were.
func (f *responseFetch) compare(ctx context.Context, file *frame.File, before, now *stretches) (rows int64, err error) {
	seen := *before
	seen.sums = make([]uint64, len(before.sums))
	clear(now.sums)
	err = f.eachRow(ctx, file, func(frame.Value) error {
		hash, err := f.response.version()
		if err != nil {
			return err
		}
		recorded := f.response.time(RecordedDate)
		hash = contentOf(hash, f.response.ID, nil)
		seen.add(recorded, hash)
		now.add(recorded, hash)
		return nil
	})
	if err != nil {
		return 0, err
	}
	if f.ledger != nil {
		if err := f.intend(ctx, file); err != nil {
			return 0, err
		}
	}
	err = f.eachRow(ctx, file, func(value frame.Value) error {
		if i := before.of(f.response.time(RecordedDate)); i >= 0 && seen.sums[i] == before.sums[i] {
			return nil
		}
		rows++
		return f.take(value)
	})
	return rows, err
}

// eachRow calls visit with every response of a file, as f.response.
func (f *responseFetch) eachRow(ctx context.Context, file *frame.File, visit func(frame.Value) error) error {
	lacking, first := 0, int64(0)
	for value, err := range file.Values(ctx) {
		if err != nil {
			return fmt.Errorf("reading the export of %s: %w", f.partition, err)
		}
		switch err := f.response.parse(value.Raw, f.keys); {
		case errors.Is(err, errNoID):
			// It cannot be a row, and shall not hold back those that can.
			lacking++
			first = cmp.Or(first, value.Number)
			continue
		case err != nil:
			return fmt.Errorf("survey %s: %w", f.survey, err)
		}
		if err := visit(value); err != nil {
			return err
		}
	}
	if lacking > 0 {
		f.env.Log.Warn("records of the export have no responseId: they are left out", "survey", f.survey, "records", lacking, "first", first)
	}
	return nil
}
