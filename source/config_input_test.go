package source_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// A misspelled key would be ignored, and more would be read than the user meant.
func TestCheck_RefusesAKeyThatResemblesASetting(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		for key, nearest := range map[string]string{
			"startdate": "start_date", "startDate": "start_date", "start-date": "start_date", "start_dat": "start_date", "survey": "surveys",
			"include": "surveys.include", "surveys_include": "surveys.include", "surveys.exclude": "surveys.exclude", "data_centers": "data_center", "limit": "limits", "survey_ids": "surveys", "survey_names": "surveys",
			"surveys/includes": "surveys.include", "surveys/shade": "surveys.", "surveys/on_deny": "surveys.on_denied", "surveys/IDs": "surveys.ids",
			"deletions/days": "deletions.audit_days", "deletions/x": "deletions.", "credentials/token": "credentials.api_token", "credentials/region": "credentials.",
			"limits/run_minute": "limits.run_minutes", "network/proxi": "network.proxy", "shard/indx": "shard.index",
		} {
			tn := newTenant(t, sandbox.Options{})
			group, inside, nested := strings.Cut(key, "/")
			switch {
			case !nested:
				tn.config[key] = "x"
			case tn.config[group] == nil:
				tn.config[group] = map[string]any{inside: "x"}
			default:
				tn.config[group].(map[string]any)[inside] = "x"
			}
			ok, message := status(t, tn.run(t, "check", "--config", "config.json"))
			wrong := `the configuration key "` + strings.ReplaceAll(key, "/", ".") + `" is unknown: the nearest known one is ` + nearest
			if ok || !strings.Contains(message, wrong) {
				t.Errorf("%s: got %v, %s, want %q", key, ok, message, wrong)
			}
			if got := tn.read(t, nil, "surveys"); got.code != 1 || len(tn.Requests()) != 0 {
				t.Errorf("%s: read ended with code %d after %d requests, want 1 and none", key, got.code, len(tn.Requests()))
			}
		}
	})
}

// Other programs put keys of their own into a configuration.
func TestCheck_ToleratesKeysOfPlatforms(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small)
		maps.Copy(tn.config, map[string]any{
			"__injected_declarative_manifest": map[string]any{}, "_limit": 5, "sourceType": "qualtrics", "option_title": "x",
			"user_agent": "x", "flattening_max_key_length": 255, "faker_config": map[string]any{}, "add_metadata_columns": false,
			"surveys": map[string]any{"_comment": "ours"},
		})
		if ok, message := status(t, tn.run(t, "check", "--config", "config.json")); !ok {
			t.Errorf("check says %s", message)
		}
		tn.config["stream_maps"] = map[string]any{"responses": map[string]any{"ip_address": nil}}
		if ok, message := status(t, tn.run(t, "check", "--config", "config.json")); ok || !strings.Contains(message, "stream_maps is not supported") {
			t.Errorf("stream_maps: got %v, %s: whoever masks a column by it is to know that it is not", ok, message)
		}
	})
}

// A date that lies ahead would leave out everything until then.
func TestCheck_RefusesADateThatLiesAhead(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		for _, ahead := range []time.Duration{-time.Hour, 20 * time.Hour, 48 * time.Hour, 365 * 24 * time.Hour} {
			for name, set := range map[string]func(config map[string]any, at string){
				"start_date":             func(config map[string]any, at string) { config["start_date"] = at },
				"surveys.modified_since": func(config map[string]any, at string) { config["surveys"] = map[string]any{"modified_since": at} },
				"surveys.resync SV_1": func(config map[string]any, at string) {
					config["surveys"] = map[string]any{"resync": map[string]any{"SV_1": at}}
				},
			} {
				tn := newTenant(t, small)
				set(tn.config, tn.Now().Add(ahead).Format(time.RFC3339))
				checked := tn.run(t, "check", "--config", "config.json")
				ok, message := status(t, checked)
				if warned := strings.Contains(checked.stdout, name+" lies ahead: "); warned != (ahead > 0) {
					t.Errorf("%s, %s ahead: check tells of it: %t", name, ahead, warned)
				}
				if refused := strings.Contains(message, name+" lies ahead: nothing would be read before "); ok != !refused || refused != (ahead > 24*time.Hour) {
					t.Errorf("%s, %s ahead: got %v, %s", name, ahead, ok, message)
				}
				if got := tn.read(t, nil, "surveys"); (got.code == 1) != (ahead > 24*time.Hour) {
					t.Errorf("%s, %s ahead: read ended with code %d, %v", name, ahead, got.code, got.errors)
				}
			}
		}
	})
}

