package qualtrics_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// archive stands for a ZIP; the client looks at its beginning only, which is
// longer than what it looks at.
var archive = "PK\x03\x04" + strings.Repeat("0123456789", 60)

// jobs serves export jobs: ES_1, ES_2 and so on with the files F_1, F_2. What
// is nil goes well at once.
type jobs struct {
	t     *testing.T
	start func(job int) *http.Response
	poll  func(job, n int) *http.Response // the nth poll of a job
	file  func(n int) *http.Response      // the nth download

	starts, polls, files int
	bodies               []string
	polled               []time.Time
}

func running(percent string) *http.Response {
	return ok(`{"percentComplete":` + percent + `,"status":"inProgress"}`)
}

func complete(job int) *http.Response {
	return ok(fmt.Sprintf(`{"fileId":"F_%d","percentComplete":100.0,"status":"complete"}`, job))
}

func failedJob() *http.Response { return ok(`{"fileId":null,"percentComplete":100,"status":"failed"}`) }

func zip() *http.Response { return answer(200, archive, "Content-Type: application/zip") }

func (j *jobs) serve(r *http.Request) *http.Response {
	const base = "/API/v3/surveys/SV_1/export-responses"
	rest, known := strings.CutPrefix(r.URL.Path, base)
	switch {
	case known && r.Method == http.MethodPost && rest == "":
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get("Content-Type") != "application/json" {
			j.t.Errorf("got %v, %v", r.Header, err)
		}
		j.bodies = append(j.bodies, string(body))
		j.starts, j.polls = j.starts+1, 0
		if j.start != nil {
			return j.start(j.starts)
		}
		return ok(fmt.Sprintf(`{"progressId":"ES_%d","percentComplete":0.0,"status":"inProgress"}`, j.starts))
	case known && r.Method == http.MethodGet && rest == fmt.Sprintf("/ES_%d", j.starts):
		j.polls++
		j.polled = append(j.polled, time.Now())
		if j.poll != nil {
			return j.poll(j.starts, j.polls)
		}
		return complete(j.starts)
	case known && r.Method == http.MethodGet && rest == fmt.Sprintf("/F_%d/file", j.starts):
		j.files++
		if j.file != nil {
			return j.file(j.files)
		}
		return zip()
	default:
		j.t.Errorf("got %s %s while job %d runs", r.Method, r.URL, j.starts)
		return failed(404, "UNF_9", "no such path")
	}
}

// export runs an export against j and checks that exactly the file that it
// returns is open afterwards. It returns the file's content.
func (j *jobs) export(t *testing.T, options ...option) (*qualtrics.ExportFile, string, error) {
	t.Helper()
	s := &spools{}
	c := client(t, j.serve, append([]option{func(o *qualtrics.Options) { o.Spool = s.new }}, options...)...)
	file, err := c.Export(t.Context(), qualtrics.ExportRequest{Survey: "SV_1"})
	if (file == nil) != (err != nil) {
		t.Fatalf("got the file %v and %v", file, err)
	}
	if err != nil {
		if s.open() != 0 {
			t.Errorf("%d of %d spools are left open after %v", s.open(), len(s.made), err)
		}
		return nil, "", err
	}
	if s.open() != 1 {
		t.Errorf("%d of %d spools are open, want that of the file", s.open(), len(s.made))
	}
	content, err := io.ReadAll(io.NewSectionReader(file, 0, file.Size()))
	if err != nil {
		t.Error(err)
	}
	if err := file.Close(); err != nil || s.open() != 0 {
		t.Errorf("%d spools are open after the file was closed: %v", s.open(), err)
	}
	return file, string(content), nil
}

func TestExport_ReturnsTheFileOfItsJob(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var waits []qualtrics.Wait
		j := &jobs{t: t, poll: func(job, n int) *http.Response {
			if n < 4 {
				return running("83.33333333333334")
			}
			return complete(job)
		}}
		file, content, err := j.export(t, func(o *qualtrics.Options) {
			o.Waiting = func(w qualtrics.Wait) {
				if w.Kind != qualtrics.WaitExport || w.Survey != "SV_1" || w.Reason == "" || !w.Until.After(time.Now()) {
					t.Errorf("got news %+v", w)
				}
				waits = append(waits, w)
			}
		})
		if err != nil || content != archive || file.ProgressID != "ES_1" || file.FileID != "F_1" || file.Size() != int64(len(archive)) {
			t.Errorf("got %+v with %d bytes, %v", file, len(content), err)
		}
		if j.starts != 1 || j.polls != 4 || j.files != 1 || len(waits) != 4 {
			t.Errorf("got %d starts, %d polls, %d downloads, %d pieces of news", j.starts, j.polls, j.files, len(waits))
		}
	})
}

