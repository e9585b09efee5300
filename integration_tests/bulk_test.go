//go:build unix

package integration_tests

import (
	"archive/zip"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/flate"
)

// bulk is a server with one survey, whose export holds as many records as one
// wants. It speaks just enough of the API, and makes the file while it sends
// it. The survey's counters say less than the file holds: a first load would
// be cut into several exports otherwise.
type bulk struct {
	records int  // of each survey
	surveys int  // read at the same time; 0: 1
	undated bool // records carry no modified date
	sent    atomic.Int64
}

const (
	bulkBytes = 3800 // of an average record
)

// serveBulk serves until the test ends, and returns the user's workplace.
func serveBulk(t testing.TB, b *bulk) *workplace {
	t.Helper()
	mux := http.NewServeMux()
	answer := func(pattern, result string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"result":`+result+`,"meta":{"httpStatus":"200 - OK","requestId":"1"}}`)
		})
	}
	answer("GET /API/v3/whoami", `{"brandId":"bulk","userId":"UR_1"}`)
	var questions, listed []string
	for n := range bulkQuestions {
		questions = append(questions, fmt.Sprintf(`"QID%d":{}`, n+1))
	}
	for n := range max(1, b.surveys) {
		id := fmt.Sprintf("SV_0123456789abcd%d", n)
		survey := `"id":"` + id + `","name":"Bulk","ownerId":"UR_1","creationDate":"2020-01-01T00:00:00Z","isActive":true`
		listed = append(listed, `{`+survey+`,"lastModified":"2024-01-01T00:00:00Z"}`)
		answer("GET /API/v3/surveys/"+id,
			`{`+survey+`,"lastModifiedDate":"2024-01-01T00:00:00Z","responseCounts":{"auditable":1,"generated":0,"deleted":0},"embeddedData":[{"name":"Region"}],"questions":{`+strings.Join(questions, ",")+`}}`)
		export := "/API/v3/surveys/" + id + "/export-responses"
		answer("POST "+export, `{"progressId":"ES_1","percentComplete":0,"status":"inProgress"}`)
		answer("GET "+export+"/ES_1", `{"fileId":"1-def","percentComplete":100,"status":"complete"}`)
		mux.HandleFunc("GET "+export+"/1-def/file", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/zip")
			if err := b.write(w); err != nil {
				t.Errorf("sending the export: %v", err)
			}
		})
	}
	answer("GET /API/v3/surveys", `{"elements":[`+strings.Join(listed, ",")+`],"nextPage":null}`)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("nobody serves %s %s", r.Method, r.URL.Path)
		http.NotFound(w, r)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return newWorkplace(t, map[string]any{
		"base_url":    server.URL,
		"credentials": map[string]any{"auth_type": "api_token", "api_token": "0123456789012345678901234567890123456789"},
		"limits":      map[string]any{"parallel_exports": max(1, b.surveys)},
	})
}

// write sends the file: deflated, its lengths behind the data.
func (b *bulk) write(w io.Writer) error {
	archive := zip.NewWriter(w)
	archive.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) { return flate.NewWriter(out, flate.BestSpeed) })
	file, err := archive.Create("Bulk.ndjson")
	if err != nil {
		return err
	}
	sent := int64(0)
	prose := bulkProse()
	var line []byte
	for n := range b.records {
		line = b.record(line[:0], n, prose)
		sent += int64(len(line))
		if _, err := file.Write(line); err != nil {
			return err
		}
	}
	b.sent.Store(sent * int64(max(1, b.surveys)))
	return archive.Close()
}

const bulkQuestions = 24

// record appends record n: choices with labels, and texts of all lengths.
func (b *bulk) record(line []byte, n int, prose string) []byte {
	dice := rand.New(rand.NewPCG(uint64(n), 1))
	at := time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(n) * 4 * time.Minute).Format("2006-01-02T15:04:05.000Z")
	line = fmt.Appendf(line, `{"responseId":"R_%015d","values":{"startDate":%q,"endDate":%q,"status":0,"ipAddress":"192.0.2.%d","progress":100,"duration":%d,"finished":1,"recordedDate":%q,"_recordId":"R_%015d","distributionChannel":"email","userLanguage":"EN","Region":"Region %d"`,
		n, at, at, dice.IntN(256), dice.IntN(3600), at, n, dice.IntN(50))
	if !b.undated {
		line = fmt.Appendf(line, `,"_lastModifiedDate":%q`, at)
	}
	var labels, fields, offered []byte
	for q := 1; q <= bulkQuestions; q++ {
		if q%4 == 0 {
			length := dice.IntN(662)
			from := dice.IntN(len(prose) - length)
			line = fmt.Appendf(line, `,"QID%d_TEXT":"%s"`, q, strings.ToValidUTF8(prose[from:from+length], ""))
			fields = fmt.Appendf(fields, `"QID%d_TEXT",`, q)
			continue
		}
		choice := dice.IntN(7)
		line = fmt.Appendf(line, `,"QID%d":%d`, q, choice)
		labels = fmt.Appendf(labels, `"QID%d":"Choice number %d",`, q, choice)
		fields = fmt.Appendf(fields, `"QID%d",`, q)
		offered = fmt.Appendf(offered, `"QID%d":[0,1,2,3,4,5,6],`, q)
	}
	return fmt.Appendf(line, "},\"labels\":{%s},\"displayedFields\":[%s],\"displayedValues\":{%s}}\n",
		labels[:len(labels)-1], fields[:len(fields)-1], offered[:len(offered)-1])
}

// bulkProse is text to take pieces of: words that nobody said, with what JSON
// escapes left out, so that it can be cut anywhere.
func bulkProse() string {
	const letters = "etaoinshrdlucmfwypvbgkjqxzéüñ価格🙂"
	dice := rand.New(rand.NewPCG(1, 2))
	runes := []rune(letters)
	var prose strings.Builder
	for prose.Len() < 1<<20 {
		for range 2 + dice.IntN(9) {
			// The first letters are the most frequent ones.
			prose.WriteRune(runes[dice.IntN(1+dice.IntN(len(runes)))])
		}
		prose.WriteByte(' ')
	}
	return prose.String()
}
