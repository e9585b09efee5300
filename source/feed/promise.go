package feed

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/record"
)

// checkpoint moves the watermark to the bound of what was read (zero: leaves
// it) and reports the position. It never moves back.
func (f *responseFetch) checkpoint(through time.Time) error {
	if through.After(f.covered) {
		return &record.InvariantError{What: fmt.Sprintf("survey %s: a state at %s, while what was read ends at %s", f.survey, through, f.covered)}
	}
	if !through.IsZero() {
		f.position.Watermark = max(f.position.Watermark, through.Unix())
		f.rows.roll(time.Unix(f.position.Watermark, 0).Add(-f.env.Lookback))
		f.position.Rows, f.held = f.env.encodeWithin(f.rows, f.held)
	}
	if f.position.Watermark == 0 {
		return nil
	}
	encoded, err := f.encode()
	if err != nil {
		return err
	}
	f.reached = f.position.Watermark
	return f.out.Checkpoint(encoded)
}

// announce reports the position as it was, with what is about to be delivered.
func (f *responseFetch) announce() error {
	if !f.ledger.sealed() {
		return nil
	}
	return f.sendBefore()
}

// sendBefore sends the position before what it tells of is delivered.
func (f *responseFetch) sendBefore() error {
	if f.position.Watermark > f.reached {
		return &record.InvariantError{What: fmt.Sprintf("survey %s: an announcement promises %d, while %d was reached", f.survey, f.position.Watermark, f.reached)}
	}
	encoded, err := f.encode()
	if err != nil {
		return err
	}
	return f.out.Announce(encoded)
}

func (f *responseFetch) encode() (Position, error) {
	if f.ledger != nil {
		f.position.Ledger = f.ledger.state()
	}
	encoded, err := json.Marshal(f.position)
	if err != nil {
		return nil, fmt.Errorf("writing the position of %s: %w", f.partition, err)
	}
	return encoded, nil
}
