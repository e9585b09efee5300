package responses

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
	"github.com/birdie-ai/source-qualtrics/source/record"
)

// checkpointer stores positions, and refuses those that claim more than was delivered.
type checkpointer struct {
	*scope
	out  feed.Out
	rows *reconcile.RowHashes

	// All windows before verifiedUntil were verified and delivered. The watermark moved as far
	// as committedUntil.
	verifiedUntil  time.Time
	committedUntil int64
	rowsForgotten  bool // the row hashes were taken out of the state
}

// checkpoint moves the watermark to the end of the verified windows and stores the
// position. A zero time leaves the watermark. If a record was left out, the watermark
// stays, so that the next run reads the same windows again.
func (c *checkpointer) checkpoint(through time.Time) error {
	if c.left.incomplete() {
		return c.stay()
	}
	if through.After(c.verifiedUntil) {
		return &record.InvariantError{What: fmt.Sprintf("survey %s: a state at %s, while the verified windows end at %s", c.survey, through, c.verifiedUntil)}
	}
	if !through.IsZero() {
		c.advance(through)
		c.rows.Roll(time.Unix(c.position.Watermark, 0).Add(-c.env.Lookback))
		c.position.Rows = c.env.Budget.EncodeRows(c.rows, c.partition.Salt(), reconcile.MaxRows)
		if through.Equal(c.to) {
			c.position.LeftOut = ""
		}
	}
	if c.position.Watermark == 0 {
		return nil
	}
	return c.send()
}

// advance moves the watermark forward, never back.
func (c *checkpointer) advance(to time.Time) {
	c.committedUntil = max(c.committedUntil, to.Unix())
	c.position.Watermark = max(c.position.Watermark, to.Unix())
}

// stay stores the position with its old watermark. The position holds the hashes of the
// delivered rows, which the next run reads again, and of the records that were left out.
func (c *checkpointer) stay() error {
	var from time.Time
	if c.position.Watermark > 0 {
		from = c.from()
	}
	c.rows.Roll(from)
	c.position.Rows = c.env.Budget.EncodeRows(c.rows, c.partition.Salt(), reconcile.MaxRowsStayed)
	c.position.LeftOut = c.left.encode()
	return c.send()
}

// rewind moves the watermark back. No other function does.
func (c *checkpointer) rewind(to int64) {
	c.position.Watermark = max(1, to)
	c.committedUntil = c.position.Watermark
}

// startOver makes the position that of a load which has delivered nothing.
func (c *checkpointer) startOver() {
	c.rewind(reconcile.Epoch(reconcile.Later(c.env.Responses.Start, c.counters.created)))
	c.position.Loading = true
}

// dropFuture drops a watermark that lies in the future. A wrong date caused it, and the
// survey would not be read until then.
func (c *checkpointer) dropFuture() {
	if !c.env.Client.IsFuture(time.Unix(c.position.Watermark, 0)) {
		return
	}
	c.env.Log.Warn("the position lies in the future: the survey is read again from its beginning",
		"survey", c.survey, "position", time.Unix(c.position.Watermark, 0).UTC(), "server_time", c.to)
	c.position.Watermark, c.position.Rows, c.position.Loading = 0, "", false
}

// forgetRows takes the row hashes out of the state before a row without a modified date is
// delivered. Otherwise, if this run is interrupted and the response is edited back to its
// old content, the next run would suppress the old content.
func (c *checkpointer) forgetRows(modified time.Time) error {
	if !modified.IsZero() || c.rowsForgotten || c.rows.Empty() {
		return nil
	}
	c.rowsForgotten, c.position.Rows = true, ""
	return c.sendBefore()
}

// noteWidth notes the width of a part that could be exported, so that the next run begins
// with it. The first part of a load is stored at once, because its position is stored
// nowhere else until the load ends.
func (c *checkpointer) noteWidth(width time.Duration) error {
	stored := c.position.Width != 0
	c.position.Width = int64(width / time.Second)
	if stored || c.position.Watermark != 0 {
		return nil
	}
	return c.send()
}

// noteAttempt stores the beginning of a load. If the load fails, as one whose export job
// never ends, the next run reads other surveys first.
func (c *checkpointer) noteAttempt() error {
	if exportsAll(c.env) || c.to.IsZero() {
		return nil
	}
	c.position.AttemptedAt = c.to.Unix()
	return c.send()
}

// denied stores that the account may not read the survey, so that only one attempt in
// sweepEvery is spent on it. It returns err.
func (c *checkpointer) denied(err error) error {
	var skipped *feed.Skipped
	if !errors.As(err, &skipped) || skipped.Gone || exportsAll(c.env) || c.to.IsZero() {
		return err
	}
	position, encodeErr := json.Marshal(surveyPosition{Denied: c.to.Unix(), Chosen: c.position.Chosen})
	if encodeErr != nil {
		return encodeErr
	}
	if sinkErr := c.out.Checkpoint(position); sinkErr != nil {
		return sinkErr
	}
	return err
}

// send stores the position.
func (c *checkpointer) send() error {
	encoded, err := c.encode()
	if err != nil {
		return err
	}
	return c.out.Checkpoint(encoded)
}

// announce stores the responses that are about to be delivered, with the old watermark.
func (c *checkpointer) announce() error {
	if !c.tracker.hasSnapshot() {
		return nil
	}
	return c.sendBefore()
}

// sendBefore stores the position before the next response is delivered.
func (c *checkpointer) sendBefore() error {
	encoded, err := c.encode()
	if err != nil {
		return err
	}
	return c.out.Announce(encoded)
}

// encode encodes the position. It fails if the watermark is not the committed one.
func (c *checkpointer) encode() (feed.Position, error) {
	if c.position.Watermark != c.committedUntil {
		return nil, &record.InvariantError{What: fmt.Sprintf("survey %s: a state at %d, while %d was reached", c.survey, c.position.Watermark, c.committedUntil)}
	}
	if c.tracker != nil {
		c.position.Tracker = c.tracker.state()
	}
	encoded, err := json.Marshal(c.position)
	if err != nil {
		return nil, fmt.Errorf("writing the position of %s: %w", c.partition, err)
	}
	return encoded, nil
}
