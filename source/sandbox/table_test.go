package sandbox_test

import (
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// importID is a cell of the third header row.
type importID struct {
	ImportID string `json:"ImportId"`
	ChoiceID string `json:"choiceId"`
	TimeZone string `json:"timeZone"`
	IsLabels bool   `json:"IsLabelsColumn"`
}

// header is a column of a table.
type header struct {
	tag, text string
	importID
}

// table reads a CSV file, or a TSV file, by its separator.
func table(t testing.TB, content string, separator rune) (columns []header, cells [][]string) {
	t.Helper()
	reader := csv.NewReader(strings.NewReader(content))
	reader.Comma = separator
	lines, err := reader.ReadAll()
	if err != nil || len(lines) < 3 {
		t.Fatalf("reading a table of %d lines: %v", len(lines), err)
	}
	for i := range lines[0] {
		columns = append(columns, header{lines[0][i], lines[1][i], decode[importID](t, []byte(lines[2][i]))})
	}
	return columns, lines[3:]
}

// csv exports a table.
func (c *client) csv(survey, parameters string) (columns []header, cells [][]string) {
	c.t.Helper()
	_, content := unzip(c.t, c.export(survey, `{"format":"csv"`+parameters+`}`).body)
	return table(c.t, string(content), ',')
}

// fullRecord is a record with everything that cells are made of.
type fullRecord struct {
	Values, Labels map[string]json.RawMessage
	Displayed      []string `json:"displayedFields"`
}

var (
	questionStem = regexp.MustCompile(`^(?:\w+?_)?QID\d+`)
	analysis     = regexp.MustCompile(`_TEXT_[0-9a-f]{24}|_DERIVED|DO$`)
)

// seen says whether the question of a value key was shown.
func (r fullRecord) seen(key string) bool {
	stem := questionStem.FindString(key)
	return stem != "" && !analysis.MatchString(key) &&
		slices.ContainsFunc(r.Displayed, func(field string) bool { return questionStem.FindString(field) == stem })
}

// cellOptions are those parameters of an export that the wanted cells depend on.
type cellOptions struct {
	labels     bool
	unanswered string
	unticked   string
	zone       *time.Location
}

// wanted is the cell that a record has to have under a header, worked out from
// the record alone.
func (o cellOptions) wanted(t testing.TB, h header, r fullRecord) string {
	t.Helper()
	raw, ok := r.Values[h.ImportID]
	if !ok {
		if r.seen(h.ImportID) {
			return o.unanswered
		}
		return ""
	}
	label, labeled := r.Labels[h.ImportID]
	labeled = labeled && (o.labels || h.IsLabels)
	safe := func(text string) string {
		text = strings.ReplaceAll(text, "\r\n", "\n")
		if strings.HasPrefix(text, "-") {
			return "'" + text
		}
		return text
	}
	var one string
	var many []string
	switch {
	case json.Unmarshal(raw, &one) == nil:
		switch {
		case h.TimeZone != "":
			at, err := time.Parse(time.RFC3339, one)
			if err != nil {
				t.Fatal(err)
			}
			return at.In(o.zone).Format("2006-01-02 15:04:05")
		case strings.HasPrefix(h.ImportID, "location"):
			return exactly(t, one)
		}
		return safe(one)
	case json.Unmarshal(raw, &many) == nil:
		if strings.HasSuffix(h.ImportID, "DO") {
			if h.ChoiceID == "" {
				return "" // compared apart
			}
			if strings.HasPrefix(h.ImportID, "BL_") { // tags: here QID7 has the tag Q7
				return strconv.Itoa(1 + slices.Index(many, strings.Replace(h.ChoiceID, "Q", "QID", 1)))
			}
			return strconv.Itoa(1 + slices.Index(many, h.ChoiceID))
		}
		var texts []string
		if labeled {
			texts = decode[[]string](t, label)
		}
		for i, code := range many {
			if texts != nil {
				many[i] = texts[i]
			}
			if code == h.ChoiceID {
				return safe(many[i])
			}
		}
		if h.ChoiceID != "" {
			return o.unticked
		}
		return safe(strings.Join(many, ","))
	case h.ChoiceID == "x", h.ChoiceID == "y":
		var axis []string
		for _, point := range decode[[]map[string]int](t, raw) {
			axis = append(axis, strconv.Itoa(point[h.ChoiceID]))
		}
		return strings.Join(axis, ",")
	case labeled:
		parts := strings.Split(decode[string](t, label), " ~ ")
		return safe(parts[len(parts)-1])
	case strings.Contains(h.ImportID, "_CLICK") || strings.Contains(h.ImportID, "_SUBMIT"):
		if string(r.Values["status"]) == "2" {
			return exactly(t, string(raw))
		}
		return fmt.Sprint(decode[float64](t, raw))
	}
	return string(raw)
}

// exactly is the decimal expansion of the float64 that a number is read as.
func exactly(t testing.TB, number string) string {
	t.Helper()
	value, err := strconv.ParseFloat(number, 64)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(strings.TrimRight(new(big.Float).SetFloat64(value).Text('f', 80), "0"), ".")
}

func (c *client) fullRecords(survey, parameters string) map[string]fullRecord {
	c.t.Helper()
	_, content := unzip(c.t, c.export(survey, `{"format":"json"`+parameters+`}`).body)
	all := make(map[string]fullRecord)
	for _, raw := range decode[struct{ Responses []json.RawMessage }](c.t, content).Responses {
		all[decode[record](c.t, raw).ResponseID] = decode[fullRecord](c.t, raw)
	}
	return all
}

// Every cell of every kind of survey is what the JSON record of the same response
// says, under every combination of the parameters that shape cells.
func TestTable_CellsAgreeWithTheRecords(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{Seed: 3, Surveys: 10, Responses: 400})
	denver, err := time.LoadLocation("America/Denver")
	if err != nil {
		t.Fatal(err)
	}
	expanded := 0
	for kind, survey := range c.surveyIDs() {
		const sorted = `,"sortByLastModifiedDate":true`
		recordsOf := map[string]map[string]fullRecord{"": c.fullRecords(survey, ""), sorted: c.fullRecords(survey, sorted)}
		for parameters, o := range map[string]cellOptions{
			``:                  {zone: time.UTC},
			`,"useLabels":true`: {labels: true, zone: time.UTC},
			`,"breakoutSets":false,"includeDisplayOrder":true,"timeZone":"America/Denver"`: {zone: denver},
			`,"useLabels":true,"includeDisplayOrder":true,"seenUnansweredRecode":-99`:      {labels: true, unanswered: "-99", unticked: "-99", zone: time.UTC},
			`,"breakoutSets":false,"useLabels":true,"seenUnansweredRecode":"999"`:          {labels: true, unanswered: "999", unticked: "999", zone: time.UTC},
			`,"seenUnansweredRecode":-99,"multiselectSeenUnansweredRecode":0`:              {unanswered: "-99", unticked: "0", zone: time.UTC},
			`,"includeLabelColumns":true,"sortByLastModifiedDate":true`:                    {zone: time.UTC},
		} {
			only := ""
			if strings.Contains(parameters, "sortBy") {
				only = sorted
			}
			records := recordsOf[only]
			columns, rows := c.csv(survey, parameters)
			if len(rows) != len(records) || len(rows) == 0 && kind != 9 {
				t.Fatalf("kind %d %s: %d rows of %d records", kind, parameters, len(rows), len(records))
			}
			id := slices.IndexFunc(columns, func(h header) bool { return h.ImportID == "_recordId" })
			held := make(map[string]bool)
			for _, row := range rows {
				r := records[row[id]]
				for i, h := range columns {
					held[h.ImportID] = true
					want := o.wanted(t, h, r)
					if strings.HasSuffix(h.ImportID, "DO") && h.ChoiceID == "" {
						want = row[i] // TestTable_DisplayOrdersNameWhatWasShown
					}
					if row[i] != want {
						t.Fatalf("kind %d %s: %s of %s is %q, want %q", kind, parameters, h.ImportID, row[id], row[i], want)
					}
					if len(want) > 30 && strings.Contains(h.ImportID, "_CLICK") {
						expanded++
					}
				}
			}
			for response, r := range records {
				for key := range r.Values {
					if !held[key] && (!strings.HasSuffix(key, "DO") || strings.Contains(parameters, "includeDisplayOrder")) {
						t.Fatalf("kind %d %s: no column holds %s of %s", kind, parameters, key, response)
					}
				}
			}
		}
	}
	if expanded == 0 {
		t.Error("no time of a test response was compared")
	}
}

