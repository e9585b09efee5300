package feed

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
	"github.com/birdie-ai/source-qualtrics/source/sketch"
	"github.com/birdie-ai/source-qualtrics/source/wording"
)

// listPosition holds the elements that were delivered. The next run compares them with the list,
// because a list shows neither edits nor deletions. Example:
//
//	{"ids":{"CG_1":"3q2+7wAAAAA","CG_2":""},"n":1767225600,"g":{"CG_2":1767220000}}
//
// CG_1 was delivered with this hash, and it is unknown which content of CG_2 was delivered. The list
// lacks CG_2 since 1767220000. No row has a later date than 1767225600.
type listPosition struct {
	// Surveys has the content hashes of the survey list by id. "": the delivered content is
	// unknown. The hash of a survey outside the selection begins with [unselected].
	Surveys map[string]string `json:"surveys,omitzero"`
	// IDs has the same of other lists with few elements.
	IDs map[string]string `json:"ids,omitzero"`
	// Summary replaces IDs of a long list.
	Summary *listSummary `json:"b,omitempty"`
	// Newest is the newest date of a delivered row, in epoch seconds. A tombstone gets a later date.
	Newest int64 `json:"n,omitempty"`
	// Chosen is the mark of the selection that contained the surveys.
	Chosen string `json:"s,omitempty"`
	// Missed has the missing elements: id → since when, in epoch seconds.
	Missed map[string]int64 `json:"g,omitempty"`
	// ParentMissed is the time since when the parent is missing from its list, in epoch seconds.
	ParentMissed int64 `json:"p,omitempty"`
	// Version is the version of the list at its last complete read; "": unknown.
	Version string `json:"v,omitempty"`
	// Unnamed counts the deletions that an interrupted run could not name and did not report.
	Unnamed int64 `json:"u,omitempty"`

	noun string // one element, for Explain
}

// unselected is the first character of the hash of an element outside the selection.
const unselected = "-"

// withoutMark returns a hash without the mark of an element outside the selection.
func withoutMark(hash string) string { return strings.TrimPrefix(hash, unselected) }

// selected reports whether the element with this hash was selected when the position was made, by
// the selection with this mark.
func (p *listPosition) selected(mark, hash string) bool {
	return p.Chosen == mark && !strings.HasPrefix(hash, unselected)
}

// Plausible checks ids, dates and the summary.
func (p *listPosition) Plausible() error {
	for _, hashes := range []map[string]string{p.Surveys, p.IDs} {
		if _, ok := hashes[""]; ok {
			return errors.New("one of its ids is empty")
		}
	}
	if _, ok := p.Missed[""]; ok {
		return errors.New("one of its ids is empty")
	}
	if p.Summary != nil {
		if err := p.Summary.decode(); err != nil {
			return err
		}
	}
	return Plausible([]int64{p.Newest, p.ParentMissed})
}

// hashes returns the content hashes by id.
func (p *listPosition) hashes() map[string]string {
	if p.Surveys != nil {
		return p.Surveys
	}
	return p.IDs
}

// ids returns the ids that the position can name, and about how many others were delivered.
func (p *listPosition) ids() (named []string, others int64) {
	if p.Summary == nil {
		return slices.Sorted(maps.Keys(p.hashes())), 0
	}
	named, others = p.Summary.absent(nil)
	named = append(named, slices.Collect(maps.Keys(p.Missed))...)
	slices.Sort(named)
	return slices.Compact(named), others
}

func (p *listPosition) encode(kind Kind) (Position, error) {
	encoded, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("writing the position of %s: %w", kind, err)
	}
	return encoded, nil
}

// Sizes of positions of a list.
const (
	maxExact      = 2000      // hashes in one position, if List.Exact does not say another number
	maxExactBytes = 512 << 10 // of the hashes in all positions of such a list
	minExactBytes = 1 << 10   // every position may have this much
	hashBytes     = len(`"":"AAAAAAAAAAA",`)
	minSetBytes   = 104 // a set of this size can name four ids
)

// listSummary replaces the ids and hashes of a long list. Each element is in one of 256 buckets by
// its id, and a bucket keeps the sum of its hashes. If a sum changes, all elements of the bucket
// are delivered again. So one edit in a list of 100,000 elements delivers about 400 rows.
//
// A set of the ids can name some deletions: 100 in a list of up to 20,000 elements, and 180 above.
// If the account has thousands of lists, it can name at least four in each.
type listSummary struct {
	Sums  string `json:"h"`           // 8 bytes per bucket; 0: the delivered content is unknown
	Count int64  `json:"c"`           // number of ids
	NoSet bool   `json:"z,omitempty"` // there is no room for a set of ids
	reconcile.SnapshotState

	sums []uint64
	set  *reconcile.Snapshot
}

// element is one element of a list, for the comparison with a position.
type element struct {
	id   string
	hash reconcile.RowHash
}

// buckets returns the number of buckets that fit into a share of the state.
func buckets(share int) int {
	for _, n := range []int{256, 64} {
		if base64.RawStdEncoding.EncodedLen(8*n) <= share {
			return n
		}
	}
	return 16
}

// sums adds up the hashes of the elements by bucket.
func sums(elements []element, buckets int) []uint64 {
	sums := make([]uint64, buckets)
	for _, e := range elements {
		sums[bucket(e.id, buckets)] += uint64(e.hash)
	}
	return sums
}

