package feed

import (
	"testing"
	"time"
)

func TestStamp_ComesAfterWhatItReplaces(t *testing.T) {
	t.Parallel()
	now := noon.Unix()
	for name, test := range map[string]struct {
		now        time.Time
		last, want int64
	}{
		"first":                     {noon, 0, now},
		"later":                     {noon, now - 100, now},
		"in the same second":        {noon, now, now + 1},
		"the clock went back":       {noon, now + 1000, now + 1001},
		"the clock is not known":    {time.Time{}, now, now + 1},
		"nothing is known":          {time.Time{}, 0, 1},
		"no later date can be told": {noon, lastSecond, lastSecond},
	} {
		if got := stamp(test.now, test.last); got != test.want {
			t.Errorf("%s: got %d, want %d", name, got, test.want)
		}
	}
}
