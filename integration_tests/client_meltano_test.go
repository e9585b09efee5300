//go:build clients && unix

package integration_tests_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
)

// meltano is a project of Meltano.
type meltano struct {
	*clientUser
	site     *site
	settings []string // of the environment
}

const (
	toJSONL  = "dev:tap-qualtrics-to-target-jsonl"
	toDuckDB = "dev:tap-qualtrics-to-target-duckdb"
)

// newMeltano makes a project with two targets or more, and adds the tap as users
// do.
func newMeltano(t *testing.T, s *site, more ...any) *meltano {
	t.Helper()
	m := &meltano{clientUser: newClientUser(t, "meltano"), site: s}
	if err := os.Mkdir(m.data(""), 0o755); err != nil {
		t.Fatal(err)
	}
	m.file("meltano.yml", testkit.Encode(map[string]any{
		"project_id": "qualtrics-in-tests", "default_environment": "dev", "send_anonymous_usage_stats": false,
		"environments": []any{map[string]any{"name": "dev"}},
		"plugins": map[string]any{"loaders": append(more,
			packed(t, "targets-singer", "target-jsonl", map[string]any{"destination_path": m.data(""), "do_timestamp_file": false}),
			// A state comes out whenever so many rows are in.
			packed(t, "targets-duckdb", "target-duckdb", map[string]any{"path": m.data("qualtrics.duckdb"), "default_target_schema": "main", "batch_size_rows": 50, "flush_all_streams": true}),
		)},
	}))
	definition, err := filepath.Abs("../docs/examples/meltano/tap-qualtrics.yml")
	if err != nil {
		t.Fatal(err)
	}
	m.succeeds(m.meltano("add", "tap-qualtrics", "--from-ref", definition))
	return m
}

// packed is a target of an environment as a plugin of Meltano.
func packed(t *testing.T, environmentName, name string, config map[string]any) map[string]any {
	t.Helper()
	return map[string]any{
		"name": name, "namespace": strings.ReplaceAll(name, "-", "_"), "executable": filepath.Join(environment(t, environmentName), name), "config": config,
	}
}

func (m *meltano) data(name string) string { return filepath.Join(m.folder, "data", name) }

// configured gives the tap its configuration by the environment.
func (m *meltano) configured() *meltano {
	m.settings = []string{
		"TAP_QUALTRICS_BASE_URL=" + m.site.url, "TAP_QUALTRICS_CREDENTIALS_AUTH_TYPE=api_token",
		"TAP_QUALTRICS_CREDENTIALS_API_TOKEN=" + m.site.tenant.Credentials().APIToken,
		"TAP_QUALTRICS_LIMITS_PARALLEL_EXPORTS=1",
	}
	return m
}

// meltano prepares a command. It tells nothing, asks for no newer version, and
// reaches no Hub.
func (m *meltano) meltano(args ...string) *exec.Cmd {
	command := m.program("meltano", args...)
	command.Env = append(append(command.Env, "MELTANO_SEND_ANONYMOUS_USAGE_STATS=false", "MELTANO_HUB_URL=http://127.0.0.1:9", "MELTANO_CLI_DISABLE_VERSION_CHECK=true", "NO_COLOR=1"), m.settings...)
	return command
}

func (m *meltano) interoperates(what string, rows int, result string) {
	m.t.Helper()
	interoperates(m.t, interoperation{client: "Meltano", version: m.version("meltano"), what: what, rows: rows, result: result})
}

// state is what Meltano keeps of a job.
func (m *meltano) state(job string) (text []byte, bookmarks map[string]json.RawMessage) {
	m.t.Helper()
	text = m.succeeds(m.meltano("state", "get", job))
	var kept struct {
		State struct{ Bookmarks map[string]json.RawMessage } `json:"singer_state"`
	}
	if err := json.Unmarshal(text, &kept); err != nil {
		m.t.Fatalf("%v: %.300s", err, text)
	}
	return text, kept.State.Bookmarks
}

