//go:build clients && unix

package integration_tests_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Two packages of others that know CSV exports only read every response, with the
// score that it has.
func TestClientTables_PackagesOfOthersReadEveryResponse(t *testing.T) {
	t.Parallel()
	u := newClientUser(t, "tables")
	s := startStandalone(t, u, "--seed", "7", "--surveys", "6", "--responses", "300")
	command := u.script("tables_export", "iad1")
	command.Env = append(command.Env, "HTTPS_PROXY="+s.Proxy, "https_proxy="+s.Proxy, "REQUESTS_CA_BUNDLE="+s.CAFile, "SSL_CERT_FILE="+s.CAFile)
	command.Stdin = strings.NewReader(s.APIToken + "\n")
	end := u.run(command)
	if end.code != 0 {
		t.Fatalf("the script ends with code %d: %s", end.code, end.stderr)
	}
	type row struct {
		Package  string
		Survey   string `json:"survey_id"`
		Response string `json:"response_id"`
		NPS      *string
		Values   map[string]json.RawMessage `json:"answer_values"`
	}
	rows := func(text []byte) (all []row) {
		for line := range bytes.Lines(text) {
			var one row
			if err := json.Unmarshal(line, &one); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			all = append(all, one)
		}
		return all
	}
	want := make(map[string]string)
	scores := 0
	for _, one := range rows(s.ask(t, "GET", "truth/responses", "")) {
		score := string(one.Values["QID18"])
		if score != "" {
			scores++
		}
		want[one.Survey+"/"+one.Response] = score
	}
	got := map[string]map[string]string{"QualtricsAPI": {}, "qualtrics": {}}
	for _, one := range rows(end.stdout) {
		score := ""
		if one.NPS != nil && *one.NPS != "nan" {
			score = *one.NPS
		}
		got[one.Package][one.Survey+"/"+one.Response] = score
	}
	for name, read := range got {
		if diff := cmp.Diff(want, read); diff != "" || scores < 100 {
			t.Errorf("%s read %d responses, of which %d should have a score (-exist +read):\n%.2000s", name, len(read), scores, diff)
		}
	}
}
