package source_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source/airbyte/airbytetest"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// status returns the answer of a check, which has to be its only one.
func status(t *testing.T, got result) (ok bool, message string) {
	t.Helper()
	answers := 0
	for _, m := range airbytetest.Validate(t, []byte(got.stdout)) {
		if m.ConnectionStatus != nil {
			answers++
			ok, message = m.ConnectionStatus.Status == "SUCCEEDED", m.ConnectionStatus.Message
		}
	}
	if answers != 1 {
		t.Fatalf("%d connection statuses:\n%s%s", answers, got.stdout, got.stderr)
	}
	return ok, message
}

func TestCheck_NamesEveryProblemOfAConfigurationAtOnce(t *testing.T) {
	t.Parallel()
	tn := newTenant(t, sandbox.Options{})
	tn.config = map[string]any{
		"data_center":      "evil.example/",
		"credentials":      map[string]any{"auth_type": "api_token", "api_token": "short"},
		"start_date":       "yesterday",
		"lookback_minutes": "many",
		"surveys":          map[string]any{"ids": []string{"R_1"}, "on_denied": "ignore", "include": "NPS*"},
		"limits":           map[string]any{"parallel_exports": 0, "spool_mib": 16},
		"files":            map[string]any{"download": true, "max_mib": 17, "max_total_mib": 0},
		"shard":            map[string]any{"index": 3, "count": 2},
		"directories":      []any{"CID_1", 7},
		"network":          map[string]any{"proxy": "not an address", "client_key": "x"},
		"unheard_of":       1,
		"_injected":        1,
	}
	got := tn.run(t, "check", "--config", "config.json")
	ok, message := status(t, got)
	if ok || got.code != 0 {
		t.Errorf("succeeded %v with code %d", ok, got.code)
	}
	for _, want := range []string{
		"data_center", "credentials.api_token", "start_date", "lookback_minutes must be a whole number, not a text", "surveys.ids", "surveys.on_denied",
		"surveys.include must be a list of texts", "limits.parallel_exports", "shard.index", "files.max_mib must not exceed limits.spool_mib, which is 16", "files.max_total_mib", "directories", "network.proxy", "network.client_certificate",
	} {
		if !strings.Contains(message, want) {
			t.Errorf("the message lacks %q: %s", want, message)
		}
	}
	if !strings.Contains(got.stdout, `unheard_of`) || strings.Contains(got.stdout, "_injected") {
		t.Errorf("unknown keys: %s", got.stdout)
	}
}