func TestExport_AJobThatComesToNothingIsStartedAgain(t *testing.T) {
	t.Parallel()
	// Each makes the first jobs come to nothing.
	for name, spoil := range map[string]func(j *jobs, first int){
		"it failed": func(j *jobs, first int) {
			j.poll = func(job, _ int) *http.Response {
				if job <= first {
					return failedJob()
				}
				return complete(job)
			}
		},
		"it vanished": func(j *jobs, first int) {
			j.poll = func(job, n int) *http.Response {
				switch {
				case job > first:
					return complete(job)
				case n < 3:
					return running("10")
				default:
					return failed(404, "UNF_9", "Resource not found")
				}
			}
		},
		"Qualtrics gave it no id": func(j *jobs, first int) {
			j.start = func(job int) *http.Response {
				if job <= first {
					return ok(`{"percentComplete":0.0,"status":"inProgress"}`)
				}
				return ok(fmt.Sprintf(`{"progressId":"ES_%d"}`, job))
			}
		},
		"it is complete without a file": func(j *jobs, first int) {
			j.poll = func(job, _ int) *http.Response {
				if job <= first {
					return ok(`{"fileId":null,"percentComplete":100.0,"status":"complete"}`)
				}
				return complete(job)
			}
		},
		"its file vanished": func(j *jobs, first int) {
			j.file = func(int) *http.Response {
				if j.starts <= first {
					return failed(404, "UNF_9", "Resource not found")
				}
				return zip()
			}
		},
		"its file cannot be downloaded": func(j *jobs, first int) {
			j.file = func(int) *http.Response {
				if j.starts <= first {
					return answer(200, "<html>maintenance</html>", "Content-Type: text/html")
				}
				return zip()
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				for first := range 3 {
					j := &jobs{t: t}
					spoil(j, first)
					file, content, err := j.export(t)
					if err != nil || j.starts != first+1 || content != archive || file.ProgressID != fmt.Sprintf("ES_%d", first+1) || file.FileID != fmt.Sprintf("F_%d", first+1) {
						t.Errorf("after %d bad jobs: %d starts, %+v, %v", first, j.starts, file, err)
					}
				}
				j := &jobs{t: t}
				spoil(j, 3)
				_, _, err := j.export(t)
				var gaveUp *qualtrics.ExportError
				if !errors.As(err, &gaveUp) || j.starts != 3 || gaveUp.Attempts != 3 || gaveUp.Survey != "SV_1" || qualtrics.Kind(err) != qualtrics.KindTransient {
					t.Fatalf("after 3 bad jobs: %d starts, %v", j.starts, err)
				}
				if !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "SV_1") {
					t.Errorf("got %v, want the reason %q", err, name)
				}
				if diff := cmp.Diff(j.bodies[:1], j.bodies[1:2]); diff != "" {
					t.Errorf("another job is not the same export:\n%s", diff)
				}
			})
		})
	}
}

func TestExport_ItsErrorHoldsTheLastRequestID(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		j := &jobs{t: t}
		j.poll = func(job, _ int) *http.Response {
			return answer(200, fmt.Sprintf(`{"result":{"status":"failed"},"meta":{"requestId":"r-%d %s"}}`, job, token))
		}
		_, _, err := j.export(t)
		var gaveUp *qualtrics.ExportError
		if !errors.As(err, &gaveUp) || !strings.HasPrefix(gaveUp.RequestID, "r-3 ") || strings.Contains(err.Error(), token) {
			t.Errorf("got %v", err)
		}
	})
}

func TestExport_ACompleteJobMayNameItsFileLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		j := &jobs{t: t, poll: func(job, n int) *http.Response {
			if n < 5 {
				return ok(`{"percentComplete":100.0,"status":"complete"}`)
			}
			return complete(job)
		}}
		if _, content, err := j.export(t); err != nil || content != archive || j.starts != 1 {
			t.Errorf("%d starts, %v", j.starts, err)
		}
	})
}

func TestExport_AnUnknownStatusIsOneThatIsNotDone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		unknown := []string{`"queued"`, `"COMPLETE"`, `"Failed"`, `""`, `null`, `7`, `[]`, `{}`, `false`}
		j := &jobs{t: t, poll: func(job, n int) *http.Response {
			if n <= len(unknown) {
				return ok(`{"status":` + unknown[n-1] + `,"fileId":"F_0"}`)
			}
			return complete(job)
		}}
		file, _, err := j.export(t)
		if err != nil || file.FileID != "F_1" || j.polls != len(unknown)+1 {
			t.Errorf("%d polls, %+v, %v", j.polls, file, err)
		}
	})
}

