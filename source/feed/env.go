package feed

import (
	"context"
	"iter"
	"log/slog"
	"maps"
	"reflect"
	"sync"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
	"github.com/birdie-ai/source-qualtrics/source/feedback"
	"github.com/birdie-ai/source-qualtrics/source/privacy"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// Env is given to all feeds of a run. Its exported fields are set before the first call of a feed
// and then only read. Several goroutines may call its methods at the same time, but some methods
// need an earlier call:
//
//   - KnowSurvey and RememberKeys: only in [Resuming.Resume], which one goroutine calls.
//   - Surveys and all of [List]: after Resume. Surveys reads the survey list if no feed did before.
//   - SurveyExists, SurveySelected, SurveyCount, UnselectedSurveys, SurveyWithoutID: after Surveys
//     returned.
//
// All other methods may be called at any time.
type Env struct {
	Client    *qualtrics.Client
	Log       *slog.Logger
	Clock     func() time.Time // of this machine, to measure the time between two runs
	Brand     string           // the Qualtrics organization; it salts the row hashes
	Selection Selection
	Lookback  time.Duration // a window begins this long before the end of the last one
	// AuditEvery is the time between two audits of a partition; 0: deletions are not looked for.
	AuditEvery    time.Duration
	SnapshotBytes int              // of a state, for the ids of all partitions of a feed; 0: 192 KiB
	Budget        reconcile.Budget // the room for row hashes and ids in a state; it has its own lock
	Responses     ResponseSettings
	Privacy       *privacy.Rules // of personal data; nil: nothing is left out or hashed
	Uploads       UploadSettings
	Feedback      *feedback.Settings // nil: the defaults

	account account
	lists   listRun
	shared  sync.Map // one value per type: see [Shared]

	goneLock sync.Mutex
	gone     map[string]bool // see [Env.MarkGone]

	privacyOnce sync.Once // see [Env.NoticePrivacy]
}

// ResponseSettings are the settings of the feed of responses.
type ResponseSettings struct {
	Start     time.Time            // the first load begins here; zero: at the first response
	Resync    map[string]time.Time // survey id → read it once more, from this date
	LoadRows  int64                // rows in one window of a large first load; 0: 100,000
	ExportAll int                  // up to this number of surveys, every run exports all; 0: 500
}

// Now returns the server's time, or this machine's as long as the server's is unknown. Use it for
// messages only: positions and cursors must not depend on the clock of this machine.
func (e *Env) Now() time.Time {
	if now, ok := e.Client.ServerTime(); ok {
		return now
	}
	return time.Now().UTC().Truncate(time.Second)
}

// Shared returns a value that one feed shares among its partitions during a run, such as the
// calls that Qualtrics refused. There is one value of each type T; the first call makes it.
func Shared[T any](env *Env) *T {
	key := reflect.TypeFor[T]()
	value, ok := env.shared.Load(key)
	if !ok {
		value, _ = env.shared.LoadOrStore(key, new(T))
	}
	return value.(*T) //nolint:forcetypeassert // nothing else is stored under the key
}

// MarkGone notes that an object with rows was deleted and its tombstones were delivered. Its
// position can be dropped. The key is a survey id, or a directory id.
func (e *Env) MarkGone(key string) {
	e.goneLock.Lock()
	defer e.goneLock.Unlock()
	if e.gone == nil {
		e.gone = make(map[string]bool)
	}
	e.gone[key] = true
}

// IsMarkedGone reports whether this run called [Env.MarkGone] for the object.
func (e *Env) IsMarkedGone(key string) bool {
	e.goneLock.Lock()
	defer e.goneLock.Unlock()
	return e.gone[key]
}

// missingFor is the time for which the position of a missing survey or directory is kept: the
// object may be shared with the account again.
const missingFor = 30 * 24 * time.Hour

// Expired is the result of [Env.MissingSince] for an object that was missing for 30 days.
const Expired = -1

// MissingSince returns the time since when an object is missing, in epoch seconds. That is the
// time in its position, or now if it was not missing before. It returns 0 if the object exists,
// and [Expired] if its position should be dropped.
func (e *Env) MissingSince(before int64, exists bool) int64 {
	now, known := e.Client.ServerTime()
	switch {
	case exists:
		return 0
	case !known:
		return before
	case before == 0:
		return now.Unix()
	case now.Sub(time.Unix(before, 0)) >= missingFor:
		return Expired
	default:
		return before
	}
}

// RememberKeys notes the keys of the partitions of a feed that have a position. Call it once in
// Resume.
func (e *Env) RememberKeys(kind Kind, keys iter.Seq[string]) {
	e.lists.lock.Lock()
	defer e.lists.lock.Unlock()
	if e.lists.known == nil {
		e.lists.known = make(map[Kind]map[string]bool)
	}
	known := make(map[string]bool)
	for key := range keys {
		known[key] = true
	}
	e.lists.known[kind] = known
}

// HasKeys reports whether any partition of the feed has a position.
func (e *Env) HasKeys(kind Kind) bool { return len(e.keys(kind)) > 0 }

// keys returns the keys given to RememberKeys.
func (e *Env) keys(kind Kind) map[string]bool {
	e.lists.lock.Lock()
	defer e.lists.lock.Unlock()
	return maps.Clone(e.lists.known[kind])
}

// runNumber is another number in each run, about one per minute. Lists of calls that a run
// cannot complete begin at another element each time.
func (e *Env) runNumber() int {
	now, _ := e.Client.ServerTime()
	return int(max(0, now.Unix()) / 60)
}

// waitingMutex is a mutex whose lock waits no longer than a context.
type waitingMutex struct {
	made sync.Once
	free chan struct{} // it holds a value while the mutex is unlocked
}

func (m *waitingMutex) lock(ctx context.Context) (unlock func(), err error) {
	m.made.Do(func() { m.free = make(chan struct{}, 1); m.free <- struct{}{} })
	select {
	case <-m.free:
		return func() { m.free <- struct{}{} }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