func TestCommands_RefuseABrokenConfiguration(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                           "empty",
		"{":                          "1 problem: the configuration is not valid JSON: it ends too early",
		`{"data_center":}`:           "byte",
		`[]`:                         "must be an object, not a list",
		`{} {}`:                      "closing brace",
		`null`:                       "data_center is missing",
		"\ufeff{}":                   "credentials.auth_type is missing",
		`{"credentials":"s3cret-v"}`: "credentials must be an object, not a text",
		`{"data_center":"iad1","credentials":{"auth_type":"password"}}`:                                                                                   "auth_type must be",
		`{"data_center":"iad1","credentials":{"auth_type":"api_token","api_token":"top-secret\r\nX-Other: value"}}`:                                       "paste it again",
		`{"data_center":"iad1","credentials":{"auth_type":"oauth2_client_credentials","client_id":"","client_secret":null}}`:                              "client_id is missing",
		`{"data_center":"iad1","credentials":{"auth_type":"api_token","api_token":["top-secret-token"]}}`:                                                 "api_token must be a text, not a list",
		`{"data_center":"iad1","credentials":{"auth_type":"api_token","api_token":"top-secret-token"},"surveys":{"resync":7}}`:                            "surveys.resync",
		`{"data_center":"iad1","credentials":{"auth_type":"api_token","api_token":"top-secret-token"},"surveys":{"resync":{"SV_1":"soon"}}}`:              "surveys.resync SV_1",
		`{"data_center":"iad1","credentials":{"auth_type":"api_token","api_token":"top-secret-token"},"feedback":{"questions":"QID5"}}`:                   `feedback.questions must be an object {"QID5":"csat"}`,
		`{"data_center":"iad1","credentials":{"auth_type":"api_token","api_token":"top-secret-token"},"feedback":{"questions":{"Q5":"csat"}}}`:            `feedback.questions: "Q5=csat" begins with no question id`,
		`{"data_center":"iad1","credentials":{"auth_type":"api_token","api_token":"top-secret-token"},"feedback":{"questions":["QID5=5"]}}`:               `"QID5=5" names no kind`,
		`{"data_center":"iad1","credentials":{"auth_type":"api_token","api_token":"top-secret-token"},"feedback":{"questions":["QID5=csat","QID5=ces"]}}`: "names QID5 twice",
		`{"data_center":"iad1","credentials":{"auth_type":"api_token","api_token":"top-secret-token"},"feedback":{"statuses":["real"]}}`:                  `"real" is no kind of response: the kinds are employee`,
		`{"data_center":"iad1","credentials":{"auth_type":"api_token","api_token":"top-secret-token"},"feedback":{"statuses":[]}}`:                        "feedback.statuses is empty",
		`{"data_center":"iad1","credentials":{"auth_type":"api_token","api_token":"top-secret-token"},"feedback":{"question":["QID5=csat"]}}`:             "the nearest known one is feedback.questions",
	} {
		tn := newTenant(t, sandbox.Options{})
		tn.config = nil
		tn.files["config.json"] = []byte(text)
		if ok, message := status(t, tn.run(t, "check", "--config", "config.json")); ok || !strings.Contains(message, want) {
			t.Errorf("%s: check says %q, want %q", text, message, want)
		}
		for _, command := range []string{"discover", "read"} {
			args := []string{command, "--config", "config.json"}
			if command == "read" {
				tn.files["catalog.json"] = testkit.Catalog("surveys")
				args = append(args, "--catalog", "catalog.json")
			}
			got := tn.run(t, args...)
			errors := traceErrors(t, got)
			if got.code != 1 || len(errors) != 1 || errors[0].kind != "config_error" || !strings.Contains(errors[0].message, want) {
				t.Errorf("%s: %s ended with %d and %v", text, command, got.code, errors)
			}
			if strings.Contains(got.stdout+got.stderr, "top-secret") {
				t.Errorf("%s: the secret was printed: %s", text, got.stdout)
			}
		}
		if len(tn.Requests()) != 0 {
			t.Errorf("%s: a request was sent", text)
		}
	}
}

func traceErrors(t *testing.T, got result) (errors []traceError) {
	t.Helper()
	for _, m := range airbytetest.Validate(t, []byte(got.stdout)) {
		if m.Trace != nil && m.Trace.Error != nil {
			errors = append(errors, traceError{m.Trace.Error.Stream.Name, m.Trace.Error.FailureType, m.Trace.Error.Message, m.Trace.Error.InternalMessage})
		}
	}
	return errors
}

func TestCheck_RefusesHostileDataCenters(t *testing.T) {
	t.Parallel()
	for _, hostile := range []string{
		"evil.example/", "a@b", "169.254.169.254/latest?", "iad1\r\nHost: evil", "iad1.qualtrics.com.evil.example", "http://iad1.qualtrics.com@evil.example",
		"localhost", "127.0.0.1", "[::1]", "iad1.qualtrics.com:8443", "//evil.example", `iad1\evil`, "..", "-iad1", "iad1-", strings.Repeat("a", 64),
		"iаd1", "%69ad1.evil", "iad1.qualtrics.com#@evil.example", "file:///etc/passwd", "a..b", "www", "api", " ", "évil",
	} {
		tn := newTenant(t, sandbox.Options{})
		tn.config["data_center"] = hostile
		ok, message := status(t, tn.run(t, "check", "--config", "config.json"))
		if ok || !strings.Contains(message, "data_center") {
			t.Errorf("%q: %v, %s", hostile, ok, message)
		}
		if len(tn.Requests()) != 0 {
			t.Errorf("%q: a request was sent", hostile)
		}
	}
}

