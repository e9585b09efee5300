//go:build unix

package integration_tests

import (
	"cmp"
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/scoreboard"
	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
)

var soak = flag.Int("soak", 0, "so many syncs of one tenant, one after the other, ten minutes apart; 0: some")

// soaked is what one sync took.
type soaked struct {
	memory int64 // most that was resident, in bytes
	state  int64 // bytes
}

// Sync after sync, for weeks of a tenant that is at work: the last ones take
// what the first ones did, and what is read in the end is what exists.
//
//	go test ./integration_tests -run SyncAfterSync -soak 2000 -timeout 60m -scoreboard
func TestBinary_SyncAfterSyncTakesTheSame(t *testing.T) {
	t.Parallel()
	syncs := cmp.Or(*soak, 4)
	tn := startTenant(t, "--seed", "69", "--surveys", "8", "--responses", "2000", "--contacts", "200", "--export-delay", "1ms")
	tn.config["deletions"] = map[string]any{"audit_days": 1}
	tn.config["limits"] = testkit.Limits(8)
	var (
		state  []byte
		tables map[string]testkit.Table
		took   []soaked
		rows   int
	)
	sync := func() (records int) {
		end, memory := runMeasured(t, tn.command(t, tn.readArgs(t, state, allStreams...)...))
		end.must(t, 0)
		o := collect(t, state, end.stdout)
		state, tables = o.state, merge(tables, o)
		took = append(took, soaked{memory, int64(len(state))})
		return o.records
	}
	sync() // the first one reads everything
	for range syncs {
		tn.advance(t, 10*time.Minute)
		rows += sync()
	}
	took = took[1:]
	first, last := took[:max(1, syncs/10)], took[syncs-max(1, syncs/10):]
	const mayGrow = 8 << 20 // a mebibyte an hour, in eight hours
	if before, after := most(first, memoryOf), most(last, memoryOf); before == 0 || after > before+mayGrow {
		t.Errorf("a sync takes %d bytes of memory, one of the first %d", after, before)
	}
	score := &scoreboard.Score{Title: "Sync after sync", Command: fmt.Sprintf("go test ./integration_tests -run SyncAfterSync -soak %d -timeout 60m -scoreboard", syncs)}
	score.Fact("syncs", syncs)
	score.Fact("tenant's time", time.Duration(syncs)*10*time.Minute)
	score.Fact("rows after the first", rows)
	for _, some := range []struct {
		name string
		of   []soaked
	}{{"first", first}, {"last", last}} {
		score.Fact(fmt.Sprintf("the %s %d: most memory of one, KiB", some.name, len(some.of)), most(some.of, memoryOf)>>10)
		score.Fact(fmt.Sprintf("the %s %d: longest state, bytes", some.name, len(some.of)), most(some.of, stateOf))
	}
	tn.advance(t, 0)
	sync()
	compareTruth(t, tn.truth(t), tables)
	t.Logf("%v", score.Facts)
	if *soak > 0 {
		score.Keep(t, "soak")
	}
}

func memoryOf(s soaked) int64 { return s.memory }
func stateOf(s soaked) int64  { return s.state }

func most(of []soaked, what func(soaked) int64) int64 {
	highest := slices.MaxFunc(of, func(a, b soaked) int { return cmp.Compare(what(a), what(b)) })
	return what(highest)
}
