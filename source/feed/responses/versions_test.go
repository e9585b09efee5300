package responses

import (
	"fmt"
	"testing"
	"time"
)

func TestVersions_AnOlderVersionBehindANewerOneIsOutdated(t *testing.T) {
	t.Parallel()
	at := func(second int64) time.Time { return time.Unix(second, 0) }
	shown := make(versions)
	for i, test := range []struct {
		id       string
		modified time.Time
		want     bool
	}{
		{"R_1", at(5), false},
		{"R_1", at(4), true},
		{"R_1", at(5), false}, // both versions of the same date are delivered
		{"R_1", at(7), false},
		{"R_1", at(6), true},
		{"R_2", at(1), false},
		{"R_1", time.Time{}, false}, // the date is not known
		{"another form", at(5), false},
		{"another form", at(4), false},
	} {
		if got := shown.outdated(test.id, test.modified); got != test.want {
			t.Errorf("%d: %s of %s: got outdated %t", i, test.id, test.modified, got)
		}
	}
}

func TestVersions_AreLimited(t *testing.T) {
	t.Parallel()
	shown, modified := make(versions), time.Unix(1, 0)
	for i := range 3 * mostVersions {
		if shown.outdated(fmt.Sprintf("R_%d", i), modified) || len(shown) > mostVersions {
			t.Fatalf("%d: the version is outdated, or %d versions are held", i, len(shown))
		}
	}
}
