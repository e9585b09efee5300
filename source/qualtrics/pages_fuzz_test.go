package qualtrics_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// Wherever a link to the next page leads, the next request goes to the same
// path of the configured host, once, or to nowhere.
func FuzzNextPage(f *testing.F) {
	for _, link := range []string{
		"https://iad1.qualtrics.com/API/v3/surveys?offset=100", "//evil.example/API/v3/surveys?offset=100", "/API/v3/surveys?offset=1",
		"https://iad1.qualtrics.com@evil.example/API/v3/surveys?a=b", "/API/v3/surveys/../whoami", "/API/v3/surveys%2f..%2fwhoami?x", "eyJhIjoxfQ==",
		"https:evil.example", `\\evil.example\API`, "?offset=1\r\nHost: evil", "/API/v3/surveys?offset=1#@evil.example", "", " ", "/API/v3/surveys?%zz=1;b",
	} {
		f.Add(link)
	}
	f.Fuzz(func(t *testing.T, link string) {
		synctest.Test(t, func(t *testing.T) {
			quoted, err := json.Marshal(link)
			if err != nil {
				t.Fatal(err)
			}
			b := &book{t: t, pages: []string{surveyPage(1, string(quoted)), surveyPage(2, "null")}} // checks the host of every request
			surveys, err := collect(client(t, b.serve).Surveys(t.Context()))
			for _, asked := range b.asked {
				if asked.EscapedPath() != "/API/v3/surveys" || asked.User != nil || asked.Opaque != "" || asked.Fragment != "" {
					t.Errorf("a request went to %s", asked)
				}
			}
			want := len(b.asked)
			if err == nil && link != "" {
				want = 2
			}
			if len(b.asked) != want || len(surveys) != len(b.asked) || len(b.asked) == 0 {
				t.Errorf("got %d surveys from %d requests, %v", len(surveys), len(b.asked), err)
			}
			if err != nil && (strings.ContainsAny(err.Error(), "\r\n\x00\x1b") || len(err.Error()) > 1000) {
				t.Errorf("the error is not one short line: %q", err)
			}
		})
	})
}

// A base URL is taken without sandbox only where it can lead to nobody but a
// public host, and means the same when it is read again.
func FuzzParseBaseURL(f *testing.F) {
	for _, text := range []string{
		"https://surveys.example.com", " https://Surveys.Example.com:8443/ ", "http://127.0.0.1:80", "https://[::ffff:127.0.0.1]", "https://0x7f.1",
		"https://a.b:0", "https://a@b.c", "https://[fe80::1%25eth0]", "https://xn--a.b", "https://surveys.example.com.", "https://2130706433.1",
	} {
		f.Add(text, false)
		f.Add(text, true)
	}
	f.Fuzz(func(t *testing.T, text string, sandbox bool) {
		origin, err := qualtrics.ParseBaseURL(text, sandbox, false)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\r\n\x00\x1b") || len(err.Error()) > 1000 {
				t.Errorf("the error is not one short line: %q", err)
			}
			return
		}
		again, err := qualtrics.ParseBaseURL(origin.String(), sandbox, false)
		if err != nil || again != origin {
			t.Errorf("%q became %s, and that became %s, %v", text, origin, again, err)
		}
		if problem := originProblem(origin, sandbox); problem != "" {
			t.Errorf("%q became %s: %s", text, origin, problem)
		}
	})
}
