package reconcile

import (
	"testing"
	"time"
)

func TestTombstoneTime_IsLaterThanTheReplacedRow(t *testing.T) {
	t.Parallel()
	now := noon.Unix()
	for name, test := range map[string]struct {
		now        time.Time
		last, want int64
	}{
		"no row before":                     {noon, 0, now},
		"an older row":                      {noon, now - 100, now},
		"a row of the same second":          {noon, now, now + 1},
		"the server's clock was set back":   {noon, now + 1000, now + 1001},
		"no server time":                    {time.Time{}, now, now + 1},
		"no server time, and no row before": {time.Time{}, 0, 1},
		"a row of the last second":          {noon, LastSecond, LastSecond},
	} {
		if got := TombstoneTime(test.now, test.last); got != test.want {
			t.Errorf("%s: got %d, want %d", name, got, test.want)
		}
	}
}