func TestExport_ThePercentageIsDecoration(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		percents := []string{"90", "40.5", "-1", "100.0", "250", "0", "1e300", `"many"`, "null", "[]"}
		j := &jobs{t: t, poll: func(job, n int) *http.Response {
			if n <= len(percents) {
				return running(percents[n-1])
			}
			return ok(`{"fileId":"F_1","percentComplete":3,"status":"complete"}`)
		}}
		if _, _, err := j.export(t); err != nil || j.starts != 1 || j.polls != len(percents)+1 {
			t.Errorf("%d starts, %d polls, %v", j.starts, j.polls, err)
		}
	})
}

func TestExport_AStuckJobIsStartedAgainOnce(t *testing.T) {
	t.Parallel()
	const deadline = 30 * time.Minute
	limited := func(o *qualtrics.Options) { o.Limits.ExportDeadline = deadline }
	tests := []struct {
		name   string
		jobs   string // s stuck, f failed, c complete
		starts int
		stuck  int
		done   bool
	}{
		{"stuck, then fine", "sc", 2, 1, true},
		{"stuck twice", "ssc", 2, 2, false},
		{"failed, then stuck", "fsc", 3, 1, true},
		{"stuck before and after a failure", "sfs", 3, 2, false},
		{"stuck at last", "ffs", 3, 1, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				j := &jobs{t: t, poll: func(job, _ int) *http.Response {
					switch test.jobs[job-1] {
					case 's':
						return running("50")
					case 'f':
						return failedJob()
					default:
						return complete(job)
					}
				}}
				begun := time.Now()
				_, _, err := j.export(t, limited)
				took, want := time.Since(begun), time.Duration(test.stuck)*deadline
				if (err == nil) != test.done || j.starts != test.starts || took < want || took > want+time.Minute {
					t.Errorf("%d starts in %s, want %d in %s: %v", j.starts, took, test.starts, want, err)
				}
				var gaveUp *qualtrics.ExportError
				if !test.done && (!errors.As(err, &gaveUp) || gaveUp.Attempts != test.starts || !strings.Contains(err.Error(), "limits.export_deadline_minutes")) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

func TestExport_PollsBackOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		j := &jobs{t: t, poll: func(job, n int) *http.Response {
			if n < 40 {
				return running("1")
			}
			return complete(job)
		}}
		begun := time.Now()
		if _, _, err := j.export(t); err != nil {
			t.Fatal(err)
		}
		varied := false
		for i, at := range j.polled {
			gap, want := at.Sub(begun), min(10*time.Second, 500*time.Millisecond<<min(i/2, 10))
			if gap < want*4/5 || gap > want*6/5 {
				t.Errorf("poll %d came after %s, want about %s", i+1, gap, want)
			}
			varied = varied || gap != want
			begun = at
		}
		if !varied {
			t.Error("the polls come in step")
		}
	})
}

func TestExport_ACallThatFailsIsTriedAgainWithinTheJob(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]func() *http.Response{
		"503":              func() *http.Response { return answer(503, "") },
		"429":              func() *http.Response { return failed(429, "", "slow down") },
		"a reset":          func() *http.Response { return nil },
		"HTML for JSON":    func() *http.Response { return answer(200, "<html>maintenance</html>") },
		"no result":        func() *http.Response { return answer(200, `{"meta":{}}`) },
		"a list of nobody": func() *http.Response { return ok(`[]`) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				j := &jobs{t: t}
				j.poll = func(job, n int) *http.Response {
					if n < 3 {
						return bad()
					}
					return complete(job)
				}
				if _, _, err := j.export(t); err != nil || j.starts != 1 || j.polls != 3 {
					t.Errorf("%d starts, %d polls, %v", j.starts, j.polls, err)
				}
			})
		})
	}
}

