package feed

import (
	"github.com/birdie-ai/source-qualtrics/source/answers"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// Needs is a set of facts about a survey, which a stream needs beside each response.
type Needs uint8

// The facts that a stream can need. If one is refused, no response of the survey goes out.
const (
	NeedDefinition   Needs = 1 << iota // the questions and their choices
	NeedSchema                         // the response schema
	NeedEmbeddedData                   // the names of its embedded data
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

	codebook *answers.Codebook
}

// Codebook returns the codebook of the survey's answers, made once of the known facts.
// Streams call it for one document after the other.
func (f *SurveyFacts) Codebook() *answers.Codebook {
	if f.codebook == nil {
		var definition *qualtrics.SurveyDefinition
		if f.Known.Has(NeedDefinition) {
			definition = &f.Definition
		}
		f.codebook = answers.NewCodebook(definition, f.Schema)
	}
	return f.codebook
}
