package source

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestLimited_CountsWhatIsTooMuch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		handler := newLimited(newLines(&out, slog.LevelInfo))
		log := slog.New(handler)
		for i := range 1_000_000 {
			log.Warn("a record is left out", "record", i)
		}
		log.Info("a record is left out") // of another kind
		for i := range 12 {
			log.Error("not complete", "survey", i)
		}
		if got := strings.Count(out.String(), "\n"); got != 10+1+12 {
			t.Errorf("got %d lines, want 10 warnings, 1 of the other kind and all 12 errors:\n%.2000s", got, out.String())
		}
		out.Reset()
		time.Sleep(time.Minute)
		log.Warn("a record is left out", "survey", "SV_1")
		const told = "warn: left out: more of these messages messages=%d like=\"a record is left out\"\n"
		if got, want := out.String(), fmt.Sprintf(told, 999_990)+"warn: a record is left out survey=SV_1\n"; got != want {
			t.Errorf("a minute later: got %q, want %q", got, want)
		}
		for range 12 {
			log.Warn("a record is left out")
		}
		out.Reset()
		handler.rest(t.Context())
		handler.rest(t.Context())
		if got, want := out.String(), fmt.Sprintf(told, 3); got != want {
			t.Errorf("at the end: got %q, want %q", got, want)
		}
	})
}