func TestCheck_TakesADataCenterInEveryForm(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		for _, form := range []string{"sandbox1", " SANDBOX1 ", "sandbox1.qualtrics.com", "https://sandbox1.qualtrics.com", "https://sandbox1.qualtrics.com/Q/MyProjectsSection?x=1"} {
			tn := newTenant(t, sandbox.Options{})
			tn.config["data_center"] = form
			if ok, message := status(t, tn.run(t, "check", "--config", "config.json")); !ok {
				t.Errorf("%q: %s", form, message)
			}
		}
	})
}

func TestCheck_TakesNullsForEverythingOptional(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{}).withOAuth()
		for _, key := range []string{"start_date", "surveys", "directories", "lookback_minutes", "base_url", "network", "shard"} {
			tn.config[key] = nil
		}
		if ok, message := status(t, tn.run(t, "check", "--config", "config.json")); !ok {
			t.Error(message)
		}
	})
}

func TestSpec_HoldsForTheConfigurationsOfTheSandbox(t *testing.T) {
	t.Parallel()
	tn := newTenant(t, sandbox.Options{})
	got := tn.run(t, "spec")
	if got.code != 0 {
		t.Fatal(got.stderr)
	}
	again := tn.run(t, "spec")
	if got.stdout != again.stdout {
		t.Error("the specification differs from run to run")
	}
	var message struct {
		Spec struct {
			Schema json.RawMessage `json:"connectionSpecification"`
		} `json:"spec"`
	}
	if err := json.Unmarshal([]byte(got.stdout), &message); err != nil {
		t.Fatal(err)
	}
	schema := airbytetest.CompileSchema(t, message.Spec.Schema)
	for _, tenant := range []*tenant{tn, newTenant(t, sandbox.Options{}).withOAuth()} {
		if err := validate(t, schema, testkit.Encode(tenant.config)); err != nil {
			t.Error(err)
		}
	}
	if err := validate(t, schema, []byte(`{"data_center":"iad1"}`)); err == nil {
		t.Error("a configuration without credentials validates")
	}
	forbidden := []string{"$ref", "allOf", "anyOf", `"not"`, "patternProperties"}
	for _, word := range forbidden {
		if strings.Contains(got.stdout, word) {
			t.Errorf("the specification holds %s", word)
		}
	}
}

func TestCommandLine_SaysWhatIsWrongWithIt(t *testing.T) {
	t.Parallel()
	tests := []struct {
		args []string
		want string
	}{
		{nil, "no command"},
		{[]string{"reed"}, `there is no command "reed"; did you mean read?`},
		{[]string{"help", "exprot"}, `there is no command "exprot"; did you mean export?`},
		{[]string{"nonsense"}, `there is no command "nonsense"; see source-qualtrics help`},
		{[]string{"read"}, "--config is missing"},
		{[]string{"read", "--config", "config.json"}, "--catalog is missing"},
		{[]string{"read", "--config", "config.json", "--catalog", "x", "extra"}, "one argument too many"},
		{[]string{"check", "--confg", "config.json"}, "there is no flag --confg; did you mean --config?"},
		{[]string{"check", "--config", "nowhere.json"}, "nowhere.json"},
		{[]string{"read", "--config", "config.json", "--catalog", "nowhere.json"}, "nowhere.json"},
	}
	for _, test := range tests {
		tn := newTenant(t, sandbox.Options{})
		got := tn.run(t, test.args...)
		text := got.stderr
		for _, e := range traceErrors(t, got) {
			text += e.message
		}
		for _, m := range airbytetest.Validate(t, []byte(got.stdout)) {
			if m.ConnectionStatus != nil {
				text += m.ConnectionStatus.Message
				got.code = 1
			}
		}
		if got.code != 1 || !strings.Contains(text, test.want) {
			t.Errorf("%q: code %d, %q; want %q", test.args, got.code, text, test.want)
		}
	}
	for _, help := range [][]string{{"help"}, {"--help"}, {"read", "--help"}, {"help", "export"}, {"version"}, {"--version"}, {"version", "--json"}} {
		tn := newTenant(t, sandbox.Options{})
		if got := tn.run(t, help...); got.code != 0 || got.stdout+got.stderr == "" {
			t.Errorf("%q: code %d, %q %q", help, got.code, got.stdout, got.stderr)
		}
	}
}