func TestTable_DisplayOrdersNameWhatWasShown(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{Surveys: 10, Responses: 800})
	survey := c.surveyIDs()[7]
	cell := func(parameters, tag string) string {
		columns, rows := c.csv(survey, `,"includeDisplayOrder":true,"limit":1`+parameters)
		at := slices.IndexFunc(columns, func(h header) bool { return h.tag == tag })
		if at < 0 {
			t.Fatalf("no column has the tag %s", tag)
		}
		return rows[0][at]
	}
	names := []string{"Acorn", "Birch", "Cedar", "Other"}
	shown := make([]string, 4)
	labels := make([]string, 4)
	for i := range names {
		at, err := strconv.Atoi(cell("", fmt.Sprintf("Q29_DO_%d", i+1)))
		if err != nil {
			t.Fatal(err)
		}
		shown[at-1], labels[at-1] = strconv.Itoa(i+1), names[i]
	}
	for parameters, want := range map[string]string{`,"breakoutSets":false`: strings.Join(shown, "|"), `,"breakoutSets":false,"useLabels":true`: strings.Join(labels, "|")} {
		if got := cell(parameters, "Q29_DO"); got != want {
			t.Errorf("%s: got %q, want %q", parameters, got, want)
		}
	}
	if got := strings.Split(cell(`,"breakoutSets":false`, "DefaultQuestionBlock_DO"), "|"); len(got) != 5 || !slices.Contains(got, "Q29") {
		t.Errorf("the order of the block is %q, want the tags of its questions", got)
	}
	columns, _ := c.csv(survey, `,"includeDisplayOrder":true,"questionIds":["QID29"]`)
	for _, h := range columns {
		if strings.Contains(h.ImportID, "QID") && !strings.HasPrefix(h.ImportID, "QID29") || strings.HasPrefix(h.ImportID, "FL_") || strings.HasPrefix(h.ImportID, "BL_") {
			t.Errorf("there is a column of %s although one question was asked for", h.ImportID)
		}
	}
}

