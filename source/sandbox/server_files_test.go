package sandbox_test

import (
	"bytes"
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

func TestUploadedFiles_AreAsLongAsTheirResponsesSay(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{Surveys: 12, Responses: 200})
	rows, _ := c.tenant.Truth("response_files")
	files := 0
	var first map[string]any
	for line := range rows {
		row := decode[map[string]any](t, line)
		response := "/API/v3/surveys/" + row["survey_id"].(string) + "/responses/"
		path := response + row["response_id"].(string) + "/uploaded-files/"
		file := row["file_id"].(string)
		got := c.get(path + file)
		if got.status != 200 || got.header.Get("Content-Type") != row["file_type"] || len(got.body) != int(row["file_size"].(float64)) {
			t.Fatalf("file %v: status %d, %d bytes of type %s", row, got.status, len(got.body), got.header.Get("Content-Type"))
		}
		content, ok := c.tenant.UploadedFile(row["survey_id"].(string), row["response_id"].(string), file)
		if !ok || !bytes.Equal(content, got.body) {
			t.Fatalf("file %s has another content", file)
		}
		if first == nil {
			first = row
		} else if first["response_id"] != row["response_id"] && first["survey_id"] == row["survey_id"] {
			wantError(t, c.get(response+first["response_id"].(string)+"/uploaded-files/"+file), 404, "UNF_9", "")
		}
		wantError(t, c.get(path+"F_unknown"), 404, "UNF_9", "")
		c.tenant.LoseFile(file)
		wantError(t, c.get(path+file), 404, "UNF_9", "")
		if files++; files == 8 {
			break
		}
	}
	if files < 8 {
		t.Errorf("the tenant has %d files", files)
	}
}
