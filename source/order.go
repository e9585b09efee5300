package source

import (
	"context"
	"math/rand/v2"
	"slices"

	"github.com/birdie-ai/source-qualtrics/source/feed"
)

// partitions yields the partitions of a feed in the order in which they are
// to be read, and whatever error ends their list last. A run that may be cut
// takes those first that were never read and the others by chance: in the
// list's own order its tail would never have its turn.
func (e *engine) partitions(ctx context.Context, source feed.Feed, streams []*selected) func(func(feed.Partition, error) bool) {
	listed := source.Partitions(ctx, e.env)
	if !e.cut {
		return listed
	}
	return func(yield func(feed.Partition, error) bool) {
		var unread, read []feed.Partition
		var failed error
		for partition, err := range listed {
			if err != nil {
				failed = err
				break
			}
			if slices.ContainsFunc(streams, func(s *selected) bool { return e.position(partition, s) == nil }) {
				unread = append(unread, partition)
			} else {
				read = append(read, partition)
			}
		}
		rand.Shuffle(len(read), func(i, j int) { read[i], read[j] = read[j], read[i] }) //nolint:gosec // spreads turns, guards nothing
		for _, partition := range append(unread, read...) {
			if !yield(partition, nil) {
				return
			}
		}
		if failed != nil {
			yield(feed.Partition{}, failed)
		}
	}
}
