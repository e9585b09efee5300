package source_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Jobs of one survey that come to nothing, whatever is tried.
func TestRead_ExportsThatFailForGood(t *testing.T) {
	const job = `{"result":{"progressId":"ES_planted0000000","percentComplete":0.0,"status":"inProgress"},"meta":{"httpStatus":"200 - OK","requestId":"0f3b2c1a-7d55-4f0e-9c55-2f1d8f1c7a11"}}`
	progress := func(members string) string {
		return `{"result":{` + members + `},"meta":{"httpStatus":"200 - OK","requestId":"0f3b2c1a-7d55-4f0e-9c55-2f1d8f1c7a11"}}`
	}
	running := progress(`"percentComplete":16.666,"status":"inProgress"`)
	complete := progress(`"fileId":"planted-def","percentComplete":100.0,"status":"complete"`)
	tests := map[string]struct {
		start, poll, file func(r *http.Request) *http.Response // nil: as usual
		says              string
		jobs              int // started for the survey
		loadRows          int64
	}{
		"every job fails": {
			start: reply(200, job), poll: reply(200, progress(`"fileId":null,"percentComplete":100,"status":"failed"`)),
			says: "3 jobs failed, the last one because Qualtrics says that it failed", jobs: 6, // it may have been too large
		},
		"no job ever ends": {
			start: reply(200, job), poll: reply(200, running),
			says: "2 jobs failed, the last one because it did not end within 45m0s (limits.export_deadline_minutes)", jobs: 2,
		},
		"no job of a first load in windows ever ends": {
			start: reply(200, job), poll: reply(200, running), loadRows: 5,
			says: "2 jobs failed, the last one because it did not end within 45m0s (limits.export_deadline_minutes)", jobs: 2,
		},
		"every job is complete without a file": {
			start: reply(200, job), poll: reply(200, progress(`"percentComplete":100.0,"status":"complete"`)),
			says: "3 jobs failed, the last one because it is complete without a file", jobs: 3,
		},
		"every job vanishes": {
			start: reply(200, job), poll: reply(404, errorBody(404, "NF_1", "There is no such job.")),
			says: "3 jobs failed, the last one because it vanished while it was running", jobs: 3,
		},
		"every job has no id": {
			start: reply(200, progress(`"percentComplete":0.0,"status":"inProgress"`)),
			says:  "3 jobs failed, the last one because Qualtrics gave it no id", jobs: 3,
		},
		"every file vanishes": {
			start: reply(200, job), poll: reply(200, complete), file: reply(404, errorBody(404, "NF_1", "There is no such file.")),
			says: "3 jobs failed, the last one because its file vanished", jobs: 3,
		},
		"every file is a page": {
			start: reply(200, job), poll: reply(200, complete), file: reply(200, "<!DOCTYPE html><html><body>Sorry</body></html>"),
			says: "3 jobs failed, the last one because its file cannot be downloaded", jobs: 3,
		},
		"every file is empty": {
			start: reply(200, job), poll: reply(200, complete), file: reply(200, ""),
			says: "it is empty", jobs: 3,
		},
		"every start is a page": {start: reply(200, "<html>Sorry</html>"), says: "it is an HTML page and not JSON", jobs: 8},
		"every poll is a page":  {start: reply(200, job), poll: reply(200, "<html>Sorry</html>"), says: "it is an HTML page and not JSON", jobs: 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, small)
				tn.config["limits"].(map[string]any)["export_deadline_minutes"] = 45
				tn.sizes.LoadRows = test.loadRows
				failing := tn.surveyIDs(t)[0]
				jobs := 0
				tn.Intercept(func(r *http.Request) *http.Response {
					below, ok := strings.CutPrefix(r.URL.Path, "/API/v3/surveys/"+failing+"/export-responses")
					planted := test.poll
					switch {
					case !ok:
						return nil
					case r.Method == http.MethodPost:
						jobs++
						planted = test.start
					case strings.HasSuffix(below, "/file"):
						planted = test.file
					}
					if planted == nil {
						return nil
					}
					return planted(r)
				})
				began := time.Now()
				got := tn.read(t, nil, "responses")
				ending{
					code: 4, kinds: []string{"transient_error"}, says: []string{"1 of the stream's parts is not complete: " + failing, test.says},
					statuses: incomplete("responses"),
				}.compare(t, got)
				if jobs != test.jobs {
					t.Errorf("got %d jobs, want %d", jobs, test.jobs)
				}
				if took := time.Since(began); took > 2*time.Hour {
					t.Errorf("the read took %s, want an end of it", took)
				}
				got.holds(t, "responses", failing, false)
				tn.checkOthers(t, merge(nil, got), failing)
				tn.goesOn(t, nil, got, "responses")
			})
		})
	}
}

// reply answers every request alike.
func reply(code int, body string) func(*http.Request) *http.Response {
	return func(r *http.Request) *http.Response { return answer(r, code, body) }
}

// While a long export runs its stream must not fall silent: platforms end what
// says nothing for too long, and only states and records count.
func TestRead_IsHeardWhileAnExportRuns(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		options := small
		options.ExportDelay = 100 * time.Minute
		tn := newTenant(t, options)
		var silences []string
		tn.stdout = func(out io.Writer) io.Writer {
			return &timed{out: out, last: time.Now(), most: 10 * time.Minute, silences: &silences}
		}
		got := tn.readComplete(t, nil, "responses")
		if len(silences) > 0 {
			t.Errorf("got silences of %v, want none above 10m", silences)
		}
		tn.compareTruth(t, "responses", merge(nil, got)["responses"])
	})
}

// timed notes when no state or record was written for too long.
type timed struct {
	out      io.Writer
	last     time.Time
	most     time.Duration
	silences *[]string
}

func (w *timed) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(`{"type":"STATE"`)) || bytes.Contains(p, []byte(`{"type":"RECORD"`)) {
		if silence := time.Since(w.last); silence > w.most {
			*w.silences = append(*w.silences, silence.String())
		}
		w.last = time.Now()
	}
	return w.out.Write(p)
}
