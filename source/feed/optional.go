package feed

import (
	"iter"
	"time"
)

// The engine looks for the following interfaces in each feed. A feed that needs none of them
// implements [Feed] only. [Planner], [Observer] and [Explaining] are optional, too.

// Resuming is a feed that needs all of its positions before the first read, such as to share
// the room of a state among partitions.
type Resuming interface {
	// Resume receives the positions of the earlier run, before any feed reads.
	Resume(env *Env, positions iter.Seq2[string, Position])
}

// Retiring is a feed that changes or drops positions of partitions that it did not read, such as
// those of deleted surveys.
type Retiring interface {
	// Retire returns the position to be stored; nil: drop it. The engine calls it for each
	// position twice: when all partitions were listed, and when they were read.
	Retire(env *Env, key string, position Position) Position
}

// Joining is a feed that can read a partition once for streams with different positions.
type Joining interface {
	// Joins reports whether the stream with this position can share a read. If not, the partition
	// is read for that stream alone.
	Joins(env *Env, position Position) bool
}

// Following is a feed with a stream of deletions that may take over the position of the stream
// with the rows. Different positions would read each partition twice.
type Following interface {
	// Follows reports whether no deletion is lost if the stream of deletions continues at the
	// position of the rows.
	Follows(env *Env, own, rows Position) bool
}

// Comparing is a feed that finds deletions by audits: it compares the delivered ids with the
// ids that exist.
type Comparing interface {
	// Compared returns the server time of the last audit of a partition; zero: there was none.
	Compared(position Position) time.Time
}

// Naming is a feed with partitions that are not surveys.
type Naming interface {
	// PartitionNoun names one partition in messages, such as "directory".
	PartitionNoun() string
}
