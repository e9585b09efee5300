package feed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// Fetch delivers the elements whose content changed, and tombstones of the deleted ones.
func (l *List[T]) Fetch(ctx context.Context, env *Env, request Request, out Out) (err error) {
	var position listPosition
	if err := request.Understand(&position); err != nil {
		return err
	}
	if request.Partition.Missing != nil {
		return l.missingParent(env, request.Partition, &position, out)
	}
	version := ""
	if l.Version != nil {
		version = l.Version(env, request.Partition)
	}
	if version != "" && version == position.Version && position.selected(l.mark(env), "") {
		return out.Checkpoint(request.Position)
	}
	now, err := l.read(ctx, env, &request, &position)
	if err != nil {
		if l.Below == Surveys && qualtrics.IsNotFound(err) {
			return l.notFound(ctx, env, &request, &position, out, err)
		}
		return l.denied(env, &request, err)
	}
	if now.close != nil {
		defer func() {
			if closeErr := now.close(); closeErr != nil {
				err = errors.Join(err, closeErr)
			}
		}()
	}
	f := &listFetch[T]{
		list: l, env: env, partition: request.Partition, out: out, before: position, now: now, kept: make(map[string]string),
		readAt: time.Unix(reconcile.TombstoneTime(env.Now(), position.Newest), 0).UTC(),
		next:   listPosition{Newest: position.Newest, Chosen: l.mark(env), Version: version},
	}
	f.hash()
	f.compare()
	if err := f.decide(ctx); err != nil {
		return err
	}
	f.makePosition()
	return f.deliver()
}

// mark returns the mark of the selection of surveys; "": the list does not depend on it.
func (l *List[T]) mark(env *Env) string {
	if l.surveys.mark == nil && l.Below != Surveys {
		return ""
	}
	return env.Selection.Mark()
}

// notFound finds the reason why Qualtrics answered "not found" about a survey that is listed. If the
// survey was deleted, its rows go with it.
func (l *List[T]) notFound(ctx context.Context, env *Env, request *Request, position *listPosition, out Out, err error) error {
	verdict := env.ConfirmSurveyGone(ctx, request.Partition.Key)
	var gone *GoneError
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(verdict, &gone):
		request.Partition.Missing = gone
		return l.missingParent(env, request.Partition, position, out)
	case verdict == nil, errors.Is(verdict, ErrShownAgain):
		return err
	default:
		return errors.Join(verdict, err)
	}
}

// denied skips the list of a survey that the account may see and not read. If the survey is named
// by its id, or was read before, it fails.
func (l *List[T]) denied(env *Env, request *Request, err error) error {
	forbidden := qualtrics.IsForbidden(err) && !qualtrics.IsMissingScope(err)
	if l.Below != Surveys || !forbidden || request.Partition.Named || env.Selection.FailOnDenied || len(request.Position) > 0 {
		return err
	}
	return &Skipped{Reason: fmt.Sprintf("the account may not read the %ss of survey %s: %v", l.Noun, request.Partition, err), Cause: err}
}

// missingParent ends a partition with a parent that is missing or could not be listed.
func (l *List[T]) missingParent(env *Env, partition Partition, position *listPosition, out Out) error {
	noun := l.Below.noun()
	if isDeferred(partition.Missing) {
		env.Log.Debug("a "+noun+" is missing, and the next run finds out whether it was deleted", attribute(noun), partition.Key, "list", l.Name)
		return nil
	}
	var others int64
	err := ReportMissingParent(env, partition, noun, l.Below.setting(), partitionID(l.Name, partition.Key), func() (string, error) {
		var ids []string
		ids, others = position.ids()
		now, _ := env.Client.ServerTime()
		at := time.Unix(reconcile.TombstoneTime(now, position.Newest), 0).UTC()
		for _, id := range ids {
			if err := out.Document(&Document{Partition: partition, ID: id, DeletedAt: at, ReadAt: at}); err != nil {
				return "", err
			}
		}
		return DescribeTombstones(l.Noun, len(ids), others), nil
	})
	var skipped *Skipped
	if errors.As(err, &skipped) && skipped.Gone && others == 0 && l.Below.nested() {
		env.Log.Debug(skipped.Reason) // a deleted mailing list is no news, and all of its rows are reported
		return nil
	}
	return err
}

// partitionList is the list of one partition as this run read it.
type partitionList[T any] struct {
	elements  []T             // the selected ones
	leavers   []T             // delivered before; they left the selection because they changed
	unchanged map[string]bool // ids of elements that are selected and not readable: their rows stay
	id        func(T) string
	withoutID func() error // the error of the first element without an id
	// verdicts decides for elements that were delivered before and that the list lacks.
	verdicts func(ctx context.Context, absent []string) (map[string]error, error)
	load     func(*T) error // reads the content of an element; nil: it is complete
	close    func() error   // nil: there is no file
}

// read reads the list of a partition.
func (l *List[T]) read(ctx context.Context, env *Env, request *Request, position *listPosition) (*partitionList[T], error) {
	if l.surveys.read != nil {
		return l.surveys.read(ctx, env, position)
	}
	if l.Open != nil {
		return l.open(ctx, env, request.Partition)
	}
	contents, err := l.contents(ctx, env, request.Partition.Parents(), l.listing(env, request))
	if err != nil {
		return nil, err
	}
	p := &partitionList[T]{id: contents.listing.ID, withoutID: func() error { return contents.withoutID.First }}
	if l.Below != nil { // all are selected; there may be many, so they are not copied
		p.elements = contents.All
	}
	for _, element := range contents.All {
		if l.Below == nil && l.selects(&env.Selection, p.id(element)) {
			p.elements = append(p.elements, element)
		}
	}
	for id, since := range position.Missed {
		env.lists.missedBefore(contents.key(id), since)
	}
	p.verdicts = func(ctx context.Context, absent []string) (map[string]error, error) {
		var missing []string
		for _, id := range absent {
			if !contents.shown[id] && (l.Below != nil || env.Selection.inShard(id)) {
				missing = append(missing, id)
			}
		}
		if len(missing) == 0 {
			return nil, nil //nolint:nilnil // an empty map is one, too
		}
		if l.Whole {
			return l.allGone(missing), nil
		}
		return contents.decide(ctx, missing)
	}
	return p, nil
}

