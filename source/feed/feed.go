// Package feed gets data out of Qualtrics. A feed owns the API calls of one
// area, its partitions (one survey, one directory), the windows in which it
// reads, and the position from which it can resume. Streams project its
// documents into records; a feed knows nothing of them.
package feed

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// Kind names a feed.
type Kind string

// Partition is the part of a feed that is read, resumed and sharded by
// itself.
type Partition struct {
	Kind Kind
	Key  string // survey id, directory id; "" where a feed has one partition
	Name string // for people
	// Named is set when the user asked for this partition by its id, so that
	// being refused it is a failure and not a boundary of the selection.
	Named bool
	// Survey is its row of the survey list, of a partition that is a survey.
	Survey *Survey
}

// String names the partition in messages.
func (p Partition) String() string {
	switch {
	case p.Key == "":
		return string(p.Kind)
	case p.Name == "":
		return p.Key
	default:
		return fmt.Sprintf("%s %q", p.Key, p.Name)
	}
}

// Position is how far a partition was read: a small JSON object that only
// its feed understands. An empty one means from the beginning.
type Position = json.RawMessage

// PositionError says that a position cannot be understood.
type PositionError struct {
	Partition Partition
	Err       error
}

// Error says whose position it is and what to do.
func (e *PositionError) Error() string {
	return fmt.Sprintf("reading the position of %s: %v; restore the state from a backup, or reset the stream to read it from the beginning", e.Partition, e.Err)
}

// Unwrap returns the cause.
func (e *PositionError) Unwrap() error { return e.Err }

// understand decodes a position; an empty one leaves the value as it is.
func (r *Request) understand(into interface{ plausible() error }) error {
	if len(r.Position) == 0 {
		return nil
	}
	err := json.Unmarshal(r.Position, into)
	if err == nil {
		err = into.plausible()
	}
	if err != nil {
		return &PositionError{r.Partition, err}
	}
	return nil
}

// Document is one thing as fetched, or the news that it is gone. It and its
// content are only valid until the call that was given them returns.
type Document struct {
	Partition Partition
	ID        string
	Content   any       // *Survey, *Response, *Contact or *SurveyRun; nil when deleted
	DeletedAt time.Time // when it was found gone; zero while it exists
	ReadAt    time.Time // server time of the read
}

// Survey is what the survey list holds.
type Survey = qualtrics.Survey

// Contact is what the contacts feed fetches.
type Contact = qualtrics.Contact

// Out takes what a feed fetches, in order.
type Out interface {
	// Document takes one document; an error ends the fetch.
	Document(*Document) error
	// Checkpoint says that every document up to here was handed over and
	// verified, so that reading may resume at the position.
	Checkpoint(Position) error
	// Announce says what is about to be handed over, in a position that is
	// none of progress: whatever interrupts the run, the next one resumes at
	// it or later. It is stored before the next document.
	Announce(Position) error
}

// Request asks a feed for the documents of one partition.
type Request struct {
	Partition Partition
	Position  Position // where to resume; empty: from the beginning
	Report    *Report  // to be filled
}

// Feed is one way of getting data out of Qualtrics.
type Feed interface {
	Kind() Kind
	// Partitions lists what is to be read now, by the selection in env.
	Partitions(ctx context.Context, env *Env) iter.Seq2[Partition, error]
	// Fetch hands the partition's documents since the position to out. It
	// returns a *Skipped when there is nothing to read and nothing wrong.
	Fetch(ctx context.Context, env *Env, request Request, out Out) error
}

// Resuming is a feed that shares something among all of its positions.
type Resuming interface {
	// Resume looks at the positions from which a run begins, before any feed
	// reads.
	Resume(env *Env, positions iter.Seq2[string, Position])
}

// Retiring is a feed that forgets positions of partitions that are no more.
type Retiring interface {
	// Retire returns the position, or another one to be kept in its place; nil:
	// it is forgotten. It is asked when all partitions were listed.
	Retire(env *Env, key string, position Position) Position
}

// Following is a feed whose positions serve a stream that tells what is gone of
// the rows of another one, as long as nothing is lost by it.
type Following interface {
	// Follows reports whether such a stream may go on from where the rows stand,
	// in place of its own position.
	Follows(env *Env, own, rows Position) bool
}

// Skipped says that a partition is outside of what can be read and that this
// leaves nothing incomplete.
type Skipped struct {
	Reason string
	Gone   bool // it does not exist any more; else it may not be read
}

// Error returns the reason.
func (s *Skipped) Error() string { return s.Reason }

// Env is what a run gives its feeds.
type Env struct {
	Client    *qualtrics.Client
	Log       *slog.Logger
	Brand     string // what positions are bound to; salts the row hashes
	Selection Selection
	Lookback  time.Duration        // how far behind its position a window starts
	Start     time.Time            // floor for the first load; zero: everything
	Resync    map[string]time.Time // survey id → read again from there, once
	SweepDays int                  // contacts are read in full every so many days
	// AuditEvery is how often each survey is audited for deleted and missed
	// responses; zero: never, and deletions are not followed.
	AuditEvery time.Duration
	LoadRows   int64 // rows of one window of a large first load; 0: 100,000
	ExportAll  int   // most surveys that are all exported by every run; 0: 500
	SealBytes  int   // of a state, for telling what is gone of all surveys; 0: 192 KiB
	Frame      frame.Limits
	Clock      func() time.Time // this machine's, for what passed since an earlier run

	unsorted   atomic.Bool // exports cannot be sorted by the modified date
	unlistable atomic.Bool // exports of ids alone are refused
	loose      atomic.Bool // exports hold more than their windows
	probed     atomic.Bool // a single response was read

	budget  sync.Mutex // guards the next two
	hashes  int        // row hashes kept so far, over all partitions
	sealed  int        // bytes that the seals of all partitions take
	listing sync.Once
	turn    chan struct{}   // holds one value while nobody is at what follows
	listed  []Survey        // the selected surveys
	exists  map[string]bool // ids that the account's list holds
	known   map[string]bool // ids that it held in earlier runs
	cached  bool
}

// loadRows is the size of one window of a large first load.
func (e *Env) loadRows() int64 {
	if e.LoadRows > 0 {
		return e.LoadRows
	}
	return 100_000
}

var feeds = make(map[Kind]Feed)

func register(feed Feed) Feed { //nolint:unparam // the result makes it a declaration
	if feed.Kind() == "" || feeds[feed.Kind()] != nil {
		panic(fmt.Sprintf("registering feed %q: the name is empty or taken", feed.Kind()))
	}
	feeds[feed.Kind()] = feed
	return feed
}

// ByKind returns the feed of that kind.
func ByKind(kind Kind) (Feed, bool) {
	feed, ok := feeds[kind]
	return feed, ok
}
