package source_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// States that earlier releases wrote are explained in the same words as before.
func TestState_ExplainsStatesOfEarlierReleases(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/state-*.json")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		tn := newTenant(t, sandbox.Options{})
		tn.files["state.json"] = text
		got := tn.run(t, "state", "state.json")
		if got.code != 0 {
			t.Errorf("%s: code %d, %s", file, got.code, got.stderr)
		}
		golden := strings.TrimSuffix(file, ".json") + ".txt"
		if *update {
			if err := os.WriteFile(golden, []byte(got.stdout), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got.stdout); diff != "" {
			t.Errorf("%s (-want +got), -update writes it:\n%s", golden, diff)
		}
	}
}

// The states of all outputs are explained alike: every survey with its position, and
// the responses that may be deleted.
func TestState_ExplainsTheStatesOfEachOutput(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 71, Surveys: 3, Responses: 60, Contacts: 8, SmallSurveys: true})
		tn.config["deletions"] = map[string]any{"audit_days": 1}
		first := tn.readComplete(t, nil)
		surveys := tn.surveyIDs(t)
		gone := len(tn.DeleteResponses(surveys[0], 2))
		if gone != 2 {
			t.Fatalf("%d responses were deleted, want 2", gone)
		}
		tn.Advance(30*time.Hour, true)
		second := tn.readComplete(t, first.states)

		tap := tn.tap(t, "--config", "config.json")
		folder := filepath.Join(t.TempDir(), "data")
		if got := tn.run(t, "export", "--config", "config.json", "--format", "ndjson", "--to", folder); got.code != 0 {
			t.Fatalf("the export ends with code %d: %s", got.code, got.stderr)
		}
		tn.files = map[string][]byte{
			"airbyte.json": second.states, "singer.json": lastState(t, tap.stdout),
			"envelope.json": fmt.Appendf(nil, `{"type":"STATE","value":%s}`, lastState(t, tap.stdout)),
		}
		stored, err := filepath.Glob(filepath.Join(folder, "_state", "*.json"))
		if err != nil || len(stored) == 0 {
			t.Fatal(stored, err)
		}
		for _, file := range stored {
			if tn.files["data/_state/"+filepath.Base(file)], err = os.ReadFile(file); err != nil {
				t.Fatal(err)
			}
		}
		for _, file := range []string{"airbyte.json", "singer.json", "envelope.json", "data", "data/_state", "data/_state/responses.json"} {
			got := tn.run(t, "state", file)
			if got.code != 0 {
				t.Fatalf("%s: code %d, %s", file, got.code, got.stderr)
			}
			if strings.Contains(got.stdout, feed.Unexplained) {
				t.Errorf("%s: a stream has no explanation:\n%s", file, got.stdout)
			}
			_, responses, found := strings.Cut("\n"+got.stdout, "\nresponses\n")
			if !found || !strings.Contains(responses, `Qualtrics brand "sandboxbrand"`) || !strings.Contains(responses, "  3 surveys in it.\n") {
				t.Fatalf("%s: got\n%s", file, got.stdout)
			}
			for _, survey := range surveys {
				_, about, _ := strings.Cut(responses, "\n  "+survey+"\n")
				about, _, _ = strings.Cut(about, "\n\n")
				if !strings.Contains(about, "Responses were read up to 2026-01-16 ") || !strings.Contains(about, "Deletions were last compared with Qualtrics at 2026-01-16 ") {
					t.Errorf("%s: %s is explained by\n%s", file, survey, about)
				}
				pending := strings.Contains(about, "Pending, because they may be deleted: 2 responses.")
				if want := file == "airbyte.json" && survey == surveys[0]; pending != want {
					t.Errorf("%s: that responses of %s may be deleted is said: %t, want %t\n%s", file, survey, pending, want, about)
				}
			}
		}
	})
}

// lastState is the last state that a tap wrote.
func lastState(t *testing.T, output string) []byte {
	t.Helper()
	o, err := testkit.ReadSinger([]byte(output))
	if err != nil {
		t.Fatal(err)
	}
	return o.States[""]
}

func TestState_NamesTheProblemOfAFile(t *testing.T) {
	t.Parallel()
	airbyte := func(state string) string {
		return `[{"type":"STREAM","stream":{"stream_descriptor":{"name":"responses"},"stream_state":` + state + `}}]`
	}
	for content, want := range map[string]string{
		airbyte(`{"v":4,"partitions":{}}`):                                   "the state of stream responses is of version 4, made by a newer release",
		airbyte(`{"cursor":"2026-01-01"}`):                                   `has no version "v"`,
		airbyte(`{"v":2,"packed":"AAAA"}`):                                   "is damaged",
		airbyte(`{"v":1,"partitions":{"SV_1":{"w":"x"}}}`):                   "the state of stream responses: reading the position of SV_1: ",
		airbyte(`{"v":1,"partitions":{"SV_1":{"w":1,"a":{"c":1,"p":"?"}}}}`): "reading the position of SV_1: ",
		`{"v":1,"partitions":{}}`:                                            "name the file after the stream, such as responses.json",
		`{"data_center":"iad1"}`:                                             "is not a state of this program: it has none of its streams",
		`{"bookmarks":[]}`:                                                   `its "bookmarks" are not an object`,
		`{"a":1}` + "\n" + `{"a":2}`:                                         "has several lines: take the last state of a Singer target (tail -n 1)",
		`{`:                                                                  "reading the state: it is not valid JSON",
	} {
		tn := newTenant(t, sandbox.Options{})
		tn.files["state.json"] = []byte(content)
		if got := tn.run(t, "state", "state.json"); got.code != 1 || got.stdout != "" || !strings.Contains(got.stderr, want) {
			t.Errorf("%s: code %d, %q and %q, want 1 and %q", content, got.code, got.stdout, got.stderr, want)
		}
	}
	tn := newTenant(t, sandbox.Options{})
	for content, want := range map[string]string{
		``: "The state is empty: the next run reads everything.", `[]`: "The state is empty", `{"bookmarks":{}}`: "The state is empty",
		`{"bookmarks":{"responses":{"v":1,"partitions":{"SV_1":{}}},"others":{}}}`: "Nothing was read yet.",
	} {
		tn.files["state.json"] = []byte(content)
		if got := tn.run(t, "state", "state.json"); got.code != 0 || !strings.Contains(got.stdout, want) {
			t.Errorf("%s: code %d, %q and %q, want %q", content, got.code, got.stdout, got.stderr, want)
		}
	}
	for _, args := range [][]string{{"state"}, {"state", "a", "b"}, {"state", "missing.json"}} {
		if got := tn.run(t, args...); got.code != 1 || got.stderr == "" || got.stdout != "" {
			t.Errorf("%v: code %d, %q and %q, want 1 and a message", args, got.code, got.stdout, got.stderr)
		}
	}
}
