package qualtrics

import (
	"context"
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
	// InProgress asks for the sessions that are not recorded yet, instead of responses.
	InProgress bool
	// Questions (QID…), embedded data names and metadata names to export:
	// nil means all, an empty list none.
	Questions, EmbeddedData, Metadata *[]string
	// Divisible says that the caller exports a smaller window if Qualtrics is too slow.
	// Calls without an answer in time are then tried only a few times.
	Divisible bool
}

// body returns the request for the API. It leaves out unset fields, because the API
// refuses unknown fields and contradictory ones.
func (r ExportRequest) body() map[string]any {
	body := map[string]any{"format": "ndjson", "compress": true}
	if !r.Start.IsZero() {
		body["startDate"] = r.Start.UTC().Format(time.RFC3339)
	}
	if !r.End.IsZero() {
		body["endDate"] = r.End.UTC().Format(time.RFC3339)
	}
	if r.InProgress {
		body["exportResponsesInProgress"] = true
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

// Limits of one export.
const (
	maxJobs      = 3
	maxDeadlines = 2 // jobs that do not end in time
)

// jobError reports that one job failed. Another job may succeed.
type jobError struct {
	reason, requestID string
	details           string // of the answer, for support
	deadline          bool
	failed            bool // Qualtrics reports the failure
}

func (e *jobError) Error() string { return e.reason }

// exportCallError is the error of a call of an export job.
type exportCallError struct{ error }

func (e *exportCallError) Unwrap() error { return e.error }

// IsTooLarge reports whether an export may succeed with a smaller window. Three signs
// of that are *assumed*: a failed job (API §3.3), the answer 413, and a call whose
// tries all get no answer in time. A gateway reports the last one by 504 (API §7.3).
func IsTooLarge(err error) bool {
	var (
		job    *ExportError
		call   *exportCallError
		answer *APIError
	)
	switch {
	case errors.As(err, &job):
		return job.Failed
	case !errors.As(err, &call):
		return false
	case errors.As(err, &answer) && answer.Status == http.StatusRequestEntityTooLarge:
		return true
	}
	return timedOut(err)
}

// timedOut reports whether a call got no answer in time, from Qualtrics or from a
// gateway in front of it.
func timedOut(err error) bool {
	var (
		answer    *APIError
		transport *TransportError
	)
	if errors.As(err, &answer) {
		return answer.Status == http.StatusGatewayTimeout
	}
	return errors.As(err, &transport) && errors.Is(transport.Err, errNoAnswer)
}

// Export runs an export job and downloads its file. It replaces a job that fails,
// vanishes or does not end. After three such jobs, or two that did not end, it returns
// an [ExportError].
func (c *Client) Export(ctx context.Context, r ExportRequest) (*ExportFile, error) {
	deadlines := 0
	for attempt := 1; ; attempt++ {
		file, err := c.export(ctx, r)
		if err == nil {
			return file, nil
		}
		var failed *jobError
		if !errors.As(err, &failed) {
			return nil, &exportCallError{err}
		}
		if failed.deadline {
			deadlines++
		}
		if attempt == maxJobs || deadlines == maxDeadlines {
			return nil, &ExportError{Survey: r.Survey, Reason: failed.reason, RequestID: failed.requestID, Attempts: attempt, Failed: failed.failed, details: failed.details}
		}
		c.log.Warn("an export job came to nothing: starting another", "survey", r.Survey, "reason", failed.reason, "request_id", failed.requestID)
	}
}

// export runs one job.
func (c *Client) export(ctx context.Context, r ExportRequest) (file *ExportFile, err error) {
	started, err := c.start(ctx, r)
	if err != nil {
		return nil, err
	}
	if started.ProgressID == "" {
		return nil, &jobError{reason: "Qualtrics gave it no id", requestID: started.requestID}
	}
	job := c.started(r, started.ProgressID)
	defer func() { job.ended(file, err) }()
	fileID, err := c.poll(ctx, r, started.ProgressID)
	if err != nil {
		return nil, err
	}
	job.complete()
	file, err = c.download(ctx, r, fileID)
	if err != nil {
		return nil, err
	}
	file.ProgressID, file.FileID = started.ProgressID, fileID
	return file, nil
}

// start starts a job.
func (c *Client) start(ctx context.Context, r ExportRequest) (jobProgress, error) {
	return c.progress(ctx, request{
		to: toExport, method: http.MethodPost, path: "/surveys/" + id(r.Survey) + "/export-responses", body: r.body(), survey: r.Survey, divisible: r.Divisible,
	})
}

// TryExport starts an export of a survey's response ids and follows it for a while. A
// started job proves the permission to export. It is no error if the job takes longer,
// or fails. With idsOnly, Qualtrics is not asked for anything but ids, even if it refuses that.
func (c *Client) TryExport(ctx context.Context, survey SurveyID, patience time.Duration, idsOnly bool) error {
	none := []string{}
	started, err := c.start(ctx, ExportRequest{Survey: survey, Questions: &none, EmbeddedData: &none, Metadata: &[]string{"_recordId"}})
	if IsRefused(err) && !idsOnly {
		// A brand may refuse lists of columns (*assumed*). A read then exports all
		// columns.
		started, err = c.start(ctx, ExportRequest{Survey: survey})
	}
	switch {
	case err != nil:
		return err
	case started.ProgressID == "":
		return &ExportError{Survey: survey, Reason: "Qualtrics gave it no id", RequestID: started.requestID, Attempts: 1}
	}
	// The context has no deadline. With one, a call that has to wait for the pace would
	// fail at once.
	following, cancel := context.WithCancel(ctx)
	defer cancel()
	defer time.AfterFunc(patience, cancel).Stop()
	_, err = c.poll(following, ExportRequest{Survey: survey}, started.ProgressID)
	var failed *jobError
	switch {
	case stopped(ctx) != nil:
		return stopped(ctx)
	case following.Err() != nil, errors.As(err, &failed):
		return nil
	}
	return err
}

// jobProgress is the state of a job (API §3.2). The percentage is not used.
type jobProgress struct {
	ProgressID string `json:"progressId"`
	FileID     string `json:"fileId"`
	Status     string `json:"status"`
	requestID  string
}

func (c *Client) progress(ctx context.Context, call request) (jobProgress, error) {
	var progress jobProgress
	call.accept = func(response *http.Response) error {
		wrapped, err := c.unwrap(call, response)
		if err != nil {
			return err
		}
		m := membersOf(wrapped.Result)
		switch {
		case m == nil:
			return c.bodyError(response, errors.New("it holds no result"))
		case text(m.text("status")) == "" && call.to.name == toProgress.name:
			return c.bodyError(response, errors.New("it holds no status"))
		}
		progress = jobProgress{
			ProgressID: text(m.text("progressId")), FileID: text(m.text("fileId")), Status: text(m.text("status")),
			requestID: c.clean(text(wrapped.Meta.RequestID)),
		}
		return nil
	}
	return progress, c.send(ctx, call)
}

// Waits between polls. Each is used twice, then doubled. A small export takes a second
// or two, a large one minutes (API §3.2). The first should not wait for four seconds,
// and the second should not need hundreds of calls.
const (
	firstPoll = 500 * time.Millisecond
	lastPoll  = 10 * time.Second
)

// poll waits for a job's file.
func (c *Client) poll(ctx context.Context, r ExportRequest, job string) (fileID string, err error) {
	begun, incomplete := time.Now(), 0
	call := request{to: toProgress, method: http.MethodGet, path: "/surveys/" + id(r.Survey) + "/export-responses/" + id(job), survey: r.Survey, divisible: r.Divisible}
	for polls := 0; ; polls++ {
		wait := min(firstPoll<<min(polls/2, 8), lastPoll)
		pause := wait*4/5 + c.jitter(wait*2/5)
		c.wait(Wait{Kind: WaitExport, Survey: r.Survey, Until: time.Now().Add(pause), Reason: "an export job is running"})
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
