package source_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
	"github.com/birdie-ai/source-qualtrics/source/landing"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// shardCount is of how many shards the tests are.
const shardCount = 3

// everyStream is what a run without a choice reads.
var everyStream = []string{
	"contacts", "directories", "mailing_list_memberships", "mailing_lists", "question_choices", "questions", "response_deletions", "responses", "surveys",
	"sync_audit",
}

// share is one of the runs that read a tenant: a shard, or all of it.
type share struct {
	*tenant
	name  string
	state []byte // of the runs that speak a protocol
	to    string // of exports
}

// shares are the runs of all shards, after the one that reads everything.
func (tn *tenant) shares(t *testing.T) (whole *share, shards []*share) {
	t.Helper()
	take := func(name string, shard map[string]any) *share {
		one := *tn
		one.files, one.config = make(map[string][]byte), maps.Clone(tn.config)
		if shard != nil {
			one.config["shard"] = shard
		}
		return &share{tenant: &one, name: name, to: t.TempDir()}
	}
	for index := range shardCount {
		shards = append(shards, take(fmt.Sprintf("shard %d", index), map[string]any{"index": index, "count": shardCount}))
	}
	return take("the whole", nil), shards
}

// doors are the ways in which a share is read, each from where it was left.
var doors = map[string]func(*testing.T, *share) map[string][]map[string]any{
	"read": func(t *testing.T, s *share) map[string][]map[string]any {
		r := s.readComplete(t, s.state, everyStream...)
		s.state = r.states
		return r.records
	},
	"tap": func(t *testing.T, s *share) map[string][]map[string]any {
		args := []string{"--config", "config.json"}
		if s.state != nil {
			s.files["state.json"] = s.state
			args = append(args, "--state", "state.json")
		}
		got := s.tap(t, args...)
		if got.result.code != 0 {
			t.Fatalf("code %d: %s", got.result.code, got.stderr)
		}
		s.state = got.state
		return got.records
	},
	"export": func(t *testing.T, s *share) map[string][]map[string]any {
		if got := s.run(t, "export", "--config", "config.json", "--to", s.to, "--format", "ndjson"); got.code != 0 {
			t.Fatalf("code %d: %s", got.code, got.stderr)
		}
		return newestRun(t, s.to)
	},
}

// newestRun returns the rows that the newest run wrote into a folder.
func newestRun(t *testing.T, folder string) map[string][]map[string]any {
	t.Helper()
	manifests, err := filepath.Glob(filepath.Join(folder, "_manifest", "*.json"))
	if err != nil || len(manifests) == 0 {
		t.Fatal(manifests, err)
	}
	text, err := os.ReadFile(slices.Max(manifests))
	var manifest landing.Manifest
	if err == nil {
		err = json.Unmarshal(text, &manifest)
	}
	if err != nil {
		t.Fatal(err)
	}
	decompressor, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer decompressor.Close()
	rows := make(map[string][]map[string]any)
	for _, stream := range manifest.Streams {
		for _, file := range stream.Files {
			content, err := os.ReadFile(filepath.Join(folder, file.Path))
			if err == nil {
				content, err = decompressor.DecodeAll(content, nil)
			}
			if err != nil {
				t.Fatal(err)
			}
			for line := range bytes.Lines(content) {
				rows[stream.Name] = append(rows[stream.Name], parseRow(t, line))
			}
		}
	}
	return rows
}

// ofTheRun are the columns that say when a run was, and not what it found.
var ofTheRun = []string{"run_id", "finished_at", "window_from", "window_to", "api_calls", "seconds_waiting", "seconds_working"}

// comparableRows returns rows as text, sorted, without what differs from run to
// run; the dates of tombstones are those of the runs that found them.
func comparableRows(t *testing.T, rows []map[string]any) []string {
	t.Helper()
	var texts []string
	for _, row := range rows {
		row = maps.Clone(row)
		if row["deleted_at"] != nil {
			for _, column := range []string{"deleted_at", "_ab_cdc_deleted_at", "last_modified", "last_modified_date"} {
				delete(row, column)
			}
			row["deleted"] = true
		}
		if _, dated := row["creation_date"]; !dated { // the date is that of the read
			delete(row, "last_modified")
		}
		for _, column := range ofTheRun {
			delete(row, column)
		}
		texts = append(texts, string(testkit.Encode(row)))
	}
	slices.Sort(texts)
	return texts
}

// Shards read what one run over everything reads, row by row, and nothing
// twice: of every stream, whatever reads them, at first and ever after.
func TestShards_AddUpToTheWhole(t *testing.T) {
	for name, door := range doors {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, sandbox.Options{Seed: 10, Surveys: 12, Responses: thorough.Number(600, 60), Contacts: thorough.Number(100, 50), KeepSurveys: 5})
				tn.config["deletions"] = map[string]any{"audit_days": 1}
				whole, shards := tn.shares(t)
				owners := make(map[string]string) // who read what lies in a survey or a directory
				news, tombstones := make(map[string]int), make(map[string]int)
				tn.Advance(time.Hour, true)
				for round, pause := range []time.Duration{30 * time.Hour, time.Hour, time.Hour, 0} {
					want := door(t, whole)
					got := make(map[string][]map[string]any)
					for _, shard := range shards {
						for stream, rows := range door(t, shard) {
							got[stream] = append(got[stream], rows...)
							shard.owns(t, owners, stream, rows)
						}
					}
					for _, stream := range everyStream {
						if diff := cmp.Diff(comparableRows(t, want[stream]), comparableRows(t, got[stream])); diff != "" {
							t.Fatalf("round %d: the shards' %s are not those of the whole (-whole +shards):\n%.3000s", round, stream, diff)
						}
						if round > 0 {
							news[stream] += len(want[stream])
						}
						for _, row := range want[stream] {
							if row["deleted_at"] != nil {
								tombstones[stream]++
							}
						}
					}
					if round == 0 {
						for _, survey := range keysOfTruth(t, tn, "surveys") {
							tn.DeleteResponses(survey, 1)
						}
						tn.DeleteSurvey()
						tn.loses(t)
					}
					tn.Advance(pause, round > 0) // of these only the first one brings something new
					tn.Advance(time.Hour, true)
				}
				for _, stream := range everyStream {
					by := make(map[string]bool)
					for id, owner := range owners {
						if strings.HasPrefix(id, stream+" ") {
							by[owner] = true
						}
					}
					if len(by) < 2 || news[stream] == 0 || tombstones[stream] == 0 && stream != "sync_audit" && stream != "directories" {
						t.Errorf("%s: %d shards read them, %d came after the first run, %d of them tombstones: that proves nothing", stream, len(by), news[stream], tombstones[stream])
					}
				}
			})
		})
	}
}

