package source_test

import (
	"cmp"
	"net/http"
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
	type end struct {
		exit int
		kind string
	}
	user, us := &end{1, "config_error"}, &end{2, "system_error"}
	// ATC_1 says that the request carried no token: ours always do.
	who := map[string]*end{"ESSG_2": user, "GED_3": user, "QMST_2.1": user, "GS_5": user, "DCD_7": user, "UNF_9": user, "ATC_1": us}
	for _, failure := range payload[[]recordedFailure](t, "errors.json") {
		t.Run(failure.When, func(t *testing.T) {
			insideRecording(t, func(t *testing.T) {
				code, message := failure.words(t)
				want := who[code]
				if want == nil {
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
				if got.code != want.exit || len(got.errors) != 1 || got.errors[0].kind != want.kind || got.count() != 0 {
					t.Errorf("read: got exit code %d, the errors %v and %d records, want %d and a %s", got.code, got.errors, got.count(), want.exit, want.kind)
				}
				checked := tn.run(t, "check", "--config", "config.json")
				var told string
				if want.kind == "config_error" {
					var succeeded bool
					if succeeded, told = status(t, checked); succeeded || checked.code != 0 {
						t.Errorf("check: got exit code %d and success %t", checked.code, succeeded)
					}
				} else {
					reading := parseReading(t, checked, nil)
					if checked.code != want.exit || len(reading.errors) != 1 || reading.errors[0].kind != want.kind {
						t.Fatalf("check: got exit code %d and the errors %v, want %d and a %s", checked.code, reading.errors, want.exit, want.kind)
					}
					told = reading.errors[0].message
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

func TestReplay_CheckNamesWhatARecordedErrorDenies(t *testing.T) {
	insideRecording(t, func(t *testing.T) {
		forbidden, gone := recordedError(t, "QMST_2.1"), recordedError(t, "UNF_9")
		tn, served := replaying(t, map[string][]exchange{"GET /directories": {forbidden}})
		served.every = &gone // the response that a check asks for does not exist
		got := tn.run(t, "check", "--config", "config.json")
		succeeded, told := status(t, got)
		if !succeeded || got.code != 0 || !strings.Contains(told, "contacts (") || strings.Contains(told, "responses (") {
			t.Errorf("got exit code %d, success %t and %q, want a success without contacts", got.code, succeeded, told)
		}
		if !strings.Contains(got.stdout, "the account lives on another host") || !strings.Contains(got.stdout, "az1.qualtrics.com") {
			t.Errorf("the host that the recording proposes is not in the log:\n%s", got.stdout)
		}
	})
}
