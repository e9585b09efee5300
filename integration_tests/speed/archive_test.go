//go:build unix

package speed

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/flate"
)

// shape is the form of the records of a survey.
type shape struct {
	name    string
	choices int // questions with a choice, a label, and the codes that were offered
	texts   int // questions with a text
	length  int // average bytes of a text
}

// shapes are a short pulse, a usual survey, one with many texts, one with very long texts,
// and one of 500 questions. The names give the average size of a record.
var shapes = []shape{
	{"0.6 KB", 2, 0, 0},
	{"2.2 KB", 18, 4, 160},
	{"3.8 KB", 18, 6, 340},
	{"50 KB", 18, 6, 8000},
	{"500 questions", 490, 10, 160},
}

// archive is a survey with its records, of which exports of any window are made.
type archive struct {
	shape
	records int
	begin   time.Time
	prose   string
	raw     int64 // bytes of the records of the last file
}

const apart = 4 * time.Minute // between two records

func newArchive(of shape, records int) *archive {
	return &archive{shape: of, records: records, begin: time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC), prose: prose()}
}

// record appends record n in the form of an export.
func (a *archive) record(line []byte, n int) []byte {
	dice := rand.New(rand.NewPCG(uint64(n), 1))
	at := a.begin.Add(time.Duration(n) * apart).Format("2006-01-02T15:04:05Z")
	line = fmt.Appendf(line, `{"responseId":"R_%015d","values":{"startDate":%q,"endDate":%q,"status":0,"ipAddress":"192.0.2.%d","progress":100,"duration":%d,"finished":1,"recordedDate":%q,"_recordId":"R_%015d","locationLatitude":"52.5%d","locationLongitude":"13.4%d","distributionChannel":"email","userLanguage":"EN","_lastModifiedDate":%q`,
		n, at, at, dice.IntN(256), dice.IntN(3600), at, n, dice.IntN(99999), dice.IntN(99999), at)
	var labels, fields, offered []byte
	for q := range a.choices {
		choice := dice.IntN(7)
		line = fmt.Appendf(line, `,"QID%d":%d`, q, choice)
		labels = fmt.Appendf(labels, `,"QID%d":"Choice number %d"`, q, choice)
		fields = fmt.Appendf(fields, `,"QID%d"`, q)
		offered = fmt.Appendf(offered, `,"QID%d":[0,1,2,3,4,5,6]`, q)
	}
	for q := range a.texts {
		length := dice.IntN(2 * a.length)
		from := dice.IntN(len(a.prose) - length)
		line = fmt.Appendf(line, `,"QID%d_TEXT":"%s"`, a.choices+q, strings.ToValidUTF8(a.prose[from:from+length], ""))
		fields = fmt.Appendf(fields, `,"QID%d_TEXT"`, a.choices+q)
	}
	line = fmt.Appendf(line, `,"Region":"Region %d"},"labels":{"status":"IP Address","finished":"True"%s},"displayedFields":[%s],"displayedValues":{%s}}`,
		dice.IntN(50), labels, fields[1:], offered[1:])
	return append(line, '\n')
}

// definition is the survey's definition.
func (a *archive) definition() string {
	questions := []byte(`{"SurveyID":"` + surveyID + `","Questions":{`)
	for q := range a.choices + a.texts {
		if q > 0 {
			questions = append(questions, ',')
		}
		kind, selector := "MC", "SAVR"
		if q >= a.choices {
			kind, selector = "TE", "SL"
		}
		questions = fmt.Appendf(questions, `"QID%d":{"QuestionID":"QID%d","DataExportTag":"Q%d","QuestionType":%q,"Selector":%q,"QuestionText":"<b>Question</b> number %d"`, q, q, q, kind, selector, q)
		if q < a.choices {
			questions = append(questions, `,"Choices":{`...)
			for choice := range 7 {
				questions = fmt.Appendf(questions, `"%d":{"Display":"Choice number %d"},`, choice, choice)
			}
			questions[len(questions)-1] = '}'
		}
		questions = append(questions, '}')
	}
	return string(questions) + "}}"
}

// idRecord appends record n in the form of a list of ids.
func (a *archive) idRecord(line []byte, n int) []byte {
	at := a.begin.Add(time.Duration(n) * apart).Format("2006-01-02T15:04:05Z")
	line = fmt.Appendf(line, `{"responseId":"R_%015d","values":{"recordedDate":%q,"_recordId":"R_%015d","_lastModifiedDate":%q},"labels":{},"displayedFields":[],"displayedValues":{}}`, n, at, n, at)
	return append(line, '\n')
}

// file is the export of the records [from, until): a ZIP archive with one member.
func (a *archive) file(from, until int, ids bool) ([]byte, error) {
	var file bytes.Buffer
	archive := zip.NewWriter(&file)
	archive.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) { return flate.NewWriter(out, flate.DefaultCompression) })
	member, err := archive.Create("Survey.ndjson")
	if err != nil {
		return nil, err
	}
	a.raw = 0
	var line []byte
	for n := from; n < until; n++ {
		if line = a.record(line[:0], n); ids {
			line = a.idRecord(line[:0], n)
		}
		a.raw += int64(len(line))
		if _, err := member.Write(line); err != nil {
			return nil, err
		}
	}
	err = archive.Close()
	return file.Bytes(), err
}

// prose is text to take pieces of, without characters that JSON escapes.
func prose() string {
	const letters = "etaoinshrdlucmfwypvbgkjqxzéüñ価格🙂"
	dice := rand.New(rand.NewPCG(1, 2))
	runes := []rune(letters)
	var text strings.Builder
	for text.Len() < 1<<20 {
		for range 2 + dice.IntN(9) {
			text.WriteRune(runes[dice.IntN(1+dice.IntN(len(runes)))]) // the first letters are the most frequent ones
		}
		text.WriteByte(' ')
	}
	return text.String()
}

// inflate reads the member of a file to its end, with its checksum, as often as one
// reader of it has to.
func inflate(t testing.TB, file []byte, to io.Writer) {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	archive.RegisterDecompressor(zip.Deflate, flate.NewReader)
	member, err := archive.File[0].Open()
	if err == nil {
		_, err = io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{member}, make([]byte, 64<<10))
	}
	if err != nil {
		t.Fatal(err)
	}
}