// holdsJSONL compares what target-jsonl wrote.
func (m *meltano) holdsJSONL(truth, earlier map[string]testkit.Table, ignored ...string) (compared int, held *destination) {
	m.t.Helper()
	held = landed(m.t, m.contents("targets-singer", "jsonl", m.data("")))
	held.decimals, held.ignored = 10, ignored
	return held.holds(m.t, truth, earlier), held
}

func TestClientMeltano_ReadsTheTruth(t *testing.T) {
	t.Parallel()
	s := clientSite(t)
	m := newMeltano(t, s)
	do := func(args ...string) string { return string(m.succeeds(m.meltano(args...))) }
	// Columns are chosen before the account is known.
	do("select", "tap-qualtrics", "*", "*")
	for _, stream := range []string{"responses", "responses_in_progress"} {
		do("select", "tap-qualtrics", "--exclude", stream, "ip_address")
	}
	listed := do("select", "tap-qualtrics", "--list", "--all")
	for _, want := range []string{"[excluded   ] responses.ip_address", "[automatic  ] responses.response_id", "[selected   ] contacts.email"} {
		if !strings.Contains(listed, want) {
			t.Errorf("the list of columns has no %q:\n%s", want, listed)
		}
	}
	for name, value := range map[string]string{"base_url": s.url, "credentials.auth_type": "api_token", "credentials.api_token": s.tenant.Credentials().APIToken} {
		do("config", "set", "tap-qualtrics", name, value)
	}
	if project := fileText(t, filepath.Join(m.folder, "meltano.yml")); bytes.Contains(project, []byte(s.tenant.Credentials().APIToken)) {
		t.Error("Meltano wrote the token into meltano.yml: it is not marked as sensitive")
	}
	if tested := m.run(m.meltano("config", "test", "tap-qualtrics")); tested.code != 0 {
		t.Errorf("config test ended with code %d: %s", tested.code, lastLines(tested.stderr, 10))
	}
	if got := do("invoke", "tap-qualtrics", "--version"); !strings.HasPrefix(got, "tap-qualtrics v") {
		t.Errorf("invoked with --version it says %q", got)
	}
	if got := do("invoke", "tap-qualtrics"); !strings.Contains(got, `{"type":"RECORD","stream":"responses"`) || strings.Contains(got, "ip_address") {
		t.Errorf("invoked it writes %.300s", got)
	}

	before := s.truth(t)
	do("run", "tap-qualtrics", "target-jsonl")
	rows, held := m.holdsJSONL(before, nil, "ip_address")
	for _, row := range held.tables["responses"] {
		if bytes.Contains(row.Data, []byte(`"ip_address"`)) {
			t.Fatalf("a column that is not selected came: %s", row.Data)
		}
	}
	kept, bookmarks := m.state(toJSONL)
	if got := slices.Sorted(maps.Keys(bookmarks)); !slices.Equal(got, publishedStreams(t)) {
		t.Errorf("the state is of %v, want %v", got, publishedStreams(t))
	}
	first := held.rows["responses"]

	s.lives()
	after := s.truth(t)
	do("run", "tap-qualtrics", "target-jsonl")
	compared, held := m.holdsJSONL(after, before, "ip_address")
	rows += compared
	news := held.rows["responses"] - first
	if news == 0 || news >= first/2 {
		t.Errorf("the second run wrote %d responses, the first one %d", news, first)
	}
	// With the state of the first run the second one is done again.
	do("state", "set", "--force", toJSONL, string(kept))
	do("run", "tap-qualtrics", "target-jsonl")
	compared, held = m.holdsJSONL(after, before, "ip_address")
	rows += compared
	if again := held.rows["responses"] - first - news; again != news {
		t.Errorf("with the state of before %d responses came, want %d", again, news)
	}
	m.interoperates("add --from-ref, select, config set and test, invoke, run into target-jsonl, state get and set", rows,
		"the Hub is not needed; `select '*' '*'` before the first `select --exclude`, or nothing is selected")
}
