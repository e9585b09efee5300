package feed

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
	"github.com/birdie-ai/source-qualtrics/source/privacy"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// List is a feed of objects that Qualtrics lists in pages below each parent, such as the mailing
// lists of each directory. The declaration is the whole feed:
//
//	var MailingLists = feed.RegisterList(feed.List[qualtrics.MailingList]{
//		Name:   "mailing_lists",
//		Noun:   "mailing list",
//		Below:  feed.Directories,
//		Read:   func(client, parents) { return client.MailingLists(parents[0]) },
//		Ask:    func(ctx, client, parents, id) error { _, err := client.MailingList(ctx, parents[0], id); return err },
//		Scopes: []string{"read:mailing_lists"},
//	})
//
// It has a partition per parent, delivers an element when its content changes, and reports an
// element as deleted when that is proved. The content of a document is a *T, and
// Partition.Parents returns the ids of all parents.
//
// An element was deleted if the complete lists of two runs do not show it, and Ask answers 404
// while it finds other elements. So the second run reports the deletion. Lists with few elements
// that are parents of other lists, such as directories, look again after 30 seconds instead.
// A read keeps all elements of one parent in memory.
//
// In the state an element takes 36 bytes, up to 2,000 elements of a parent (see List.Exact) and
// 512 KiB for all parents together. A longer list takes a summary of 0.4 to 16 KiB; the more parents there are,
// the smaller it is (see listSummary). A list of 100,000 elements takes 12 KiB.
type List[T any] struct {
	Name Kind   // "mailing_lists"
	Noun string // one element in messages: "mailing list"
	// Below lists the parents; nil: the account is the only one.
	Below Parents
	// Read returns the list of one parent. Parents has its id, after the ids of its own parents.
	Read func(client *qualtrics.Client, parents []string) qualtrics.Listing[T]
	// ReadPart replaces Read if one answer has the lists of several streams. The part is that of
	// the request. The answer keeps its value for the other parts of a parent in this run, so
	// that they cost no call. The position of a part has its own elements only.
	ReadPart func(client *qualtrics.Client, parents []string, part string, answer *any) qualtrics.Listing[T]
	// Open replaces Read if the contents of the elements are too large for memory. They stay in a
	// file, and only those of changed elements are read from it.
	Open func(ctx context.Context, env *Env, partition Partition) (*Opened[T], error)
	// Ask reads one element by its own call. nil: there is no such call, and only the list shows
	// that an element was deleted.
	Ask func(ctx context.Context, client *qualtrics.Client, parents []string, id string) error
	// Protect applies the privacy settings to an element before it is hashed; nil: elements hold
	// no personal data of respondents.
	Protect func(rules *privacy.Rules, element *T)
	// Title returns the name of an element for messages; nil: elements have no name.
	Title func(*T) string
	// Modified returns the date of the last change of an element; nil, or zero: unknown.
	Modified func(*T) time.Time
	// Whole is set if one answer has the complete list of a parent. An element that it lacks was
	// deleted.
	Whole bool
	// Exact is a number of elements of one parent; 0: 2,000. Up to it the state has a hash of each
	// element, so that each deletion can be named. The bytes for all parents grow with it.
	Exact int
	// Version returns a text that changes with the list of a parent; nil, or "": unknown. The list
	// is not read again as long as the version is the same.
	Version func(env *Env, partition Partition) string
	// Scopes are the OAuth scopes of the calls of Read and Ask.
	Scopes []string
	// OnRequest is set if users have to name the stream to select it, because most accounts lack
	// the right to read it.
	OnRequest bool
	// Setting is the configuration key that names elements, and Chosen returns its value. Without
	// them all elements are selected.
	Setting string
	Chosen  func(*Selection) []string

	parent  bool // other lists are below this one
	surveys surveyRules[T]
}

// surveyRules are the special rules of the survey list. All other lists have the zero value.
type surveyRules[T any] struct {
	read    func(context.Context, *Env, *listPosition) (*partitionList[T], error)
	content func(dst []byte, element *T) []byte
	mark    func(*Selection) string // changes with the selection
	resume  func(*Env, iter.Seq2[string, Position])
}

