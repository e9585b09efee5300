package engine

import (
	"errors"
	"slices"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/failures"
	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/stream"
)

// selected is a stream of this run.
type selected struct {
	stream  *stream.Stream
	refresh bool  // full refresh
	err     error // why it cannot be read; nil: it can
	state   *streamState

	pace      pace
	begun     bool
	ended     bool
	last      []byte // the last state
	spare     []byte // a buffer for the next one
	large     bool   // a state was larger than platforms like, and that was logged
	rows      int64
	states    int
	completed int // partitions that were read to their end
	failures  []partitionFailure
}

type partitionFailure struct {
	partition feed.Partition
	failure   record.Failure
	ofAccount bool // every other partition is as likely to fail
	hidden    bool // an object of the account could not be found or seen
}

func (s *selected) begin(now time.Time) {
	s.begun, s.pace.spoke, s.pace.stated = true, now, now
}

// tombstones is 1 for a deletions stream, else 0.
func (s *selected) tombstones() int {
	if s.stream.Tombstones {
		return 1
	}
	return 0
}

// observer returns the feed of a stream that the engine fills with the outcome of
// each partition.
func (s *selected) observer() (feed.Observer, bool) {
	source, _ := feed.ByKind(s.stream.Feed)
	observer, ok := source.(feed.Observer)
	return observer, ok
}

// takes reports whether the stream projects a partition.
func (s *selected) takes(partition feed.Partition) bool {
	return s.stream.Takes == nil || s.stream.Takes(partition.Key)
}

// move notes the position of a partition. An equal position, as after a restart
// within a second, does not change the state.
func (s *selected) move(key string, position feed.Position) {
	if string(s.state.Partitions[key]) == string(position) {
		return
	}
	s.state.put(key, slices.Clone(position))
	s.pace.dirty = true
}

// forget removes the position of a partition.
func (s *selected) forget(key string) {
	s.state.remove(key)
	s.pace.dirty = true
}

// fail notes that a partition of these streams is not complete.
func (e *Engine) fail(streams []*selected, partition feed.Partition, err error) {
	failure := e.Failure(err)
	if failures.ExitCode(err) != failures.ExitConsumer { // which concerns the run as a whole
		defer e.Log.Error("not complete", "partition", partition.String(), "error", err)
	}
	e.out.locked(func() {
		if failures.IsBug(err) {
			e.out.stopLocked(err) // no state follows
		}
		for _, s := range streams {
			s.failures = append(s.failures, partitionFailure{partition, failure, ofAccount(err), hidden(partition, err)})
		}
	})
}

// complete ends the streams of a feed of which nothing failed.
func (e *Engine) complete(streams []*selected) {
	e.out.locked(func() {
		for _, s := range streams {
			if len(s.failures) > 0 || e.out.broken != nil {
				continue
			}
			if s.refresh {
				s.state.Refresh = refreshComplete
			}
			if _, err := e.sendState(s); err != nil {
				return
			}
			if err := e.end(s, nil); err != nil {
				return
			}
		}
	})
}

// end closes a stream; the lock is held.
func (e *Engine) end(s *selected, failure *record.Failure) error {
	e.Changes.log(e.Log, s.stream.Name)
	e.logUnlisted(s)
	if err := e.out.writeLocked(func(sink Sink) error { return sink.End(s.stream.Name, failure) }); err != nil {
		return err
	}
	s.ended = true
	return nil
}

// ofAccount reports whether a failure of a survey or directory is not its own:
// where no answer comes, the others are as likely to fail.
func ofAccount(err error) bool {
	var silent *qualtrics.TransportError
	return failures.EndsRun(err) || errors.As(err, &silent)
}

// hidden reports whether an object was not found or not shown, although it was read
// before or the account's list shows it. The run is partial then, even if there is
// nothing else to read.
func hidden(partition feed.Partition, err error) bool {
	var (
		withdrawn *feed.WithdrawnError
		undecided *feed.UndecidedError
		unknown   *feed.UnknownError
	)
	switch {
	case errors.As(err, &withdrawn), errors.As(err, &undecided):
		return true
	case errors.As(err, &unknown):
		return false
	}
	return partition.Key != "" && qualtrics.IsNotFound(err)
}