// listing returns the list of a partition, or the part of it that the request names.
func (l *List[T]) listing(env *Env, request *Request) qualtrics.Listing[T] {
	if l.ReadPart == nil {
		return l.Read(env.Client, request.Partition.Parents())
	}
	answer := request.Answer
	if answer == nil {
		answer = new(any)
	}
	return l.ReadPart(env.Client, request.Partition.Parents(), request.Part, answer)
}

// allGone returns the verdicts on elements that a complete answer lacks.
func (l *List[T]) allGone(missing []string) map[string]error {
	verdicts := make(map[string]error, len(missing))
	for _, id := range missing {
		verdicts[id] = &GoneError{l.Noun + " " + id}
	}
	return verdicts
}

// listFetch is one read of the list of a partition.
type listFetch[T any] struct {
	list      *List[T]
	env       *Env
	partition Partition
	out       Out
	now       *partitionList[T]
	readAt    time.Time // later than the date of every earlier row

	before, next listPosition
	elements     []element         // of now: the selected ones, then the leavers
	changed      []int             // indexes of elements
	absent       []string          // ids that were delivered before and that the list lacks, sorted
	gone         []string          // the deleted ones of absent
	kept         map[string]string // hashes of the others of absent, for the next position
	unnamed      int64             // deletions that the position cannot name
	problems     []error           // verdicts on missing elements that were not deleted
}

// at returns an element of the list.
func (f *listFetch[T]) at(i int) *T {
	if i < len(f.now.elements) {
		return &f.now.elements[i]
	}
	return &f.now.leavers[i-len(f.now.elements)]
}

// hash makes the hashes of the elements.
func (f *listFetch[T]) hash() {
	set := reconcile.Salt(f.env.Brand)
	content := f.list.surveys.content
	if content == nil {
		content = func(dst []byte, element *T) []byte {
			// The hash covers all fields. A release that adds a field delivers every row again,
			// which fills the new column.
			encoded, _ := json.Marshal(element)
			return append(dst, encoded...)
		}
	}
	if f.list.Protect != nil && f.env.Privacy != nil {
		for i := range len(f.now.elements) + len(f.now.leavers) {
			f.list.Protect(f.env.Privacy, f.at(i))
		}
	}
	var row []byte
	f.elements = make([]element, 0, len(f.now.elements)+len(f.now.leavers))
	for i := range cap(f.elements) {
		id := f.now.id(*f.at(i))
		row = content(row[:0], f.at(i))
		f.elements = append(f.elements, element{id, set.Hash(id, row)})
	}
}

// compare finds the changed elements and the absent ones.
func (f *listFetch[T]) compare() {
	if s := f.before.Summary; s != nil {
		f.changed = s.changed(f.elements)
		var more int64
		f.absent, more = s.absent(f.elements)
		f.unnamed = f.before.Unnamed + more
		return
	}
	hashes := f.before.hashes()
	listed := make(map[string]bool, len(f.elements))
	for i, e := range f.elements {
		listed[e.id] = true
		if hashes[e.id] != encodeHash(e.hash) {
			f.changed = append(f.changed, i)
		}
	}
	f.unnamed = f.before.Unnamed
	for _, id := range slices.Sorted(maps.Keys(hashes)) {
		if !listed[id] {
			f.absent = append(f.absent, id)
		}
	}
}

// decide finds out which absent elements were deleted. Lists may lack objects that exist (API §2.1),
// so the others stay in the position until they were missing for 30 days.
func (f *listFetch[T]) decide(ctx context.Context) error {
	verdicts, err := f.now.verdicts(ctx, f.absent)
	if err != nil {
		return err
	}
	later := 0
	for _, id := range f.absent {
		hash, verdict := f.before.hashes()[id], verdicts[id]
		var gone *GoneError
		if errors.As(verdict, &gone) {
			f.gone = append(f.gone, id)
			continue
		}
		if f.kept[id] = hash; f.now.unchanged[id] {
			continue
		}
		f.kept[id] = unselected + withoutMark(hash)
		if verdict == nil { // it exists, or it belongs to another shard
			continue
		}
		since := f.env.MissingSince(f.before.Missed[id], false)
		if since == Expired {
			f.env.Log.Warn("a "+f.list.Noun+" was missing from the account's list for 30 days: it is forgotten, its row stays", attribute(f.list.Noun), id)
			delete(f.kept, id)
			continue
		}
		if f.next.Missed == nil {
			f.next.Missed = make(map[string]int64)
		}
		f.next.Missed[id] = since
		if !f.before.selected(f.next.Chosen, hash) {
			continue
		}
		f.kept[id] = hash // the next run decides again
		var withdrawn *WithdrawnError
		switch {
		case errors.As(verdict, &withdrawn) && f.env.Selection.SkipWithdrawn:
		case !f.list.exact() && isDeferred(verdict):
			later++
		default:
			f.problems = append(f.problems, verdict)
		}
	}
	if later > 0 {
		f.env.Log.Debug("elements are missing from a list, and the next run finds out whether they were deleted", "list", f.list.Name, "partition", f.partition.String(), "elements", later)
	}
	return nil
}
