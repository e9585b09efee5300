package sandbox_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

func TestFaultProfiles_AreAllAcceptedAndOthersRefused(t *testing.T) {
	t.Parallel()
	for _, profile := range append(sandbox.FaultProfiles(), "") {
		if _, err := sandbox.New(sandbox.Options{Faults: profile}); err != nil {
			t.Errorf("%s: %v", profile, err)
		}
	}
	for _, o := range []sandbox.Options{{Faults: "gremlins"}, {Limits: "some"}, {Surveys: -1}} {
		if _, err := sandbox.New(o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
}

// outcome names what a call met.
func outcome(a answer) string {
	switch {
	case errors.Is(a.err, syscall.ECONNRESET):
		return "reset before"
	case errors.Is(a.err, io.ErrUnexpectedEOF):
		return "reset within"
	case a.err != nil:
		return a.err.Error()
	case a.status == 200 && strings.HasPrefix(a.header.Get("Content-Type"), "text/html"):
		return "html"
	case a.status != 200:
		kind, _, _ := strings.Cut(a.header.Get("Content-Type"), ";")
		if len(a.body) == 0 {
			kind = "empty"
		}
		return fmt.Sprint(a.status, " ", kind)
	}
	if date, err := http.ParseTime(a.header.Get("Date")); err != nil || date.Year() != 2026 || date.Day() != 15 {
		return "clock"
	}
	return "fine"
}

// meet makes many different calls and counts what they met.
func (c *client) meet() map[string]int {
	c.t.Helper()
	met := make(map[string]int)
	for i := range 600 {
		met[outcome(c.try(http.MethodGet, fmt.Sprintf("/API/v3/surveys?call=%d", i), ""))]++
	}
	return met
}

func TestFaults_OfCallsComeInTheirVarieties(t *testing.T) {
	t.Parallel()
	for profile, want := range map[string][]string{
		"none":     {"fine"},
		"rate":     {"fine", "429 application/json"},
		"server":   {"fine", "500 application/json", "502 text/html", "503 application/json", "503 text/html", "504 application/json", "504 empty"},
		"reset":    {"fine", "reset before", "reset within"},
		"html":     {"fine", "html"},
		"redirect": {"fine", "302 text/html"},
		"clock":    {"fine", "clock"},
	} {
		t.Run(profile, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				met := newClient(t, sandbox.Options{Faults: profile}).meet()
				for _, kind := range want {
					if met[kind] == 0 {
						t.Errorf("never met %q: %v", kind, met)
					}
				}
				if len(met) != len(want) {
					t.Errorf("got %v, want the kinds %q", met, want)
				}
			})
		})
	}
}

func TestFaults_SlowAnswersTakeSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, sandbox.Options{Faults: "slow"})
		before := c.tenant.Now()
		if met := c.meet(); met["fine"] != 600 {
			t.Errorf("got %v", met)
		}
		if took := c.tenant.Now().Sub(before); took.Seconds() < 20 {
			t.Errorf("600 calls took %v", took)
		}
	})
}

func TestFaults_ALostBearerTokenIsCuredByAnother(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{Faults: "auth"})
	if met := c.meet(); met["fine"] != 600 {
		t.Errorf("the API token met %v", met)
	}
	refreshed := 0
	issued, _ := c.token(true, grantForm())
	bearer := c.with("X-API-TOKEN", "").with("Authorization", "Bearer "+issued.AccessToken)
	for i := range 600 {
		path := fmt.Sprintf("/API/v3/directories?call=%d", i)
		if got := bearer.get(path); got.status == 200 {
			continue
		}
		got, _ := c.token(true, grantForm())
		bearer = bearer.with("Authorization", "Bearer "+got.AccessToken)
		if got := bearer.get(path); got.status != 200 {
			t.Errorf("got %d with a new token", got.status)
		}
		refreshed++
	}
	if refreshed < 3 {
		t.Errorf("a token was lost %d times", refreshed)
	}
}

