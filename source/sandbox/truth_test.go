package sandbox

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestTruth_AgreesWithExports(t *testing.T) {
	t.Parallel()
	w := testWorld(t, worldOptions{Surveys: 45, Responses: 3000, Contacts: 80})
	w.advance(testEpoch, testEpoch.Add(6*time.Hour), false)
	truth := responseTruth(t, w)
	count := 0
	for _, s := range w.listed() {
		if !s.canExport() {
			continue
		}
		for line := range s.export(exportQuery{Sort: true}).records {
			var r struct {
				ResponseID string         `json:"responseId"`
				Values     map[string]any `json:"values"`
			}
			if err := json.Unmarshal(line, &r); err != nil {
				t.Fatal(err)
			}
			count++
			row, known := truth[r.ResponseID]
			if !known || row.SurveyID != s.id() || len(row.Values) != len(r.Values) {
				t.Fatalf("truth of %s is %+v", r.ResponseID, row)
			}
			modified, err := time.Parse(time.RFC3339Nano, r.Values["_lastModifiedDate"].(string))
			if err != nil || !modified.Equal(row.LastModified) {
				t.Fatalf("%s: truth is modified at %s, export at %s", r.ResponseID, row.LastModified, modified)
			}
		}
	}
	if count != len(truth) {
		t.Errorf("truth has %d responses, exports %d", len(truth), count)
	}
	if _, known := w.truth("tickets"); known {
		t.Error("truth of an unknown kind exists")
	}
	surveys, _ := w.truth("surveys")
	if got := strings.Count(joined(surveys), "\n"); got != len(w.listed()) {
		t.Errorf("truth has %d surveys, the list %d", got, len(w.listed()))
	}
}
