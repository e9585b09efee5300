package source_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// incomplete is the statuses of streams that none of them completed.
func incomplete(streams ...string) map[string]string {
	statuses := make(map[string]string)
	for _, stream := range streams {
		statuses[stream] = "INCOMPLETE"
	}
	return statuses
}

func TestRead_RefusedCredentialsSayWhatToDo(t *testing.T) {
	tests := map[string]struct {
		plant func(tn *tenant)
		says  []string
	}{
		"a wrong API token": {
			func(tn *tenant) {
				tn.config["credentials"] = map[string]any{"auth_type": "api_token", "api_token": strings.Repeat("wrong-", 7)}
			},
			[]string{"Unrecognized X-API-TOKEN", "generate a new API token under Account Settings > Qualtrics IDs"},
		},
		"a wrong client secret": {
			func(tn *tenant) {
				tn.withOAuth().config["credentials"].(map[string]any)["client_secret"] = strings.Repeat("wrong-", 7)
			},
			[]string{"the OAuth client is refused (invalid_client", "check client_id and client_secret"},
		},
		"a revoked client": {
			func(tn *tenant) { tn.withOAuth().RevokeClient() },
			[]string{"the OAuth client is refused (invalid_client", "the client still exists"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, small)
				test.plant(tn)
				got := tn.read(t, nil)
				ending{code: 1, kinds: []string{"config_error"}, says: test.says}.compare(t, got)
				if got.count() != 0 || string(got.states) != "[]" {
					t.Errorf("got %d records and the states %s, want neither", got.count(), got.states)
				}
				if calls := requests(tn); calls > 2 {
					t.Errorf("got %d calls with credentials that are refused, want at most 2", calls)
				}
				ok, message := status(t, tn.run(t, "check", "--config", "config.json"))
				if ok || !strings.Contains(message, test.says[0]) {
					t.Errorf("check: got %t, %q, want a failure that says %q", ok, message, test.says[0])
				}
			})
		})
	}
}

// requests counts the requests that reached the tenant.
func requests(tn *tenant) (total int) {
	for _, statuses := range tn.Requests() {
		for _, n := range statuses {
			total += n
		}
	}
	return total
}

func TestRead_EndsWhenItsClientIsRevokedInTheMiddle(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small).withOAuth()
		tn.config["limits"].(map[string]any)["parallel_exports"] = 1
		var files, later atomic.Int32
		revoked := errorBody(http.StatusUnauthorized, "DCD_7", "Unrecognized access token.")
		tn.Intercept(func(r *http.Request) *http.Response {
			if strings.HasSuffix(r.URL.Path, "/file") {
				files.Add(1)
			}
			if files.Load() < 3 {
				return nil
			}
			later.Add(1)
			if r.URL.Path == "/oauth2/token" {
				return answer(r, http.StatusUnauthorized, `{"error":"invalid_client","error_description":"Unknown client."}`)
			}
			return answer(r, http.StatusUnauthorized, revoked)
		})
		got := tn.read(t, nil, "responses")
		ending{
			code: 4, kinds: []string{"config_error"},
			says: []string{"1 of the stream's parts is not complete", "check client_id and client_secret"}, statuses: incomplete("responses"),
		}.compare(t, got)
		if got.count() == 0 || len(positions(t, got.states, "responses")) != 2 {
			t.Errorf("got %d records and the states %s, want those of two surveys", got.count(), got.states)
		}
		if n := later.Load(); n > 4 {
			t.Errorf("got %d more calls with a revoked client, want at most 4", n)
		}
		next := tn.goesOn(t, nil, got, "responses")
		for _, record := range next.records["responses"] {
			if _, known := positions(t, got.states, "responses")[record["survey_id"].(string)]; known {
				t.Fatalf("%s was read again", record["survey_id"])
			}
		}
	})
}

// RevokeClient takes effect between two exports here: the token in use is gone
// and so is the way to the next one.
func TestRead_EndsWhenTheTenantForgetsTheClient(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small).withOAuth()
		tn.Intercept(func(r *http.Request) *http.Response {
			if strings.HasSuffix(r.URL.Path, "/export-responses") {
				tn.RevokeClient()
			}
			return nil
		})
		got := tn.read(t, nil, "responses")
		ending{code: 1, kinds: []string{"config_error"}, says: []string{"check client_id and client_secret"}, statuses: incomplete("responses")}.compare(t, got)
		if n := len(positions(t, got.states, "responses")); got.count() != 0 || n != 0 {
			t.Errorf("got %d records and %d positions, want none", got.count(), n)
		}
	})
}

func TestRead_NamesAMissingScope(t *testing.T) {
	all := []string{"read:surveys", "read:survey_responses", "read:directories", "read:directory_contacts"}
	tests := map[string]struct {
		without  string
		statuses map[string]string
	}{
		"of responses":   {"read:survey_responses", map[string]string{"surveys": "COMPLETE", "responses": "INCOMPLETE", "contacts": "COMPLETE"}},
		"of contacts":    {"read:directory_contacts", map[string]string{"surveys": "COMPLETE", "responses": "COMPLETE", "contacts": "INCOMPLETE"}},
		"of directories": {"read:directories", map[string]string{"surveys": "COMPLETE", "responses": "COMPLETE", "contacts": "INCOMPLETE"}},
		"of surveys":     {"read:surveys", map[string]string{"surveys": "INCOMPLETE", "responses": "INCOMPLETE", "contacts": "COMPLETE"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				options := small
				for _, scope := range all {
					if scope != test.without {
						options.Scopes = append(options.Scopes, scope)
					}
				}
				tn := newTenant(t, options).withOAuth()
				got := tn.read(t, nil)
				want := ending{code: 4, says: []string{"add the scope " + test.without + " to the OAuth client"}, statuses: test.statuses}
				for _, status := range test.statuses {
					if status == "INCOMPLETE" {
						want.kinds = append(want.kinds, "config_error")
					}
				}
				want.compare(t, got)
				tables := merge(nil, got)
				for stream, status := range test.statuses {
					if status == "COMPLETE" {
						tn.compareTruth(t, stream, tables[stream])
					} else if len(tables[stream]) > 0 || len(positions(t, got.states, stream)) > 0 {
						t.Errorf("%s: got %d records and the states %s, want neither", stream, len(tables[stream]), got.states)
					}
				}
				// The same states with an account that has every scope.
				whole := newTenant(t, small)
				whole.goesOn(t, tables, got, "surveys", "responses", "contacts")
			})
		})
	}
}

func TestCheck_NamesTheStreamsAndTheScopeThatAreMissing(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		options := small
		options.Scopes = []string{"read:surveys", "read:directories", "read:directory_contacts"}
		tn := newTenant(t, options).withOAuth()
		got := tn.run(t, "check", "--config", "config.json")
		ok, message := status(t, got)
		if want := "these streams cannot be read: answers, feedback, response_deletions, response_embedded_data, response_files, responses, sync_audit, because"; !ok || !strings.Contains(message, want) {
			t.Errorf("got %t, %q, want a success that says %q", ok, message, want)
		}
		if want := "add the scope read:survey_responses"; !strings.Contains(got.stdout, want) {
			t.Errorf("the log does not say %q:\n%s", want, got.stdout)
		}
	})
}
