package progress

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/failures"
)

// How often it is told how far a run has come: on a terminal, and in a log. A
// log that is kept holds fewer of these lines when the run is a long one.
const (
	redrawEvery = 250 * time.Millisecond
	tellEvery   = 10 * time.Second
	tellRarely  = time.Minute
	longRun     = 10 * time.Minute
	// aside keeps these moments away from those of other timers, mostly whole seconds.
	// The order of two timers that end at once is random.
	aside = 37 * time.Millisecond
)

// Watch tells how far a run has come: on a terminal in a line that is kept up to
// date, elsewhere in the log.
type Watch struct {
	Progress *Progress
	Screen   *Screen                 // nil: there is no terminal
	Clean    func(string) string     // removes secrets from a text
	Abort    context.CancelCauseFunc // ends the run after a panic of the watch

	once sync.Once
	stop chan struct{}
	done sync.WaitGroup
}

// Start begins to tell; the first call counts. A panic ends the run.
func (w *Watch) Start(log *slog.Logger) {
	w.once.Do(func() {
		w.stop = make(chan struct{})
		w.done.Go(func() {
			if err := failures.Guard(func() error { w.run(log); return nil }); err != nil {
				w.Abort(err)
			}
		})
	})
}

// End stops telling, and takes the line of status away.
func (w *Watch) End() {
	w.once.Do(func() {}) // it never began, and will not
	if w.stop == nil {
		return
	}
	close(w.stop)
	w.done.Wait()
	w.stop = nil
	if w.Screen != nil {
		w.Screen.clear()
	}
}

func (w *Watch) run(log *slog.Logger) {
	every := tellEvery
	if w.Screen != nil {
		every = redrawEvery
	}
	select {
	case <-w.stop:
		return
	case <-time.After(aside):
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	var told time.Time
	var came string
	for {
		select {
		case <-w.stop:
			return
		case <-ticker.C:
		}
		now := w.Progress.Now()
		if w.Screen != nil {
			w.Screen.show(w.Clean(now.text()))
			continue
		}
		begins := now.took < tellEvery // an earlier run of the same command took the time
		quiet := now.took >= longRun && time.Since(told) < tellRarely-tellEvery/2
		if begins || quiet || !now.waits() && now.came() == came {
			continue
		}
		log.Info("reading", now.attributes()...)
		told, came = time.Now(), now.came()
	}
}