// bucket returns the bucket of an id, by FNV-1a.
func bucket(id string, buckets int) int {
	hash := uint64(14695981039346656037)
	for i := range len(id) {
		hash = (hash ^ uint64(id[i])) * 1099511628211
	}
	return int(sketch.Mix(hash) % uint64(buckets)) //nolint:gosec // a small positive count
}

// summarize makes the summary of elements, and of other ids that may have been delivered. Its size
// is about a share of the state.
func summarize(elements []element, others []string, share int) *listSummary {
	s := &listSummary{sums: sums(elements, buckets(share)), Count: int64(len(elements) + len(others))}
	set := reconcile.NewSnapshotBuilder(max(share, minSetBytes))
	for _, e := range elements {
		set.Add(e.id)
	}
	for _, id := range others {
		set.Add(id)
	}
	s.set = set.Build()
	s.SnapshotState, s.NoSet = s.set.State(), s.set == nil
	s.encodeSums()
	return s
}

// deliveredOr returns the summary for a run that may be interrupted while it delivers the elements.
// The sum of a bucket that changed is 0, because it is unknown whether the old or the new elements
// were delivered.
func (s *listSummary) deliveredOr(before *listSummary, elements []element) *listSummary {
	if before == nil {
		s.sums = make([]uint64, len(s.sums))
		s.encodeSums()
		return s
	}
	now := sums(elements, len(before.sums))
	s.sums = slices.Clone(before.sums)
	for i := range s.sums {
		if s.sums[i] != now[i] {
			s.sums[i] = 0
		}
	}
	s.encodeSums()
	return s
}

func (s *listSummary) encodeSums() {
	raw := make([]byte, 0, 8*len(s.sums))
	for _, sum := range s.sums {
		raw = binary.BigEndian.AppendUint64(raw, sum)
	}
	s.Sums = base64.RawStdEncoding.EncodeToString(raw)
}

func (s *listSummary) decode() (err error) {
	raw, err := base64.RawStdEncoding.DecodeString(s.Sums)
	if err != nil || len(raw) == 0 || len(raw)%8 != 0 || s.Count < 0 {
		return errors.New("its sums are not base64 of 8 bytes for each bucket")
	}
	s.sums = nil
	for ; len(raw) > 0; raw = raw[8:] {
		s.sums = append(s.sums, binary.BigEndian.Uint64(raw))
	}
	if s.NoSet {
		s.set = nil
		return nil
	}
	s.set, err = reconcile.NewSnapshot(s.SnapshotState)
	return err
}

// changed returns the indexes of the elements in buckets with another sum than before.
func (s *listSummary) changed(elements []element) (changed []int) {
	now := sums(elements, len(s.sums))
	for i, e := range elements {
		if b := bucket(e.id, len(s.sums)); s.sums[b] == 0 || s.sums[b] != now[b] {
			changed = append(changed, i)
		}
	}
	return changed
}

// absent returns ids of the set that are not among the elements, and about how many more there are.
func (s *listSummary) absent(elements []element) (named []string, more int64) {
	if s.set == nil {
		return nil, max(0, s.Count-int64(len(elements)))
	}
	listed := make(map[string]bool, len(elements))
	compared := s.set.Compare()
	for _, e := range elements {
		listed[e.id] = true
		compared.See(e.id)
	}
	gone, fresh, net, err := compared.Result()
	for _, id := range gone {
		if !listed[id] {
			named = append(named, id)
		}
	}
	if err != nil {
		more = max(1, net-int64(len(gone)-len(fresh)))
	}
	slices.Sort(named)
	return named, more
}

// size returns the bytes of the summary in a state.
func (s *listSummary) size() int { return len(s.Sums) + s.Size() }

// fitsExact reports whether a position has room for a hash of each id.
func (l *List[T]) fitsExact(env *Env, ids func(yield func(string) bool)) bool {
	count, bytes := 0, 0
	for id := range ids {
		count++
		bytes += len(id) + hashBytes
	}
	most := cmp.Or(l.Exact, maxExact)
	return count <= most && bytes <= max(minExactBytes, maxExactBytes/maxExact*most/env.lists.partitions(l.Name))
}

// encodeHash writes a hash for a position.
func encodeHash(hash reconcile.RowHash) string {
	return base64.RawStdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, uint64(hash)))
}

// Explain describes the position of a list in words.
func (l *List[T]) Explain(partition Partition, position Position) ([]string, error) {
	return ExplainPosition(partition, position, &listPosition{noun: l.Noun})
}

func (p *listPosition) Explain() ([]string, error) {
	var s wording.Sentences
	others, known := 0, p.hashes()
	for _, hash := range known {
		if strings.HasPrefix(hash, unselected) {
			others++
		}
	}
	if l := p.Summary; l != nil {
		s.When(true, "%s were delivered.", wording.Number(int(l.Count), p.noun))
		s.When(true, "The state keeps a checksum for each of %s of them, and %s.", wording.Number(len(l.sums), "part"), l.set.Words())
	} else {
		s.When(true, "%s were delivered.", wording.Number(len(known)-others, p.noun))
		s.When(others > 0, "%s are known and not selected.", wording.Number(others, p.noun))
	}
	always := len(s)
	s.When(len(p.Missed) > 0, "Pending: the account's list lacks %s.", wording.Number(len(p.Missed), p.noun))
	s.When(p.ParentMissed > 0, "Pending: the list that these belong to has been missing since %s.", wording.Time(p.ParentMissed))
	s.When(p.Unnamed > 0, "Pending: about %s were deleted that the state could not name.", wording.Number(int(p.Unnamed), p.noun))
	s.When(len(s) == always, "Nothing is pending.")
	return s, nil
}
