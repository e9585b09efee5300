package engine

import (
	"testing"
	"time"
)

func TestPace_DecidesWhenAStateGoesOut(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		pace               pace
		checkpoint, silent bool
		announce           time.Duration // of 512 KiB, until then
	}{
		"nothing happened":                     {pace{spoke: now, stated: now}, false, false, 0},
		"a position moved just now":            {pace{dirty: true, spoke: now, stated: now}, false, false, 0},
		"a position moved a minute ago":        {pace{dirty: true, spoke: now, stated: now.Add(-time.Minute)}, true, false, 0},
		"a minute without a moved position":    {pace{spoke: now, stated: now.Add(-time.Minute)}, false, false, 0},
		"8 MiB of rows":                        {pace{pending: 8 << 20, delivered: 8 << 20, spoke: now, stated: now}, true, false, 0},
		"a byte less":                          {pace{pending: 8<<20 - 1, delivered: 8<<20 - 1, spoke: now, stated: now}, false, false, 0},
		"16 MiB of announcements":              {pace{announced: 16 << 20, spoke: now, stated: now}, false, false, 0},
		"a byte more":                          {pace{announced: 16<<20 + 1, spoke: now, stated: now}, false, false, 4 * time.Second},
		"a byte more, three seconds later":     {pace{announced: 16<<20 + 1, spoke: now, stated: now.Add(-3 * time.Second)}, false, false, time.Second},
		"a byte more, a minute later":          {pace{announced: 16<<20 + 1, spoke: now, stated: now.Add(-time.Minute)}, false, false, 0},
		"a byte more, beside ten of rows":      {pace{announced: 16<<20 + 1, delivered: 10, spoke: now, stated: now}, false, false, 0},
		"silent for nine tenths of the limit":  {pace{spoke: now.Add(-9 * time.Minute), stated: now.Add(-9 * time.Minute)}, false, true, 0},
		"silent for a little less":             {pace{spoke: now.Add(-9*time.Minute + time.Second), stated: now}, false, false, 0},
		"rows, but no state, for a long while": {pace{spoke: now, stated: now.Add(-time.Hour)}, false, false, 0},
	} {
		if got := test.pace.checkpointDue(now); got != test.checkpoint {
			t.Errorf("%s: got %t for a state after a checkpoint, want %t", name, got, test.checkpoint)
		}
		if got := test.pace.announceIn(now, 512<<10); got != test.announce {
			t.Errorf("%s: an announcement waits for %s, want %s", name, got, test.announce)
		}
		if got := test.pace.silent(now, 10*time.Minute); got != test.silent {
			t.Errorf("%s: got %t for silence, want %t", name, got, test.silent)
		}
	}
}