func TestTable_IsWrittenAsRecorded(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{Surveys: 10, Responses: 500})
	survey := c.surveyIDs()[0]
	file, content := unzip(t, c.export(survey, `{"format":"csv"}`).body)
	if text := string(content); file.Name != "Relationship survey.csv" || !strings.HasPrefix(text, "StartDate,EndDate,Status,IPAddress,Progress,Duration (in seconds),Finished,RecordedDate,ResponseId,") ||
		!strings.Contains(text, "\r\n\"{\"\"ImportId\"\":\"\"startDate\"\",\"\"timeZone\"\":\"\"Z\"\"}\",") || !strings.HasSuffix(text, "\r\n") {
		t.Errorf("the file %s begins with %.400q", file.Name, text)
	} else if !strings.Contains(text, "The queue was long.\nThe coffee was cold.\nThe staff was kind.") {
		t.Error("line breaks inside a cell are no line feeds")
	}
	columns, rows := c.csv(survey, `,"newlineReplacement":" / ","formatDecimalAsComma":true,"limit":200`)
	replaced, commas := false, false
	for _, row := range rows {
		for i, cell := range row {
			replaced = replaced || strings.Contains(cell, "long. / The coffee was cold. / The")
			commas = commas || columns[i].ImportID == "QID30_1" && strings.Contains(cell, ",")
			if strings.Contains(cell, "\n") || columns[i].ImportID == "QID30_1" && strings.Contains(cell, ".") {
				t.Fatalf("%s is %q", columns[i].tag, cell)
			}
		}
	}
	if !replaced || !commas {
		t.Errorf("line breaks were replaced: %v, commas stand in decimals: %v", replaced, commas)
	}
	bare := c.export(survey, `{"format":"csv","compress":false}`)
	if string(bare.body) != string(content) || bare.header.Get("Content-Type") != "text/csv" {
		t.Errorf("uncompressed, the file is another one, of the type %s", bare.header.Get("Content-Type"))
	}
	if _, rows := c.csv(survey, `,"startDate":"2099-01-01T00:00:00Z"`); len(rows) != 0 {
		t.Errorf("an export of nothing has %d rows", len(rows))
	}
	anonymous, _ := c.csv(c.surveyIDs()[6], "")
	for _, h := range anonymous {
		if slices.Contains([]string{"IPAddress", "RecipientEmail", "ExternalReference", "LocationLatitude"}, h.tag) {
			t.Errorf("the anonymized survey has a column %s", h.tag)
		}
	}
	open, rows := c.csv(survey, `,"exportResponsesInProgress":true`)
	for _, row := range rows {
		for i, h := range open {
			if h.ImportID == "_recordId" && !strings.HasPrefix(row[i], "FS_") || h.ImportID == "recordedDate" && row[i] != "" {
				t.Errorf("an open session has %s %q", h.tag, row[i])
			}
		}
	}
	if len(rows) == 0 {
		t.Error("there is no open session")
	}
}

func TestTable_ListsChooseColumns(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{})
	columns, _ := c.csv(c.surveyIDs()[0], `,"questionIds":["QID18"],"embeddedDataIds":["Region"],"surveyMetadataIds":["endDate","_recordId"]`)
	var tags []string
	for _, h := range columns {
		tags = append(tags, h.tag)
	}
	if diff := cmp.Diff([]string{"EndDate", "ResponseId", "Q18_NPS_GROUP", "Q18", "Region"}, tags); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
}

