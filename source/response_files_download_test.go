package source_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

const uploadsEndpoint = "GET /surveys/{id}/responses/{responseId}/uploaded-files/{fileId}"

// downloadTenant has responses with files of some megabytes at most.
var downloadTenant = sandbox.Options{Seed: 83, Surveys: 12, Responses: 120, Contacts: 5, KeepSurveys: 12}

// fileExporter exports response_files with their contents into one folder.
type fileExporter struct {
	*tenant
	folder string
	rows   []map[string]any // of the last export
}

func newFileExporter(t *testing.T, files map[string]any) *fileExporter {
	t.Helper()
	tn := newTenant(t, downloadTenant)
	tn.SetActivity(0, 0, 0)
	tn.Advance(time.Hour, true)
	settings := map[string]any{"download": true}
	maps.Copy(settings, files)
	tn.config["files"] = settings
	return &fileExporter{tenant: tn, folder: t.TempDir()}
}

// export exports, and reads the rows of the run.
func (e *fileExporter) export(t *testing.T) result {
	t.Helper()
	before, _ := filepath.Glob(filepath.Join(e.folder, "response_files", "*", "*.ndjson"))
	got := e.run(t, "export", "--config", "config.json", "--to", e.folder, "--format", "ndjson", "--compression", "none", "--streams", "response_files")
	all, err := filepath.Glob(filepath.Join(e.folder, "response_files", "*", "*.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	e.rows = nil
	for _, name := range all {
		if slices.Contains(before, name) {
			continue
		}
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(content)) {
			var row map[string]any
			if err := json.Unmarshal([]byte(line), &row); err != nil {
				t.Fatal(err)
			}
			if row["file_key"] != "*" {
				e.rows = append(e.rows, row)
			}
		}
	}
	return got
}

// complete exports without a failure.
func (e *fileExporter) complete(t *testing.T) {
	t.Helper()
	if got := e.export(t); got.code != 0 {
		t.Fatalf("export ended with code %d:\n%s%s", got.code, got.stdout, got.stderr)
	}
}

// stored lists the files below _files.
func (e *fileExporter) stored(t *testing.T) (names []string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(e.folder, "_files")); err != nil {
		return nil // nothing was stored yet
	}
	err := filepath.WalkDir(filepath.Join(e.folder, "_files"), func(name string, entry os.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			relative, _ := filepath.Rel(e.folder, name)
			names = append(names, filepath.ToSlash(relative))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func (e *fileExporter) calls() (total int) {
	for _, n := range e.Requests()[uploadsEndpoint] {
		total += n
	}
	return total
}

// results counts the results of downloads of the rows.
func (e *fileExporter) results() map[any]int {
	results := make(map[any]int)
	for _, row := range e.rows {
		results[row["download_result"]]++
	}
	return results
}

// compare compares each downloaded file with the tenant's.
func (e *fileExporter) compare(t *testing.T) {
	t.Helper()
	for _, row := range e.rows {
		if row["download_result"] != "downloaded" {
			if row["file_path"] != nil || row["file_sha256"] != nil {
				t.Errorf("a file that was not downloaded has a path: %v", row)
			}
			continue
		}
		want, ok := e.UploadedFile(row["survey_id"].(string), row["response_id"].(string), row["file_id"].(string))
		got, err := os.ReadFile(filepath.Join(e.folder, row["file_path"].(string)))
		sum := sha256.Sum256(got)
		if !ok || err != nil || string(want) != string(got) || row["file_sha256"] != hex.EncodeToString(sum[:]) || len(got) != int(row["file_size"].(float64)) {
			t.Errorf("%v: %d bytes were stored of %d (%v)", row, len(got), len(want), err)
		}
		dir, file := filepath.Split(row["file_path"].(string))
		if dir != "_files/"+row["survey_id"].(string)+"/"+row["response_id"].(string)+"/" || !strings.HasPrefix(file, row["file_id"].(string)+"-") {
			t.Errorf("the file is stored as %s", row["file_path"])
		}
	}
}

// The contents are stored before their rows, each once. An edit of a response does not
// download its files again.
func TestExport_DownloadsUploadedFiles(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		e := newFileExporter(t, nil)
		e.complete(t)
		e.compare(t)
		if e.results()["downloaded"] < 4 || len(e.results()) != 1 || e.calls() != len(e.rows) || len(e.stored(t)) != len(e.rows) {
			t.Fatalf("results %v with %d calls for %d rows, and %d files", e.results(), e.calls(), len(e.rows), len(e.stored(t)))
		}
		before, calls := e.stored(t), e.calls()
		if err := os.RemoveAll(filepath.Join(e.folder, "_state")); err != nil {
			t.Fatal(err)
		}
		e.complete(t)
		e.compare(t)
		if e.calls() != calls || !slices.Equal(before, e.stored(t)) || len(e.rows) != len(before) {
			t.Errorf("a second first read made %d calls, and has %d rows", e.calls()-calls, len(e.rows))
		}
	})
}

// A file that Qualtrics does not have, and one that is too large, leave their rows as they
// are. The log says each once for a survey.
func TestExport_FilesThatCannotBeDownloadedKeepTheirRows(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		e := newFileExporter(t, map[string]any{"max_mib": 3})
		truth, _ := e.Truth("response_files")
		lost, large := 0, 0
		for line := range truth {
			var row struct {
				ID   string  `json:"file_id"`
				Size float64 `json:"file_size"`
			}
			if err := json.Unmarshal(line, &row); err != nil {
				t.Fatal(err)
			}
			if row.Size > 3<<20 {
				large++
			} else if lost == 0 {
				lost++
				e.LoseFile(row.ID)
			}
		}
		got := e.export(t)
		e.compare(t)
		if results := e.results(); got.code != 0 || results["not_found"] != lost || results["too_large"] != large || lost == 0 || large == 0 {
			t.Errorf("code %d, results %v, want %d lost and %d large\n%s", got.code, e.results(), lost, large, got.stderr)
		}
		if said := strings.Count(got.stderr, "result=not_found"); said != 1 {
			t.Errorf("the log says %d times that a file is not there:\n%s", said, got.stderr)
		}
	})
}

