package feed

import "testing"

// A position that only tells of tries is none of a survey that was read.
func TestPosition_TellsWhetherASurveyWasExported(t *testing.T) {
	t.Parallel()
	for position, want := range map[string]bool{
		``: false, `{}`: false, `{"d":1768478400}`: false, `{"n":[3,0,0],"t":1768478400,"e":1768478400,"a":{}}`: false,
		`{"w":1768478400}`: true, `{"w":1,"l":true}`: true, `{"a":{"c":1768478400,"i":"R_1"}}`: true, `{"w":"nonsense"}`: true,
	} {
		if got := wasExported(Position(position)); got != want {
			t.Errorf("%s: got %t", position, got)
		}
	}
}
