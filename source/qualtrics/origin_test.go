package qualtrics_test

import (
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

func TestParseDataCenter_TakesEveryHonestForm(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"iad1": "https://iad1.qualtrics.com", " IAD1\n": "https://iad1.qualtrics.com", "brand.co1": "https://brand.co1.qualtrics.com",
		"fra1.qualtrics.com": "https://fra1.qualtrics.com", "https://syd1.qualtrics.com/": "https://syd1.qualtrics.com",
		"https://brand.az1.qualtrics.com/Q/My?x=1#y": "https://brand.az1.qualtrics.com", "https://eu.qualtrics.com?x": "https://eu.qualtrics.com",
		"iad1.qualtrics.com/API/v3": "https://iad1.qualtrics.com", "Brand.FRA1.qualtrics.com/Q/My?x=1": "https://brand.fra1.qualtrics.com",
	} {
		origin, warning, err := qualtrics.ParseDataCenter(text)
		if err != nil || warning != "" || origin.String() != want {
			t.Errorf("%q: got %v, warning %q, %v; want %s", text, origin, warning, err, want)
		}
	}
	if _, warning, err := qualtrics.ParseDataCenter("xyz9"); warning == "" || err != nil {
		t.Errorf("an unknown data center: warning %q, %v", warning, err)
	}
}

func TestParseDataCenter_RefusesHostileText(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", " ", ".", "..", "a..b", "a.b.c", "evil.example/", "evil.example/path", "a@b", "user:pass@iad1", "iad1:443", "iad1.qualtrics.com:8443",
		"169.254.169.254", "169.254.169.254/latest?", "127.0.0.1", "[::1]", "localhost", "0", "2130706433",
		"http://iad1.qualtrics.com", "https://evil.example", "https://iad1.qualtrics.com@evil.example", "https://evil.example#.qualtrics.com", "//evil.example",
		"https:///iad1", "ftp://iad1", "file:///etc/passwd", "javascript:alert(1)", "iad1\r\nHost: evil", "iad1\x00", "iad1\\evil", "iad1/../..", "iad1%2eevil", "%69ad1",
		"iаd1", "ｉad1", "iad1。evil", "-iad1", "iad1-", "_iad1", "iad1_", "iad 1", "iad1?x", "iad1#x", strings.Repeat("a", 64), strings.Repeat("a.", 200),
		"iad1.qualtrics.com.evil.example", "evilqualtrics.com/", "www", "api", "siteintercept", "https://www.qualtrics.com", "*", "${jndi}", "iad1;evil", "iad1,evil",
	} {
		if origin, _, err := qualtrics.ParseDataCenter(text); err == nil {
			t.Errorf("%q: got %s", text, origin)
		}
	}
}

func TestParseBaseURL(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text    string
		sandbox bool
		want    string // "" for an error
	}{
		{"https://surveys.example.com", false, "https://surveys.example.com"},
		{" https://Surveys.Example.com:8443/ ", false, "https://surveys.example.com:8443"},
		{"http://127.0.0.1:8080", true, "http://127.0.0.1:8080"},
		{"https://[::1]:8080", true, "https://[::1]:8080"},
		{"http://localhost:8080", true, "http://localhost:8080"},
		{"https://10.0.0.1", true, "https://10.0.0.1"},
		{"http://127.0.0.1:8080", false, ""},
		{"https://localhost", false, ""},
		{"https://10.0.0.1", false, ""},
		{"https://169.254.169.254", false, ""},
		{"https://100.100.100.200", false, ""},
		{"https://[fd00::1]", false, ""},
		{"https://[::ffff:127.0.0.1]", false, ""},
		{"http://surveys.example.com", true, ""},
		{"http://10.0.0.1", true, ""},
		{"https://user@surveys.example.com", false, ""},
		{"https://surveys.example.com/path", false, ""},
		{"https://surveys.example.com?x", false, ""},
		{"https://surveys", false, ""},
		{"https://1.2.3", false, ""},
		{"surveys.example.com", false, "https://surveys.example.com"},
		{"iad1.qualtrics.com/API/v3", false, "https://iad1.qualtrics.com"},
		{"https://surveys.example.com/API/v3/", false, "https://surveys.example.com"},
		{"https://surveys.example.com/API", false, ""},
		{"surveys.example.com/API/v3/surveys", false, ""},
		{"10.0.0.1/API/v3", false, ""},
		{"localhost", false, ""},
		{"surveys.example.com:8443", false, ""},
		{"//surveys.example.com", false, ""},
		{"user@surveys.example.com", false, ""},
		{"ftp://surveys.example.com", false, ""},
		{"https://surveys.example.com\r\nX: y", false, ""},
		{"https://", false, ""},
		{"", false, ""},
	}
	for _, test := range tests {
		origin, err := qualtrics.ParseBaseURL(test.text, test.sandbox, false)
		if got := origin.String(); (err == nil) != (test.want != "") || (err == nil && got != test.want) {
			t.Errorf("%q (sandbox %v): got %s, %v; want %q", test.text, test.sandbox, got, err, test.want)
		}
	}
}

func TestParseBaseURL_TakesAPrivateAddressOverTLSWhereThatIsAllowed(t *testing.T) {
	t.Parallel()
	for text, taken := range map[string]bool{
		"https://10.0.0.1": true, "https://qualtrics.corp": true, "https://[fd12::1]:8443": true, "https://localhost": true, "https://127.0.0.1:8443": true, "https://surveys.example.com": true,
		"http://10.0.0.1": false, "http://127.0.0.1": false, "http://localhost": false, "http://qualtrics.corp": false, "http://surveys.example.com": false,
		"https://169.254.169.254": false, "https://100.100.100.200": false, "https://[fd00:ec2::254]": false, "https://0.0.0.0": false, "https://224.0.0.1": false, "https://8.8.8.8": false, "https://127.1": false,
	} {
		if origin, err := qualtrics.ParseBaseURL(text, false, true); (err == nil) != taken {
			t.Errorf("%s: got %s, %v, want it taken: %t", text, origin, err, taken)
		}
	}
}
