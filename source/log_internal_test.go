package source

import (
	"bytes"
	"log/slog"
	"testing"
)

func TestLines_BeginWithTheCauseOfAnError(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := slog.New(newLines(&out, slog.LevelDebug))
	log.Error("not complete", "partition", `SV_1 "One"`, "error", "Qualtrics is not there")
	log.Error("not complete", "partition", "SV_0000001", "error", "exporting SV_0000001: Qualtrics is not there")
	log.Warn("a survey is left out", "survey", "SV_0000001", "reason", "survey SV_0000001 may not be exported")
	log.Warn("values are not as Qualtrics sent them", "reason", "REPEATED_NAME", "values", 3)
	log.Info("reading", "rows", 3)
	want := `error: Qualtrics is not there (not complete partition="SV_1 \"One\"")
error: exporting SV_0000001: Qualtrics is not there (not complete)
warn: a survey is left out: survey SV_0000001 may not be exported
warn: values are not as Qualtrics sent them reason=REPEATED_NAME values=3
reading rows=3
`
	if got := out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
