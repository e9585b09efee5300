package source_test

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"testing"
)

type recordedFailure struct {
	When string `json:"when"`
	HTTP int    `json:"http"` // 0 where it was not kept
	Body any    `json:"body"`
}

// words returns an error's code and text, in either of the recorded forms.
func (f recordedFailure) words(t *testing.T) (code, message string) {
	t.Helper()
	meta := at[object](t, f.Body, "meta")
	if _, new := meta["error"]; new {
		return at[string](t, meta, "error", "errorCode"), at[string](t, meta, "error", "errorMessage")
	}
	return at[string](t, meta, "internalErrorCode"), at[string](t, meta, "errorMessage")
}

func (f recordedFailure) exchange() exchange {
	return exchange{Status: cmp.Or(f.HTTP, http.StatusOK), ResponseBody: f.Body}
}

func recordedError(t *testing.T, code string) exchange {
	t.Helper()
	for _, failure := range payload[[]recordedFailure](t, "errors.json") {
		if got, _ := failure.words(t); got == code {
			return failure.exchange()
		}
	}
	t.Fatalf("no error %s was recorded", code)
	return exchange{}
}

func TestReplay_RecordedErrorsSayWhoHasToAct(t *testing.T) {
	// All of them are for the user to mend, even ATC_1: a 400 to a plain list is most
	// often a missing permission, the wrong data center or an account without the API.
	known := []string{"ESSG_2", "GED_3", "QMST_2.1", "GS_5", "DCD_7", "UNF_9", "ATC_1"}
	for _, failure := range payload[[]recordedFailure](t, "errors.json") {
		t.Run(failure.When, func(t *testing.T) {
			insideRecording(t, func(t *testing.T) {
				code, message := failure.words(t)
				if !slices.Contains(known, code) {
					t.Fatalf("nobody said who has to act on %s", code)
				}
				says := []string{code, message}
				if notice, ok := at[object](t, failure.Body, "meta")["notice"].(string); ok {
					_, host, _ := strings.Cut(notice, "use this host instead: ")
					says = append(says, host)
				}
				tn, served := replaying(t, nil)
				every := failure.exchange()
				served.routes, served.every = nil, &every

				got := tn.read(t, nil, "surveys")
				if got.code != 1 || len(got.errors) != 1 || got.errors[0].kind != "config_error" || got.count() != 0 {
					t.Errorf("read: got exit code %d, the errors %v and %d records, want 1 and a config_error", got.code, got.errors, got.count())
				}
				checked := tn.run(t, "check", "--config", "config.json")
				succeeded, told := status(t, checked)
				if succeeded || checked.code != 0 {
					t.Errorf("check: got exit code %d and success %t, want a failure with 0", checked.code, succeeded)
				}
				if code == "ATC_1" {
					says = append(says, "check in this order that the account has the permission to use the API", "data_center")
				}
				for _, text := range says {
					if !strings.Contains(told, text) {
						t.Errorf("check does not say %q: %s", text, told)
					}
					if len(got.errors) == 1 && !strings.Contains(got.errors[0].message, text) {
						t.Errorf("read does not say %q: %s", text, got.errors[0].message)
					}
				}
				if strings.Contains(got.output+checked.stdout+checked.stderr, replayToken) {
					t.Error("the output holds the token")
				}
			})
		})
	}
}

// A check passes over a survey that is gone, and is content with the first one
// whose export starts.
func TestReplay_CheckNamesWhatARecordedErrorDenies(t *testing.T) {
	insideRecording(t, func(t *testing.T) {
		forbidden, gone := recordedError(t, "QMST_2.1"), recordedError(t, "UNF_9")
		routes := progress(t, cxSurvey, ended(t, "complete"), nil)
		routes["GET /directories"] = []exchange{forbidden}
		tn, served := replaying(t, routes)
		served.every = &gone // the counters of all surveys, and the exports of the others
		got := tn.run(t, "check", "--config", "config.json")
		succeeded, told := status(t, got)
		if !succeeded || got.code != 0 || !strings.HasPrefix(told, "these streams cannot be read: contacts, directories, mailing_list_memberships, mailing_lists, because ") || !strings.Contains(told, "QMST_2.1") || strings.Contains(told, "responses") {
			t.Errorf("got exit code %d, success %t and %q, want a success without contacts", got.code, succeeded, told)
		}
		if !strings.Contains(got.stdout, "the account lives on another host") || !strings.Contains(got.stdout, "az1.qualtrics.com") {
			t.Errorf("the host that the recording proposes is not in the log:\n%s", got.stdout)
		}
		want := 1 // export of each survey as far as the one that is allowed
		for _, element := range at[[]any](t, payload[any](t, "surveys_list.json"), "result", "elements") {
			survey := at[string](t, element, "id")
			if starts := served.calls["POST /surveys/"+survey+"/export-responses"]; starts != want {
				t.Errorf("%d exports of %s were started, want %d", starts, survey, want)
			}
			if survey == cxSurvey {
				want = 0
			}
		}
	})
}
