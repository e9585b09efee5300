package source_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// exportWidth is the width of the window that the body of an export job asks for, and
// whether that is an export of ids alone.
func exportWidth(t *testing.T, body []byte, now time.Time) (width time.Duration, ids bool) {
	t.Helper()
	var asked struct {
		Start     time.Time `json:"startDate"`
		End       time.Time `json:"endDate"`
		Questions *[]string `json:"questionIds"`
	}
	if err := json.Unmarshal(body, &asked); err != nil {
		t.Error(err)
	}
	switch {
	case asked.End.IsZero():
		asked.End = now
	case asked.Start.IsZero():
		return time.Minute, asked.Questions != nil // the first part: nothing is older than the survey
	}
	return asked.End.Sub(asked.Start), asked.Questions != nil
}

// Qualtrics shows in several ways that a window is too large. Each of them halves the
// window, and the next run begins with a width that was small enough.
func TestRead_AWindowIsTooLargeInEveryFormThatThisShows(t *testing.T) {
	const most = 90 * 24 * time.Hour
	for name, refuse := range map[string]func(r *http.Request) (*http.Response, error){
		"413": func(r *http.Request) (*http.Response, error) { return answer(r, 413, errorBody(413, "", "")), nil },
		"504": func(r *http.Request) (*http.Response, error) {
			return answer(r, 504, "<html>Gateway Time-out</html>"), nil
		},
		"no answer": func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() },
	} {
		for _, mode := range []string{"off", "reconcile"} {
			t.Run(name+", deletions "+mode, func(t *testing.T) {
				insideBubble(t, func(t *testing.T) {
					tn := newTenant(t, sandbox.Options{Seed: 9, Surveys: 2, Responses: 120, Contacts: 1, SmallSurveys: true})
					tn.config["deletions"] = map[string]any{"mode": mode}
					next := tn.transport
					var widths []time.Duration // of the windows, in order
					tn.transport = tripper(func(r *http.Request) (*http.Response, error) {
						if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/export-responses") {
							return next.RoundTrip(r)
						}
						body, err := io.ReadAll(r.Body)
						if err != nil {
							return nil, err
						}
						width, ids := exportWidth(t, body, tn.Now())
						if !ids {
							widths = append(widths, width)
							if width > most {
								return refuse(r)
							}
						}
						r.Body = io.NopCloser(bytes.NewReader(body))
						return next.RoundTrip(r)
					})
					tn.config["limits"] = map[string]any{"parallel_exports": 1, "requests_per_minute": 1000000, "exports_per_minute": 1000000}
					first := tn.readComplete(t, nil, "responses")
					tn.compareTruth(t, "responses", merge(nil, first)["responses"])
					// A width that is too slow after others succeeded is soon given up.
					tries := make(map[time.Duration]int)
					for _, width := range widths[1:] {
						if width > most && width != widths[0] {
							tries[width]++
						}
					}
					for width, n := range tries {
						if n > 2*3*4 { // of two surveys, in three tries each time
							t.Errorf("a window of %s was tried %d times", width, n)
						}
					}
					if widths[0] <= most || !strings.Contains(fmt.Sprint(first.logs), "in parts") {
						t.Fatalf("nothing was too large: %v", widths)
					}
					for survey, position := range positions(t, first.states, "responses") {
						var p struct {
							Width int64 `json:"v"`
						}
						if err := json.Unmarshal(position, &p); err != nil || p.Width < 60 || time.Duration(p.Width)*time.Second > most {
							t.Errorf("%s remembers a width of %d seconds: %s", survey, p.Width, position)
						}
					}
					ids := make(map[string]any)
					for _, id := range tn.surveyIDs(t) {
						ids[id] = "2025-05-01"
					}
					tn.config["surveys"] = map[string]any{"resync": ids}
					widths = nil
					second := tn.readComplete(t, first.states, "responses")
					tn.compareTruth(t, "responses", merge(merge(nil, first), second)["responses"])
					if widths[0] > most || widths[0] < time.Minute {
						t.Errorf("the next run begins with a window of %s", widths[0])
					}
				})
			})
		}
	}
}

// A width that is remembered and does not work any more is not halved twenty times:
// one second shows whether size is the reason at all.
func TestRead_AnExportThatAlwaysFailsIsNotHalvedForEver(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 9, Surveys: 2, Responses: 120, Contacts: 1, SmallSurveys: true, MaxExportBytes: 20_000})
		tn.config["deletions"] = map[string]any{"mode": "off"}
		first := tn.readComplete(t, nil, "responses")
		tn.resyncAll(t)
		next, starts := tn.transport, 0
		tn.transport = tripper(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/export-responses") {
				starts++
				return answer(r, 413, errorBody(413, "", "")), nil
			}
			return next.RoundTrip(r)
		})
		got := tn.read(t, first.states, "responses")
		if surveys := len(keysOfTruth(t, tn, "surveys")); got.code == 0 || starts > 2*surveys {
			t.Errorf("the run ends with %d after %d exports of %d surveys", got.code, starts, surveys)
		}
	})
}

// Before a first load is read in parts, the ids of its responses are listed. When that
// fails, the error says so, beside the reason why the list was needed.
func TestRead_AListOfIDsThatFailsBeforePartsIsReported(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 9, Surveys: 2, Responses: 120, Contacts: 1, SmallSurveys: true})
		next := tn.transport
		tn.transport = tripper(func(r *http.Request) (*http.Response, error) {
			if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/export-responses") {
				return next.RoundTrip(r)
			}
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			if _, ids := exportWidth(t, body, tn.Now()); ids {
				return answer(r, 500, errorBody(500, "LIST_1", "No list today.")), nil
			}
			return answer(r, 413, errorBody(413, "SIZE_1", "Too much.")), nil
		})
		got := tn.read(t, nil, "responses")
		if len(got.errors) != 1 {
			t.Fatalf("got %v", got.errors)
		}
		list, size := strings.Index(got.errors[0].message, "LIST_1"), strings.Index(got.errors[0].message, "SIZE_1")
		if list < 0 || size < list || got.errors[0].kind != "transient_error" {
			t.Errorf("the error is no transient one that tells of the list first, and then of the size: %v", got.errors[0])
		}
	})
}
