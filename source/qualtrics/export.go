package qualtrics

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// ExportRequest asks for the responses of a survey (API §3.1), always as
// compressed NDJSON.
type ExportRequest struct {
	Survey SurveyID
	// Start is inclusive and End exclusive; zero means no bound. They apply
	// to the recorded date, or to the modified one with SortByModified.
	Start, End     time.Time
	SortByModified bool
	// Questions (QID…), embedded data names and metadata names to export:
	// nil means all, an empty list none.
	Questions, EmbeddedData, Metadata *[]string
}

// body writes the request. Fields that do not count are left out: the API
// refuses unknown ones and combinations that make no sense.
func (r ExportRequest) body() map[string]any {
	body := map[string]any{"format": "ndjson", "compress": true}
	if !r.Start.IsZero() {
		body["startDate"] = r.Start.UTC().Format(time.RFC3339)
	}
	if !r.End.IsZero() {
		body["endDate"] = r.End.UTC().Format(time.RFC3339)
	}
	if r.SortByModified {
		body["sortByLastModifiedDate"] = true
	}
	for name, list := range map[string]*[]string{"questionIds": r.Questions, "embeddedDataIds": r.EmbeddedData, "surveyMetadataIds": r.Metadata} {
		if list != nil {
			body[name] = append([]string{}, *list...)
		}
	}
	return body
}

// Jobs per export, and how many of them may run into their deadline.
const (
	maxJobs      = 3
	maxDeadlines = 2
)

// jobError is that one job came to nothing; another may succeed.
type jobError struct {
	reason, requestID string
	deadline          bool
	failed            bool // Qualtrics says so
}

func (e *jobError) Error() string { return e.reason }

// Export runs an export job and downloads its file. Jobs that fail, vanish or
// do not end are started anew, three at most, then it is an [ExportError].
func (c *Client) Export(ctx context.Context, r ExportRequest) (*ExportFile, error) {
	deadlines := 0
	for attempt := 1; ; attempt++ {
		file, err := c.export(ctx, r)
		if err == nil {
			return file, nil
		}
		var failed *jobError
		if !errors.As(err, &failed) {
			return nil, err
		}
		if failed.deadline {
			deadlines++
		}
		if attempt == maxJobs || deadlines == maxDeadlines {
			return nil, &ExportError{Survey: r.Survey, Reason: failed.reason, RequestID: failed.requestID, Attempts: attempt, Failed: failed.failed}
		}
		c.log.Warn("an export job came to nothing: starting another", "survey", r.Survey, "reason", failed.reason, "request_id", failed.requestID)
	}
}

// export runs one job.
func (c *Client) export(ctx context.Context, r ExportRequest) (*ExportFile, error) {
	started, err := c.progress(ctx, request{
		to: toExport, method: http.MethodPost, path: "/surveys/" + id(r.Survey) + "/export-responses", body: r.body(), survey: r.Survey,
	})
	if err != nil {
		return nil, err
	}
	if started.ProgressID == "" {
		return nil, &jobError{reason: "Qualtrics gave it no id", requestID: started.requestID}
	}
	fileID, err := c.poll(ctx, r.Survey, started.ProgressID)
	if err != nil {
		return nil, err
	}
	file, err := c.download(ctx, r.Survey, fileID)
	if err != nil {
		return nil, err
	}
	file.ProgressID, file.FileID = started.ProgressID, fileID
	return file, nil
}

// jobProgress is the state of a job (API §3.2). The percentage is decorative.
type jobProgress struct {
	ProgressID string `json:"progressId"`
	FileID     string `json:"fileId"`
	Status     string `json:"status"`
	requestID  string
}

func (c *Client) progress(ctx context.Context, call request) (jobProgress, error) {
	var progress jobProgress
	call.accept = func(response *http.Response) error {
		body, err := c.read(response)
		if err != nil {
			return err
		}
		var wrapped envelope
		if err := json.Unmarshal(body, &wrapped); err != nil {
			return c.bodyError(response, notJSON(body))
		}
		c.noted(wrapped)
		if wrapped.failed() {
			return c.apiError(response, wrapped)
		}
		m := membersOf(wrapped.Result)
		if m == nil {
			return c.bodyError(response, errors.New("it holds no result"))
		}
		progress = jobProgress{
			ProgressID: text(m.text("progressId")), FileID: text(m.text("fileId")), Status: text(m.text("status")),
			requestID: c.clean(text(wrapped.Meta.RequestID)),
		}
		return nil
	}
	return progress, c.send(ctx, call)
}

// Waits between polls: each twice, then twice as long. A small export takes a
// second or two, a large one minutes (API §3.2): the first shall not cost four
// seconds, nor the second hundreds of calls.
const (
	firstPoll = 500 * time.Millisecond
	lastPoll  = 10 * time.Second
)

// poll waits for a job's file.
func (c *Client) poll(ctx context.Context, survey SurveyID, job string) (fileID string, err error) {
	begun, incomplete := time.Now(), 0
	call := request{to: toProgress, method: http.MethodGet, path: "/surveys/" + id(survey) + "/export-responses/" + id(job), survey: survey}
	for polls := 0; ; polls++ {
		wait := min(firstPoll<<min(polls/2, 8), lastPoll)
		pause := wait*4/5 + c.jitter(wait*2/5)
		c.wait(Wait{Kind: WaitExport, Survey: survey, Until: time.Now().Add(pause), Reason: "an export job is running"})
		if err := sleep(ctx, pause); err != nil {
			return "", err
		}
		got, err := c.progress(ctx, call)
		switch {
		case IsNotFound(err):
			return "", &jobError{reason: "it vanished while it was running"}
		case err != nil:
			return "", err
		case got.Status == "failed":
			return "", &jobError{reason: "Qualtrics says that it failed", requestID: got.requestID, failed: true}
		case got.Status == "complete" && got.FileID != "":
			return got.FileID, nil
		case got.Status == "complete":
			if incomplete++; incomplete == 5 {
				return "", &jobError{reason: "it is complete without a file", requestID: got.requestID}
			}
		case time.Since(begun) > c.limits.ExportDeadline:
			return "", &jobError{reason: fmt.Sprintf("it did not end within %s (limits.export_deadline_minutes)", c.limits.ExportDeadline), requestID: got.requestID, deadline: true}
		}
	}
}
