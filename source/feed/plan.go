package feed

import (
	"context"
)

// Planner is a feed that can tell how urgent the read of a partition is. It makes one call at
// most to find out. Partitions of other feeds are read in the order of their list.
type Planner interface {
	Plan(ctx context.Context, env *Env, request Request) Plan
}

// Plan says how urgent the read of a partition is.
type Plan struct {
	Priority Priority
	// Err is the reason why a partition with priority None cannot be read. Fetch would return it.
	Err error
	// Position replaces the stored one of a partition with priority None; empty: it stays.
	Position Position
}

// Priority orders the reads of a run: a partition with a lower value comes first.
type Priority int

// The priorities. The engine plans partitions in batches. It reads all with a priority up to News,
// then one of the others, and then plans the next batch. The others that remain are read last.
const (
	None       Priority = iota // nothing to read, or it cannot be read
	First                      // it was never read completely
	News                       // there are changes, or it is unknown whether there are
	Overdue                    // its daily export is more than two hours late
	Recheck                    // a change may have become visible after the last read
	Sweep                      // its daily export is due
	Audit                      // an audit is due, or its first load made no progress within the last day
	Priorities                 // the number of priorities
)
