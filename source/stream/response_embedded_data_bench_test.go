package stream_test

import (
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/record"
)

// BenchmarkEmbeddedData makes the rows of a response with several fields, and reports the rows
// of a second.
func BenchmarkEmbeddedData(b *testing.B) {
	doc := embeddedDoc(b, `"plan":"gold","region":"Bahia","Visits":"12","Q_URL":"https://survey.example.com/jfe/form?ref=240573","since":"2026-01-31","empty":""`, "plan", "region")
	s, count := byName(b, embeddedData), 0
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
