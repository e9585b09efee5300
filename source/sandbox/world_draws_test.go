package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"
	"time"
)

// The truth of surveys, responses and contacts, the exports and the answers about
// contacts are those of the release before mailing lists, users and questions
// changed: draws of newer features must not shift older draws. All responses answer the
// initial questionnaire here, as they did then.
func TestWorld_OlderDrawsStayTheSame(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		options worldOptions
		busy    bool // much more happens
		want    string
	}{
		{"one seed", worldOptions{Seed: 1, Surveys: 12, Responses: 500, Contacts: 300}, false, "854c40dd1ae8154e"},
		{"another seed", worldOptions{Seed: 2, Surveys: 12, Responses: 200, Contacts: 120}, false, "3bb88b3796a95dda"},
		{"many surveys", worldOptions{Seed: 77, Surveys: 45, Responses: 300, Contacts: 80, KeepSurveys: 3}, false, "19770f14851aa3c4"},
		{"small and busy", worldOptions{Seed: 9, Surveys: 3, Responses: 60, Contacts: 40, SmallSurveys: true, KeepSurveys: 2}, true, "cebfc64a36c6c189"},
		{"in doubt", worldOptions{Seed: 5, Surveys: 6, Responses: 200, Contacts: 120, Doubt: Doubt{ResponsesMoveSurvey: true, OptOutKeepsModified: true}}, true, "73bc66c6dec16102"},
	} {
		w := testWorld(t, test.options)
		if test.busy {
			w.activity = activity{3, 100, 100}
		}
		at := testEpoch
		for _, passed := range []time.Duration{time.Hour, 7 * time.Second, 9 * time.Hour, 30 * time.Minute, 12 * time.Hour} {
			w.advance(at, at.Add(passed), passed == 30*time.Minute)
			at = at.Add(passed)
		}
		for _, s := range w.surveys {
			s.editions = nil
		}
		sum := sha256.New()
		for _, kind := range []string{"surveys", "responses", "contacts"} {
			rows, _ := w.truth(kind)
			for row := range rows {
				sum.Write(append(row, '\n'))
			}
		}
		for _, s := range w.listed()[:2] {
			for line := range s.export(exportQuery{}).records {
				sum.Write(line)
			}
		}
		for _, d := range w.directories() {
			for c := range d.contacts() {
				encoded, err := json.Marshal([]any{c.listElement(true), c.searchElement(Doubt{}, true)})
				if err != nil {
					t.Fatal(err)
				}
				sum.Write(encoded)
			}
		}
		if got := hex.EncodeToString(sum.Sum(nil)[:8]); got != test.want {
			t.Errorf("%s: got the checksum %s, want %s", test.name, got, test.want)
		}
	}
}
