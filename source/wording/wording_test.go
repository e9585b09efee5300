package wording_test

import (
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/wording"
)

func TestNearest_FindsTheCommandOfAMistypedWord(t *testing.T) {
	t.Parallel()
	commands := []string{"spec", "check", "discover", "read", "tap", "export", "surveys", "sandbox", "demo", "version", "help"}
	for word, want := range map[string]string{
		"raed": "read", "reed": "read", "Read": "read", "exprot": "export", "surveis": "surveys", "survey": "surveys",
		"discovery": "discover", "chekc": "check", "exp": "export", "sand": "sandbox", "tpa": "tap",
		"nonsense": "", "x": "", "": "", "zzz": "", "list": "", strings.Repeat("read", 30): "",
	} {
		if got := wording.Nearest(word, commands); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
}

func TestDistance_CountsCharactersAndSlipsCountASwapOnce(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		a, b            string
		distance, slips int
	}{
		{"", "", 0, 0},
		{"", "read", 4, 4},
		{"read", "read", 0, 0},
		{"raed", "read", 2, 1},
		{"kitten", "sitting", 3, 3},
		{"Größe", "Grosse", 3, 3},
		{strings.Repeat("a", 300), strings.Repeat("a", 100), 0, 0},
	} {
		if got := wording.Distance(test.a, test.b); got != test.distance {
			t.Errorf("the distance of %q and %q: got %d, want %d", test.a, test.b, got, test.distance)
		}
		if got := wording.Slips(test.a, test.b); got != test.slips {
			t.Errorf("the slips between %q and %q: got %d, want %d", test.a, test.b, got, test.slips)
		}
	}
}

func TestNumbers_AreWordedForPeople(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1234567: "-1,234,567"} {
		if got := wording.Thousands(n); got != want {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
	if got := wording.Count(1, "row", "rows") + ", " + wording.Count(2, "row", "rows"); got != "1 row, 2 rows" {
		t.Errorf("got %q", got)
	}
	if got := wording.Shorten("Größe", 4); got != "Grö…" {
		t.Errorf("got %q, want Grö…", got)
	}
}
