package sandbox_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// recordedTable is a recorded export; recordings are no part of this repository.
type recordedTable struct {
	Columns []struct {
		Tag, Label string
		Import     importID
	}
	Rows [][]string
}

func recordedTables(t *testing.T, names ...string) (all []recordedTable) {
	t.Helper()
	folder := os.Getenv("QUALTRICS_PAYLOADS")
	if folder == "" {
		t.Skip("QUALTRICS_PAYLOADS does not name the folder of the recorded payloads")
	}
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, decode[recordedTable](t, content))
	}
	return all
}

// ownWords are the words of headers that are Qualtrics' own.
var ownWords = []string{
	"Display Order", "Answer Display Order", "Selected Choice", "Text", "Group", "First Click", "Last Click", "Page Submit", "Click Count",
	"Browser", "Version", "Operating System", "Resolution", "Block Randomizer",
}

// Each kind of column that recordings have occurs here, with a header of the same
// shape in all three rows.
func TestTable_HeadersHaveTheRecordedShapes(t *testing.T) {
	t.Parallel()
	recorded := recordedTables(t, "export_csv_many_question_types.json", "export_csv_headers_nps_mavr_textiq.json", "export_csv_in_progress.json", "export_csv_in_progress_no_breakout.json")
	c := newClient(t, sandbox.Options{Surveys: 10, Responses: 300})
	var ours []header
	for _, survey := range c.surveyIDs() {
		for _, parameters := range []string{`,"includeDisplayOrder":true`, `,"includeDisplayOrder":true,"breakoutSets":false`} {
			columns, _ := c.csv(survey, parameters)
			ours = append(ours, columns...)
		}
	}
	have := make(map[string]bool)
	for _, h := range ours {
		have[generic(h)] = true
	}
	compared, missing := make(map[string]bool), make(map[string]header)
	for _, file := range recorded {
		for _, column := range file.Columns {
			h := header{column.Tag, column.Label, column.Import}
			shape := generic(h)
			compared[shape] = true
			if !have[shape] && missing[shape].tag == "" {
				missing[shape] = h
			}
		}
	}
	for shape, h := range missing {
		if strings.HasPrefix(shape, "loop _DO") {
			continue // the tenant has loops and random orders, but no random order in a loop
		}
		t.Errorf("no header has the shape %q of %+v", shape, h)
	}
	if len(compared) < 30 {
		t.Errorf("%d shapes were compared", len(compared))
	}
}

var (
	analysisID   = regexp.MustCompile(`_[0-9a-f]{24}`)
	keyOfAnswers = regexp.MustCompile(`^(\d+_|x\d+_)?(QID\d+)([_#].*)?$`)
	digitsOnly   = regexp.MustCompile(`\d+`)
)

// generic is the shape of a header: the tag after the question's own, the words
// of the text that are Qualtrics', and the key after the question's.
func generic(h header) string {
	key := analysisID.ReplaceAllString(h.ImportID, "_id")
	if !keyOfAnswers.MatchString(key) {
		switch {
		case strings.HasPrefix(key, "FL_"), strings.HasPrefix(key, "BL_"):
			suffix := ""
			if h.ChoiceID != "" {
				suffix = strings.TrimSuffix(h.tag, h.ChoiceID)
				suffix = suffix[strings.LastIndex(suffix, "_DO"):] + "choice"
			}
			return key[:3] + suffix + wordsOf(h.text)
		case strings.EqualFold(key, h.tag) || h.tag == key:
			return "embedded " + map[bool]string{true: "as its name"}[h.tag == h.text && h.tag == key]
		}
		return key + "=" + h.tag + "=" + h.text + "=" + map[bool]string{true: "zone"}[h.TimeZone != ""]
	}
	parts := keyOfAnswers.FindStringSubmatch(key)
	loop := ""
	if parts[1] != "" {
		loop = "loop "
		if !strings.HasPrefix(h.tag, parts[1]) {
			loop = "loop without its number in the tag "
		}
	}
	choice := ""
	if h.ChoiceID != "" {
		choice = " choice, not in the tag"
		if strings.HasSuffix(h.tag, "_"+h.ChoiceID) {
			choice = " choice"
		}
	}
	return loop + digitsOnly.ReplaceAllString(parts[3], "n") + choice + wordsOf(h.text)
}

// wordsOf are the words of a header's text that are Qualtrics' own, in order.
func wordsOf(text string) string {
	var words []string
	for i, part := range strings.Split(text, " - ") {
		if i > 0 && slices.Contains(ownWords, part) {
			words = append(words, part)
		}
	}
	return " " + strings.Join(words, ", ")
}

func TestTable_MetadataColumnsAreTheRecordedOnes(t *testing.T) {
	t.Parallel()
	recorded := recordedTables(t, "export_csv_many_question_types.json")[0]
	c := newClient(t, sandbox.Options{})
	columns, _ := c.csv(c.surveyIDs()[0], "")
	var want []header
	for _, column := range recorded.Columns[:17] {
		want = append(want, header{column.Tag, column.Label, column.Import})
	}
	if diff := cmp.Diff(want, columns[:17], cmp.AllowUnexported(header{})); diff != "" {
		t.Errorf("columns (-recorded +got):\n%s", diff)
	}
}

// Where a recording has cells, ours look like them.
func TestTable_CellsHaveTheRecordedForm(t *testing.T) {
	t.Parallel()
	forms := map[string]*regexp.Regexp{
		"startDate": regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$`), "status": regexp.MustCompile(`^[A-Z][A-Za-z ]+$`),
		"finished": regexp.MustCompile(`^(True|False)$`), "locationLatitude": regexp.MustCompile(`^(\d+\.\d{12,})?$`),
		"progress": regexp.MustCompile(`^\d+$`), "userLanguage": regexp.MustCompile(`^([A-Z]{2})?$`),
		"_recordId": regexp.MustCompile(`^(R|FS)_\w{15}$`), "_DO": regexp.MustCompile(`^\d*$`), "_NPS_GROUP": regexp.MustCompile(`^(Detractor|Passive|Promoter)?$`),
	}
	check := func(from, id, cell string) {
		t.Helper()
		for suffix, form := range forms {
			if (id == suffix || strings.HasPrefix(suffix, "_") && strings.HasSuffix(id, suffix)) && !form.MatchString(cell) {
				t.Errorf("%s: %s is %q, want the form %s", from, id, cell, form)
			}
		}
	}
	for _, file := range recordedTables(t, "export_csv_many_question_types.json", "export_csv_in_progress.json") {
		for _, row := range file.Rows {
			for i, column := range file.Columns {
				check("recorded", column.Import.ImportID, row[i])
			}
		}
	}
	c := newClient(t, sandbox.Options{Surveys: 10, Responses: 400})
	for _, survey := range c.surveyIDs() {
		columns, rows := c.csv(survey, `,"useLabels":true,"includeDisplayOrder":true`)
		for _, row := range rows {
			for i, h := range columns {
				check("ours", h.ImportID, row[i])
			}
		}
	}
}
