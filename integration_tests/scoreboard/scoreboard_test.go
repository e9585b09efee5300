package scoreboard

import (
	"os"
	"testing"
)

func TestScoreboard_IsMadeOfTheFigures(t *testing.T) {
	found, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want, err := board(".")
	if err != nil {
		t.Fatal(err)
	}
	if string(found) != want {
		t.Errorf("%s is not made of the figures beside it: keep them again with -scoreboard\ngot\n%s\nwant\n%s", file, found, want)
	}
}
