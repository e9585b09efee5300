package sandbox_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

func TestExport_PollsAnswerZeroThenAFractionThenComplete(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{})
	survey := c.surveyIDs()[0]
	start := c.do(http.MethodPost, exportPath(survey)+"/", `{"format":"ndjson"}`)
	started := result[progress](t, start)
	if started.Status != "inProgress" || !strings.HasPrefix(started.ProgressID, "ES_") || len(started.ProgressID) != 18 {
		t.Errorf("got %+v", started)
	}
	if !bytes.Contains(start.body, []byte(`"percentComplete":0.0`)) {
		t.Errorf("got body %s", start.body)
	}
	poll := func() (progress, string) {
		got := c.get(exportPath(survey, started.ProgressID))
		return result[progress](t, got), string(got.body)
	}
	first, firstBody := poll()
	second, secondBody := poll()
	if first.Status != "inProgress" || first.Percent != 0 || second.Status != "inProgress" || second.Percent <= 0 || second.Percent >= 100 {
		t.Errorf("got %+v, then %+v", first, second)
	}
	if strings.Contains(firstBody+secondBody, "fileId") {
		t.Errorf("a file id before completion: %s %s", firstBody, secondBody)
	}
	third, _ := poll()
	if third.Status != "complete" || third.Percent != 100 || third.FileID == nil || !strings.HasSuffix(*third.FileID, "-def") {
		t.Errorf("got %+v", third)
	}
}

func TestExport_DelayRunsOnTheServerClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, sandbox.Options{ExportDelay: time.Minute})
		survey := c.surveyIDs()[0]
		started := result[progress](t, c.do(http.MethodPost, exportPath(survey), `{"format":"ndjson"}`))
		var got []string
		for range 4 {
			polled := result[progress](t, c.get(exportPath(survey, started.ProgressID)))
			got = append(got, fmt.Sprintf("%s %.1f", polled.Status, polled.Percent))
			time.Sleep(20 * time.Second)
		}
		want := []string{"inProgress 0.0", "inProgress 33.3", "inProgress 66.7", "complete 100.0"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("polls (-want +got):\n%s", diff)
		}
	})
}

func TestExport_UnknownIDsAnd403(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{Surveys: 45})
	ids := c.surveyIDs()
	wantError(t, c.do(http.MethodPost, exportPath("SV_unknown"), `{"format":"ndjson"}`), 404, "GSI_2", "Survey not found.")
	wantError(t, c.get(exportPath(ids[0], "ES_unknown")), 404, "UNF_9", "")
	wantError(t, c.get(exportPath(ids[0], "unknown-def", "file")), 404, "UNF_9", "")
	started := result[progress](t, c.do(http.MethodPost, exportPath(ids[0]), `{"format":"ndjson"}`))
	wantError(t, c.get(exportPath(ids[1], started.ProgressID)), 404, "UNF_9", "")
	closed, hidden := 0, 0
	for _, id := range ids {
		if got := c.do(http.MethodPost, exportPath(id), `{"format":"ndjson"}`); got.status != 200 {
			wantError(t, got, 403, "QMST_2.1", "The operation is forbidden.")
			closed++
		}
		if got := c.get("/API/v3/survey-definitions/" + id); got.status != 200 {
			wantError(t, got, 403, "QMST_2.1", "")
			hidden++
		}
	}
	if closed <= hidden || hidden == 0 {
		t.Errorf("%d surveys cannot be exported, %d not be read", closed, hidden)
	}
}

func TestExport_FileExpiresAfterAWeek(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, sandbox.Options{})
		survey := c.surveyIDs()[0]
		started := result[progress](t, c.do(http.MethodPost, exportPath(survey), `{"format":"ndjson"}`))
		var polled progress
		for range 3 {
			polled = result[progress](t, c.get(exportPath(survey, started.ProgressID)))
		}
		file := exportPath(survey, *polled.FileID, "file")
		before := c.get(file)
		c.tenant.Advance(7*24*time.Hour-time.Second, false)
		if after := c.get(file); !bytes.Equal(before.body, after.body) || after.status != 200 {
			t.Errorf("the file changed: %d bytes, then status %d with %d bytes", len(before.body), after.status, len(after.body))
		}
		c.tenant.Advance(time.Second, false)
		wantError(t, c.get(file), 404, "UNF_9", "")
	})
}

