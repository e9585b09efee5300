// Package feed defines how data is read from Qualtrics, and reads everything that Qualtrics
// offers as plain lists.
//
// A [Feed] makes the API calls of one area, such as the exports of responses. Each of its
// partitions is read and resumed by itself: one survey, one directory. It hands documents
// to an [Out]; streams make rows of them, and a feed does not know its streams.
//
// A feed for the one list of an API needs three methods:
//
//	func (divisions) Kind() feed.Kind { return "divisions" }
//
//	func (divisions) Partitions(context.Context, *feed.Env) iter.Seq2[feed.Partition, error] {
//		return func(yield func(feed.Partition, error) bool) { yield(feed.Partition{Kind: "divisions"}, nil) }
//	}
//
//	func (divisions) Fetch(ctx context.Context, env *feed.Env, request feed.Request, out feed.Out) error {
//		for each page of env.Client {
//			out.Document(&feed.Document{Partition: request.Partition, ID: id, Content: division})
//		}
//		return out.Checkpoint(feed.Position(`{"through":"2026-01-02"}`))
//	}
//
// A [List] does all of this, and finds edits and deletions, too. Most new areas are lists.
package feed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// Feed is one way to read Qualtrics. It is registered by [Register]. The engine calls
// Partitions once per run, and Fetch for several partitions at the same time.
type Feed interface {
	Kind() Kind
	// Partitions lists the partitions that env.Selection holds. An error ends the list; the
	// partitions before it are read all the same.
	Partitions(ctx context.Context, env *Env) iter.Seq2[Partition, error]
	// Fetch gives the documents since request.Position to out. It returns a *[Skipped] if there
	// is nothing to read and nothing failed.
	Fetch(ctx context.Context, env *Env, request Request, out Out) error
}

// Kind names a feed.
type Kind string

// The kinds of feeds that other packages refer to.
const (
	Responses     Kind = "responses"   // of each survey, by windows of the modified date
	Contacts      Kind = "contacts"    // of each directory, by search, because listed contacts have no dates
	SurveyList    Kind = "surveys"     // the surveys of the account that the selection holds
	DirectoryList Kind = "directories" // the XM Directories of the account
	SyncAudit     Kind = "sync_audit"  // the outcome of each survey in a run; the content is a *SurveyRun
)

// Partition is the part of a feed that is read and resumed by itself. Example: the responses
// of survey SV_1 are the partition {Kind: "responses", Key: "SV_1", Name: "NPS 2026"}.
type Partition struct {
	Kind Kind
	// Key is "SV_1" for a survey, "POOL_1" for a directory, and "POOL_1/CG_2" for a mailing list
	// in it. It is "" if the feed has one partition.
	Key  string
	Name string // shown in messages
	// Named is set if the configuration names this partition by its id. A refusal of access is
	// then a failure; otherwise the partition is skipped.
	Named bool
	// Survey is the row of the survey list, if the partition is a survey.
	Survey *Survey
	// Contacts is Qualtrics' own count of the contacts of a directory; 0: unknown.
	Contacts int64
	// Left is the reason why the selection no longer holds the partition, such as a new name. It
	// is then read one last time. "": it is selected.
	Left string
	// Missing is the reason why the partition cannot be read, if that is known before the read,
	// such as a *[GoneError].
	Missing error
}

// Parents splits the key: "POOL_1/CG_2" gives POOL_1 and CG_2.
func (p Partition) Parents() []string {
	if p.Key == "" {
		return nil
	}
	return strings.Split(p.Key, separator)
}

// Salt makes hashes of equal rows differ between partitions and feeds.
func (p Partition) Salt() string { return string(p.Kind) + "\x00" + p.Key }

// separator stands between the ids of parents in the key of a partition.
const separator = "/"

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

// Position says how far a partition was read. It is a small JSON object that only its feed
// understands. Example: {"w":1767225600} means that all responses modified before 2026 were
// delivered. An empty position means that nothing was read.
type Position = json.RawMessage