func TestFaults_OfFilesAreSeenByAReaderOfZIP(t *testing.T) {
	t.Parallel()
	for _, profile := range []string{"truncate", "corrupt"} {
		c := newClient(t, sandbox.Options{Faults: profile})
		survey := c.surveyIDs()[0]
		const body = `{"format":"ndjson","limit":60}`
		clean := newClient(t, sandbox.Options{}).exported(survey, body)
		broken := 0
		for range 30 {
			file := c.export(survey, body)
			if length := file.header.Get("Content-Length"); length != fmt.Sprint(len(file.body)) {
				t.Errorf("got content length %q of %d bytes", length, len(file.body))
			}
			archive, err := zip.NewReader(bytes.NewReader(file.body), int64(len(file.body)))
			if err != nil {
				broken++
				continue
			}
			member, err := archive.File[0].Open()
			if err != nil {
				broken++
				continue
			}
			content, err := io.ReadAll(member)
			if err != nil {
				broken++
				continue
			}
			if diff := cmp.Diff(clean, records(t, content)); diff != "" {
				t.Errorf("%s: a wrong file that looks right:\n%s", profile, diff)
			}
		}
		if broken < 3 || broken > 25 {
			t.Errorf("%s: %d of 30 files were broken", profile, broken)
		}
	}
}

func TestFaults_OfJobsSpareTheNextJob(t *testing.T) {
	t.Parallel()
	for _, profile := range []string{"jobfail", "jobvanish", "jobstuck"} {
		c := newClient(t, sandbox.Options{Faults: profile})
		survey := c.surveyIDs()[0]
		struck, before := 0, false
		for i := range 40 {
			how := c.runJob(survey)
			if how != "complete" {
				struck++
				if before {
					t.Errorf("%s: jobs %d and %d were struck", profile, i-1, i)
				}
			}
			want := map[string]string{"jobfail": "failed", "jobvanish": "gone", "jobstuck": "stuck"}[profile]
			if how != "complete" && how != want {
				t.Errorf("%s: a job ended as %s", profile, how)
			}
			before = how != "complete"
		}
		if struck < 3 {
			t.Errorf("%s: %d of 40 jobs were struck", profile, struck)
		}
	}
}

func (c *client) runJob(survey string) string {
	c.t.Helper()
	started := result[progress](c.t, c.do(http.MethodPost, exportPath(survey), `{"format":"ndjson","limit":3}`))
	for range 20 {
		got := c.get(exportPath(survey, started.ProgressID))
		if got.status == 404 {
			return "gone"
		}
		switch polled := result[progress](c.t, got); polled.Status {
		case "failed":
			return polled.Status
		case "complete":
			if got := c.get(exportPath(survey, *polled.FileID, "file")); got.status == 404 {
				return "gone"
			}
			return polled.Status
		}
	}
	return "stuck"
}

// TestFaults_DefaultLetsAPatientClientThrough keeps the promise to a client
// with eight tries per call and three jobs per export.
func TestFaults_DefaultLetsAPatientClientThrough(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls, faults := 0, 0
		for seed := range uint64(8) {
			c := newClient(t, sandbox.Options{Seed: seed, Faults: "default"})
			patient := func(method, path, body string) answer {
				for range 8 {
					got := c.try(method, path, body)
					calls++
					if kind := outcome(got); kind == "fine" || kind == "404 application/json" {
						return got
					}
					faults++
				}
				t.Fatalf("seed %d: eight tries of %s %s", seed, method, path)
				return answer{}
			}
			page := result[listing](t, patient(http.MethodGet, "/API/v3/surveys", ""))
			for _, element := range page.Elements {
				survey := element["id"].(string)
				done := false
				for range 3 {
					started := result[progress](t, patient(http.MethodPost, exportPath(survey), `{"format":"ndjson"}`))
					var polled progress
					for polled.Status == "" || polled.Status == "inProgress" {
						got := patient(http.MethodGet, exportPath(survey, started.ProgressID), "")
						if got.status == 404 {
							break
						}
						polled = result[progress](t, got)
					}
					if polled.Status != "complete" {
						continue
					}
					for range 8 {
						got := patient(http.MethodGet, exportPath(survey, *polled.FileID, "file"), "")
						if archive, err := zip.NewReader(bytes.NewReader(got.body), int64(len(got.body))); got.status == 200 && err == nil && len(archive.File) == 1 {
							done = true
							break
						}
					}
					if done {
						break
					}
				}
				if !done {
					t.Errorf("seed %d: no export of %s", seed, survey)
				}
			}
		}
		if share := float64(faults) / float64(calls); share < 0.03 || share > 0.12 {
			t.Errorf("%.1f %% of %d calls failed", 100*share, calls)
		}
	})
}