func TestExport_FileIsAZIPAsRecorded(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{Surveys: 40})
	page := result[listing](t, c.get("/API/v3/surveys"))
	hostile := 0
	for _, element := range page.Elements[:10] {
		name := element["name"].(string)
		got := c.export(element["id"].(string), `{"format":"ndjson"}`)
		if kind := got.header.Get("Content-Type"); kind != "application/zip" {
			t.Errorf("got content type %q", kind)
		}
		if length := got.header.Get("Content-Length"); length != fmt.Sprint(len(got.body)) {
			t.Errorf("got content length %q, want %d", length, len(got.body))
		}
		if disposition, want := got.header.Get("Content-Disposition"), "attachment; filename="+url.QueryEscape(name)+".zip"; disposition != want {
			t.Errorf("got %q, want %q", disposition, want)
		}
		member, _ := unzip(t, got.body)
		if member.Name != name+".ndjson" || member.Flags != 0x808 || member.Method != 8 {
			t.Errorf("got member %q with flags %#x and method %d", member.Name, member.Flags, member.Method)
		}
		// The local header's sizes stand in the descriptor behind the data.
		if !bytes.Equal(got.body[14:26], make([]byte, 12)) {
			t.Errorf("the local header has sizes: % x", got.body[14:26])
		}
		if strings.ContainsAny(name, `/\`) {
			hostile++
		}
	}
	if hostile == 0 {
		t.Errorf("no hostile name among %d surveys", len(page.Elements))
	}
}

func TestExport_FormatsHoldTheSameRecords(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{})
	survey := c.surveyIDs()[0]
	_, lines := unzip(t, c.export(survey, `{"format":"ndjson"}`).body)
	if !bytes.Contains(lines, []byte("\n\n")) || !bytes.Contains(lines, []byte("\n{}\n")) {
		t.Errorf("no blank line or no {} line in %d bytes", len(lines))
	}
	want := records(t, lines)
	bare := c.export(survey, `{"format":"ndjson","compress":false}`)
	if diff := cmp.Diff(want, records(t, bare.body)); diff != "" || bare.header.Get("Content-Type") == "application/zip" {
		t.Errorf("uncompressed (-want +got):\n%s", diff)
	}
	_, object := unzip(t, c.export(survey, `{"format":"json"}`).body)
	got := decode[struct{ Responses []record }](t, object)
	if diff := cmp.Diff(want, got.Responses); diff != "" || len(want) == 0 {
		t.Errorf("json (-want +got):\n%s", diff)
	}
}

func TestExport_CompressFalseCanBeIgnored(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{Doubt: sandbox.Doubt{IgnoreCompressFalse: true}})
	unzip(t, c.export(c.surveyIDs()[0], `{"format":"ndjson","compress":false}`).body)
}

func TestExport_OfNothing(t *testing.T) {
	t.Parallel()
	const body = `{"format":"ndjson","startDate":"2099-01-01T00:00:00Z"}`
	for doubt, want := range map[bool]string{false: "", true: "{}\n"} {
		c := newClient(t, sandbox.Options{Doubt: sandbox.Doubt{EmptyNDJSONLine: doubt}})
		if _, got := unzip(t, c.export(c.surveyIDs()[0], body).body); string(got) != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestExport_TooLargeFails(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{MaxExportBytes: 100_000})
	survey := c.surveyIDs()[0]
	started := result[progress](t, c.do(http.MethodPost, exportPath(survey), `{"format":"ndjson"}`))
	var got answer
	for range 3 {
		got = c.get(exportPath(survey, started.ProgressID))
	}
	if !bytes.Contains(got.body, []byte(`{"fileId":null,"percentComplete":100,"status":"failed"}`)) || got.status != 200 {
		t.Errorf("got %d %s", got.status, got.body)
	}
	if list := c.exported(survey, `{"format":"ndjson","limit":10}`); len(list) != 10 {
		t.Errorf("got %d records, want 10", len(list))
	}
}

func TestExport_WindowIsHalfOpenAndFollowsSort(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{})
	survey := c.surveyIDs()[0]
	for _, test := range []struct{ key, sort string }{{"recordedDate", "false"}, {"_lastModifiedDate", "true"}} {
		base := `{"format":"ndjson","sortByLastModifiedDate":` + test.sort
		all := c.exported(survey, base+"}")
		dates := make([]string, 0, len(all))
		for _, r := range all {
			dates = append(dates, r.Values[test.key].(string))
			if _, ok := r.Values["_lastModifiedDate"]; ok != (test.sort == "true") {
				t.Fatalf("sort=%s: modified date present: %v", test.sort, ok)
			}
		}
		slices.Sort(dates)
		from, to := dates[len(dates)/3], dates[2*len(dates)/3]
		want := 0
		for _, date := range dates {
			if date >= from && date < to {
				want++
			}
		}
		got := c.exported(survey, fmt.Sprintf(`%s,"startDate":%q,"endDate":%q}`, base, from, to))
		for i, r := range got {
			if date := r.Values[test.key].(string); date < from || date >= to {
				t.Errorf("%s %s is outside of %s to %s", test.key, date, from, to)
			}
			if test.sort == "true" && i > 0 && r.Values[test.key].(string) < got[i-1].Values[test.key].(string) {
				t.Errorf("record %d is out of order", i)
			}
		}
		if len(got) != want || want == 0 {
			t.Errorf("sort=%s: got %d records, want %d", test.sort, len(got), want)
		}
	}
}

func TestExport_SnapshotIsThatOfTheStartOrOfCompletion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, late := range []bool{false, true} {
			for _, delay := range []time.Duration{0, time.Hour} {
				c := newClient(t, sandbox.Options{Responses: 300, ExportDelay: delay, Doubt: sandbox.Doubt{SnapshotAtCompletion: late}})
				survey := c.surveyIDs()[0]
				full := func() []record {
					rows, ok := c.tenant.Truth("responses")
					if !ok {
						t.Fatal("no truth")
					}
					var list []record
					for row := range rows {
						if r := decode[map[string]any](t, row); r["survey_id"] == survey {
							list = append(list, record{ResponseID: r["response_id"].(string)})
						}
					}
					return list
				}
				started := result[progress](t, c.do(http.MethodPost, exportPath(survey), `{"format":"ndjson"}`))
				before := ids(full())
				c.tenant.Advance(time.Hour, false)
				after := ids(full())
				if cmp.Equal(before, after) {
					t.Fatal("nothing happened in an hour")
				}
				var polled progress
				for polled.Status != "complete" {
					polled = result[progress](t, c.get(exportPath(survey, started.ProgressID)))
				}
				c.tenant.Advance(time.Hour, false)
				_, content := unzip(t, c.get(exportPath(survey, *polled.FileID, "file")).body)
				want := before
				if late {
					want = after
				}
				if diff := cmp.Diff(want, ids(records(t, content))); diff != "" {
					t.Errorf("late=%v delay=%v (-want +got):\n%s", late, delay, diff)
				}
			}
		}
	})
}

func ids(list []record) []string {
	var out []string
	for _, r := range list {
		out = append(out, r.ResponseID)
	}
	slices.Sort(out)
	return out
}
