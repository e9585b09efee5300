package sandbox_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

func TestParseDoubt_KnowsEverySwitch(t *testing.T) {
	t.Parallel()
	got, err := sandbox.ParseDoubt(" StartExclusive, EndInclusive=true,NoRetryAfter=false, ExpiredTokenCode=403,TokenLifetime=5m,ModifiedKey=none,SearchDateFormat=2006-01-02 15:04:05,")
	want := sandbox.Doubt{
		StartExclusive: true, EndInclusive: true, ExpiredTokenCode: 403, TokenLifetime: 5 * time.Minute, ModifiedKey: "none", SearchDateFormat: time.DateTime,
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("got %v (-want +got):\n%s", err, diff)
	}
	for _, name := range sandbox.DoubtNames() {
		parsed := false
		for _, value := range []string{"", "=7", "=7s"} {
			got, err := sandbox.ParseDoubt(name + value)
			parsed = parsed || (err == nil && got != sandbox.Doubt{})
		}
		if !parsed {
			t.Errorf("%s cannot be set", name)
		}
	}
	for text, want := range map[string]string{
		"Rain": "StartExclusive", "startExclusive": "unknown doubt", "=1": "unknown doubt", "StartExclusive=maybe": `"maybe"`, "ExpiredTokenCode": `""`, "TokenLifetime=7": `"7"`,
	} {
		if _, err := sandbox.ParseDoubt(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got the error %v, want one with %q", text, err, want)
		}
	}
}

func TestParseFaultRates_ReadsPercent(t *testing.T) {
	t.Parallel()
	got, err := sandbox.ParseFaultRates("rate=5, jobfail=0.25,reset=100")
	if diff := cmp.Diff(map[string]int{"rate": 500, "jobfail": 25, "reset": 10_000}, got); diff != "" || err != nil {
		t.Errorf("got %v (-want +got):\n%s", err, diff)
	}
	if none, err := sandbox.ParseFaultRates(""); none != nil || err != nil {
		t.Errorf("got %v, %v for nothing", none, err)
	}
	for _, text := range []string{"rate", "rate=", "rate=-1", "rate=101", "rate=5%", "rate=NaN"} {
		if got, err := sandbox.ParseFaultRates(text); err == nil || !strings.Contains(err.Error(), "rate=5") {
			t.Errorf("%s: got %v and the error %v", text, got, err)
		}
	}
}
