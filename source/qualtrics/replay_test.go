package qualtrics_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// The tests of this file serve recorded answers to the client. What they
// expect is read from the recordings themselves, in a plain way.

// payload reads a recording. It skips the test where there are none.
func payload(t *testing.T, name string) []byte {
	t.Helper()
	folder := os.Getenv("QUALTRICS_PAYLOADS")
	if folder == "" {
		t.Skip("QUALTRICS_PAYLOADS names no folder of recorded API answers")
	}
	content, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// payloads returns the names of the recordings that match a pattern; at least one.
func payloads(t *testing.T, pattern string) []string {
	t.Helper()
	payload(t, "README.md")
	found, err := filepath.Glob(filepath.Join(os.Getenv("QUALTRICS_PAYLOADS"), pattern))
	if err != nil || len(found) == 0 {
		t.Fatalf("no recording is called %s: %v", pattern, err)
	}
	for i := range found {
		found[i] = filepath.Base(found[i])
	}
	return found
}

// parsed reads a recording into a value.
func parsed[T any](t *testing.T, content []byte) (value T) {
	t.Helper()
	if err := json.Unmarshal(content, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

type object = map[string]any

// at returns the member of an object of objects; "" or an empty one where
// there is none.
func at[T any](from any, names ...string) (value T) {
	for _, name := range names {
		members, _ := from.(object)
		from = members[name]
	}
	value, _ = from.(T)
	return value
}

func date(t *testing.T, text string) time.Time {
	t.Helper()
	day, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return day
}

// listedSurvey is what the client is to make of a recorded survey.
func listedSurvey(t *testing.T, recorded object, modified string) qualtrics.Survey {
	t.Helper()
	return qualtrics.Survey{
		Read: true,
		ID:   qualtrics.SurveyID(at[string](recorded, "id")), Name: at[string](recorded, "name"), OwnerID: at[string](recorded, "ownerId"),
		LastModified: date(t, at[string](recorded, modified)), CreationDate: date(t, at[string](recorded, "creationDate")), IsActive: at[bool](recorded, "isActive"),
	}
}

func TestReplay_SurveyLists(t *testing.T) {
	t.Parallel()
	for _, name := range payloads(t, "surveys_list*.json") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			content := payload(t, name)
			pages := []json.RawMessage{content}
			if content[0] == '[' {
				pages = parsed[[]json.RawMessage](t, content)
			}
			byOffset, offset := map[string]json.RawMessage{}, ""
			var want []qualtrics.Survey
			for _, raw := range pages {
				byOffset[offset] = raw
				result := at[object](parsed[any](t, raw), "result")
				for _, element := range at[[]any](result, "elements") {
					want = append(want, listedSurvey(t, element.(object), "lastModified"))
				}
				_, offset, _ = strings.Cut(at[string](result, "nextPage"), "?offset=")
			}
			// The links of the recording name another data center.
			calls := 0
			got, err := collect(client(t, func(r *http.Request) *http.Response {
				calls++
				page, known := byOffset[r.URL.Query().Get("offset")]
				if !known || r.URL.Host != "iad1.qualtrics.com" || r.URL.Path != "/API/v3/surveys" {
					t.Errorf("got %s", r.URL)
				}
				return answer(200, string(page))
			}).Surveys(t.Context()))
			if err != nil || calls != len(pages) || len(want) == 0 {
				t.Fatalf("%d pages of %d, %v", calls, len(pages), err)
			}
			if diff := gocmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReplay_WhoAmI(t *testing.T) {
	t.Parallel()
	content := payload(t, "whoami.json")
	result := at[object](parsed[any](t, content), "result")
	got, err := client(t, func(*http.Request) *http.Response { return answer(200, string(content)) }).WhoAmI(t.Context())
	want := qualtrics.Account{
		BrandID: at[string](result, "brandId"), UserID: at[string](result, "userId"),
		UserName: at[string](result, "userName"), DataCenter: at[string](result, "datacenter"),
	}
	if err != nil || want.BrandID == "" || want.DataCenter == "" {
		t.Fatalf("want %+v, got %v", want, err)
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestReplay_Surveys(t *testing.T) {
	t.Parallel()
	for _, name := range payloads(t, "survey_legacy_*.json") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			content := payload(t, name)
			result := at[object](parsed[any](t, content), "result")
			count := func(name string) int64 { return int64(at[float64](result, "responseCounts", name)) }
			want := qualtrics.SurveyDetail{
				Survey:         listedSurvey(t, result, "lastModifiedDate"),
				OrganizationID: at[string](result, "organizationId"),
				Counts:         &qualtrics.ResponseCounts{Auditable: count("auditable"), Generated: count("generated"), Deleted: count("deleted")},
				QuestionIDs:    slices.Sorted(maps.Keys(at[object](result, "questions"))),
			}
			for _, field := range at[[]any](result, "embeddedData") {
				want.EmbeddedData = append(want.EmbeddedData, at[string](field, "name"))
			}
			got, err := client(t, func(*http.Request) *http.Response { return answer(200, string(content)) }).Survey(t.Context(), want.ID)
			if err != nil || len(want.QuestionIDs) == 0 || *want.Counts == (qualtrics.ResponseCounts{}) {
				t.Fatalf("want %+v, got %v", want, err)
			}
			slices.Sort(got.QuestionIDs)
			if !got.ListsQuestions || len(got.Questions) != len(got.QuestionIDs) {
				t.Errorf("got %d questions of %d", len(got.Questions), len(got.QuestionIDs))
			}
			for _, question := range got.Questions {
				recorded := at[object](result, "questions", question.ID)
				kind, tag := at[string](recorded, "questionType", "type"), at[string](recorded, "questionName")
				if question.Tag != tag || kind == "TE" && !question.TakesText {
					t.Errorf("got %+v of a %s with the tag %s", question, kind, tag)
				}
			}
			got.Questions, got.ListsQuestions = nil, false
			if diff := gocmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReplay_Definitions(t *testing.T) {
	t.Parallel()
	for _, name := range payloads(t, "survey_definition_*.json") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			content := payload(t, name)
			result := at[object](parsed[any](t, content), "result")
			_, qsf := result["SurveyElements"] // it is never asked for, and has its names elsewhere
			survey := "SV_1"
			if !qsf {
				survey = at[string](result, "SurveyID")
			}
			got, err := client(t, func(*http.Request) *http.Response { return answer(200, string(content)) }).Definition(t.Context(), qualtrics.SurveyID(survey))
			if err != nil {
				t.Fatal(err)
			}
			if got.BrandID != at[string](result, "BrandID") || (got.BrandID == "" || got.LastModified.IsZero() || len(got.Questions) < len(at[object](result, "Questions"))) != qsf {
				t.Errorf("got %+v", got)
			}
			if qsf && got.Questions != nil {
				t.Errorf("got %d questions of a file without a list of them", len(got.Questions))
			}
		})
	}
}

func TestReplay_ExportProgress(t *testing.T) {
	t.Parallel()
	variants := parsed[[]json.RawMessage](t, payload(t, "export_progress_variants.json"))
	byStatus := map[string][]json.RawMessage{}
	for _, variant := range variants {
		status := at[string](parsed[any](t, variant), "result", "status")
		byStatus[status] = append(byStatus[status], variant)
	}
	if len(byStatus) != 3 || len(byStatus["complete"]) == 0 || len(byStatus["failed"]) == 0 || len(byStatus["inProgress"]) == 0 {
		t.Fatalf("the recording holds other states than expected: %d", len(byStatus))
	}
	// run serves an export whose polls answer all that runs and then ends each.
	run := func(t *testing.T, end json.RawMessage) (starts, polls int, file *qualtrics.ExportFile, err error) {
		fileID := at[string](parsed[any](t, end), "result", "fileId")
		inJob := 0
		c := client(t, func(r *http.Request) *http.Response {
			switch path := r.URL.Path; {
			case r.Method == http.MethodPost:
				starts, inJob = starts+1, 0
				return ok(`{"progressId":"ES_1","percentComplete":0.0,"status":"inProgress"}`)
			case strings.HasSuffix(path, "/ES_1"):
				polls, inJob = polls+1, inJob+1
				answers := slices.Concat(byStatus["inProgress"], []json.RawMessage{end})
				return answer(200, string(answers[min(inJob, len(answers))-1]))
			case fileID != "" && strings.HasSuffix(path, "/"+fileID+"/file"):
				return zip()
			default:
				t.Errorf("got %s", r.URL)
				return failed(404, "", "")
			}
		})
		file, err = c.Export(t.Context(), qualtrics.ExportRequest{Survey: "SV_1"})
		return starts, polls, file, err
	}
	perJob := len(byStatus["inProgress"]) + 1
	synctest.Test(t, func(t *testing.T) {
		for _, end := range byStatus["complete"] {
			starts, polls, file, err := run(t, end)
			if err != nil || starts != 1 || polls != perJob || file.FileID != at[string](parsed[any](t, end), "result", "fileId") {
				t.Fatalf("complete: %d starts, %d polls, %+v, %v", starts, polls, file, err)
			}
			if err := file.Close(); err != nil {
				t.Error(err)
			}
		}
		for _, end := range byStatus["failed"] {
			starts, polls, _, err := run(t, end)
			var gaveUp *qualtrics.ExportError
			if !errors.As(err, &gaveUp) || starts != 3 || polls != 3*perJob || gaveUp.RequestID != at[string](parsed[any](t, end), "meta", "requestId") {
				t.Errorf("failed: %d starts, %d polls, %v", starts, polls, err)
			}
		}
	})
}

func TestReplay_Errors(t *testing.T) {
	t.Parallel()
	type recorded struct {
		When string          `json:"when"`
		HTTP int             `json:"http"` // 0 where it was not kept
		Body json.RawMessage `json:"body"`
	}
	for _, failure := range parsed[[]recorded](t, payload(t, "errors.json")) {
		t.Run(failure.When, func(t *testing.T) {
			t.Parallel()
			meta := at[object](parsed[any](t, failure.Body), "meta")
			code := cmp.Or(at[string](meta, "error", "errorCode"), at[string](meta, "internalErrorCode"))
			message := cmp.Or(at[string](meta, "error", "errorMessage"), at[string](meta, "errorMessage"))
			status, calls := cmp.Or(failure.HTTP, http.StatusOK), 0
			c := client(t, func(*http.Request) *http.Response { calls++; return answer(status, string(failure.Body)) })
			_, err := c.WhoAmI(t.Context())
			if err == nil || calls != 1 || code == "" || message == "" || !strings.Contains(err.Error(), code) || !strings.Contains(err.Error(), message) {
				t.Fatalf("got %v after %d calls, want %s %s", err, calls, code, message)
			}
			_, host, _ := strings.Cut(at[string](meta, "notice"), "use this host instead: ")
			if c.Notice() != host || !strings.Contains(err.Error(), host) {
				t.Errorf("got the host %q, want %q: %v", c.Notice(), host, err)
			}
			var refused *qualtrics.AuthError
			if errors.As(err, &refused) != (status == http.StatusUnauthorized) {
				t.Errorf("got %T", err)
			}
			if refused != nil {
				return
			}
			var answered *qualtrics.APIError
			if !errors.As(err, &answered) {
				t.Fatalf("got %T", err)
			}
			got := []string{answered.Code, answered.Message, answered.RequestID, answered.HostHint, strconv.Itoa(answered.Status)}
			want := []string{code, message, at[string](meta, "requestId"), host, strconv.Itoa(status)}
			if diff := gocmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			forbidden := status == http.StatusForbidden || strings.Contains(message, "do not have permission")
			if qualtrics.IsNotFound(err) != (status == http.StatusNotFound) || qualtrics.IsForbidden(err) != forbidden {
				t.Errorf("got not found %v, forbidden %v: %v", qualtrics.IsNotFound(err), qualtrics.IsForbidden(err), err)
			}
		})
	}
}

func TestReplay_ExportConversation(t *testing.T) {
	t.Parallel()
	type exchange struct {
		Method          string            `json:"method"`
		Path            string            `json:"path"`
		Status          int               `json:"status"`
		ResponseHeaders map[string]string `json:"responseHeaders"`
		ResponseBody    json.RawMessage   `json:"responseBody"`
	}
	conversation := parsed[[]exchange](t, payload(t, "export_conversation_csv.json"))
	first, last := conversation[0], conversation[len(conversation)-1]
	survey := strings.Split(first.Path, "/")[4]
	length, err := strconv.Atoi(last.ResponseHeaders["content-length"])
	if err != nil {
		t.Fatal(err)
	}
	// The recording leaves the archive out.
	file := "PK\x03\x04" + strings.Repeat("x", length-4)
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		c := client(t, func(r *http.Request) *http.Response {
			if calls == len(conversation) {
				t.Fatalf("got %s %s after the end", r.Method, r.URL)
			}
			recorded := conversation[calls]
			calls++
			// The recording's client put a slash at the end of its first path.
			if r.Method != recorded.Method || r.URL.EscapedPath() != strings.TrimSuffix(recorded.Path, "/") {
				t.Errorf("call %d: got %s %s, want %s %s", calls, r.Method, r.URL, recorded.Method, recorded.Path)
			}
			body := string(recorded.ResponseBody)
			if calls == len(conversation) {
				body = file
			}
			response := answer(recorded.Status, body)
			for name, value := range recorded.ResponseHeaders {
				response.Header.Set(name, value)
			}
			return response
		})
		got, err := c.Export(t.Context(), qualtrics.ExportRequest{Survey: qualtrics.SurveyID(survey)})
		if err != nil || calls != len(conversation) {
			t.Fatalf("%d of %d calls, %v", calls, len(conversation), err)
		}
		content, err := io.ReadAll(io.NewSectionReader(got, 0, got.Size()))
		if err := errors.Join(err, got.Close()); err != nil || string(content) != file {
			t.Errorf("got %d of %d bytes, %v", len(content), length, err)
		}
		parts := strings.Split(last.Path, "/")
		if started := at[string](parsed[any](t, first.ResponseBody), "result", "progressId"); got.ProgressID != started || got.FileID != parts[len(parts)-2] {
			t.Errorf("got the job %s with the file %s", got.ProgressID, got.FileID)
		}
		// The clock is the server's, by the earliest answer.
		now, known := c.ServerTime()
		began, err := http.ParseTime(first.ResponseHeaders["date"])
		if err != nil || !known || now.Before(began) || now.After(began.Add(2*time.Minute)) {
			t.Errorf("got the time %s, %v; the recording began at %s", now, known, began)
		}
	})
}