// exact reports whether positions always have all ids, in the form of earlier releases.
func (l *List[T]) exact() bool { return l.surveys.read != nil }

// Parents are the objects below which a list is read: [Surveys], or another *[List].
type Parents interface {
	// partitions yields a partition of the kind for each selected object. It adds the missing
	// objects with a position in known, and sets Missing.
	partitions(ctx context.Context, env *Env, kind Kind, known map[string]bool) iter.Seq2[Partition, error]
	// first returns the ids of the first object and its parents; nil: there is none.
	first(ctx context.Context, client *qualtrics.Client, selection *Selection) ([]string, error)
	// scopes returns the OAuth scopes that are needed to list the objects.
	scopes() []string
	// addChild notes that a list is below the objects.
	addChild()
	noun() string
	setting() string
	// nested reports whether the objects have parents themselves.
	nested() bool
}

// ListFeed is a feed that is a [List].
type ListFeed interface {
	Feed
	// AllScopes returns the OAuth scopes that are needed to read the list.
	AllScopes() []string
	// ByRequest reports whether users have to name the stream to select it.
	ByRequest() bool
	// Probe makes one call of each kind, to show whether the account may read the list.
	Probe(ctx context.Context, client *qualtrics.Client, selection *Selection) error
}

var (
	_ Parents  = (*List[int])(nil)
	_ ListFeed = (*List[int])(nil)
	_ Resuming = (*List[int])(nil)
	_ Retiring = (*List[int])(nil)
	_ Naming   = (*List[int])(nil)
)

// RegisterList makes a list a feed. It panics on a mistake in the declaration, so that every test
// finds it.
func RegisterList[T any](list List[T]) *List[T] {
	l := &list
	if l.Noun == "" || l.Read == nil && l.Open == nil || len(l.Scopes) == 0 {
		panic(fmt.Sprintf("registering list %q: it has no noun, no elements or no scopes", l.Name))
	}
	if l.Below != nil {
		l.Below.addChild()
	}
	Register(l)
	return l
}

// Kind is the name of the feed.
func (l *List[T]) Kind() Kind { return l.Name }

// PartitionNoun names a parent of the list.
func (l *List[T]) PartitionNoun() string {
	if l.Below == nil {
		return "list"
	}
	return l.Below.noun()
}

func (l *List[T]) noun() string { return l.Noun }
func (l *List[T]) addChild()    { l.parent = true }
func (l *List[T]) nested() bool { return l.Below != nil }

// setting returns the configuration key that names the elements or their parents.
func (l *List[T]) setting() string {
	if l.Setting == "" && l.Below != nil {
		return l.Below.setting()
	}
	return l.Setting
}

// attribute returns the noun as a key of log lines.
func attribute(noun string) string { return strings.ReplaceAll(noun, " ", "_") }

// AllScopes returns the scopes of the list and of its parents.
func (l *List[T]) AllScopes() []string {
	if l.Below == nil {
		return l.Scopes
	}
	all := l.Below.scopes()
	for _, scope := range l.Scopes {
		if !slices.Contains(all, scope) {
			all = append(all, scope)
		}
	}
	return all
}

func (l *List[T]) scopes() []string { return append([]string(nil), l.AllScopes()...) }

// ByRequest reports whether users have to name the stream to select it.
func (l *List[T]) ByRequest() bool { return l.OnRequest }

// selects reports whether the selection contains an element. Names and shards apply to elements of
// the account. Elements below them belong to the shard of their parent.
func (l *List[T]) selects(selection *Selection, id string) bool {
	if selection == nil || l.Below != nil {
		return true
	}
	named := l.chosen(selection)
	return selection.inShard(id) && (len(named) == 0 || named[id])
}

// chosen returns the ids that the configuration names.
func (l *List[T]) chosen(selection *Selection) map[string]bool {
	if l.Chosen == nil {
		return nil
	}
	named := make(map[string]bool)
	for _, id := range l.Chosen(selection) {
		named[id] = true
	}
	return named
}

// title returns the name of an element for messages.
func (l *List[T]) title(element *T) string {
	if l.Title == nil {
		return ""
	}
	return l.Title(element)
}

