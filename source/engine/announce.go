package engine

import (
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
)

// An announcement is a state that names rows before they go out. Platforms hold states
// until their rows are stored: destinations of Airbyte ran out of memory at a mebibyte
// in a second.
const (
	// announceBytes is the total size of announcements that go out at once, beside a
	// tenth of the rows.
	announceBytes = 16 << 20
	// announceRate is the size of later ones in a second. Partitions that come to theirs
	// meanwhile share one.
	announceRate = 128 << 10
	// announceMost is the longest wait. States that would need a longer one are too large
	// for most platforms anyway.
	announceMost = 15 * time.Second
)

// announceIn returns how long an announcement of so many bytes waits.
func (p *pace) announceIn(now time.Time, size int) time.Duration {
	if p.announced <= announceBytes+p.delivered/10 {
		return 0
	}
	every := min(announceMost, time.Duration(size)*time.Second/announceRate)
	return max(0, every-now.Sub(p.stated))
}

// Announce stores a position before the rows that it names go out.
func (o *partitionOut) Announce(position feed.Position) (err error) {
	states := make([]int, len(o.streams)) // that went out before
	var wait time.Duration
	o.engine.out.locked(func() {
		for i, s := range o.streams {
			s.move(o.partition.Key, position)
			states[i] = s.states
			wait = max(wait, s.pace.announceIn(time.Now(), len(s.last)))
		}
	})
	if wait > 0 {
		select {
		case <-time.After(wait):
		case <-o.ended:
		}
	}
	o.engine.out.locked(func() {
		for i, s := range o.streams {
			if s.states > states[i] {
				continue // a state of another partition has the position
			}
			var size int
			if size, err = o.engine.sendState(s); err != nil {
				return
			}
			s.pace.announced += size
		}
	})
	return err
}
