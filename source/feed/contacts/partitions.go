package contacts

import (
	"context"
	"encoding/json"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
)

var (
	_ feed.Resuming = Feed{}
	_ feed.Retiring = Feed{}
	_ feed.Naming   = Feed{}
)

// Resume notes the directories with a position. If the list lacks one, it is asked for by its own call.
func (Feed) Resume(env *feed.Env, positions iter.Seq2[string, feed.Position]) {
	env.RememberKeys(feed.Contacts, func(yield func(string) bool) {
		for directory := range positions {
			if !yield(directory) {
				return
			}
		}
	})
}

// Partitions returns the selected directories. Those that the list lacks come last, if they have a
// position or the selection names them.
func (Feed) Partitions(ctx context.Context, env *feed.Env) iter.Seq2[feed.Partition, error] {
	return func(yield func(feed.Partition, error) bool) {
		k, err := feed.Directories.Contents(ctx, env, nil)
		if err != nil {
			yield(feed.Partition{}, err)
			return
		}
		counts := make(map[string]int64, len(k.All))
		for _, directory := range k.All {
			if directory.ContactCount != nil {
				counts[string(directory.ID)] = *directory.ContactCount
			}
		}
		if len(k.All)+len(env.Selection.Directories) == 0 && !env.HasKeys(feed.Contacts) {
			env.Log.Warn("the account sees no directory: contacts need a user who may see one")
		}
		for partition, err := range feed.Directories.PartitionsOf(ctx, env, feed.Contacts) {
			partition.Contacts = counts[partition.Key]
			if !yield(partition, err) {
				return
			}
		}
	}
}

// Retire removes the position of a directory that is gone, or that the list has lacked for 30 days.
func (Feed) Retire(env *feed.Env, key string, position feed.Position) feed.Position {
	if env.IsMarkedGone(key) {
		return nil
	}
	var p directoryPosition
	k, read := feed.Directories.ContentsIfRead(env)
	if !read || json.Unmarshal(position, &p) != nil {
		return position // reading it reports the error
	}
	missed := env.MissingSince(p.Missed, k.Exists(key))
	switch missed {
	case p.Missed:
		return position
	case feed.Expired:
		env.Log.Warn("a directory was missing from the account's list for 30 days: its position is forgotten, its contacts stay", "directory", key)
		return nil
	}
	p.Missed = missed
	encoded, err := json.Marshal(p)
	if err != nil {
		return position
	}
	return encoded
}

// PartitionNoun names one partition in messages.
func (Feed) PartitionNoun() string { return feed.Directories.Noun }

// missingDirectory handles a directory that the account's list lacks. If it is gone, the contacts that
// the position lists are reported as deleted.
func missingDirectory(env *feed.Env, request *feed.Request, out feed.Out) error {
	partition := request.Partition
	return feed.ReportMissingParent(env, partition, feed.Directories.Noun, feed.Directories.Setting, partition.Key, func() (string, error) {
		var position directoryPosition
		if err := request.Understand(&position); err != nil {
			return "", err
		}
		if env.AuditEvery == 0 {
			return "its contacts stay at the destination, because deletions.mode is off", nil
		}
		t, err := newTracker(position.Tracker)
		if err != nil {
			return "", &feed.PositionError{Partition: partition, Err: err}
		}
		ids, _, others, _ := t.compare(&reconcile.IDSet{})
		now, _ := env.Client.ServerTime()
		at := time.Unix(reconcile.TombstoneTime(now, max(t.newest, position.Listed)), 0).UTC()
		ids = slices.Compact(slices.Sorted(slices.Values(slices.AppendSeq(ids, maps.Keys(t.Absent)))))
		for _, id := range ids {
			if err := out.Document(&feed.Document{Partition: partition, ID: id, DeletedAt: at, ReadAt: now}); err != nil {
				return "", err
			}
		}
		return feed.DescribeTombstones("contact", len(ids), max(0, others)), nil
	})
}
