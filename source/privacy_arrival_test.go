package source_test

import (
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestPrivacy_ExcludedDataThatArrivesIsDroppedAndCounted(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, personal)
		tn.config["privacy"] = strictPrivacy()
		watch(tn).deaf = true
		r := tn.readComplete(t, nil, privateStreams...)
		nothingPersonal(t, "the output", r.output)
		nothingPersonal(t, "the state", string(r.states))
		tn.keptEqualsTruth(t, merge(nil, r)["responses"])
		if logs := strings.Join(r.logs, "\n"); !strings.Contains(logs, "values arrived that the privacy settings leave out") {
			t.Errorf("the log does not say it:\n%s", logs)
		}
	})
}

// A question that a survey gets during a read is in none of its lists. Its tag is not known, so
// that it may have to be left out.
func TestPrivacy_ANewQuestionDoesNotSlipIn(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, personal)
		tn.config["privacy"] = map[string]any{"exclude_questions": []string{"Email"}}
		w := watch(tn)
		w.deaf = true
		tn.transport = altered{tn.transport, func(r *http.Request, answer *http.Response) {
			surveyCall := regexp.MustCompile(`/surveys/SV_\w+(/response-schema)?$`).MatchString(r.URL.Path)
			if surveyCall {
				rewrite(t, answer, func(text string) string { return strings.ReplaceAll(text, `"QID2`, `"QID99`) })
			}
		}}
		r := tn.readComplete(t, nil, "responses")
		if strings.Contains(r.output, `\"QID2`) || strings.Contains(r.output, `"QID2`) {
			t.Error("a value of the new question was delivered")
		}
		if !strings.Contains(r.output, `"QID3_1"`) {
			t.Error("no other question was delivered")
		}
	})
}

// rewrite changes the body of an answer.
func rewrite(t *testing.T, answer *http.Response, change func(string) string) {
	t.Helper()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Error(err)
	}
	changed := change(string(text))
	answer.Body, answer.ContentLength = io.NopCloser(strings.NewReader(changed)), int64(len(changed))
	answer.Header.Del("Content-Length")
}

func TestPrivacy_WithoutTheQuestionsOfASurveyNoAnswerIsDelivered(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, personal)
		tn.config["privacy"] = strictPrivacy()
		w := watch(tn)
		next := tn.transport
		tn.transport = tripper(func(r *http.Request) (*http.Response, error) {
			if regexp.MustCompile(`/surveys/SV_\w+(/response-schema)?$`).MatchString(r.URL.Path) {
				return answer(r, 403, `{"meta":{"httpStatus":"403 - Forbidden","error":{"errorCode":"QMST_2.1","errorMessage":"no"}}}`), nil
			}
			return next.RoundTrip(r)
		})
		r := tn.readComplete(t, nil, "responses")
		nothingPersonal(t, "the output", r.output)
		nothingPersonal(t, "the state", string(r.states))
		for _, row := range r.records["responses"] {
			for name := range row["answer_values"].(map[string]any) {
				if strings.HasPrefix(name, "QID") {
					t.Fatalf("an answer was delivered: %s", name)
				}
			}
			if row["recorded_date"] == nil || row["response_version"] == nil {
				t.Fatalf("got %v", row)
			}
		}
		for _, body := range w.exports {
			if body.Questions == nil || len(*body.Questions) > 0 {
				t.Fatalf("an export asked for questions: %+v", body)
			}
		}
		if n := strings.Count(strings.Join(r.logs, "\n"), "the questions and fields of a survey cannot be read"); n != 1 || len(r.records["responses"]) == 0 {
			t.Errorf("the log says it %d times of %d rows", n, len(r.records["responses"]))
		}
	})
}

func TestPrivacy_AnExportThatIsRefusedWithItsListsIsNotRepeatedWithoutThem(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, personal)
		tn.config["privacy"] = map[string]any{"exclude_metadata": []string{"ipAddress"}}
		w := watch(tn)
		tn.Intercept(func(r *http.Request) *http.Response {
			if !strings.HasSuffix(r.URL.Path, "/export-responses") {
				return nil
			}
			return answer(r, 400, `{"meta":{"httpStatus":"400 - Bad Request","error":{"errorCode":"X","errorMessage":"Invalid request. Missing or invalid parameter surveyMetadataIds."}}}`)
		})
		r := tn.read(t, nil, "responses")
		if r.code == 0 || len(r.errors) == 0 || !strings.Contains(r.errors[0].message, "privacy settings") {
			t.Errorf("got code %d, %v", r.code, r.errors)
		}
		for _, body := range w.exports {
			if body.Metadata == nil || slices.Contains(*body.Metadata, "ipAddress") {
				t.Errorf("an export asked for addresses: %+v", body)
			}
		}
	})
}
