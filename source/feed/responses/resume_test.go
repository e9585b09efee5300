package responses

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/feed/feedtest"
	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
)

// Surveys with deletions may use the bytes that small surveys leave free. The bytes become
// free again with their snapshot.
func TestSnapshotBudget_FavorsSurveysWithDeletions(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(6, 6))
	env := &feed.Env{SnapshotBytes: 100_000}
	small := snapshotOf(100, feedtest.IDs(random, "R_", 3))
	positions := make(map[string]feed.Position)
	for i := range 900 {
		position, err := json.Marshal(surveyPosition{Watermark: 1, Tracker: &trackerState{ListedAt: 1, SnapshotState: small.State()}})
		if err != nil {
			t.Fatal(err)
		}
		positions[fmt.Sprint("SV_", i)] = position
	}
	gone, err := json.Marshal(surveyPosition{Watermark: 1, Missed: 1, Tracker: &trackerState{ListedAt: 1, SnapshotState: small.State()}})
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(positions, map[string]feed.Position{"gone": gone, "without a snapshot": feed.Position(`{"w":1}`), "invalid": feed.Position(`{"a":{"n":true}}`), "also invalid": feed.Position(`{"a":7}`), "empty": nil})
	Feed{}.Resume(env, maps.All(positions))
	used := 900 * len(small.State().IDs)
	if env.Budget.SnapshotBytes() != used {
		t.Fatalf("%d bytes are used, want %d", env.Budget.SnapshotBytes(), used)
	}

	const share, surveys = 100, 1000
	ids := feedtest.IDs(random, "R_", 2000)
	for _, test := range []struct {
		total, deleted int64
		want           int
	}{
		{2000, 0, (100_000 - used) / 2}, {10, 1, (100_000 - used) / 2}, {499, 0, share},
	} {
		t.Run(fmt.Sprint(test), func(t *testing.T) {
			f := &auditor{scope: &scope{env: env, counters: counters{total: test.total, deleted: test.deleted}, tracker: &tracker{}}}
			if got := f.snapshotBudget(surveys); got != test.want {
				t.Fatalf("got %d bytes, want %d", got, test.want)
			}
			first := snapshotOf(f.snapshotBudget(surveys), ids)
			env.Budget.Replaced(f.tracker.snapshot, first)
			f.tracker.snapshot = first
			if got := f.snapshotBudget(surveys); test.want > share && got <= test.want {
				t.Errorf("the next snapshot may take %d bytes: its own bytes are not counted as free", got)
			}
			env.Budget.Replaced(f.tracker.snapshot, nil)
			if env.Budget.SnapshotBytes() != used {
				t.Errorf("%d bytes are used in the end, want %d", env.Budget.SnapshotBytes(), used)
			}
		})
	}

	env.Budget.HoldSnapshot(reconcile.SnapshotState{IDs: strings.Repeat("x", 150_000-used)}) // positions of a run with fewer surveys
	f := &auditor{scope: &scope{env: env, counters: counters{total: 5000}, tracker: &tracker{}}}
	if got := f.snapshotBudget(surveys); got != share {
		t.Errorf("without free bytes a survey may take %d bytes, want its share", got)
	}
}

// Above 500 surveys a run reads only some of them. The hashes of the others stay in the
// state.
func TestResume_RowHashesOfUnreadSurveysCountInTheBudget(t *testing.T) {
	t.Parallel()
	encoded := encodedRows(reconcile.MaxRows)
	const unread = reconcile.TotalHashes/reconcile.MaxRows - 2
	positions := make(map[string]feed.Position)
	for i := range unread {
		positions[fmt.Sprint("SV_unread", i)] = feed.Position(`{"w":1,"h":"` + encoded + `"}`)
	}
	positions["SV_gone"] = feed.Position(`{"w":1,"g":1,"h":"` + encoded + `"}`)
	var env feed.Env
	Feed{}.Resume(&env, maps.All(positions))
	kept := 0
	for _, key := range []string{"SV_new", "SV_newer", "SV_unread0"} {
		partition := feed.Partition{Kind: feed.Responses, Key: key}.Salt()
		rows := knownRows(reconcile.MaxRows)
		kept += base64.RawStdEncoding.DecodedLen(len(env.Budget.EncodeRows(rows, partition, reconcile.MaxRows))) / reconcile.HashBytes
	}
	// One of the three had its hashes in the state already.
	if kept != 2*reconcile.MaxRows {
		t.Errorf("three surveys keep %d hashes in addition to those of %d unread surveys, want %d", kept, unread+1, 2*reconcile.MaxRows)
	}
}

// snapshotOf returns a snapshot of ids in at most so many bytes.
func snapshotOf(bytes int, ids []string) *reconcile.Snapshot {
	builder := reconcile.NewSnapshotBuilder(bytes)
	for _, id := range ids {
		builder.Add(id)
	}
	return builder.Build()
}

// knownRows returns the hashes of so many delivered rows.
func knownRows(count int) *reconcile.RowHashes {
	rows := &reconcile.RowHashes{}
	for i := range count {
		rows.Keep(reconcile.RowHash(i), time.Unix(int64(i), 0))
	}
	rows.Roll(time.Unix(0, 0))
	return rows
}

// encodedRows returns so many row hashes as a position keeps them.
func encodedRows(count int) string {
	encoded, _ := knownRows(count).Encode(count)
	return encoded
}
