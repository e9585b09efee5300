package answers_test

import (
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/answers"
	"github.com/birdie-ai/source-qualtrics/source/response"
)

// BenchmarkAnswers decodes the answers of surveys with every question type, and reports the
// answers of a second.
func BenchmarkAnswers(b *testing.B) {
	type one struct {
		book      *answers.Codebook
		responses []*response.Response
	}
	var all []one
	for _, s := range everyKind(b, 2000) {
		of, keys := one{book: answers.NewCodebook(s.definition, s.schema)}, s.keys()
		for _, record := range s.records {
			of.responses = append(of.responses, parsed(b, record, keys))
		}
		all = append(all, of)
	}
	count, size := 0, 0
	b.ReportAllocs()
	for b.Loop() {
		for _, of := range all {
			for _, r := range of.responses {
				size += len(r.Answers) + len(r.Labels)
				for a := range of.book.Answers(r) {
					_, _ = a.Number()
					count++
				}
			}
		}
	}
	b.ReportMetric(float64(count)/b.Elapsed().Seconds(), "answers/s")
	b.ReportMetric(float64(count)/float64(b.N), "answers/op")
	b.SetBytes(int64(size / b.N))
}
