package feed

import (
	"slices"
	"strings"
	"sync"
)

// listRun holds the facts about lists during one run.
type listRun struct {
	lock     sync.Mutex
	known    map[Kind]map[string]bool // keys of partitions with a position; see [Env.RememberKeys]
	parents  map[string]bool          // whether the parent of a partition exists, by partitionID; absent: unknown
	count    map[Kind]int             // partitions of this run
	missed   map[string]int64         // elements that an earlier run missed: since when, in epoch seconds
	found    map[string]bool          // elements that only their own call shows
	contents map[string]any           // a *listContents for each list of parents, by partitionID
}

// enter counts a partition, and notes whether its parent exists.
func (r *listRun) enter(partition Partition) {
	r.lock.Lock()
	defer r.lock.Unlock()
	if r.parents == nil {
		r.parents, r.count = make(map[string]bool), make(map[Kind]int)
	}
	r.count[partition.Kind]++
	r.parents[partitionID(partition.Kind, partition.Key)] = partition.Missing == nil
}

// parentExists reports whether the parent of a partition exists, if this run knows.
func (r *listRun) parentExists(kind Kind, key string) (exists, known bool) {
	r.lock.Lock()
	defer r.lock.Unlock()
	exists, known = r.parents[partitionID(kind, key)]
	return exists, known
}

// partitions returns the number of partitions of a kind in this run, but at least one.
func (r *listRun) partitions(kind Kind) int {
	r.lock.Lock()
	defer r.lock.Unlock()
	return max(1, r.count[kind])
}

// elementKey is the key of an element in missed and found. The ids are those of the parents and of
// the element.
func elementKey(list Parents, ids []string) string {
	return strings.Join(slices.Concat([]string{list.noun()}, ids), separator)
}

// missedBefore notes that an earlier run missed an element.
func (r *listRun) missedBefore(element string, since int64) {
	r.lock.Lock()
	defer r.lock.Unlock()
	if r.missed == nil {
		r.missed = make(map[string]int64)
	}
	if before, ok := r.missed[element]; !ok || since < before {
		r.missed[element] = since
	}
}

// missedSince returns the time since when an element is missing; 0: no earlier run missed it.
func (r *listRun) missedSince(element string) int64 {
	r.lock.Lock()
	defer r.lock.Unlock()
	return r.missed[element]
}

// setFound notes that only its own call shows an element.
func (r *listRun) setFound(element string) {
	r.lock.Lock()
	defer r.lock.Unlock()
	if r.found == nil {
		r.found = make(map[string]bool)
	}
	r.found[element] = true
}

func (r *listRun) isFound(element string) bool {
	r.lock.Lock()
	defer r.lock.Unlock()
	return r.found[element]
}

// sharedContents returns the contents of a list that this run holds, or keeps the given ones.
func (r *listRun) sharedContents(id string, contents any) any {
	r.lock.Lock()
	defer r.lock.Unlock()
	if r.contents == nil {
		r.contents = make(map[string]any)
	}
	if r.contents[id] == nil {
		r.contents[id] = contents
	}
	return r.contents[id]
}