func TestExport_AnErrorThatNoOtherJobCuresEndsIt(t *testing.T) {
	t.Parallel()
	const old = `{"meta":{"status":"Error","errorMessage":"You do not have permission","internalErrorCode":"GS_5"},"result":null}`
	for name, bad := range map[string]func() *http.Response{
		"403":          func() *http.Response { return failed(403, "QMST_2.1", "no") },
		"401":          func() *http.Response { return failed(401, "DCD_7", "Unrecognized X-API-TOKEN.") },
		"400":          func() *http.Response { return failed(400, "RES_1", "Invalid request") },
		"an older 200": func() *http.Response { return answer(200, old) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var gaveUp *qualtrics.ExportError
				j := &jobs{t: t, start: func(int) *http.Response { return bad() }}
				if _, _, err := j.export(t); err == nil || errors.As(err, &gaveUp) || j.starts != 1 || (name == "an older 200" && !qualtrics.IsForbidden(err)) {
					t.Errorf("at its start: %d starts, %v", j.starts, err)
				}
				j = &jobs{t: t, poll: func(int, int) *http.Response { return bad() }}
				if _, _, err := j.export(t); err == nil || errors.As(err, &gaveUp) || j.starts != 1 || j.polls != 1 {
					t.Errorf("while it runs: %d starts, %d polls, %v", j.starts, j.polls, err)
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		j := &jobs{t: t, start: func(int) *http.Response { return failed(404, "GSI_2", "Survey not found.") }}
		if _, _, err := j.export(t); !qualtrics.IsNotFound(err) || j.starts != 1 {
			t.Errorf("a survey that is gone: %d starts, %v", j.starts, err)
		}
	})
}

func TestExport_EndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		why := errors.New("out of time")
		j := &jobs{t: t, poll: func(int, int) *http.Response { return running("1") }}
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Hour, why)
		defer cancel()
		begun := time.Now()
		file, err := client(t, j.serve).Export(ctx, qualtrics.ExportRequest{Survey: "SV_1"})
		if file != nil || !errors.Is(err, why) || time.Since(begun) != time.Hour || j.starts != 1 {
			t.Errorf("got %v, %v after %s and %d starts", file, err, time.Since(begun), j.starts)
		}
	})
}

func TestExport_IDsCannotLeaveTheirPlace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked []string
		c := client(t, func(r *http.Request) *http.Response {
			asked = append(asked, r.URL.EscapedPath())
			switch path.Base(r.URL.Path) {
			case "export-responses":
				return ok(`{"progressId":"../ES?x=1#"}`)
			case "file":
				return zip()
			default:
				return ok(`{"fileId":"../F","status":"complete"}`)
			}
		})
		file, err := c.Export(t.Context(), qualtrics.ExportRequest{Survey: "SV_1/x"})
		if err != nil {
			t.Fatal(err)
		}
		const base = "/API/v3/surveys/SV_1%2Fx/export-responses"
		if diff := cmp.Diff([]string{base, base + "/..%2FES%3Fx=1%23", base + "/..%2FF/file"}, asked); diff != "" {
			t.Error(diff)
		}
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestExport_RequestShapes(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 15, 13, 30, 5, 999, time.FixedZone("", 3600)) // 12:30:05 UTC
	some, none := []string{"QID1", "Größe"}, []string{}
	var unset []string
	tests := []struct {
		request qualtrics.ExportRequest
		want    string
	}{
		{qualtrics.ExportRequest{}, `{"format":"ndjson","compress":true}`},
		{qualtrics.ExportRequest{Start: at}, `{"format":"ndjson","compress":true,"startDate":"2026-01-15T12:30:05Z"}`},
		{qualtrics.ExportRequest{End: at}, `{"format":"ndjson","compress":true,"endDate":"2026-01-15T12:30:05Z"}`},
		{
			qualtrics.ExportRequest{Start: at, End: at.Add(time.Hour), SortByModified: true},
			`{"format":"ndjson","compress":true,"startDate":"2026-01-15T12:30:05Z","endDate":"2026-01-15T13:30:05Z","sortByLastModifiedDate":true}`,
		},
		{
			qualtrics.ExportRequest{Questions: &some, EmbeddedData: &none, Metadata: &unset},
			`{"format":"ndjson","compress":true,"questionIds":["QID1","Größe"],"embeddedDataIds":[],"surveyMetadataIds":[]}`,
		},
	}
	for _, test := range tests {
		synctest.Test(t, func(t *testing.T) {
			j := &jobs{t: t}
			test.request.Survey = "SV_1"
			file, err := client(t, j.serve).Export(t.Context(), test.request)
			if err != nil {
				t.Fatal(err)
			}
			if err := file.Close(); err != nil {
				t.Error(err)
			}
			var got, want any
			if err := errors.Join(json.Unmarshal([]byte(j.bodies[0]), &got), json.Unmarshal([]byte(test.want), &want)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s:\n%s", strconv.Quote(j.bodies[0]), diff)
			}
		})
	}
}
