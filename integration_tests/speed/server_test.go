//go:build unix

package speed

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sort"
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
	t        testing.TB
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
	s := &server{t: t, mux: mux, url: "http://127.0.0.1", archive: a, counted: counted, contacts: contacts, files: make(map[string][]byte)}
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
	answer("GET /API/v3/survey-definitions/"+surveyID, fixed(a.definition()))
	answer("GET /API/v3/surveys/"+surveyID+"/response-schema", fixed(`{"properties":{"values":{"properties":{}}}}`))
	answer("GET /API/v3/directories", fixed(`{"elements":[{"directoryId":"POOL_0123456789abcde","name":"Speed","contactCount":`+strconv.Itoa(contacts)+`,"isDefault":true}],"nextPage":null}`))
	answer("POST /API/v3/directories/POOL_0123456789abcde/contacts/search", s.search)
	answer("GET /API/v3/directories/POOL_0123456789abcde/contacts", s.list)
	answer("GET /API/v3/directories/POOL_0123456789abcde/contacts/{contact}", func(r *http.Request) string {
		n, err := strconv.Atoi(strings.TrimPrefix(r.PathValue("contact"), "CID_"))
		if err != nil {
			t.Errorf("the contact %q was asked for", r.PathValue("contact"))
		}
		return s.contact(n, single, true)
	})
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
		"limits":      testkit.Limits(0), // no waits between two calls
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

// contactCreated is the date of contact n. The contacts were created over five years.
func (s *server) contactCreated(n int) time.Time {
	return s.archive.begin.Add(time.Duration(n) * (5 * 365 * 24 * time.Hour / time.Duration(s.contacts))).Truncate(time.Second)
}

// contact is contact n in one of the forms of the API: of the list, of a search, or of its
// own call.
func (s *server) contact(n int, form contactForm, embedded bool) string {
	names := [...][3]string{listed: {"contactId", "phone", "extRef"}, found: {"id", "phoneNumber", "externalDataReference"}, single: {"contactId", "phone", "extRef"}}[form]
	text := fmt.Appendf(nil, `{%q:"CID_%015d","firstName":"Given %d","lastName":"Family %d","email":"person%d@example.com",%q:null,%q:"C-%d","language":"en"`,
		names[0], n, n, n, n, names[1], names[2], n)
	at := s.contactCreated(n)
	switch form {
	case listed:
		text = append(text, `,"unsubscribed":false`...)
	case found:
		date := at.Format(time.RFC3339)
		text = fmt.Appendf(text, `,"creationDate":%q,"lastModified":%q,"unsubscribed":false,"unsubscribeDate":null,"stats":{"inviteCount":%d,"responseCount":%d},"segmentMembership":{}`,
			date, date, n%20, n%5)
	case single:
		text = fmt.Appendf(text, `,"creationDate":%d,"lastModified":%d,"directoryUnsubscribed":false,"directoryUnsubscribeDate":null`, at.UnixMilli(), at.UnixMilli())
	}
	if embedded {
		text = append(text, `,"embeddedData":{"Plan":"Basic","Region":"North","Since":"2019","Seats":"12","Renewal":"2024-05-01"}`...)
	}
	return string(append(text, '}'))
}

type contactForm int

const (
	listed contactForm = iota
	found
	single
)

// search finds the contacts that were modified or created in the asked range. Both dates of
// a contact are the same.
func (s *server) search(r *http.Request) string {
	type filter struct {
		Comparison, Value string
		Filters           []filter
	}
	var request struct{ Filter filter }
	err := json.NewDecoder(r.Body).Decode(&request)
	from, until := 0, s.contacts
	for _, one := range append(request.Filter.Filters, request.Filter) {
		if one.Comparison == "" {
			continue
		}
		at, wrong := time.Parse(time.DateTime, one.Value)
		err = errors.Join(err, wrong)
		n := sort.Search(s.contacts, func(n int) bool { return !s.contactCreated(n).Before(at) })
		switch one.Comparison {
		case "gte":
			from = max(from, n)
		case "lt":
			until = min(until, n)
		default:
			err = errors.Join(err, fmt.Errorf("the comparison %q", one.Comparison))
		}
	}
	if err != nil {
		s.t.Errorf("a search that nobody serves: %v", err)
	}
	elements, next := s.page(r, from, until, found)
	if next == "" {
		return `{"elements":` + elements + `}`
	}
	return `{"elements":` + elements + `,"skipToken":` + strconv.Quote(next) + `}`
}

func (s *server) list(r *http.Request) string {
	elements, next := s.page(r, 0, s.contacts, listed)
	link := "null"
	if next != "" {
		query := r.URL.Query()
		query.Set("skipToken", next)
		link = strconv.Quote("http://" + r.Host + r.URL.Path + "?" + query.Encode())
	}
	return `{"elements":` + elements + `,"nextPage":` + link + `}`
}

// page returns a page of the contacts [from, until), and the token of the page after it.
func (s *server) page(r *http.Request, from, until int, form contactForm) (elements, next string) {
	query := r.URL.Query()
	size := 100
	if text := query.Get("pageSize"); text != "" {
		size, _ = strconv.Atoi(text)
	}
	if token := query.Get("skipToken"); token != "" {
		from, _ = strconv.Atoi(token)
	}
	var page []string
	for n := from; n < min(from+size, until); n++ {
		page = append(page, s.contact(n, form, query.Get("includeEmbedded") == "true"))
	}
	if from+size < until {
		next = strconv.Itoa(from + size)
	}
	return "[" + strings.Join(page, ",") + "]", next
}
