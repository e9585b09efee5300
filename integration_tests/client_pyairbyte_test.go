//go:build clients && unix

package integration_tests_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/birdie-ai/source-qualtrics/integration_tests"
	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/schemas"
)

func TestClientPyAirbyte_ReadsTheTruth(t *testing.T) {
	t.Parallel()
	s, p := clientSite(t), startPyAirbyte(t)
	config := s.valid(nil)
	p.succeeds(config, "check")
	if got := p.succeeds(config, "discover").streams; !slices.Equal(got, publishedStreams(t)) {
		t.Errorf("it discovers %v, want %v", got, publishedStreams(t))
	}
	before := s.truth(t)
	held, first := p.read(config)
	rows := held.holds(t, before, nil)
	held.once(t)
	for _, stream := range killedStreams {
		sqlTypes(t, stream, first.columns[stream])
	}
	p.interoperates("check, discover, full read into its DuckDB cache", rows, "every row and type; numbers keep 9 decimals, times are UTC without a zone")

	s.lives()
	early := s.truth(t)
	held, second := p.read(config)
	rows = held.holds(t, early, before)
	if second.processed >= first.processed {
		t.Errorf("the second read processed %d records, the first one %d", second.processed, first.processed)
	}
	s.settles()
	late := s.truth(t)
	held, _ = p.read(config)
	rows += held.holds(t, late, before)
	s.audit()
	p.read(config)
	s.confirm(func() { p.read(config) })
	held, _ = p.read(config)
	end := s.truth(t)
	rows += held.holds(t, end, nil)
	held.once(t)
	changes(before, end).all(t)
	deleted := gone(end, before, early, late)
	if want := deleted["contacts"] + deleted["responses"]; held.deletions != want {
		t.Errorf("%d rows are marked as deleted, want %d", held.deletions, want)
	}
	if got, want := held.rows["response_deletions"], deleted["responses"]; got != want {
		t.Errorf("response_deletions has %d rows, want %d", got, want)
	}
	if lately := changes(early, late); lately.added == 0 {
		t.Errorf("nothing came late: %s", lately)
	}
	p.interoperates("incremental reads of new, late, edited and deleted rows", rows, "merged by key; deleted rows stay, with `deleted_at`")

	held, last := p.reads(config, "refresh")
	rows = held.holds(t, end, nil)
	held.once(t)
	if others := last.processed - rows; held.deletions > 0 || others < len(end["surveys"]) || held.rows["response_deletions"] != deleted["responses"] {
		t.Errorf("after a refresh %d rows are marked as deleted, response_deletions has %d; there were %d records of other streams, want one of sync_audit for each survey at least", held.deletions, held.rows["response_deletions"], others)
	}
	p.interoperates("a full refresh that replaces what the cache holds", rows, "nothing that was deleted stays; a stream without records, such as `response_deletions`, keeps what it had")
}

