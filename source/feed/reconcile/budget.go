package reconcile

import (
	"encoding/base64"
	"sync"
)

// SnapshotBytes is the default limit for the id snapshots of all surveys in a state, in
// bytes. The sketch of a survey has a minimum size: with thousands of surveys the sum is larger.
const SnapshotBytes = 192 << 10

// Budget counts the row hashes and the bytes of id snapshots that a state holds, over all
// partitions. The zero value is an empty state. Its methods may be called concurrently.
type Budget struct {
	lock      sync.Mutex
	held      map[string]int // row hashes by partition
	hashes    int            // sum of held
	snapshots int            // bytes of the id snapshots
}

// EncodeRows encodes the newest row hashes of a partition: at most most, and at most as many
// as the other partitions leave free of [TotalHashes].
func (b *Budget) EncodeRows(set *RowHashes, partition string, most int) string {
	b.lock.Lock()
	defer b.lock.Unlock()
	b.set(partition, 0)
	encoded, kept := set.Encode(max(0, min(most, TotalHashes-b.hashes)))
	b.set(partition, kept)
	return encoded
}

// HoldRows counts the encoded row hashes in a partition's position.
func (b *Budget) HoldRows(partition, encoded string) {
	b.lock.Lock()
	defer b.lock.Unlock()
	b.set(partition, base64.RawStdEncoding.DecodedLen(len(encoded))/HashBytes)
}

// set sets the number of row hashes of a partition. The caller holds the lock.
func (b *Budget) set(partition string, n int) {
	if b.held == nil {
		b.held = make(map[string]int)
	}
	b.hashes += n - b.held[partition]
	b.held[partition] = n
}

// HoldSnapshot counts the id snapshot in a position from which a run resumes.
func (b *Budget) HoldSnapshot(state SnapshotState) {
	b.lock.Lock()
	defer b.lock.Unlock()
	b.snapshots += state.Size()
}

// Replaced counts the new id snapshot of a partition in place of the old one. Either may be nil.
func (b *Budget) Replaced(before, after *Snapshot) {
	b.lock.Lock()
	defer b.lock.Unlock()
	b.snapshots += after.State().Size() - before.State().Size()
}

// SnapshotBytes returns the bytes of all id snapshots.
func (b *Budget) SnapshotBytes() int {
	b.lock.Lock()
	defer b.lock.Unlock()
	return b.snapshots
}

// Half returns the size limit for the next snapshot of a partition, in bytes. That is the size of
// its current one, which may be nil, plus half of the bytes that are free of the limit for all.
func (b *Budget) Half(own *Snapshot, all int) int {
	b.lock.Lock()
	defer b.lock.Unlock()
	return own.State().Size() + (all-b.snapshots)/2
}
