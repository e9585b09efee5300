package feed

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
)

// PartitionsOf yields the selected elements as partitions of another feed. The missing elements
// that were given to [Env.RememberKeys] come last, with the reason in Missing.
func (l *List[T]) PartitionsOf(ctx context.Context, env *Env, kind Kind) iter.Seq2[Partition, error] {
	return l.partitions(ctx, env, kind, env.keys(kind))
}

func (l *List[T]) partitions(ctx context.Context, env *Env, kind Kind, known map[string]bool) iter.Seq2[Partition, error] {
	if l.Below == nil {
		return func(yield func(Partition, error) bool) { l.accountPartitions(ctx, env, kind, known, yield) }
	}
	return func(yield func(Partition, error) bool) {
		parents := make(map[string]bool)
		for key := range known {
			if at := strings.LastIndex(key, separator); at >= 0 {
				parents[key[:at]] = true
			}
		}
		for parent, err := range l.Below.partitions(ctx, env, kind, parents) {
			if err != nil {
				if !yield(parent, err) {
					return
				}
				continue
			}
			if !l.childPartitions(ctx, env, parent, known, yield) {
				return
			}
		}
	}
}

// accountPartitions yields the elements of the account's list, and then the missing ones.
func (l *List[T]) accountPartitions(ctx context.Context, env *Env, kind Kind, known map[string]bool, yield func(Partition, error) bool) {
	contents, err := l.Contents(ctx, env, nil)
	if err != nil {
		yield(Partition{}, err)
		return
	}
	for i := range contents.All {
		id := l.id(env, nil, &contents.All[i])
		if l.selects(&env.Selection, id) && !yield(Partition{Kind: kind, Key: id, Name: l.title(&contents.All[i])}, nil) {
			return
		}
	}
	missing, err := l.missing(ctx, env, contents, kind, known)
	if err != nil {
		yield(Partition{}, err)
		return
	}
	for _, partition := range missing {
		if !yield(partition, nil) {
			return
		}
	}
	if contents.withoutID.First != nil {
		yield(Partition{}, contents.withoutID.First)
	}
}

func (l *List[T]) id(env *Env, parents []string, element *T) string {
	return l.Read(env.Client, parents).ID(*element)
}

// missing returns the elements that the account's list lacks, and that have a position or are
// named by the configuration.
func (l *List[T]) missing(ctx context.Context, env *Env, contents *listContents[T], kind Kind, known map[string]bool) ([]Partition, error) {
	named := l.chosen(&env.Selection)
	wanted := named
	if len(named) == 0 {
		wanted = known
	}
	var ids, withPosition []string
	for _, id := range slices.Sorted(maps.Keys(wanted)) {
		if contents.Exists(id) || !env.Selection.inShard(id) {
			continue
		}
		if ids = append(ids, id); known[id] {
			withPosition = append(withPosition, id)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	verdicts, err := contents.decide(ctx, withPosition)
	if err != nil {
		return nil, err
	}
	var partitions []Partition
	for _, id := range ids {
		partition := Partition{Kind: kind, Key: id, Named: named[id], Missing: verdicts[id]}
		if !known[id] {
			if partition.Missing = contents.unknown(ctx, id); ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
		}
		if partition.Missing == nil {
			env.lists.setFound(contents.key(id))
			env.Log.Warn("a "+l.Noun+" is not in the account's list, and can be read all the same", attribute(l.Noun), id)
		} else {
			env.Log.Warn("a "+l.Noun+" is not in the account's list", attribute(l.Noun), id, "error", partition.Missing)
		}
		partitions = append(partitions, partition)
	}
	return partitions, nil
}

// childPartitions yields the elements below one parent, and then the missing ones with a position.
// If the parent's list cannot be read, it yields the parent with the reason in Missing. It reports
// whether to go on with the next parent.
func (l *List[T]) childPartitions(ctx context.Context, env *Env, parent Partition, known map[string]bool, yield func(Partition, error) bool) bool {
	prefix := parent.Key + separator
	var knownIDs []string // elements below this parent with a position
	for _, key := range slices.Sorted(maps.Keys(known)) {
		if id, ok := strings.CutPrefix(key, prefix); ok && !strings.Contains(id, separator) {
			knownIDs = append(knownIDs, id)
		}
	}
	child := func(id string) Partition { return Partition{Kind: parent.Kind, Key: prefix + id} }
	if parent.Missing != nil {
		if parent.Named && len(knownIDs) == 0 {
			return yield(parent, nil)
		}
		for _, id := range knownIDs {
			partition := child(id)
			if partition.Missing, partition.Named = parent.Missing, parent.Named; !yield(partition, nil) {
				return false
			}
		}
		return true
	}
	contents, err := l.Contents(ctx, env, parent.Parents())
	if err != nil {
		if ctx.Err() != nil {
			return yield(Partition{}, err)
		}
		parent.Missing = err
		return yield(parent, nil)
	}
	for i := range contents.All {
		partition := child(l.id(env, contents.parents, &contents.All[i]))
		if partition.Name = l.title(&contents.All[i]); !yield(partition, nil) {
			return false
		}
	}
	missing := slices.DeleteFunc(knownIDs, func(id string) bool { return contents.shown[id] })
	verdicts, err := contents.decide(ctx, missing)
	if err != nil {
		return yield(Partition{}, err)
	}
	for _, id := range missing {
		partition := child(id)
		if partition.Missing = verdicts[id]; !yield(partition, nil) {
			return false
		}
	}
	if parent.Missing = contents.withoutID.First; parent.Missing != nil {
		return yield(parent, nil)
	}
	return true
}
