package source_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/xitongsys/parquet-go/reader"
	parquet "github.com/xitongsys/parquet-go/source"
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
				tn.files["catalog.json"] = catalogOf(t, "surveys")
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
				landed := landedIn(t, folder)
				if got.code != 0 || !strings.Contains(landed, "my ") || !strings.Contains(landed, "[redacted]") {
					t.Fatalf("got exit code %d, %s and the files\n%s", got.code, got.stderr, landed)
				}
				leaks(t, "the output", got.stdout+got.stderr, hardToken)
				leaks(t, "a file", landed, hardToken)
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