func TestClientPyAirbyte_RunsTheSnippets(t *testing.T) {
	t.Parallel()
	s, u := clientSite(t), newClientUser(t, "airbyte")
	snippets := strings.Join(integration_tests.BlocksOf(t, "python", integration_tests.Document(t, "docs/pyairbyte.md")), "\nprint('== next')\n")
	for name, content := range map[string][]byte{"config.json": testkit.Encode(s.valid(nil)), "snippets.py": []byte(snippets)} {
		if err := os.WriteFile(filepath.Join(u.folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	rows := len(s.truth(t)["responses"])
	command := u.program("python", "snippets.py")
	command.Env = append(command.Env, "AIRBYTE_OFFLINE_MODE=1", "AIRBYTE_LOGGING_ROOT="+u.folder)
	first, second, _ := bytes.Cut(u.succeeds(command), []byte("== next"))
	if want := fmt.Sprintf("[%d rows x 2 columns]", rows); !bytes.Contains(first, []byte(want)) {
		t.Errorf("the first one prints %q, want %s", first, want)
	}
	months := scoresByMonth(t, s)
	for month, score := range months {
		if want := fmt.Sprintf("%s    %.2f", month, score); !bytes.Contains(second, []byte(want)) {
			t.Errorf("the second one prints %q, want %s", second, want)
		}
	}
	interoperates(t, interoperation{
		client: "PyAirbyte", version: u.version("airbyte"), what: "the snippets of docs/pyairbyte.md",
		result: fmt.Sprintf("a table of all %d responses, and the average NPS of %d months", rows, len(months)),
	})
}

// scoresByMonth is the average NPS by the month of the response, as it should be.
func scoresByMonth(t *testing.T, s *site) map[string]float64 {
	t.Helper()
	truth, err := testkit.Truth(s.tenant, "answers")
	if err != nil {
		t.Fatal(err)
	}
	sums, counts := make(map[string]float64), make(map[string]float64)
	for _, row := range truth {
		var answer struct {
			Selector, Kind string
			Month          string  `json:"recorded_date"`
			Score          float64 `json:"value_number"`
		}
		if err := json.Unmarshal(row.Data, &answer); err != nil {
			t.Fatal(err)
		}
		if answer.Selector == "NPS" && answer.Kind == "value" {
			sums[answer.Month[:len("2006-01")]] += answer.Score
			counts[answer.Month[:len("2006-01")]]++
		}
	}
	if len(sums) < 2 {
		t.Fatalf("%d months have an NPS: they say little", len(sums))
	}
	for month, count := range counts {
		sums[month] /= count
	}
	return sums
}

func TestClientPyAirbyte_EndsProperly(t *testing.T) {
	t.Parallel()
	s, p := clientSite(t), startPyAirbyte(t)
	p.stopsEarly(s)
	p.passesOnWhatIsWrong(s)
	p.goesOnAfterAFailure(s)
}

// A read that fails in the middle is gone on from.
func (p *pyairbyte) goesOnAfterAFailure(s *site) {
	t := p.t
	t.Helper()
	var files atomic.Int32
	s.tenant.Intercept(func(r *http.Request) *http.Response {
		if strings.HasSuffix(r.URL.Path, "/file") && files.Add(1) > 2 {
			return &http.Response{StatusCode: http.StatusUnauthorized, Request: r, Header: make(http.Header), Body: http.NoBody}
		}
		return nil
	})
	if a := p.do(s.valid(nil), p.allInto("read")...); a.exception != "AirbyteConnectorFailedError" || files.Load() < 3 {
		t.Errorf("after %d files the read comes to %s: %s", files.Load(), a.exception, a.text)
	}
	s.tenant.Intercept(nil)
	held, _ := p.read(s.valid(nil))
	rows := held.holds(t, s.truth(t), nil)
	held.once(t)
	p.interoperates("a read that fails in the middle, and the next one", rows, "an exception, then everything")
}

func (p *pyairbyte) stopsEarly(s *site) {
	t := p.t
	t.Helper()
	rows, truth := 0, s.truth(t)
	for _, command := range []string{"take", "leave"} {
		a := p.succeeds(s.valid(nil), command, "responses", "7")
		held := landed(t, a.rows)
		held.decimals = 10 // a number of Python has no trailing zeros
		if rows += held.among(t, truth); held.rows["responses"] != 7 {
			t.Errorf("%s: got %d records, want 7", command, held.rows["responses"])
		}
		// PyAirbyte calls anything else a failure, where it looks.
		if end := a.codes[len(a.codes)-1]; end != -int(syscall.SIGTERM) {
			t.Errorf("%s: the read ended with %d, want it to end by SIGTERM", command, end)
		}
	}
	p.interoperates("get_records with a limit; a dataset that is closed early", rows, "the process ends by SIGTERM at once")
}

func (p *pyairbyte) passesOnWhatIsWrong(s *site) {
	t := p.t
	t.Helper()
	wrong := s.valid(map[string]any{"credentials": map[string]any{"auth_type": "api_token", "api_token": "not-a-token"}})
	const advice = "generate a new API token under Account Settings > Qualtrics IDs"
	if a := p.do(wrong, "check"); a.exception != "AirbyteConnectorCheckFailedError" || !strings.Contains(a.text, advice) {
		t.Errorf("check with a wrong token: %s: %s", a.exception, a.text)
	}
	// It keeps an error's message for its log.
	a := p.do(wrong, p.allInto("read")...)
	if a.exception != "AirbyteConnectorFailedError" || !strings.Contains(a.text, "Exit Code: 1\n") {
		t.Errorf("read with a wrong token: %s: %s", a.exception, a.text)
	}
	if _, path, _ := strings.Cut(a.text, "Log file: "); !strings.Contains(string(fileText(t, strings.TrimSpace(path))), advice) {
		t.Errorf("its log does not say what to do: %s", a.text)
	}
	wrong["lookback_minutes"] = "many"
	if a := p.do(wrong, "check"); a.exception != "AirbyteConnectorCheckFailedError" || !strings.Contains(a.text, "lookback_minutes") {
		t.Errorf("check with a setting of a wrong type: %s: %s", a.exception, a.text)
	}
	p.interoperates("a wrong token, a setting of a wrong type", 0, "`check` says our message; after `read` it is in PyAirbyte's log, the exception has the exit code")
}

func fileText(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// publishedStreams are the names of all streams.
func publishedStreams(t *testing.T) (names []string) {
	t.Helper()
	files, err := fs.Glob(schemas.Files(), "*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if name := strings.TrimSuffix(file, ".json"); name != "spec" && name != "comments" {
			names = append(names, name)
		}
	}
	return names
}

// sqlTypes demands that the columns of a table are typed as the schema says.
func sqlTypes(t *testing.T, stream string, got map[string]string) {
	t.Helper()
	for name, column := range columnsOf(t, stream) {
		want := ""
		for kind, sql := range map[string]string{
			"string": "VARCHAR", "integer": "BIGINT", "number": "DECIMAL(38,9)", "boolean": "BOOLEAN",
			"object": "JSON", "array": "JSON", "date-time": "TIMESTAMP",
		} {
			if column.is(kind) {
				want = sql
			}
		}
		if got[name] != want {
			t.Errorf("%s.%s is of type %q, want %q", stream, name, got[name], want)
		}
	}
}
