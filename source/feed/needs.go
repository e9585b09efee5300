package feed

import (
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/answers"
	"github.com/birdie-ai/source-qualtrics/source/feedback"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// Needs is a set of facts about a survey, which a stream needs beside each response.
type Needs uint8

// The facts that a stream can need. If one is refused, no response of the survey goes out.
const (
	NeedDefinition   Needs = 1 << iota // the questions and their choices
	NeedSchema                         // the response schema
	NeedEmbeddedData                   // the names of its embedded data
	NeedUploads                        // the contents of uploaded files, where they are downloaded
	NeedFeedback                       // the settings of feedback, which cost no call
)

// Optional returns the same facts in another form: if one is refused for good, responses go
// out without it. If it cannot be read at the moment, they wait for the next run.
func (n Needs) Optional() Needs {
	const behind = 4 // the needs above
	return n << behind
}

// Has reports whether the set holds all facts of another one, in the same form.
func (n Needs) Has(other Needs) bool { return n&other == other }

// Wants reports whether the set holds a fact in one of the two forms.
func (n Needs) Wants(fact Needs) bool { return n.Has(fact) || n.Has(fact.Optional()) }

// SurveyFacts are the facts about a survey that streams need. They are as of the first
// response that a run delivers of the survey.
type SurveyFacts struct {
	Known        Needs // the facts that are set
	Refused      Needs // the facts that Qualtrics refused in this run
	Definition   qualtrics.SurveyDefinition
	Schema       map[string]qualtrics.Property // by key of a response's values
	EmbeddedData []string
	Feedback     *feedback.Settings // nil: the defaults

	codebook *answers.Codebook
	book     *feedback.Book
	declared map[string]bool // the names of EmbeddedData; nil: not made yet
}

// Codebook returns the codebook of the survey's answers, made once of the known facts.
// Streams call it for one document after the other.
func (f *SurveyFacts) Codebook() *answers.Codebook {
	if f.codebook == nil {
		f.codebook = answers.NewCodebook(f.definition(), f.Schema)
	}
	return f.codebook
}

// Book returns the book of the survey's feedback, made once of the known facts. Streams call
// it for one document after the other.
func (f *SurveyFacts) Book(survey string) *feedback.Book {
	if f.book == nil {
		f.book = feedback.NewBook(f.Feedback, survey, f.Codebook(), f.definition(), f.EmbeddedData)
	}
	return f.book
}

// definition returns the definition; nil: it is not known.
func (f *SurveyFacts) definition() *qualtrics.SurveyDefinition {
	if !f.Known.Has(NeedDefinition) {
		return nil
	}
	return &f.Definition
}

// Declares reports whether the survey declares a field of embedded data under the name that
// exports have. known is false without the names of its embedded data.
func (f *SurveyFacts) Declares(name string) (declared, known bool) {
	if f == nil || !f.Known.Has(NeedEmbeddedData) {
		return false, false
	}
	if f.declared == nil {
		f.declared = make(map[string]bool, len(f.EmbeddedData))
		for _, field := range f.EmbeddedData {
			f.declared[field] = true
		}
	}
	// A name that collides with a column is exported with this prefix (API §3.6).
	original, renamed := strings.CutPrefix(name, "QSED")
	return f.declared[name] || renamed && f.declared[original], true
}
