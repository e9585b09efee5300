package sandbox

import (
	"archive/zip"
	"encoding/json"
	"iter"
	"strconv"
	"strings"
)

// The results of start and poll (*recorded*, API §3.1 and §3.2): fileId is
// absent while the job runs, and null when it failed.
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

// startExport is API §3.1. Equal requests make separate jobs (*documented*).
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
	var foreign func() iter.Seq[[]byte]
	applies := func(class string) bool {
		if class == faultMisfiled {
			foreign = s.misfiled(found, request.query)
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
		snapshot:   func() iter.Seq[[]byte] { return found.export(request.query) },
	}
	switch started.fault.class {
	case faultTorn:
		started.snapshot = func() iter.Seq[[]byte] { return found.exportTorn(request.query, started.fault.roll, s.Now()) }
	case faultMisfiled:
		started.snapshot = foreign
	}
	if !s.options.Doubt.SnapshotAtCompletion {
		started.rows = started.snapshot()
	}
	s.jobs.add(started)
	if started.fault.class == faultJobNull {
		return startedProgress{nil, "0.0", "inProgress"}, nil
	}
	return startedProgress{&started.progressID, "0.0", "inProgress"}, nil
}

// pollExport is API §3.2. The code of its 404 is *assumed*.
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

// exportFile is API §3.3. The code of its 404 is *assumed*.
func (s *Sandbox) exportFile(x *exchange) (any, error) {
	found, ok := s.jobs.byFile(x.params["id"], x.params["fileId"])
	if !ok {
		return nil, errNotFound()
	}
	rows, ok := found.content(s.Now())
	if !ok {
		return nil, errNotFound()
	}
	file := &download{job: found, rows: rows, emptyLine: s.options.Doubt.EmptyNDJSONLine, method: zip.Deflate}
	if s.options.Stored {
		file.method = zip.Store
	}
	return file, nil
}
