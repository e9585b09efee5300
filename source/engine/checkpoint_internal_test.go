package engine

import (
	"testing"
	"time"
)

func TestPace_DecidesWhenAStateGoesOut(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		pace                         pace
		checkpoint, announce, silent bool
	}{
		"nothing happened":                     {pace{spoke: now, stated: now}, false, true, false},
		"a position moved just now":            {pace{dirty: true, spoke: now, stated: now}, false, true, false},
		"a position moved a minute ago":        {pace{dirty: true, spoke: now, stated: now.Add(-time.Minute)}, true, true, false},
		"a minute without a moved position":    {pace{spoke: now, stated: now.Add(-time.Minute)}, false, true, false},
		"8 MiB of rows":                        {pace{pending: 8 << 20, delivered: 8 << 20, spoke: now, stated: now}, true, true, false},
		"a byte less":                          {pace{pending: 8<<20 - 1, delivered: 8<<20 - 1, spoke: now, stated: now}, false, true, false},
		"16 MiB of announcements":              {pace{announced: 16 << 20, spoke: now, stated: now}, false, true, false},
		"a byte more":                          {pace{announced: 16<<20 + 1, spoke: now, stated: now}, false, false, false},
		"a byte more, beside ten of rows":      {pace{announced: 16<<20 + 1, delivered: 10, spoke: now, stated: now}, false, true, false},
		"silent for nine tenths of the limit":  {pace{spoke: now.Add(-9 * time.Minute), stated: now.Add(-9 * time.Minute)}, false, true, true},
		"silent for a little less":             {pace{spoke: now.Add(-9*time.Minute + time.Second), stated: now}, false, true, false},
		"rows, but no state, for a long while": {pace{spoke: now, stated: now.Add(-time.Hour)}, false, true, false},
	} {
		if got := test.pace.checkpointDue(now); got != test.checkpoint {
			t.Errorf("%s: got %t for a state after a checkpoint, want %t", name, got, test.checkpoint)
		}
		if got := test.pace.mayAnnounce(); got != test.announce {
			t.Errorf("%s: got %t for an announcement, want %t", name, got, test.announce)
		}
		if got := test.pace.silent(now, 10*time.Minute); got != test.silent {
			t.Errorf("%s: got %t for silence, want %t", name, got, test.silent)
		}
	}
}
