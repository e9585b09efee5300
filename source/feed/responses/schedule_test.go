package responses

import (
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/feed"
)

// A position may hold only counters, a refusal or a failed attempt. Then no export was read.
func TestPosition_ShowsWhetherASurveyWasExported(t *testing.T) {
	t.Parallel()
	for position, want := range map[string]bool{
		``: false, `{}`: false, `{"d":1768478400}`: false, `{"n":[3,0,0],"t":1768478400,"e":1768478400,"a":{}}`: false,
		`{"w":1768478400}`: true, `{"w":1,"l":true}`: true, `{"a":{"c":1768478400,"i":"R_1"}}`: true, `{"w":"nonsense"}`: true,
	} {
		if got := wasExported(feed.Position(position)); got != want {
			t.Errorf("%s: got %t", position, got)
		}
	}
}
