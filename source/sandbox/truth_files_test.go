package sandbox

import (
	"encoding/json"
	"strings"
	"testing"
)

// Each file id of an export is in the truth once, with its name, size and type.
func TestTruth_OfFilesHasEveryFileOfExports(t *testing.T) {
	t.Parallel()
	w := testWorld(t, worldOptions{Surveys: 12, Responses: 400, Contacts: 20})
	truth := make(map[string]map[string]any)
	lines, _ := w.truth("response_files")
	for line := range lines {
		var row map[string]any
		if err := json.Unmarshal(line, &row); err != nil {
			t.Fatal(err)
		}
		id := row["response_id"].(string) + "/" + row["file_key"].(string)
		if truth[id] != nil {
			t.Fatalf("the file %s comes twice", id)
		}
		truth[id] = row
	}
	files := 0
	for _, s := range w.listed() {
		if !s.canExport() {
			continue
		}
		for _, r := range rows(t, s, exportQuery{Sort: true}) {
			for key, value := range r.Values {
				stem, is := strings.CutSuffix(key, "_FILE_ID")
				if !is {
					continue
				}
				files++
				row := truth[r.ResponseID+"/"+stem]
				for column, want := range map[string]json.RawMessage{
					"file_id": value, "file_name": r.Values[stem+"_FILE_NAME"], "file_size": r.Values[stem+"_FILE_SIZE"], "file_type": r.Values[stem+"_FILE_TYPE"],
				} {
					if got, _ := json.Marshal(row[column]); string(got) != string(want) {
						t.Fatalf("%s of %s/%s is %s, not %s", column, r.ResponseID, stem, got, want)
					}
				}
			}
		}
	}
	if files < 20 || files != len(truth) {
		t.Errorf("exports have %d files, the truth %d", files, len(truth))
	}
}
