package stream_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/record"
)

// A response with far more values than a table has columns has a row for each of them.
func TestProject_ResponsesOfVeryManyValues(t *testing.T) {
	t.Parallel()
	const fields, answers = 10_000, 8_500
	members := func(count int, form string) string {
		var text strings.Builder
		for i := range count {
			fmt.Fprintf(&text, form, i)
		}
		return text.String()
	}
	for _, test := range []struct {
		stream, own string
		doc         *feed.Document
		want        int
	}{
		{embeddedData, "field", embeddedDoc(t, members(fields, `"Field %d":"x",`)), fields},
		{"answers", "answer_key", embeddedDoc(t, members(answers, `"QID7_%d":3,`)), answers},
	} {
		rows, err := byName(t, test.stream).Projector(record.Format{NUL: true}).Rows(test.doc)
		if err != nil {
			t.Fatal(err)
		}
		keys := make(map[string]bool)
		for _, row := range rows {
			line, err := row.AppendJSON(nil)
			if err != nil {
				t.Fatal(err)
			}
			_, own, _ := strings.Cut(string(line), `"`+test.own+`":"`)
			own, _, _ = strings.Cut(own, `"`)
			keys[own] = true
		}
		if len(rows) != test.want || len(keys) != test.want || keys[record.MarkerKey] {
			t.Errorf("%s: got %d rows with %d keys, want %d", test.stream, len(rows), len(keys), test.want)
		}
	}
}