// Request asks a feed for the documents of one partition.
type Request struct {
	Partition Partition
	Position  Position // the read begins here; empty: at the beginning
	// Beside has the positions of further streams that share this read. They go on together from
	// its first checkpoint. Only a [Joining] feed gets any.
	Beside []Position
	Audit  bool    // compare with the ids that exist now, even if no audit is due
	Report *Report // Fetch fills it in
	// Needs are the facts about a survey that streams need beside its responses.
	Needs Needs
	// Facts are filled with them, once for all reads of the partition in a run. nil: they
	// are made for this read.
	Facts *SurveyFacts
	// Part names the documents that the streams of this read take, if the feed has several
	// kinds of them: see [List.ReadPart].
	Part string
	// Answer is kept by a feed for further reads of the partition in this run. nil: nothing
	// is kept.
	Answer *any
}

// Positions returns the positions of all streams that share the read, without empty ones.
func (r *Request) Positions() (all []Position) {
	for _, position := range append([]Position{r.Position}, r.Beside...) {
		if len(position) > 0 {
			all = append(all, position)
		}
	}
	return all
}

// Understand decodes the position and checks it. An empty position leaves the value as it
// is. The error is a *[PositionError].
func (r *Request) Understand(into interface{ Plausible() error }) error {
	if len(r.Position) == 0 {
		return nil
	}
	err := json.Unmarshal(r.Position, into)
	if err == nil {
		err = into.Plausible()
	}
	if err != nil {
		return &PositionError{r.Partition, err}
	}
	return nil
}

// firstSecond is the zero time in epoch seconds.
const firstSecond = -62135596800

// Plausible refuses dates outside the years 1 to 9999 and empty ids. No release writes such
// positions, and they would make a later step panic.
func Plausible(seconds []int64, ids ...map[string]int64) error {
	for _, at := range seconds {
		if at < firstSecond || at > reconcile.LastSecond {
			return fmt.Errorf("%d is no date in epoch seconds", at)
		}
	}
	for _, known := range ids {
		if _, ok := known[""]; ok {
			return errors.New("one of its ids is empty")
		}
	}
	return nil
}

// Out receives the documents and positions of a partition, in order. Example of a read:
//
//	Announce({"w":100,"q":["R_1"]})    stored; the position is still 100
//	Document(R_1)
//	Checkpoint({"w":200})              R_1 was delivered; the next read begins at 200
type Out interface {
	// Document delivers one document. If it returns an error, Fetch ends with that error.
	Document(*Document) error
	// Checkpoint says that all documents before this position were delivered. The next run may
	// begin here.
	Checkpoint(Position) error
	// Announce stores the ids of documents that follow, before they are delivered. It does not
	// move the position. If the run is interrupted, the next run knows which ids may have arrived.
	Announce(Position) error
}

// Document is one object as it was fetched, or the news that it was deleted. Document and
// content are valid only until [Out.Document] returns.
type Document struct {
	Partition Partition
	ID        string
	Content   any       // *Survey, *response.Response, *Contact, *SurveyRun, or the *T of a [List]; nil: deleted
	DeletedAt time.Time // the date of a deletion; zero: the object exists
	ReadAt    time.Time // server time of the read
	// Survey has the facts that the request needs, if a response exists.
	Survey *SurveyFacts
	// Uploads has the downloads of a response's files by their id; nil: none is downloaded.
	Uploads map[string]Upload
	// DatedAt replaces the modified date if Qualtrics sent none. Zero: use the date of the content.
	DatedAt time.Time
}

// Survey is a row of the survey list.
type Survey = qualtrics.Survey

// Contact is the content of a document of [Contacts].
type Contact = qualtrics.Contact

// Altered says that a field of a survey or a contact differs from the answer of Qualtrics.
type Altered = qualtrics.Altered

// The alterations of fields.
const (
	Unreadable = qualtrics.Unreadable
	Repaired   = qualtrics.Repaired
	Renamed    = qualtrics.Renamed
)

var feeds = make(map[Kind]Feed)

// Register adds a feed to the program. It panics if the kind is empty or taken.
func Register(feed Feed) Feed {
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

// NounOf names one partition of a feed in messages: "survey", "directory", "mailing list".
func NounOf(kind Kind) string {
	if naming, ok := feeds[kind].(Naming); ok {
		return naming.PartitionNoun()
	}
	return "survey"
}