// Resume notes the partitions with a position, and since when their parents are missing.
func (l *List[T]) Resume(env *Env, positions iter.Seq2[string, Position]) {
	if l.surveys.resume != nil {
		l.surveys.resume(env, positions)
		return
	}
	known := make(map[string]bool)
	for key, position := range positions {
		var p listPosition
		if json.Unmarshal(position, &p) != nil {
			continue // Fetch reports the damage
		}
		known[key] = true
		if l.Below == Surveys {
			env.account.know(key, p.Chosen == env.Selection.Mark())
		}
		if p.ParentMissed != 0 {
			env.lists.missedBefore(elementKey(l.Below, Partition{Key: key}.Parents()), p.ParentMissed)
		}
	}
	env.RememberKeys(l.Name, maps.Keys(known))
}

// Partitions yields the selected parents, or the account.
func (l *List[T]) Partitions(ctx context.Context, env *Env) iter.Seq2[Partition, error] {
	if l.Below == nil {
		return func(yield func(Partition, error) bool) { yield(Partition{Kind: l.Name}, nil) }
	}
	return func(yield func(Partition, error) bool) {
		for partition, err := range l.Below.partitions(ctx, env, l.Name, env.keys(l.Name)) {
			if err == nil {
				env.lists.enter(partition)
			}
			if !yield(partition, err) {
				return
			}
		}
	}
}

// Retire drops the position of a parent that was deleted, or that was missing for 30 days.
func (l *List[T]) Retire(env *Env, key string, position Position) Position {
	if l.Below == nil {
		return position
	}
	if env.IsMarkedGone(partitionID(l.Name, key)) {
		return nil
	}
	exists, known := env.lists.parentExists(l.Name, key)
	var p listPosition
	if !known || json.Unmarshal(position, &p) != nil {
		return position // Fetch reports the damage
	}
	since := env.MissingSince(p.ParentMissed, exists)
	switch since {
	case p.ParentMissed:
		return position
	case Expired:
		noun := l.PartitionNoun()
		env.Log.Warn("a "+noun+" was missing for 30 days: its position is forgotten, its rows stay", attribute(noun), key, "list", l.Name)
		return nil
	}
	p.ParentMissed = since
	encoded, err := json.Marshal(p)
	if err != nil {
		return position
	}
	return encoded
}

// partitionID is the key of a partition among the partitions of all lists.
func partitionID(kind Kind, key string) string { return string(kind) + separator + key }

// snapshotShare returns the bytes that the ids of one partition may take in the state.
func (l *List[T]) snapshotShare(env *Env) int {
	return cmp.Or(env.SnapshotBytes, reconcile.SnapshotBytes) / env.lists.partitions(l.Name)
}

// Probe reads the first page of the list of the first selected parent.
func (l *List[T]) Probe(ctx context.Context, client *qualtrics.Client, selection *Selection) error {
	var parents []string
	if l.Below != nil {
		var err error
		if parents, err = l.Below.first(ctx, client, selection); err != nil || parents == nil {
			return err
		}
	}
	_, _, err := l.firstElement(ctx, client, parents, nil)
	return err
}

func (l *List[T]) first(ctx context.Context, client *qualtrics.Client, selection *Selection) ([]string, error) {
	var parents []string
	if l.Below != nil {
		var err error
		if parents, err = l.Below.first(ctx, client, selection); err != nil || parents == nil {
			return nil, err
		}
	}
	id, found, err := l.firstElement(ctx, client, parents, selection)
	if err != nil || !found {
		return nil, err
	}
	return append(parents, id), nil
}

// firstElement finds the first selected element below a parent.
func (l *List[T]) firstElement(ctx context.Context, client *qualtrics.Client, parents []string, selection *Selection) (id string, found bool, err error) {
	list := l.Read(client, parents)
	for element, err := range list.Pages(ctx) {
		var skipped WithoutID
		if err != nil && !skipped.Takes(err) {
			return "", false, err
		}
		if err == nil && l.selects(selection, list.ID(element)) {
			return list.ID(element), true, nil
		}
	}
	return "", false, nil
}
