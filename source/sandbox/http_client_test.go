package sandbox_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const home = "https://sandbox1.qualtrics.com"

// client calls a tenant without sockets, by default with its API token.
type client struct {
	t      testing.TB
	tenant *sandbox.Sandbox
	base   string
	header http.Header
}

func newClient(t testing.TB, o sandbox.Options) *client {
	t.Helper()
	tenant, err := sandbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return &client{t, tenant, home, http.Header{"X-Api-Token": {tenant.Credentials().APIToken}}}
}

// with is the same client with one header more or, with an empty value, less.
func (c *client) with(name, value string) *client {
	other := *c
	other.header = c.header.Clone()
	other.header.Del(name)
	if value != "" {
		other.header.Set(name, value)
	}
	return &other
}

// at is the same client at another host.
func (c *client) at(base string) *client {
	other := *c
	other.base = base
	return &other
}

type answer struct {
	status int
	header http.Header
	body   []byte
	err    error // what broke the call
}

// try makes a call that may break.
func (c *client) try(method, path, body string) answer {
	c.t.Helper()
	address := path
	if !strings.Contains(path, "://") {
		address = c.base + path
	}
	request, err := http.NewRequestWithContext(c.t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header = c.header.Clone()
	if body != "" && request.Header.Get("Content-Type") == "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := c.tenant.RoundTripper().RoundTrip(request)
	if err != nil {
		return answer{err: err}
	}
	content, err := io.ReadAll(response.Body)
	if err := response.Body.Close(); err != nil {
		c.t.Error(err)
	}
	return answer{response.StatusCode, response.Header, content, err}
}

func (c *client) do(method, path, body string) answer {
	c.t.Helper()
	got := c.try(method, path, body)
	if got.err != nil {
		c.t.Fatalf("%s %s: %v", method, path, got.err)
	}
	return got
}

func (c *client) get(path string) answer {
	c.t.Helper()
	return c.do(http.MethodGet, path, "")
}

type envelope struct {
	Result json.RawMessage `json:"result"`
	Meta   struct {
		HTTPStatus string `json:"httpStatus"`
		RequestID  string `json:"requestId"`
		Notice     string `json:"notice"`
		Error      struct {
			Message string `json:"errorMessage"`
			Code    string `json:"errorCode"`
		} `json:"error"`
	} `json:"meta"`
}

func (a answer) envelope(t testing.TB) envelope {
	t.Helper()
	return decode[envelope](t, a.body)
}

func decode[T any](t testing.TB, body []byte) T {
	t.Helper()
	var value T
	if err := json.Unmarshal(body, &value); err != nil {
		t.Fatalf("decoding %.300q: %v", body, err)
	}
	return value
}

// result is the result of a call that has to succeed.
func result[T any](t testing.TB, a answer) T {
	t.Helper()
	if a.status != http.StatusOK {
		t.Fatalf("got status %d, body %.300q", a.status, a.body)
	}
	return decode[T](t, a.envelope(t).Result)
}

// wantError checks the envelope of an error.
func wantError(t testing.TB, a answer, status int, code, message string) {
	t.Helper()
	e := a.envelope(t)
	if a.status != status || !strings.HasPrefix(e.Meta.HTTPStatus, fmt.Sprintf("%d - ", status)) {
		t.Errorf("got status %d and httpStatus %q, want %d", a.status, e.Meta.HTTPStatus, status)
	}
	if code != "" && e.Meta.Error.Code != code {
		t.Errorf("got errorCode %q, want %q", e.Meta.Error.Code, code)
	}
	if !strings.Contains(e.Meta.Error.Message, message) {
		t.Errorf("got errorMessage %q, want it to contain %q", e.Meta.Error.Message, message)
	}
	if e.Result != nil {
		t.Errorf("got a result with an error: %.100s", e.Result)
	}
}

type listing struct {
	Elements []map[string]any `json:"elements"`
	NextPage *string          `json:"nextPage"`
}

func (c *client) surveyIDs() []string {
	c.t.Helper()
	var ids []string
	for _, element := range result[listing](c.t, c.get("/API/v3/surveys")).Elements {
		ids = append(ids, element["id"].(string))
	}
	return ids
}

type progress struct {
	ProgressID string  `json:"progressId"`
	FileID     *string `json:"fileId"`
	Percent    float64 `json:"percentComplete"`
	Status     string  `json:"status"`
}

func exportPath(survey string, parts ...string) string {
	return strings.Join(append([]string{"/API/v3/surveys", survey, "export-responses"}, parts...), "/")
}

// export runs a job and returns the answer to its download.
func (c *client) export(survey, body string) answer {
	c.t.Helper()
	started := result[progress](c.t, c.do(http.MethodPost, exportPath(survey), body))
	for range 10 {
		polled := result[progress](c.t, c.get(exportPath(survey, started.ProgressID)))
		switch polled.Status {
		case "complete":
			return c.get(exportPath(survey, *polled.FileID, "file"))
		case "failed":
			c.t.Fatalf("the job failed")
		}
	}
	c.t.Fatal("the job did not end")
	return answer{}
}

// unzip returns the one member of a file.
func unzip(t testing.TB, file []byte) (*zip.File, []byte) {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	if len(archive.File) != 1 {
		t.Fatalf("got %d members, want 1", len(archive.File))
	}
	member, err := archive.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(member)
	if err != nil {
		t.Fatal(err)
	}
	return archive.File[0], content
}

type record struct {
	ResponseID string         `json:"responseId"`
	Values     map[string]any `json:"values"`
	Labels     map[string]any `json:"labels"`
}

// records decodes the lines of an NDJSON file.
func records(t testing.TB, content []byte) []record {
	t.Helper()
	var list []record
	for line := range bytes.Lines(content) {
		if line := bytes.TrimSpace(line); len(line) > 0 && string(line) != "{}" {
			list = append(list, decode[record](t, line))
		}
	}
	return list
}

// exported are the records of a compressed NDJSON export.
func (c *client) exported(survey, body string) []record {
	c.t.Helper()
	_, content := unzip(c.t, c.export(survey, body).body)
	return records(c.t, content)
}
