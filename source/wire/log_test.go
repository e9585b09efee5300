package wire_test

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/wire"
)

// resolved is a value that computes its text.
type resolved struct{}

func (resolved) LogValue() slog.Value { return slog.StringValue("computed") }

func TestLogHandler_GivesFlatTexts(t *testing.T) {
	t.Parallel()
	var got []string
	log := slog.New(wire.NewLogHandler(slog.LevelInfo, func(record slog.Record, attributes []wire.Attribute) error {
		got = append(got, record.Message+fmt.Sprint(attributes))
		for i := range attributes {
			attributes[i].Text = "changed" // the handler must not see it
		}
		return nil
	}))
	with := log.With("survey", "SV_1").WithGroup("group").With("try", 2)
	with.Debug("not written")
	with.Info("one", "error", errors.New("refused"), "wait", time.Second)
	with.With("other", true).Warn("two")
	with.Error("three", "value", resolved{})
	log.Info("four")
	want := []string{
		"one[{survey SV_1} {try 2} {error refused} {wait 1s}]",
		"two[{survey SV_1} {try 2} {other true}]",
		"three[{survey SV_1} {try 2} {value computed}]",
		"four[]",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
