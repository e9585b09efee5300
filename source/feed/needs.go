package feed

import "github.com/birdie-ai/source-qualtrics/source/qualtrics"

// Needs is a set of facts about a survey, which a stream needs beside each response.
type Needs uint8

// The facts that a stream can need.
const (
	NeedDefinition   Needs = 1 << iota // the questions and their choices
	NeedSchema                         // the response schema
	NeedEmbeddedData                   // the names of its embedded data
)

// Has reports whether the set holds all facts of another one.
func (n Needs) Has(other Needs) bool { return n&other == other }

// SurveyFacts are the facts about a survey that streams need. They are as of the first
// response that a run delivers of the survey.
type SurveyFacts struct {
	Known        Needs // the facts that are set
	Definition   qualtrics.SurveyDefinition
	Schema       map[string]qualtrics.Property // by key of a response's values
	EmbeddedData []string
}
