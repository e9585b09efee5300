package responses

import (
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
)

// Streams of a survey go on from one position, and the read fails before it delivers
// anything. The stored position must not hold the hash of a row that one stream lacks.
func TestJoiner_AJoinedPositionHoldsRowsOfAllStreamsOnly(t *testing.T) {
	t.Parallel()
	survey := feed.Partition{Kind: feed.Responses, Key: "SV_1"}
	at := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)
	position := func(watermark time.Time, known int) surveyPosition {
		return surveyPosition{Watermark: watermark.Unix(), Rows: encodedRows(known)}
	}
	tests := map[string]struct{ first, second, both int }{
		"nothing in common": {4, 0, 0},
		"some in common":    {8, 6, 6},
		"all in common":     {3, 3, 3},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := &feed.Env{Brand: "brand", Lookback: time.Minute, Log: slog.New(slog.DiscardHandler)}
			f := newSurveyFetch(env, feed.Request{Partition: survey}, nil)
			f.to, f.position = at, position(at, test.first)
			var err error
			if f.state.rows, err = reconcile.NewRowHashes(env.Brand, survey.Salt(), f.position.Rows); err != nil {
				t.Fatal(err)
			}
			beside, err := json.Marshal(position(at.Add(-time.Hour), test.second))
			if err != nil {
				t.Fatal(err)
			}
			if err := f.joiner.join(&feed.Request{Beside: []feed.Position{beside}}); err != nil {
				t.Fatal(err)
			}
			f.state.committedUntil = f.position.Watermark
			encoded, err := f.state.encode()
			if err != nil {
				t.Fatal(err)
			}
			var stored surveyPosition
			if err := json.Unmarshal(encoded, &stored); err != nil {
				t.Fatal(err)
			}
			if want := encodedRows(test.both); stored.Rows != want {
				t.Errorf("the position holds the rows %q, want %q", stored.Rows, want)
			}
			if want := at.Add(-time.Hour).Unix(); stored.Watermark != want {
				t.Errorf("the position is at %d, want %d", stored.Watermark, want)
			}
		})
	}
}