// Where the files of a survey are refused, its rows say so after one call.
func TestExport_RefusedFilesCostOneCallForEachSurvey(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		e := newFileExporter(t, nil)
		refused := 0
		e.Intercept(func(r *http.Request) *http.Response {
			if !strings.Contains(r.URL.Path, "/uploaded-files/") {
				return nil
			}
			refused++
			return answer(r, http.StatusForbidden, errorBody(http.StatusForbidden, "TEST_1", "no"))
		})
		e.config["limits"].(map[string]any)["parallel_exports"] = 1
		e.complete(t)
		surveys := make(map[any]bool)
		for _, row := range e.rows {
			surveys[row["survey_id"]] = true
		}
		if e.results()["refused"] != len(e.rows) || refused != len(surveys) || len(e.rows) <= refused {
			t.Errorf("results %v of %d rows after %d calls for %d surveys", e.results(), len(e.rows), refused, len(surveys))
		}
	})
}

// A download that fails for now makes its survey incomplete. The next run goes on, and does
// not download a file again.
func TestExport_AFailedDownloadIsMadeByTheNextRun(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		e := newFileExporter(t, nil)
		e.config["limits"].(map[string]any)["parallel_exports"] = 1
		answered := 0
		e.Intercept(func(r *http.Request) *http.Response {
			if !strings.Contains(r.URL.Path, "/uploaded-files/") {
				return nil
			}
			if answered++; answered <= 2 {
				return nil
			}
			return answer(r, http.StatusInternalServerError, errorBody(http.StatusInternalServerError, "TEST_1", "no"))
		})
		if got := e.export(t); got.code != 4 || !strings.Contains(got.stderr+got.stdout, "cannot be downloaded") {
			t.Fatalf("export ended with code %d:\n%s%s", got.code, got.stdout, got.stderr)
		}
		if stored := e.stored(t); len(stored) != 2 {
			t.Fatalf("%d files are stored, want 2", len(stored))
		}
		e.Intercept(nil)
		calls, first := e.calls(), len(e.rows)
		e.complete(t)
		e.compare(t)
		if all := len(keysOfTruth(t, e.tenant, "response_files")); len(e.stored(t)) != all || len(e.rows)+first < all || e.calls()-calls != all-2 {
			t.Errorf("%d files are stored of %d, with %d calls of the second run", len(e.stored(t)), all, e.calls()-calls)
		}
	})
}

// A run ends with surveys that are not complete when it has downloaded enough. The next
// runs go on until all files are there.
func TestExport_TheSizeOfDownloadsIsLimited(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		e := newFileExporter(t, map[string]any{"max_total_mib": 12})
		e.config["limits"].(map[string]any)["parallel_exports"] = 1
		runs := 0
		for all := len(keysOfTruth(t, e.tenant, "response_files")); ; {
			before := len(e.stored(t))
			got := e.export(t)
			if runs++; got.code == 0 {
				if len(e.stored(t)) != all {
					t.Errorf("%d files are stored of %d", len(e.stored(t)), all)
				}
				break
			}
			if !strings.Contains(got.stderr+got.stdout, "files.max_total_mib") || len(e.stored(t)) <= before || runs > all {
				t.Fatalf("run %d ended with code %d and %d files:\n%s%s", runs, got.code, len(e.stored(t)), got.stdout, got.stderr)
			}
		}
		if runs < 2 {
			t.Errorf("one run downloaded everything")
		}
	})
}

// Outputs without a folder refuse the setting.
func TestRead_RefusesToDownloadFiles(t *testing.T) {
	t.Parallel()
	tn := newTenant(t, small)
	tn.config["files"] = map[string]any{"download": true}
	got := tn.read(t, nil, "response_files")
	ending{code: 1, kinds: []string{"config_error"}, says: []string{"files.download is for the command export", "with export"}}.compare(t, got)
	tap := tn.run(t, "tap", "--config", "config.json")
	if tap.code != 1 || !strings.Contains(tap.stderr, "files.download is for the command export") {
		t.Errorf("the tap ended with code %d: %s", tap.code, tap.stderr)
	}
}

// Failing calls and answers that break off cost tries, and no file.
func TestExport_DownloadsSurviveFaults(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		e := newFileExporter(t, nil)
		for _, fault := range []sandbox.ScriptedFault{
			{Class: "reset", Endpoint: uploadsEndpoint, Count: 2},
			{Class: "server", Endpoint: uploadsEndpoint, Count: 2},
			{Class: "html", Endpoint: uploadsEndpoint, Count: 1},
			{Class: "rate", Endpoint: uploadsEndpoint, Count: 1},
			{Class: "slow", Endpoint: uploadsEndpoint, Count: 1},
		} {
			if err := e.Script(fault); err != nil {
				t.Fatal(err)
			}
		}
		e.complete(t)
		e.compare(t)
		if left := e.Scripted(); len(left) > 0 || e.results()["downloaded"] != len(e.rows) || len(e.rows) == 0 {
			t.Errorf("results %v of %d rows, and the faults %v did not happen", e.results(), len(e.rows), left)
		}
	})
}
