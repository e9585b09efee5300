package source_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/xitongsys/parquet-go/reader"
	parquet "github.com/xitongsys/parquet-go/source"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
)

// named is a tenant with one survey, which is named so.
func named(t *testing.T, token, name string) *tenant {
	t.Helper()
	tn := newTenant(t, small)
	tn.config["credentials"] = map[string]any{"auth_type": "api_token", "api_token": token}
	tn.transport = echoing(nil, func(r *http.Request, name string) *http.Response {
		if strings.HasSuffix(r.URL.Path, "/whoami") {
			return answer(r, 200, `{"result":{"brandId":"b"},"meta":{"httpStatus":"200 - OK"}}`)
		}
		return answer(r, 200, `{"result":{"elements":[{"id":"SV_1","creationDate":"2026-01-01T00:00:00Z","name":`+quote("my "+name+" survey")+`}],"nextPage":null},"meta":{"httpStatus":"200 - OK"}}`)
	}, name)
	return tn
}

const hardToken = `t0k"en/+&<secret>%%~'abc`

// Whoever names a survey after a secret does not get it into the records.
func TestRead_MasksSecretsInItsRecords(t *testing.T) {
	for form, text := range canaries(hardToken) {
		t.Run(form, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := named(t, hardToken, text)
				tn.files["catalog.json"] = testkit.Catalog("surveys")
				got := tn.run(t, "read", "--config", "config.json", "--catalog", "catalog.json")
				if got.code != 0 || !strings.Contains(got.stdout, `"name":"my `) || !strings.Contains(got.stdout, `[redacted]`) {
					t.Fatalf("got exit code %d: %s", got.code, got.stdout)
				}
				leaks(t, "the output", got.stdout+got.stderr, hardToken)
			})
		})
	}
}

// Nor does it land in a file of any kind.
func TestExport_MasksSecretsInItsFiles(t *testing.T) {
	for form, text := range canaries(hardToken) {
		for _, format := range []string{"ndjson", "parquet"} {
			t.Run(form+" "+format, func(t *testing.T) {
				t.Parallel()
				tn, folder := named(t, hardToken, text), filepath.Join(t.TempDir(), "data")
				got := tn.run(t, "export", "--config", "config.json", "--to", folder, "--format", format, "--streams", "surveys")
				landsMasked(t, got, folder)
			})
		}
	}
}

// parquetFile is a Parquet file in memory; its reader opens it once more for
// every column.
type parquetFile struct {
	*bytes.Reader
	content []byte
}

func (parquetFile) Write([]byte) (int, error)                  { return 0, fs.ErrPermission }
func (parquetFile) Create(string) (parquet.ParquetFile, error) { return nil, fs.ErrPermission }
func (parquetFile) Close() error                               { return nil }
func (f parquetFile) Open(string) (parquet.ParquetFile, error) {
	return parquetFile{bytes.NewReader(f.content), f.content}, nil
}

// landsMasked checks that a run has landed the survey that is named by hardToken
// without it.
func landsMasked(t *testing.T, got result, folder string) {
	t.Helper()
	landed := landedIn(t, folder)
	if got.code != 0 || !strings.Contains(landed, "my ") || !strings.Contains(landed, "[redacted]") {
		t.Fatalf("got exit code %d, %s and the files\n%s", got.code, got.stderr, landed)
	}
	leaks(t, "the output", got.stdout+got.stderr, hardToken)
	leaks(t, "a file", landed, hardToken)
}

