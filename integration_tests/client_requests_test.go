//go:build clients && unix

package integration_tests_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
)

// standalone is the sandbox as others start it, with TLS.
type standalone struct {
	APIToken string `json:"api_token"`
	CAFile   string `json:"ca_file"`
	Proxy    string `json:"proxy"`

	client *http.Client
}

// startStandalone starts the sandbox, which has to end without a trace.
func startStandalone(t *testing.T, u *clientUser, flags ...string) *standalone {
	t.Helper()
	command := u.program("python") // its environment and its end
	command.Path, command.Args = testkit.Binary(t), append([]string{"source-qualtrics", "sandbox", "--tls"}, flags...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.Bytes())
	}
	s := new(standalone)
	if err := json.Unmarshal(line, s); err != nil {
		t.Fatal(err)
	}
	authority, err := os.ReadFile(s.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	proxy, err := url.Parse(s.Proxy)
	if err != nil {
		t.Fatal(err)
	}
	trust := x509.NewCertPool()
	trust.AppendCertsFromPEM(authority)
	transport := &http.Transport{Proxy: http.ProxyURL(proxy), TLSClientConfig: &tls.Config{RootCAs: trust}}
	s.client = &http.Client{Transport: transport}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := command.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		_ = command.Wait() // it dies by the signal
		if _, err := os.Stat(s.CAFile); !os.IsNotExist(err) {
			t.Errorf("it leaves %s behind: %v", s.CAFile, err)
		}
	})
	return s
}

// ask makes a call of the sandbox's own.
func (s *standalone) ask(t *testing.T, method, path, body string) []byte {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "https://iad1.qualtrics.com/sandbox/"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := s.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %d %s, %v", method, path, response.StatusCode, text, err)
	}
	return text
}

// versions are the rows of responses and contacts, by key, each with its modified
// date where it has one.
func versions(t *testing.T, lines ...[]byte) map[string]string {
	t.Helper()
	all := make(map[string]string)
	for _, line := range bytes.Split(bytes.Join(lines, nil), []byte("\n")) {
		var row struct {
			Survey    string    `json:"survey_id"`
			Response  string    `json:"response_id"`
			Modified  time.Time `json:"last_modified_date"`
			Directory string    `json:"directory_id"`
			Contact   string    `json:"contact_id"`
		}
		if len(line) == 0 {
			continue
		}
		if err := json.Unmarshal(line, &row); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		all[row.Survey+row.Directory+"/"+row.Response+row.Contact] = row.Modified.Format(time.RFC3339Nano)
	}
	return all
}

// A script that only knows iad1.qualtrics.com and an API token meets the
// sandbox there, with planned faults and as time passes.
func TestClientRequests_MeetsTheSandboxAtQualtricsOwnName(t *testing.T) {
	t.Parallel()
	u := newClientUser(t, "requests")
	s := startStandalone(t, u, "--seed", "7", "--surveys", "6", "--responses", "800", "--contacts", "250", "--fault-rates", "server=2,reset=2")
	read := func() (rows map[string]string, complaints string) {
		command := u.script("requests_export", "iad1")
		command.Env = append(command.Env, "HTTPS_PROXY="+s.Proxy, "https_proxy="+s.Proxy, "REQUESTS_CA_BUNDLE="+s.CAFile)
		command.Stdin = strings.NewReader(s.APIToken + "\n")
		end := u.run(command)
		if end.code != 0 {
			t.Fatalf("the script ends with code %d: %s", end.code, end.stderr)
		}
		return versions(t, end.stdout), string(end.stderr)
	}
	truth := func() map[string]string {
		return versions(t, s.ask(t, "GET", "truth/responses", ""), s.ask(t, "GET", "truth/contacts", ""))
	}
	holds := func(when string) map[string]string {
		rows, complaints := read()
		if diff := cmp.Diff(truth(), rows); diff != "" || len(rows) < 800 {
			t.Errorf("%s: %d rows (-exist +read):\n%.2000s", when, len(rows), diff)
		}
		t.Logf("%s: %d rows, %d calls made again", when, len(rows), strings.Count(complaints, "again"))
		return rows
	}
	before := holds("at first")

	s.ask(t, "POST", "faults", `{"class":"rate","endpoint":"POST /surveys/{id}/export-responses","count":3}`)
	s.ask(t, "POST", "faults", `{"class":"jobfail"}`)
	s.ask(t, "POST", "advance", `{"seconds":86400}`)
	s.ask(t, "POST", "advance", `{"seconds":3600,"quiet":true}`)
	if after := holds("a day later"); cmp.Equal(before, after) {
		t.Error("nothing happened in a day")
	}
	var state struct {
		Planned []any
		Struck  map[string]int
	}
	if err := json.Unmarshal(s.ask(t, "GET", "faults", ""), &state); err != nil {
		t.Fatal(err)
	}
	if len(state.Planned) != 0 || state.Struck["rate"] != 3 || state.Struck["jobfail"] != 1 {
		t.Errorf("faults struck %v, and are still planned %v", state.Struck, state.Planned)
	}
	if requests := string(s.ask(t, "GET", "requests", "")); !strings.Contains(requests, `"429":3`) {
		t.Errorf("no three calls met a limit: %s", requests)
	}
}
