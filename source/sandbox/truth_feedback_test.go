package sandbox

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The truth has each text and each NPS of the responses that count, and no row of others. Its
// additional fields are all other values of an export but display orders, with names that
// differ without regard to case.
func TestTruth_OfFeedbackHasEveryTextAndScore(t *testing.T) {
	t.Parallel()
	w := testWorld(t, worldOptions{Surveys: 12, Responses: 400, Contacts: 20})
	type row struct {
		Kind       string                     `json:"kind"`
		Text       *string                    `json:"text"`
		Additional map[string]json.RawMessage `json:"additional_fields"`
	}
	got := make(map[string]row)
	lines, _ := w.truth("feedback")
	for line := range lines {
		var one row
		var id struct {
			FeedbackID string `json:"feedback_id"`
		}
		if json.Unmarshal(line, &one) != nil || json.Unmarshal(line, &id) != nil {
			t.Fatalf("a row cannot be read: %s", line)
		}
		if _, twice := got[id.FeedbackID]; twice {
			t.Fatalf("the row %s comes twice", id.FeedbackID)
		}
		got[id.FeedbackID] = one
	}
	var (
		text   = regexp.MustCompile(`^(?:x?\d+_)*QID\d+(?:#\d+)?(?:_x?\d+)?_TEXT$`)
		group  = regexp.MustCompile(`^(.*)_NPS_GROUP$`)
		counts = 0
	)
	for _, s := range w.listed() {
		if !s.canExport() {
			continue
		}
		schema := s.responseSchema().(map[string]any)["properties"].(map[string]any)["values"].(map[string]any)["properties"].(map[string]any)
		for _, r := range rows(t, s, exportQuery{Sort: true}) {
			values, real := 0, string(r.Values["finished"]) == "1" && slices.Contains([]string{"0", "4", "16"}, string(r.Values["status"]))
			for key := range r.Values {
				if of, ok := schema[key].(map[string]any); ok && of["dataType"] != "metadata" && !strings.HasSuffix(key, "DO") {
					values++
				}
			}
			for key, value := range r.Values {
				id, kind := s.ident+"/"+r.ResponseID+"/"+key, "comment"
				if nps := group.FindStringSubmatch(key); nps != nil {
					id, kind = s.ident+"/"+r.ResponseID+"/"+nps[1], "nps"
				} else if !text.MatchString(key) {
					continue
				}
				row, ok := got[id]
				if ok != real {
					t.Errorf("%s is in the truth: %t, want %t", id, ok, real)
				}
				if !ok {
					continue
				}
				counts++
				folded := make(map[string]bool)
				for name := range row.Additional {
					folded[strings.ToLower(name)] = true
				}
				if row.Kind != kind || len(folded) != values-1 {
					t.Errorf("%s has the kind %q and %d other fields, want %q and %d", id, row.Kind, len(folded), kind, values-1)
				}
				if said := new(string); kind == "comment" && (json.Unmarshal(value, said) != nil || row.Text == nil || *said != *row.Text) {
					t.Errorf("%s has not the text %s", id, value)
				}
			}
		}
	}
	if counts < 400 {
		t.Errorf("only %d texts and scores were compared", counts)
	}
}
