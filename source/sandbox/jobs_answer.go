package sandbox

import (
	"archive/zip"
	"cmp"
	"encoding/json"
	"iter"
	"net/http"
	"strconv"
	"strings"
)

// The results of start and poll (*recorded*, API §3.1 and §3.2). A running job
// has no fileId, and a failed job has null.
type (
	startedProgress struct {
		ProgressID *string `json:"progressId"`
		Percent    percent `json:"percentComplete"`
		Status     string  `json:"status"`
	}
	runningProgress struct {
		Percent percent `json:"percentComplete"`
		Status  string  `json:"status"`
	}
	completeProgress struct {
		FileID  string  `json:"fileId"`
		Percent percent `json:"percentComplete"`
		Status  string  `json:"status"`
		Token   string  `json:"continuationToken,omitempty"`
	}
	failedProgress struct {
		FileID  *string `json:"fileId"`
		Percent int     `json:"percentComplete"`
		Status  string  `json:"status"`
	}
)

// percent is written as a floating-point number even when it is whole.
type percent = json.Number

func percentOf(value float64) percent {
	text := strconv.FormatFloat(value, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return percent(text)
}

// startExport answers API §3.1. Equal requests make separate jobs
// (*documented*).
func (s *Sandbox) startExport(x *exchange) (any, error) {
	if x.foreign && !s.options.Doubt.ForeignExport200 {
		// The status is *documented*; code and text are *assumed*.
		return nil, badRequest("Invalid request. The survey cannot be exported through this host.")
	}
	found, err := s.exportableSurvey(x)
	if err != nil {
		return nil, err
	}
	request, err := parseExport(x.body, s.options.Doubt)
	if err != nil {
		return nil, err
	}
	if err := s.restrict(&request, found); err != nil {
		return nil, err
	}
	if d, disturbed := x.disturbed(func(most int) int { return count(found.export(request.query).versions, most) }); disturbed {
		return nil, x.suffer(d)
	}
	var foreign func() exported
	applies := func(class string) bool {
		if class == faultMisfiled {
			foreign = s.wrongSurveyExport(found, request.query)
		}
		return class != faultMisfiled || foreign != nil
	}
	started := &job{
		progressID: "ES_" + x.visit.derive("progress").text(15),
		fileID:     x.visit.derive("file").uuid() + "-def",
		surveyID:   x.params["id"],
		name:       found.name(),
		request:    request,
		started:    s.Now(),
		delay:      s.options.ExportDelay,
		fault:      s.faults.job(x.visit, x.params["id"], applies),
		maxBytes:   s.options.MaxExportBytes,
		rowCount:   found.responseCount,
		snapshot:   func() exported { return found.export(request.query) },
	}
	switch started.fault.class {
	case faultTorn:
		started.snapshot = func() exported { return found.exportTorn(request.query, started.fault.roll, s.Now()) }
	case faultMisfiled:
		started.snapshot = foreign
	}
	if request.isTable() {
		rows := started.snapshot
		started.snapshot = func() exported { // columns and rows are of the same moment
			started.columns = newRecord(found, request.query).tableColumns(request.table)
			return rows()
		}
	}
	if request.allow || request.token != "" {
		token := x.visit.derive("continuation").text(72)
		started.continued = func(j *job) string { return s.continuations.issue(token, j) }
	}
	if !s.options.Doubt.SnapshotAtCompletion {
		started.take()
	}
	s.jobs.add(started)
	if started.fault.class == faultJobNull {
		return startedProgress{nil, "0.0", "inProgress"}, nil
	}
	return startedProgress{&started.progressID, "0.0", "inProgress"}, nil
}

// restrict applies a saved filter or a continuation token to a request.
func (s *Sandbox) restrict(request *exportRequest, found *survey) error {
	switch {
	case request.filter != "":
		filter, ok := found.filter(request.filter)
		if !ok {
			return invalidParameter("filterId")
		}
		request.query.Keep = filter.keep
	case request.token != "":
		earlier, ok := s.continuations.find(request.token, found.id(), request.parameters, s.Now())
		if !ok {
			return &apiError{
				status: cmp.Or(s.options.Doubt.ContinuationCode, http.StatusBadRequest), code: "GPR_1",
				message: "Invalid request. Missing or invalid parameter continuationToken.",
			}
		}
		request.query.Keep = earlier.lacks(request.query.Sort)
	}
	return nil
}

// count counts rows, at most up to a number.
func count[T any](rows iter.Seq[T], most int) (n int) {
	for range rows {
		if n++; n == most {
			break
		}
	}
	return n
}

// pollExport answers API §3.2. The code of its 404 is *assumed*.
func (s *Sandbox) pollExport(x *exchange) (any, error) {
	found, ok := s.jobs.byProgress(x.params["id"], x.params["progressId"])
	if !ok {
		return nil, errNotFound()
	}
	progress, ok := found.poll(x.r.Context(), s.Now())
	if !ok {
		return nil, errNotFound()
	}
	if progress == nil {
		x.abort()
	}
	return progress, nil
}

// exportFile answers API §3.3. The code of its 404 is *assumed*.
func (s *Sandbox) exportFile(x *exchange) (any, error) {
	found, ok := s.jobs.byFile(x.params["id"], x.params["fileId"])
	if !ok {
		return nil, errNotFound()
	}
	rows, ok := found.content(s.Now())
	if !ok {
		return nil, errNotFound()
	}
	if d, disturbed := x.disturbed(func(most int) int { return count(rows, most) }); disturbed {
		return nil, x.suffer(d)
	}
	file := &download{job: found, rows: rows, doubt: s.options.Doubt, method: zip.Deflate}
	if s.options.Stored {
		file.method = zip.Store
	}
	return file, nil
}
