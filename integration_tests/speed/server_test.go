//go:build unix

package speed

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
)

// server speaks just enough of the API for one survey and one directory. Files are made
// at the first request, so a first run warms it up.
type server struct {
	mux      *http.ServeMux
	url      string
	archive  *archive
	counted  int // responses by the survey's counters
	contacts int

	mu    sync.Mutex
	jobs  []string // request bodies
	files map[string][]byte
}

const surveyID = "SV_0123456789abcde"

// serve serves on a port of this machine until the test ends.
func serve(t testing.TB, a *archive, counted, contacts int) *server {
	t.Helper()
	s := newServer(t, a, counted, contacts)
	listener := httptest.NewServer(s.mux)
	t.Cleanup(listener.Close)
	s.url = listener.URL
	return s
}

// RoundTrip answers without a network, for a program in this process.
func (s *server) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := httptest.NewRecorder()
	answer.Header().Set("Date", time.Now().UTC().Format(http.TimeFormat))
	if r.Body == nil {
		r.Body = http.NoBody
	}
	s.mux.ServeHTTP(answer, r)
	return answer.Result(), nil
}

func newServer(t testing.TB, a *archive, counted, contacts int) *server {
	t.Helper()
	mux := http.NewServeMux()
	s := &server{mux: mux, url: "http://127.0.0.1", archive: a, counted: counted, contacts: contacts, files: make(map[string][]byte)}
	answer := func(pattern string, result func(*http.Request) string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"result":`+result(r)+`,"meta":{"httpStatus":"200 - OK","requestId":"1"}}`)
		})
	}
	fixed := func(text string) func(*http.Request) string { return func(*http.Request) string { return text } }
	survey := `"id":"` + surveyID + `","name":"Speed","ownerId":"UR_1","creationDate":"2020-01-01T00:00:00Z","isActive":true`
	answer("GET /API/v3/whoami", fixed(`{"brandId":"speed","userId":"UR_1"}`))
	answer("GET /API/v3/surveys", fixed(`{"elements":[{`+survey+`,"lastModified":"2024-01-01T00:00:00Z"}],"nextPage":null}`))
	var questions []string
	for n := range a.choices + a.texts {
		questions = append(questions, fmt.Sprintf(`"QID%d":{}`, n))
	}
	answer("GET /API/v3/surveys/"+surveyID, fixed(fmt.Sprintf(`{%s,"lastModifiedDate":"2024-01-01T00:00:00Z","responseCounts":{"auditable":%d,"generated":0,"deleted":0},"embeddedData":[{"name":"Region"}],"questions":{%s}}`,
		survey, counted, strings.Join(questions, ","))))
	answer("GET /API/v3/directories", fixed(`{"elements":[{"directoryId":"POOL_0123456789abcde","name":"Speed","contactCount":`+strconv.Itoa(contacts)+`,"isDefault":true}],"nextPage":null}`))
	answer("POST /API/v3/directories/POOL_0123456789abcde/contacts/search", s.search)
	answer("GET /API/v3/directories/POOL_0123456789abcde/contacts", s.list)
	export := "/API/v3/surveys/" + surveyID + "/export-responses"
	answer("POST "+export, func(r *http.Request) string {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.jobs = append(s.jobs, string(body))
		return fmt.Sprintf(`{"progressId":"ES_%d","percentComplete":0,"status":"inProgress"}`, len(s.jobs)-1)
	})
	answer("GET "+export+"/{job}", func(r *http.Request) string {
		return `{"fileId":"` + strings.TrimPrefix(r.PathValue("job"), "ES_") + `-def","percentComplete":100,"status":"complete"}`
	})
	mux.HandleFunc("GET "+export+"/{file}/file", func(w http.ResponseWriter, r *http.Request) {
		file, err := s.file(strings.TrimSuffix(r.PathValue("file"), "-def"))
		if err != nil {
			t.Errorf("making an export: %v", err)
		}
		w.Header().Set("Content-Type", "application/zip")
		_, _ = w.Write(file)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("nobody serves %s %s", r.Method, r.URL.Path)
		http.NotFound(w, r)
	})
	return s
}

// config is the configuration of a program that reads from the server.
func (s *server) config() []byte {
	return testkit.Encode(map[string]any{
		"base_url":    s.url,
		"credentials": map[string]any{"auth_type": "api_token", "api_token": "0123456789012345678901234567890123456789"},
	})
}

// file returns the file of a job, which is made once for each window.
func (s *server) file(job string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	number, err := strconv.Atoi(job)
	if err != nil {
		return nil, err
	}
	var request struct {
		StartDate, EndDate time.Time
		QuestionIDs        *[]string `json:"questionIds"`
	}
	if err := json.Unmarshal([]byte(s.jobs[number]), &request); err != nil {
		return nil, err
	}
	from, until := 0, s.archive.records
	if !request.StartDate.IsZero() {
		from = min(until, max(0, int((request.StartDate.Sub(s.archive.begin)+apart-1)/apart)))
	}
	if !request.EndDate.IsZero() {
		until = min(until, max(from, int((request.EndDate.Sub(s.archive.begin)+apart-1)/apart)))
	}
	key := fmt.Sprint(from, until, request.QuestionIDs != nil)
	if s.files[key] == nil {
		if s.files[key], err = s.archive.file(from, until, request.QuestionIDs != nil); err != nil {
			return nil, err
		}
	}
	return s.files[key], nil
}

// contact is an element of the list or, with dates, of a search.
func contact(n int, dated bool) string {
	text := fmt.Sprintf(`{"contactId":"CID_%015d","firstName":"Given %d","lastName":"Family %d","email":"person%d@example.com","phone":null,"extRef":"C-%d","language":"en","unsubscribed":false`, n, n, n, n, n)
	if dated {
		at := time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(n) * apart).Format("2006-01-02T15:04:05Z")
		text += fmt.Sprintf(`,"creationDate":%q,"lastModified":%q`, at, at)
	}
	return text + `,"embeddedData":{"Plan":"Basic","Region":"North","Since":"2019","Seats":"12","Renewal":"2024-05-01"}}`
}

// search finds the contacts that were modified or created in the asked range.
func (s *server) search(r *http.Request) string {
	body, _ := io.ReadAll(r.Body)
	from, until := 0, s.contacts
	var request struct {
		Filter json.RawMessage `json:"filter"`
	}
	_ = json.Unmarshal(body, &request)
	var walk func(json.RawMessage)
	walk = func(raw json.RawMessage) {
		var one struct {
			Comparison   string
			Value        any
			Conjunction  string
			FilterType   string
			Conditionals []json.RawMessage `json:"filters"`
		}
		_ = json.Unmarshal(raw, &one)
		for _, each := range one.Conditionals {
			walk(each)
		}
		text, _ := one.Value.(string)
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return
		}
		n := int(at.Sub(time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC)) / apart)
		switch {
		case strings.HasPrefix(one.Comparison, "gt"):
			from = max(from, n)
		case strings.HasPrefix(one.Comparison, "lt"):
			until = min(until, n)
		}
	}
	walk(request.Filter)
	return s.page(r, from, until, true)
}

func (s *server) list(r *http.Request) string { return s.page(r, 0, s.contacts, false) }

func (s *server) page(r *http.Request, from, until int, dated bool) string {
	size, _ := strconv.Atoi(r.URL.Query().Get("pageSize"))
	if size == 0 {
		size = 100
	}
	if token := r.URL.Query().Get("skipToken"); token != "" {
		from, _ = strconv.Atoi(token)
	}
	var elements []string
	for n := from; n < min(from+size, until); n++ {
		elements = append(elements, contact(n, dated))
	}
	next := "null"
	if from+size < until {
		link := *r.URL
		query := link.Query()
		query.Set("skipToken", strconv.Itoa(from+size))
		link.RawQuery = query.Encode()
		next = strconv.Quote("http://" + r.Host + link.String())
	}
	return `{"elements":[` + strings.Join(elements, ",") + `],"nextPage":` + next + `}`
}
