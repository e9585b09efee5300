package engine

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/progress"
)

// stated is a sink that keeps the last state.
type stated struct {
	noted
	last   string
	states int
}

func (s *stated) State(_ string, state []byte) error {
	s.last, s.states = string(state), s.states+1
	return nil
}

// large is a stream that has used up its announcements, with a state of so many bytes.
func large(t *testing.T, sink *stated, size int) (*Engine, *selected) {
	t.Helper()
	e := New(Options{Sink: sink, Changes: &Changes{}, Progress: progress.New(), Log: slog.New(slog.DiscardHandler)})
	state, err := newState("pieces", "brand", nil, false)
	if err != nil {
		t.Fatal(err)
	}
	s := &selected{stream: pieces, state: state}
	s.move("P", feed.Position(`{"x":"`+strings.Repeat("x", size)+`"}`))
	if _, err := e.sendState(s); err != nil {
		t.Fatal(err)
	}
	s.pace.announced = announceBytes + 1
	return e, s
}

// Announcements that are too many for a platform wait for each other: each is in a
// state before its rows, and they share states.
func TestAnnounce_SharesStatesInsteadOfLeavingThemOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sink := &stated{}
		e, s := large(t, sink, 256<<10) // for two seconds
		begun := time.Now()
		var partitions sync.WaitGroup
		const parallel, rounds = 4, 20
		for i := range parallel {
			partitions.Go(func() {
				out := &partitionOut{engine: e, partition: feed.Partition{Key: fmt.Sprintf("P_%d", i)}, streams: []*selected{s}}
				for round := range rounds {
					time.Sleep(time.Second + time.Duration(i)*100*time.Millisecond) // an export
					position := fmt.Sprintf(`{"n":%d}`, round)
					if err := out.Announce(feed.Position(position)); err != nil {
						t.Error(err)
					}
					e.out.locked(func() {
						if !strings.Contains(sink.last, fmt.Sprintf("%q:%s", out.partition.Key, position)) {
							t.Errorf("no state has the position %s of %s", position, out.partition.Key)
						}
					})
				}
			})
		}
		partitions.Wait()
		if took := time.Since(begun); sink.states > parallel*rounds/2 || took > rounds*4*time.Second {
			t.Errorf("%d announcements took %d states and %s", parallel*rounds, sink.states, took)
		}
	})
}

func TestAnnounce_WaitsNoLongerThanTheRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e, s := large(t, &stated{}, 256<<10)
		begun, ended := time.Now(), make(chan struct{})
		time.AfterFunc(100*time.Millisecond, func() { close(ended) })
		out := &partitionOut{engine: e, partition: feed.Partition{Key: "P_1"}, streams: []*selected{s}, ended: ended}
		if err := out.Announce(feed.Position(`{}`)); err != nil || time.Since(begun) > time.Second {
			t.Errorf("it ended after %s: %v", time.Since(begun), err)
		}
	})
}
