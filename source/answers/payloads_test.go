package answers_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source/answers"
	"github.com/birdie-ai/source-qualtrics/source/jsonsafe"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/response"
)

// payload decodes a recorded payload.
func payload(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(testkit.Recordings(t), name))
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// qsf reads the questions of a survey file as those of a definition.
func qsf(t *testing.T, name string) *qualtrics.SurveyDefinition {
	t.Helper()
	var file struct {
		SurveyElements []struct {
			Element, PrimaryAttribute string
			Payload                   json.RawMessage
		}
		Result json.RawMessage `json:"result"`
	}
	payload(t, name, &file)
	if file.Result != nil {
		if err := json.Unmarshal(file.Result, &file); err != nil {
			t.Fatal(err)
		}
	}
	questions := make(map[string]json.RawMessage)
	for _, element := range file.SurveyElements {
		if element.Element == "SQ" {
			questions[element.PrimaryAttribute] = element.Payload
		}
	}
	all, err := json.Marshal(questions)
	if err != nil {
		t.Fatal(err)
	}
	return defined(t, string(all))
}

func quoted(text string) string { return string(jsonsafe.AppendString(nil, text)) }

// recordOf writes a record with these values and labels, in their order.
func recordOf(id string, values, labels []string) []byte {
	return []byte(`{"responseId":` + quoted(id) + `,"values":{` + strings.Join(values, ",") + `},"labels":{` + strings.Join(labels, ",") + `}}`)
}

func TestAnswers_HaveEachRecordedJSONRecord(t *testing.T) {
	t.Parallel()
	var file struct {
		Responses []json.RawMessage `json:"responses"`
	}
	payload(t, "SYNTHETIC_json_response_records.json", &file)
	keys, book, found := response.NewKeys([]string{"SolutionRevision"}, nil, nil), answers.NewCodebook(nil, nil), make(map[string]string)
	for _, record := range file.Responses {
		var compact strings.Builder
		if err := json.NewEncoder(&compact).Encode(record); err != nil {
			t.Fatal(err)
		}
		r := parsed(t, []byte(compact.String()), keys)
		sameAgain(t, book, r)
		for a := range book.Answers(r) {
			if a.Kind == answers.Unknown {
				t.Errorf("no rule covers %s", a.Key)
			}
			label, _ := a.Label()
			found[string(a.AppendKey(nil))] = a.Text() + "=" + label
		}
	}
	for key, want := range map[string]string{
		"QID36/1": "1=Ropes Course", "QID36/7": "7=Other", "QID27_TEXT": "free text\nwith a line break=", "QID18_NPS_GROUP": "3=Promoter",
		"QID64_0_GROUP/16": "16=Item C", "QID64_G0_16_RANK": "2=", "QID13_3": "3=", "QID1_10_TEXT": "other team=",
	} {
		if found[key] != want {
			t.Errorf("%s is %q, want %q", key, found[key], want)
		}
	}
}

// The columns of recorded CSV exports have the import ids of JSON value keys. Each has a rule,
// and the record of each row comes back from its answers. Cells with a choice id are the
// elements of one list.
func TestAnswers_HaveEachRecordedCSVRow(t *testing.T) {
	t.Parallel()
	definitions := map[string]string{"export_csv_many_question_types.json": "survey_definition_qsf_many_question_types.json"}
	names, err := filepath.Glob(filepath.Join(testkit.Recordings(t), "export_csv*.json"))
	if err != nil || len(names) < 8 {
		t.Fatalf("found %q, %v", names, err)
	}
	for _, name := range names {
		name = filepath.Base(name)
		definition := definitions[name]
		var file struct {
			Columns []struct {
				Label  string
				Import struct{ ImportID, ChoiceID string } `json:"import"`
			}
			Rows [][]string
		}
		payload(t, name, &file)
		keys, book := response.NewKeys(nil, nil, nil), answers.NewCodebook(nil, nil)
		if definition != "" {
			book = answers.NewCodebook(qsf(t, definition), nil)
		}
		headers := make(map[string]string)
		for _, column := range file.Columns {
			headers[column.Import.ImportID] += column.Label + "\n"
			f := book.Field(column.Import.ImportID)
			if strings.Contains(f.Key, "QID") && f.Kind == answers.Unknown {
				t.Errorf("%s: no rule covers the column %s, %q", name, f.Key, column.Label)
			}
		}
		for i, row := range append(file.Rows, make([]string, len(file.Columns))) {
			var values []string
			for at := 0; at < len(row); at++ {
				column := file.Columns[at].Import
				value := quoted(row[at])
				if column.ChoiceID != "" {
					value = "["
					for ; at < len(row) && file.Columns[at].Import.ImportID == column.ImportID; at++ {
						if row[at] != "" || i == len(file.Rows) {
							value += "," + quoted(file.Columns[at].Import.ChoiceID)
						}
					}
					at--
					value = strings.Replace(value, "[,", "[", 1) + "]"
				}
				values = append(values, quoted(column.ImportID)+":"+value)
			}
			r := parsed(t, recordOf("R_"+strconv.Itoa(i), values, nil), keys)
			sameAgain(t, book, r)
			for a := range book.Answers(r) {
				for _, text := range []string{a.RowText, a.AnswerText} {
					if text != "" && !strings.Contains(strings.Join(strings.Fields(headers[a.Key]), " "), text) {
						t.Errorf("%s: the header of %s is %q, without %q", name, a.Key, headers[a.Key], text)
					}
				}
				if definition != "" && a.QuestionID != "" && a.Question == nil {
					t.Errorf("%s: the definition has no question for %s", name, a.Key)
				}
			}
		}
	}
}

