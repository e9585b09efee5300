package feed

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/record"
)

// checkpoint moves the watermark to the bound of what was read (zero: leaves
// it) and reports the position.
func (f *responseFetch) checkpoint(through time.Time) error {
	if through.After(f.covered) {
		return &record.InvariantError{What: fmt.Sprintf("survey %s: a state at %s, while what was read ends at %s", f.survey, through, f.covered)}
	}
	if !through.IsZero() {
		f.reached = max(f.reached, through.Unix())
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
	return f.out.Checkpoint(encoded)
}

// rewind moves the watermark to where reading begins again. Nothing else moves
// it back.
func (f *responseFetch) rewind(to int64) {
	f.position.Watermark = max(1, to)
	f.reached = f.position.Watermark
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
	encoded, err := f.encode()
	if err != nil {
		return err
	}
	return f.out.Announce(encoded)
}

// encode writes the position, unless it promises more than was reached, or
// less without a reason.
func (f *responseFetch) encode() (Position, error) {
	if f.position.Watermark != f.reached {
		return nil, &record.InvariantError{What: fmt.Sprintf("survey %s: a state at %d, while %d was reached", f.survey, f.position.Watermark, f.reached)}
	}
	if f.ledger != nil {
		f.position.Ledger = f.ledger.state()
	}
	encoded, err := json.Marshal(f.position)
	if err != nil {
		return nil, fmt.Errorf("writing the position of %s: %w", f.partition, err)
	}
	return encoded, nil
}
