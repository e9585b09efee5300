package source

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/feedback"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/stream"
	"github.com/birdie-ai/source-qualtrics/source/wording"
)

// feedbackShown bounds the rows of a kind that the demo shows.
const feedbackShown = 2

// feedback exports the feedback, which is read by name only, and shows a few rows.
func (d *demo) feedback(ctx context.Context) error {
	if err := d.say("\n7. feedback: each text and each score of a response is a row, for tools that\n   analyze feedback. The stream has to be named.\n\n"); err != nil {
		return err
	}
	of, ok := stream.ByName("feedback")
	if !ok {
		return errors.New("there is no stream of feedback")
	}
	shown := make(map[string][]string) // lines by kind
	note := func(_ string, row record.Row) {
		if line, kind := feedbackLine(row); kind != "" && len(shown[kind]) < feedbackShown {
			shown[kind] = append(shown[kind], line)
		}
	}
	if err := d.land(ctx, note, of); err != nil {
		return err
	}
	if err := d.say("\n"+feedbackColumns, "KIND", "RATING", "QUESTION", "TEXT OR LABEL"); err != nil {
		return err
	}
	for _, kind := range []feedback.Kind{feedback.NPS, feedback.CSAT, feedback.CES, feedback.Rating, feedback.Comment} {
		for _, line := range shown[string(kind)] {
			if err := d.say("%s", line); err != nil {
				return err
			}
		}
	}
	return nil
}

const feedbackColumns = "   %-8s %-12s  %-42s  %s\n"

// feedbackLine returns a row as a line, and its kind; "": the row is the marker of a response.
func feedbackLine(row record.Row) (line, kind string) {
	cells := make(map[string]string)
	for i, column := range row.Table().Columns {
		if cell := row.Cell(i); cell != nil {
			cells[column.Name] = fmt.Sprint(cell)
		}
	}
	kind, rating := cells["kind"], cells["rating"]
	if low, high := cells["rating_min"], cells["rating_max"]; low != "" && high != "" {
		rating += " of " + low + " to " + high
	}
	says := cells["text"] + cells["rating_label"]
	question := strings.TrimSuffix(cells["question_text"]+": "+cells["title"], ": ")
	short := func(text string, length int) string { return wording.Shorten(record.OneLine(text), length) }
	return fmt.Sprintf(feedbackColumns, kind, rating, short(question, 42), short(says, 48)), kind
}
