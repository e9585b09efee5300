//go:build clients && unix

package integration_tests_test

import (
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
)

// PyAirbyte keeps neither rows nor states of a read whose exit code is not 0, so
// that one survey which cannot be exported keeps all others out, at each read
// again. With surveys.on_failed it has the others.
func TestClientPyAirbyte_HasTheOthersOfASurveyThatFails(t *testing.T) {
	t.Parallel()
	s, p := clientSite(t), startPyAirbyte(t)
	truth := s.truth(t)
	failing := slices.Sorted(maps.Keys(truth["surveys"]))[0]
	s.tenant.Intercept(func(r *http.Request) *http.Response {
		if !strings.Contains(r.URL.Path, failing+"/export-responses") {
			return nil
		}
		const refusal = `{"meta":{"httpStatus":"403 - Forbidden","error":{"errorMessage":"No.","errorCode":"AUTH_6"},"requestId":"0f3b2c1a-7d55-4f0e-9c55-2f1d8f1c7a11"}}`
		return &http.Response{
			StatusCode: http.StatusForbidden, Request: r, Header: http.Header{"Content-Type": {"application/json"}},
			Body: io.NopCloser(strings.NewReader(refusal)),
		}
	})
	failed := s.valid(map[string]any{"surveys": map[string]any{"on_denied": "fail"}})
	for range 2 {
		if a := p.do(failed, p.allInto("read")...); a.exception != "AirbyteConnectorFailedError" || !strings.Contains(a.text, "Exit Code: 4\n") {
			t.Errorf("without the setting: %s: %s", a.exception, a.text)
		}
	}
	reported := s.valid(map[string]any{"surveys": map[string]any{"on_denied": "fail", "on_failed": "report"}})
	others := make(map[string]testkit.Table)
	for stream, table := range truth {
		others[stream] = maps.Clone(table)
	}
	maps.DeleteFunc(others["responses"], func(key string, _ *testkit.Row) bool { return strings.Contains(key, failing) })
	if len(others["responses"]) == 0 || len(others["responses"]) == len(truth["responses"]) {
		t.Fatalf("%d of %d responses are of other surveys", len(others["responses"]), len(truth["responses"]))
	}
	held, first := p.read(reported)
	rows := held.holds(t, others, nil)
	held.once(t)
	if held, second := p.read(reported); second.processed >= first.processed/10 || held.holds(t, others, nil) != rows {
		t.Errorf("the second read processed %d records, the first one %d", second.processed, first.processed)
	}
	s.tenant.Intercept(nil)
	held, _ = p.read(reported)
	rows += held.holds(t, truth, nil)
	held.once(t)
	p.interoperates("reads with a survey that cannot be exported, and one when it can again", rows,
		"an exception and nothing in the cache; with `surveys.on_failed` `report` all other rows, and then the rest")
}