// Forms and environment files hand over text for numbers, and text with
// characters that nobody sees.
func TestRead_UnderstandsPastedSettings(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 1, Surveys: 3, Responses: 30, Contacts: 5})
		plain := tn.readComplete(t, nil)
		id := tn.surveyIDs(t)[0]
		token := tn.Credentials().APIToken
		tn.config = map[string]any{
			"data_center": "\ufeffsandbox1.qualtrics.com/API/v3\u00a0",
			"credentials": map[string]any{"auth_type": " api_token", "api_token": "\u200b" + token + "\r\n"},
			"limits":      map[string]any{"requests_per_minute": "1000000", "exports_per_minute": json.RawMessage("1000000.0"), "parallel_exports": " 4 "},
			"start_date":  "2001-01-01\u00a0", "lookback_minutes": json.RawMessage("15.0"), "deletions": map[string]any{"mode": "reconcile\n", "audit_days": "7.0"},
			"surveys": map[string]any{"ids": []string{id + "\u200b", " " + tn.surveyIDs(t)[1]}, "active_only": "false", "on_denied": "skip "},
		}
		got := tn.readComplete(t, nil)
		want := slices.DeleteFunc(slices.Clone(plain.records["responses"]), func(row map[string]any) bool { return row["survey_id"] == tn.surveyIDs(t)[2] })
		if len(want) == 0 || len(got.records["responses"]) != len(want) {
			t.Errorf("got %d responses, want %d", len(got.records["responses"]), len(want))
		}
		leaks(t, "the output", got.output, token)
		for key, wrong := range map[string]any{"lookback_minutes": "15.5", "shard": map[string]any{"index": 0, "count": json.RawMessage("1.5")}, "surveys": map[string]any{"active_only": "maybe"}} {
			kept := tn.config[key]
			tn.config[key] = wrong
			ok, message := status(t, tn.run(t, "check", "--config", "config.json"))
			if ok || !strings.Contains(message, "must be") {
				t.Errorf("%s: %v: got %v, %s, want a refusal", key, wrong, ok, message)
			}
			tn.config[key] = kept
		}
	})
}

// Secrets that a mount or a shell hands over end with a line end.
func TestCheck_TakesAPastedSecretFromTheEnvironment(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small)
		tn.config["credentials"] = map[string]any{"auth_type": "api_token"}
		tn.env["QUALTRICS_API_TOKEN"] = tn.Credentials().APIToken + "\u200b\n"
		if ok, message := status(t, tn.run(t, "check", "--config", "config.json")); !ok {
			t.Errorf("check says %s", message)
		}
	})
}

