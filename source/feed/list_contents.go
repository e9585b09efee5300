package feed

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// listContents is the list of one parent in one run. A list of parents is read once, for all feeds
// below it. All and shown may be read after [List.Contents] returned.
type listContents[T any] struct {
	list    *List[T]
	listing qualtrics.Listing[T]
	env     *Env
	parents []string // ids of the parents

	mutex     waitingMutex // for the following
	read      bool
	All       []T
	shown     map[string]bool // ids of All
	withoutID WithoutID
	err       error // the reason why the list could not be read
	existence *existence
	verdicts  map[string]error // on elements that the list lacks
	answers   map[string]error // of the own calls of elements that the configuration names
}

// Contents reads the list below the parents. If other lists are below it, a run reads it once and
// then returns the same contents.
func (l *List[T]) Contents(ctx context.Context, env *Env, parents []string) (*listContents[T], error) {
	return l.contents(ctx, env, parents, l.Read(env.Client, parents))
}

func (l *List[T]) contents(ctx context.Context, env *Env, parents []string, listing qualtrics.Listing[T]) (*listContents[T], error) {
	c := &listContents[T]{list: l, listing: listing, env: env, parents: slices.Clone(parents), verdicts: make(map[string]error), answers: make(map[string]error)}
	if l.parent {
		c = env.lists.sharedContents(partitionID(l.Name, strings.Join(parents, separator)), c).(*listContents[T])
	}
	unlock, err := c.mutex.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if !c.read {
		if c.fetch(ctx); ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
	}
	return c, c.err
}

// ContentsIfRead returns the account's list if this run has read it.
func (l *List[T]) ContentsIfRead(env *Env) (contents *listContents[T], read bool) {
	env.lists.lock.Lock()
	defer env.lists.lock.Unlock()
	contents, read = env.lists.contents[partitionID(l.Name, "")].(*listContents[T])
	return contents, read && contents.read && contents.err == nil
}

// Exists reports whether the list shows an element, or its own call does.
func (c *listContents[T]) Exists(id string) bool {
	return c.shown[id] || c.env.lists.isFound(c.key(id))
}

// key is the key of an element in [listRun].
func (c *listContents[T]) key(id string) string {
	return elementKey(c.list, append(slices.Clone(c.parents), id))
}

func (c *listContents[T]) fetch(ctx context.Context) {
	list := c.listing
	all, err := list.All(ctx)
	if err != nil && c.withoutID.Takes(err) {
		err = nil
	}
	c.All, c.err, c.read = all, err, ctx.Err() == nil
	c.shown = make(map[string]bool, len(all))
	for _, element := range all {
		c.shown[list.ID(element)] = true
	}
	c.existence = &existence{
		noun: c.list.Noun, setting: "surveys.on_withdrawn", run: c.env.runNumber(), listErr: c.withoutID.First,
		list: func(ctx context.Context) ([]string, error) {
			again, err := list.All(ctx)
			ids := make([]string, len(again))
			for i, element := range again {
				ids[i] = list.ID(element)
			}
			return ids, err
		},
	}
	if c.list.Ask != nil {
		c.existence.ask = c.ask
	}
	// Objects of the account that are parents, such as directories, are few, and the user has to
	// learn at once that one is missing.
	if c.list.Below != nil || !c.list.parent {
		c.existence.manyRules = manyRules{emptyIsValid: c.list.Below != nil, sample: true, missedBefore: c.missedBefore, nextRunConfirms: true}
	}
}

func (c *listContents[T]) ask(ctx context.Context, id string) error {
	return c.list.Ask(ctx, c.env.Client, c.parents, id)
}

// missedBefore reports whether an earlier run missed an element, at least secondLook ago.
func (c *listContents[T]) missedBefore(id string) bool {
	since := c.env.lists.missedSince(c.key(id))
	now, known := c.env.Client.ServerTime()
	return known && since != 0 && now.Sub(time.Unix(since, 0)) >= secondLook
}

// decide returns the verdicts of [existence.verdicts] on elements that the list lacks.
func (c *listContents[T]) decide(ctx context.Context, missing []string) (map[string]error, error) {
	unlock, err := c.mutex.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	undecided := slices.DeleteFunc(slices.Clone(missing), func(id string) bool { _, ok := c.verdicts[id]; return ok })
	if len(undecided) > 0 {
		verdicts, err := c.existence.verdicts(ctx, undecided, slices.Collect(maps.Keys(c.shown)))
		if err != nil {
			return nil, err
		}
		maps.Copy(c.verdicts, verdicts)
	}
	return c.verdicts, nil
}

// unknown asks for an element that the configuration names, that has no position, and that the list
// lacks. It returns an *UnknownError if the call does not find it either.
func (c *listContents[T]) unknown(ctx context.Context, id string) error {
	unlock, err := c.mutex.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	answer, asked := c.answers[id]
	if !asked {
		if answer = c.ask(ctx, id); ctx.Err() != nil {
			return context.Cause(ctx)
		}
		c.answers[id] = answer
	}
	if answer == nil {
		return nil
	}
	return &UnknownError{c.list.Setting, c.list.Noun + " " + id, nearest(id, slices.Sorted(maps.Keys(c.shown)), anyDistance), answer}
}
