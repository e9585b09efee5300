package qualtrics_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// An uploaded file is downloaded as it is, and again where it broke off.
func TestUploadedFile_IsDownloadedWhole(t *testing.T) {
	t.Parallel()
	const page = "<!doctype html><p>Please wait</p>"
	for name, test := range map[string]struct {
		contentType string // as the response says
		answers     []func() *http.Response
		want        string
		calls       int
	}{
		"at once":        {"image/png", []func() *http.Response{func() *http.Response { return answer(200, "bytes", "Content-Type: image/png") }}, "bytes", 1},
		"an empty file":  {"", []func() *http.Response{func() *http.Response { return answer(200, "") }}, "", 1},
		"a page of HTML": {"text/html", []func() *http.Response{func() *http.Response { return answer(200, page, "Content-Type: text/html; charset=utf-8") }}, page, 1},
		"a page in place of an image": {"image/png", []func() *http.Response{
			func() *http.Response { return answer(200, page, "Content-Type: text/html") },
			func() *http.Response { return answer(200, "bytes", "Content-Type: image/png") },
		}, "bytes", 2},
		"one that broke off": {"image/png", []func() *http.Response{
			func() *http.Response {
				response := answer(200, "by")
				response.ContentLength = 5
				return response
			},
			func() *http.Response { return answer(200, "bytes") },
		}, "bytes", 2},
		"one that was limited": {"image/png", []func() *http.Response{
			func() *http.Response { return failed(429, "RL_1", "Too many requests.") },
			func() *http.Response { return answer(200, "bytes") },
		}, "bytes", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				served, calls := script(test.answers...)
				temporary := &spools{}
				c := client(t, func(r *http.Request) *http.Response {
					if want := "/API/v3/surveys/SV_1/responses/R_1/uploaded-files/F_1"; r.URL.Path != want || r.Method != http.MethodGet {
						t.Errorf("got %s %s, want %s", r.Method, r.URL.Path, want)
					}
					return served(r)
				}, func(o *qualtrics.Options) { o.Spool = temporary.new })
				file, err := c.UploadedFile(t.Context(), "SV_1", "R_1", "F_1", test.contentType, 100)
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(io.NewSectionReader(file, 0, file.Size))
				if err != nil || string(got) != test.want || *calls != test.calls || temporary.open() != 1 {
					t.Errorf("got %q, %v after %d calls, with %d open files", got, err, *calls, temporary.open())
				}
				if err := file.Close(); err != nil || temporary.open() != 0 {
					t.Errorf("closing: %v, %d files are open", err, temporary.open())
				}
			})
		})
	}
}

// A file above the limit is refused after one call, whether its length is known or not.
func TestUploadedFile_LargerThanItsLimitIsRefused(t *testing.T) {
	t.Parallel()
	for name, length := range map[string]int64{"announced": 101, "of unknown length": -1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				served, calls := script(func() *http.Response {
					response := answer(200, strings.Repeat("x", 101))
					response.ContentLength = length
					return response
				})
				temporary := &spools{}
				file, err := client(t, served, func(o *qualtrics.Options) { o.Spool = temporary.new }).UploadedFile(t.Context(), "SV_1", "R_1", "F_1", "", 100)
				var large *qualtrics.FileTooLargeError
				if file != nil || !errors.As(err, &large) || large.Limit != 100 || !strings.Contains(err.Error(), "larger than 100 bytes") {
					t.Errorf("got %v, %v", file, err)
				}
				if *calls != 1 || temporary.open() != 0 {
					t.Errorf("%d calls, %d files are open", *calls, temporary.open())
				}
			})
		})
	}
}

// Refusals are errors of the API, and name the task.
func TestUploadedFile_RefusalsNameTheTask(t *testing.T) {
	t.Parallel()
	for status, is := range map[int]func(error) bool{404: qualtrics.IsNotFound, 403: qualtrics.IsForbidden} {
		served, _ := script(func() *http.Response { return failed(status, "TEST_1", "no") })
		file, err := client(t, served).UploadedFile(t.Context(), "SV_1", "R_1", "F_1", "", 100)
		if file != nil || !is(err) || !strings.Contains(err.Error(), "send an uploaded file of survey SV_1") {
			t.Errorf("%d: got %v, %v", status, file, err)
		}
	}
}