// loses removes an object of each list, and a whole directory where there is another.
func (tn *tenant) loses(t *testing.T) {
	t.Helper()
	one := func(stream string, at int) []string {
		keys := keysOfTruth(t, tn, stream)
		return strings.Split(keys[at*(len(keys)-1)], "/")
	}
	question, member, list, directory := one("questions", 0), one("mailing_list_memberships", 0), one("mailing_lists", 0), one("directories", 1)
	if !tn.RemoveQuestion(question[0], question[1]) || !tn.RemoveMember(member[0], member[1]) || !tn.RemoveMailingList(list[1]) || !tn.RemoveDirectory(directory[0]) {
		t.Fatal("an object could not be removed")
	}
}

// owns notes what a share reads, and that nobody else does.
func (s *share) owns(t *testing.T, owners map[string]string, stream string, rows []map[string]any) {
	t.Helper()
	for _, row := range rows {
		id, ok := row["survey_id"]
		if !ok {
			id = row["directory_id"]
		}
		what := fmt.Sprintf("%s %s", stream, id)
		if owner := owners[what]; owner != "" && owner != s.name {
			t.Fatalf("%s is read by %s and by %s", what, owner, s.name)
		}
		owners[what] = s.name
	}
}

// Shards that work at the same time take no more than one run may.
func TestShards_DivideTheLimits(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		const requests, exports = 90, 12
		tn := newTenant(t, sandbox.Options{Seed: 8, Surveys: 40, Responses: 400, Contacts: 100})
		tn.config["limits"] = map[string]any{"requests_per_minute": requests, "exports_per_minute": exports}
		var lock sync.Mutex
		var calls, starts []time.Time
		next := tn.transport
		tn.transport = tripper(func(r *http.Request) (*http.Response, error) {
			lock.Lock()
			calls = append(calls, time.Now())
			if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/export-responses") {
				starts = append(starts, time.Now())
			}
			lock.Unlock()
			return next.RoundTrip(r)
		})
		_, shards := tn.shares(t)
		var runs sync.WaitGroup
		for _, shard := range shards {
			runs.Go(func() { shard.readComplete(t, nil) })
		}
		runs.Wait()
		for what, test := range map[string]struct {
			times []time.Time
			most  int
		}{"calls": {calls, requests}, "exports": {starts, exports}} {
			most := mostInAMinute(test.times)
			// The first call of each shard need not wait.
			if most > test.most+shardCount || most < test.most/2 {
				t.Errorf("%d %s were made in a minute, %d in all, want at most %d and not less than the half of that", most, what, len(test.times), test.most)
			}
		}
	})
}

// mostInAMinute counts the times within any minute.
func mostInAMinute(times []time.Time) (most int) {
	for i, first := range times {
		within := 0
		for _, at := range times[i:] {
			if at.Sub(first) < time.Minute {
				within++
			}
		}
		most = max(most, within)
	}
	return most
}

func TestShards_TheIndexOfAKubernetesJob(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 8, Surveys: 12, Responses: 12, Contacts: 1})
		of := func(shard map[string]any, index string) []string {
			tn.config["shard"], tn.env["JOB_COMPLETION_INDEX"] = shard, index
			var ids []string
			for _, row := range tn.readComplete(t, nil, "surveys").records["surveys"] {
				ids = append(ids, row["survey_id"].(string))
			}
			return ids
		}
		want := of(map[string]any{"index": 2, "count": 3}, "")
		if got := of(map[string]any{"count": 3}, "2"); !slices.Equal(got, want) {
			t.Errorf("the pod with the index 2 reads %v, want %v", got, want)
		}
		if got := of(map[string]any{"index": 2, "count": 3}, "1"); !slices.Equal(got, want) {
			t.Errorf("what the configuration says is not heeded: %v, want %v", got, want)
		}
		if all := of(nil, "7"); len(all) <= len(want) {
			t.Errorf("a run without shards reads %d surveys in an Indexed Job", len(all))
		}
		for index, says := range map[string]string{"3": "shard.index must be from 0 to shard.count - 1, not 3", "x": "JOB_COMPLETION_INDEX"} {
			tn.config["shard"], tn.env["JOB_COMPLETION_INDEX"] = map[string]any{"count": 3}, index
			if r := tn.read(t, nil, "surveys"); r.code != 1 || !strings.Contains(r.output, says) {
				t.Errorf("index %s: code %d: %s", index, r.code, r.output)
			}
		}
		tn.config["limits"], tn.config["shard"] = map[string]any{"exports_per_minute": 4}, map[string]any{"count": 5}
		if r := tn.read(t, nil, "surveys"); r.code != 1 || !strings.Contains(r.output, "shard.count must not exceed limits.exports_per_minute") {
			t.Errorf("more shards than exports per minute: code %d: %s", r.code, r.output)
		}
	})
}