// landedIn returns the names, the bytes and the rows of all files in a folder.
func landedIn(t *testing.T, folder string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		fmt.Fprintf(&all, "%s: %s\n", path, content)
		switch filepath.Ext(path) {
		case ".zst":
			unpacked, err := zstd.NewReader(bytes.NewReader(content))
			if err != nil {
				return err
			}
			defer unpacked.Close()
			_, err = unpacked.WriteTo(&all)
			return err
		case ".parquet":
			columns, err := reader.NewParquetColumnReader(parquetFile{bytes.NewReader(content), content}, 1)
			if err != nil {
				return err
			}
			defer columns.ReadStop()
			for i := range columns.SchemaHandler.GetColumnNum() {
				values, _, _, err := columns.ReadColumnByIndex(i, columns.GetNumRows())
				if err != nil {
					return err
				}
				fmt.Fprintln(&all, values)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// Access tokens live in memory: no output, state or file holds one, and the
// configuration is never written.
func TestCommands_KeepAccessTokensInMemory(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small).withOAuth()
		tn.env["LOG_LEVEL"] = "debug"
		var lock sync.Mutex
		var issued []string
		next := tn.RoundTripper()
		tn.transport = tripper(func(r *http.Request) (*http.Response, error) {
			lock.Lock()
			if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok && !slices.Contains(issued, token) {
				issued = append(issued, token)
			}
			lock.Unlock()
			return next.RoundTrip(r)
		})
		folder := filepath.Join(t.TempDir(), "data")
		tn.files["catalog.json"] = testkit.Catalog("surveys", "responses", "contacts")
		var output strings.Builder
		for _, args := range [][]string{
			{"check", "--config", "config.json"},
			{"read", "--config", "config.json", "--catalog", "catalog.json"},
			{"export", "--config", "config.json", "--to", folder, "--format", "ndjson"},
		} {
			got := tn.run(t, args...)
			if got.code != 0 {
				t.Errorf("%s: got exit code %d, want 0: %s", args[0], got.code, got.stderr)
			}
			output.WriteString(got.stdout + got.stderr)
		}
		if len(issued) < 3 {
			t.Fatalf("got %d access tokens, want one of each command", len(issued))
		}
		secrets := append(issued, tn.Credentials().ClientSecret)
		leaks(t, "the output", output.String(), secrets...)
		leaks(t, "a file", landedIn(t, folder), secrets...)
		if !bytes.Equal(tn.files["config.json"], testkit.Encode(tn.config)) {
			t.Error("the configuration was changed")
		}
	})
}

// What a server says is shown in part only: the known fields of an error,
// short and printable. All else stays unsaid, even to whoever debugs.
func TestCommands_ShowNoBodyOfAnAnswer(t *testing.T) {
	const mark = "MARKED"
	long := strings.Repeat("long ", 2_000)
	for name, test := range map[string]struct {
		code  int
		body  string
		shows string
	}{
		"a page":             {502, "<html>" + mark, "Bad Gateway"},
		"a page for JSON":    {200, "<html>" + mark, "HTML page"},
		"unknown members":    {400, `{"meta":{"debug":"` + mark + `","error":{"errorMessage":"known","trace":"` + mark + `"}},"result":"` + mark + `"}`, "known"},
		"a result":           {200, `{"result":{"` + mark + `":1,"elements":"` + mark + `"},"meta":{}}`, "the list has no elements"},
		"a cut result":       {200, `{"result":{"` + mark, "not JSON"},
		"a long message":     {400, `{"meta":{"error":{"errorMessage":"` + long + mark + `","errorCode":"` + long + mark + `"},"requestId":"` + long + mark + `"}}`, "long"},
		"control characters": {400, `{"meta":{"error":{"errorMessage":"a\u001b[31m\u0000\r\n\u2028b","errorCode":"\u0007"}}}`, "a [31m"},
	} {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, small)
				tn.env["LOG_LEVEL"] = "debug"
				tn.transport = tripper(func(r *http.Request) (*http.Response, error) { return answer(r, test.code, test.body), nil })
				for _, command := range []string{"surveys", "check"} {
					got := tn.run(t, command, "--config", "config.json")
					text := got.stdout + got.stderr
					if !strings.Contains(text, test.shows) {
						t.Errorf("%s: got %.500q, want %q in it", command, text, test.shows)
					}
					if strings.Contains(text, mark) || strings.ContainsAny(text, "\x00\x1b\x07\r\u2028") || strings.Contains(text, `\u001b`) {
						t.Errorf("%s: more of the answer is shown than its known fields: %.1000q", command, text)
					}
					for line := range strings.Lines(text) {
						if len(line) > 2500 {
							t.Errorf("%s: a line of %d bytes was written", command, len(line))
						}
					}
				}
			})
		})
	}
}