func TestTable_EncodingsAreInDoubt(t *testing.T) {
	t.Parallel()
	const parameters = `,"surveyMetadataIds":["_recordId","status"],"embeddedDataIds":[],"questionIds":["QID27"]}`
	file := func(doubt sandbox.Doubt, format string) string {
		c := newClient(t, sandbox.Options{Responses: 300, Doubt: doubt})
		_, content := unzip(t, c.export(c.surveyIDs()[0], `{"format":"`+format+`"`+parameters).body)
		return string(content)
	}
	plain := file(sandbox.Doubt{}, "csv")
	if got := file(sandbox.Doubt{TableWithBOM: true}, "csv"); got != "\ufeff"+plain {
		t.Errorf("with a byte order mark got %.60q", got)
	}
	quoted := file(sandbox.Doubt{QuoteEveryCell: true}, "csv")
	columns, rows := table(t, plain, ',')
	otherColumns, otherRows := table(t, quoted, ',')
	if !strings.HasPrefix(quoted, `"Status","ResponseId",`) || !cmp.Equal(rows, otherRows) || !slices.Equal(columns, otherColumns) {
		t.Errorf("with quotes everywhere got %.60q", quoted)
	}
	tabs := file(sandbox.Doubt{}, "tsv")
	if columns, tabRows := table(t, tabs, '\t'); !slices.Equal(columns, otherColumns) || !cmp.Equal(rows, tabRows) {
		t.Errorf("as TSV got %.60q", tabs)
	}
	marks := func(doubt sandbox.Doubt) string {
		c := newClient(t, sandbox.Options{Doubt: doubt})
		_, content := unzip(t, c.export(c.surveyIDs()[0], `{"format":"csv","limit":1,"includeLabelColumns":true,"questionIds":[],"embeddedDataIds":[],"surveyMetadataIds":["status"]}`).body)
		return strings.Split(string(content), "\r\n")[2]
	}
	for mark, doubt := range map[string]sandbox.Doubt{"IsLabelsColumn": {}, "isLabelsColumn": {LabelsMark: "isLabelsColumn"}} {
		want := `"{""ImportId"":""status""}","{""ImportId"":""status"",""` + mark + `"":true}"`
		if got := marks(doubt); got != want {
			t.Errorf("columns of labels are marked as %s, want %s", got, want)
		}
	}
	wide := []byte(file(sandbox.Doubt{TSVInUTF16: true}, "tsv"))
	units := make([]uint16, len(wide)/2)
	for i := range units {
		units[i] = uint16(wide[2*i]) | uint16(wide[2*i+1])<<8
	}
	if got := string(utf16.Decode(units)); got != "\ufeff"+tabs {
		t.Errorf("as TSV in UTF-16 got %.60q", got)
	}
}

// An XML file holds the cells of the CSV file under the names of their keys.
func TestTable_XMLHoldsTheSameCells(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{Surveys: 10, Responses: 500})
	for _, survey := range c.surveyIDs() {
		const parameters = `,"useLabels":true,"includeDisplayOrder":true,"seenUnansweredRecode":-99`
		_, content := unzip(t, c.export(survey, `{"format":"xml"`+parameters+`}`).body)
		var file struct {
			Responses []struct {
				Elements []struct {
					XMLName xml.Name
					Text    string `xml:",chardata"`
				} `xml:",any"`
			} `xml:"Response"`
		}
		if err := xml.Unmarshal(content, &file); err != nil {
			t.Fatal(err)
		}
		columns, rows := c.csv(survey, parameters)
		if len(file.Responses) != len(rows) {
			t.Fatalf("got %d responses, want %d", len(file.Responses), len(rows))
		}
		for i, response := range file.Responses {
			for j, element := range response.Elements {
				h := columns[j]
				name := h.ImportID
				if h.ChoiceID != "" {
					name += "_" + h.ChoiceID
				}
				if strings.HasPrefix(name, "QID") && !strings.Contains(name, "#") && element.XMLName.Local != name {
					t.Fatalf("got the element %s, want %s", element.XMLName.Local, name)
				}
				if strings.HasPrefix(name, "1_QID") && element.XMLName.Local != "_"+name {
					t.Fatalf("got the element %s of a loop, want _%s", element.XMLName.Local, name)
				}
				if want := strings.TrimPrefix(rows[i][j], "'"); element.Text != want {
					t.Fatalf("%s is %q, want %q", name, element.Text, want)
				}
			}
		}
	}
}
