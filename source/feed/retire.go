package feed

import (
	"encoding/json"
	"slices"
	"time"
)

// keptFor is how long the position of a survey is kept that is missing from the
// account's list: it may be shared again.
const keptFor = 30 * 24 * time.Hour

var _ Retiring = responses{}

// Retire forgets the position of a survey that the list has lacked for long.
func (responses) Retire(env *Env, key string, position Position) Position {
	now, known := env.Client.ServerTime()
	missed := missedAt(position)
	listed := env.exists[key] || slices.ContainsFunc(env.listed, func(s Survey) bool { return string(s.ID) == key })
	switch {
	case !known, listed && missed == 0:
		return position
	case listed:
		missed = 0
	case missed == 0:
		missed = now.Unix()
	case now.Sub(time.Unix(missed, 0)) >= keptFor:
		return nil
	default:
		return position
	}
	var p responsePosition
	if json.Unmarshal(position, &p) != nil {
		return position // who reads it says what is wrong
	}
	p.Missed = missed
	encoded, err := json.Marshal(p)
	if err != nil {
		return position
	}
	return encoded
}

// missedAt is since when a survey is missing, by its position.
func missedAt(position Position) int64 {
	var p struct {
		Missed int64 `json:"g"`
	}
	if json.Unmarshal(position, &p) != nil {
		return 0
	}
	return p.Missed
}
