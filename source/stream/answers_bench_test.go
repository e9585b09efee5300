package stream_test

import (
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/record"
)

// BenchmarkAnswers makes the rows of a response with several answers, and reports the rows of
// a second.
func BenchmarkAnswers(b *testing.B) {
	doc := answersDoc(`{"1_QID6_1":10,"QID36":["1","7"],"QID7_TEXT":"some text of a respondent, which is not very long",`+
		`"QID64_G0_13_RANK":2,"QID1_10_TEXT":"own","QID9":3,"QID10_1":"London"}`, `{"QID36":["Ropes","Other"]}`)
	s, count := byName(b, "answers"), 0
	b.ReportAllocs()
	for b.Loop() {
		rows, err := s.Projector(record.Format{NUL: true}).Rows(doc)
		if err != nil {
			b.Fatal(err)
		}
		count += len(rows)
	}
	b.ReportMetric(float64(count)/b.Elapsed().Seconds(), "rows/s")
}