// Meltano spells a nested setting in the environment with the names of its groups.
func TestTap_ObeysNestedSettingsOfTheEnvironment(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 65, Surveys: 3, Responses: 30, Contacts: 1})
		ids := tn.surveyIDs(t)
		tn.env = map[string]string{
			"TAP_QUALTRICS_DATA_CENTER": "sandbox1", "TAP_QUALTRICS_CREDENTIALS_AUTH_TYPE": "api_token", "TAP_QUALTRICS_CREDENTIALS_API_TOKEN": tn.Credentials().APIToken,
			"TAP_QUALTRICS_SURVEYS": `{"ids": ["SV_0"], "on_denied": "fail"}`, "TAP_QUALTRICS_SURVEYS_IDS": ids[0] + "," + ids[1], "TAP_QUALTRICS_SURVEYS_ACTIVE_ONLY": "no",
			"TAP_QUALTRICS_NESTED_AS_TEXT": "true", "TAP_QUALTRICS_BATCH_CONFIG_BATCH_SIZE": "500",
			"TAP_QUALTRICS__SELECT": `["*.*"]`, "TAP_QUALTRICS_LOGLEVEL": "INFO", "TAP_QUALTRICS_NEW_THING": "x", "TAP_QUALTRICS_SHARD_COUNT": "",
		}
		tn.config = map[string]any{"data_center": "elsewhere1", "limits": map[string]any{"requests_per_minute": 1000000, "exports_per_minute": 1000000}}
		got := tn.tap(t, "--config", "config.json", "--config", "ENV")
		read := make(map[any]bool)
		for _, row := range got.records["responses"] {
			read[row["survey_id"]] = true
		}
		if got.result.code != 0 || len(read) != 2 || !read[ids[0]] || !read[ids[1]] {
			t.Errorf("code %d, the surveys %v were read, want %v: %s", got.result.code, read, ids[:2], got.stderr)
		}
		if !strings.Contains(got.stderr, `TAP_QUALTRICS_NEW_THING`) || strings.Contains(got.stderr, "__SELECT") || strings.Contains(got.stderr, "LOGLEVEL") {
			t.Errorf("of names that no setting has the log says: %s", got.stderr)
		}
		for name, nearest := range map[string]string{
			"TAP_QUALTRICS_STARTDATE": "TAP_QUALTRICS_START_DATE", "TAP_QUALTRICS_SURVEYS_INCLUDES": "TAP_QUALTRICS_SURVEYS_INCLUDE",
			"TAP_QUALTRICS_SURVEYS_SHADE": "TAP_QUALTRICS_SURVEYS_", "TAP_QUALTRICS_INCLUDE": "TAP_QUALTRICS_SURVEYS_INCLUDE", "TAP_QUALTRICS_API_TOKEN": "TAP_QUALTRICS_CREDENTIALS_API_TOKEN",
		} {
			tn.env[name] = "a-value-that-is-long"
			wrong := tn.run(t, "tap", "--config", "config.json", "--config", "ENV")
			if says := `"` + name + `" names no setting: the nearest is ` + nearest; wrong.code != 1 || !strings.Contains(wrong.stderr, says) || wrong.stdout != "" {
				t.Errorf("%s: code %d, %q, want 1 and %q", name, wrong.code, wrong.stderr, says)
			}
			delete(tn.env, name)
		}
		// A misspelled truth value was once taken for false.
		tn.env["TAP_QUALTRICS_SDC_DELETED_AT"] = "maybe"
		if wrong := tn.run(t, "tap", "--config", "ENV"); wrong.code != 1 || !strings.Contains(wrong.stderr, "sdc_deleted_at must be true or false") {
			t.Errorf("code %d, %q", wrong.code, wrong.stderr)
		}
	})
}

// A tap's own settings are among those that a misspelled key may mean.
func TestTap_RefusesAKeyThatResemblesASetting(t *testing.T) {
	t.Parallel()
	for key, nearest := range map[string]string{"nested_as_texts": "nested_as_text", "surveyz": "surveys", "sdc_deletedat": "sdc_deleted_at"} {
		tn := newTenant(t, small)
		tn.config[key] = true
		got := tn.run(t, "tap", "--config", "config.json")
		if got.code != 1 || !strings.Contains(got.stderr, `"`+key+`" is unknown: the nearest known one is `+nearest) || bytes.Contains([]byte(got.stdout), []byte("RECORD")) {
			t.Errorf("%s: code %d, %s", key, got.code, got.stderr)
		}
	}
}