// In the recorded XML export, each cell of a list has the code of its choice in the name, and
// the label as its text. The codebook has the same labels.
func TestAnswers_HaveTheLabelsOfTheRecordedXMLExport(t *testing.T) {
	t.Parallel()
	var file struct{ Records [][][2]string }
	payload(t, "export_xml_records_question_types_2.json", &file)
	definition := qsf(t, "qsf_question_types_2.json")
	types := make(map[string]string)
	for _, q := range definition.Questions {
		for _, name := range []*string{q.Type, q.Selector, q.SubSelector} {
			if name != nil {
				types[q.ID] += *name + " "
			}
		}
	}
	book, keys, labels, coded := answers.NewCodebook(definition, nil), response.NewKeys([]string{"s"}, nil, nil), 0, 0
	cell := regexp.MustCompile(`^((QID\d+)(?:_\d+)?(?:_\d+_GROUP)?)_(\d+)$`)
	empty := func(text string) bool { return text == "" || text == "0" || text == "-99" } // shown, and not chosen
	for i, cells := range file.Records {
		var values, texts []string
		for at := 0; at < len(cells); at++ {
			name, text := cells[at][0], cells[at][1]
			list := func() (key, code string) {
				groups := cell.FindStringSubmatch(cells[at][0])
				if groups == nil {
					return "", ""
				}
				of, parts := types[groups[2]], strings.Count(groups[0], "_")
				multiple := strings.HasPrefix(of, "MC M") && parts == 1 || strings.Contains(of, "MultipleAnswer") && parts == 2 || strings.Contains(groups[0], "_GROUP_")
				if !multiple {
					return "", ""
				}
				return groups[1], groups[3]
			}
			key, _ := list()
			if key == "" {
				if text != "" {
					values = append(values, quoted(name)+":"+quoted(text))
				}
				continue
			}
			var codes, chosen []string
			for ; at < len(cells); at++ {
				next, code := list()
				if next != key {
					break
				}
				if text := cells[at][1]; !empty(text) {
					codes, chosen = append(codes, quoted(code)), append(chosen, quoted(text))
				}
			}
			at--
			if len(codes) > 0 {
				values = append(values, quoted(key)+":["+strings.Join(codes, ",")+"]")
				texts = append(texts, quoted(key)+":["+strings.Join(chosen, ",")+"]")
			}
		}
		r := parsed(t, recordOf("R_"+strconv.Itoa(i), values, texts), keys)
		sameAgain(t, book, r)
		for a := range book.Answers(r) {
			if a.QuestionID != "" && a.Kind == answers.Unknown {
				t.Errorf("no rule covers %s", a.Key)
			}
			if a.RecordLabel == nil || a.QuestionID == "QID19" { // two names were exchanged between these records
				continue
			}
			label, _ := a.Label()
			if labels++; a.Code != nil && a.Code.Label == label {
				coded++
			} else {
				t.Errorf("%s of %s has the label %q, and by the definition %+v", a.Raw, a.Key, label, a.Code)
			}
		}
	}
	if labels < 15 || coded != labels {
		t.Errorf("%d of %d labels are those of the definition", coded, labels)
	}
}
