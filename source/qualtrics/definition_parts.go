package qualtrics

import (
	"context"
	"encoding/json"
	"iter"
	"strings"
)

// DefinitionSection names a table that is made of a survey's definition.
type DefinitionSection string

// The sections of a definition.
const (
	QuestionSection DefinitionSection = ""               // questions and their choices
	BlockSection    DefinitionSection = "blocks"         // blocks of questions
	ElementSection  DefinitionSection = "block_elements" // questions and page breaks of blocks
	FlowSection     DefinitionSection = "flow"           // elements of the survey flow
	FieldSection    DefinitionSection = "embedded_data"  // fields that the flow sets
	ScoringSection  DefinitionSection = "scoring"        // scoring categories
	LanguageSection DefinitionSection = "languages"      // languages of the survey
	WholeSection    DefinitionSection = "definition"     // the definition itself
)

// section says how the parts of a section are found.
type section struct {
	// required are the lists and objects that the parts are in. That each definition has
	// them is *assumed*: all recorded ones do. Without them nothing is known to be deleted.
	required []string
	parts    func(definition members, yield func(DefinitionPart))
}

var sections = map[DefinitionSection]section{
	QuestionSection: {[]string{"Questions"}, questionParts},
	BlockSection:    {[]string{"Blocks"}, blockParts},
	ElementSection:  {[]string{"Blocks"}, elementParts},
	FlowSection:     {[]string{"SurveyFlow"}, flowParts},
	FieldSection:    {[]string{"SurveyFlow"}, fieldParts},
	ScoringSection:  {[]string{"Scoring"}, scoringParts},
	LanguageSection: {[]string{"SurveyOptions"}, languageParts},
	WholeSection:    {[]string{"Questions", "Blocks", "SurveyFlow", "SurveyOptions"}, wholeParts},
}

// DefinitionPart is one row of a section: one of its fields is set. A question comes
// without its choices, which are parts, too.
type DefinitionPart struct {
	QuestionID string              // of a question or a choice
	Question   *Question           `json:",omitempty"`
	Choice     *Choice             `json:",omitempty"`
	Block      *Block              `json:",omitempty"`
	Element    *BlockElement       `json:",omitempty"`
	Flow       *FlowElement        `json:",omitempty"`
	Field      *EmbeddedField      `json:",omitempty"`
	Scoring    *ScoringCategory    `json:",omitempty"`
	Language   *SurveyLanguage     `json:",omitempty"`
	Whole      *DefinitionDocument `json:",omitempty"`
}

// ID is unique in a section: "QID7", "QID7/choice/2", "BL_1", "BL_1/QID7", "FL_2",
// "FL_2/source", "SC_1", "EN", or the id of the survey.
func (p DefinitionPart) ID() string {
	switch {
	case p.Choice != nil:
		return p.QuestionID + "/" + string(p.Choice.Kind) + "/" + p.Choice.ID
	case p.Block != nil:
		return p.Block.ID
	case p.Element != nil:
		return p.Element.Block + "/" + p.Element.ID
	case p.Flow != nil:
		return p.Flow.ID
	case p.Field != nil:
		return p.Field.FlowID + "/" + p.Field.Name
	case p.Scoring != nil:
		return p.Scoring.ID
	case p.Language != nil:
		return p.Language.Code
	case p.Whole != nil:
		return p.Whole.SurveyID
	}
	return p.QuestionID
}

// SplitPartID splits the id of a question or a choice. The kind is "" for a question.
func SplitPartID(id string) (question string, kind ChoiceKind, choice string) {
	question, rest, _ := strings.Cut(id, "/")
	of, choice, _ := strings.Cut(rest, "/")
	return question, ChoiceKind(of), choice
}

// SplitInnerID splits the id of an element of a block, or of a field of embedded data. The
// first part is the id of the block, or of the element of the flow.
func SplitInnerID(id string) (outer, inner string) {
	outer, inner, _ = strings.Cut(id, "/")
	return outer, inner
}

// DefinitionReading is a survey's definition, which is read once for all sections. It is
// not safe for concurrent use.
type DefinitionReading struct {
	client *Client
	survey SurveyID
	m      members
	err    error
}

// ReadDefinition makes the reading of a survey's definition. The call is made for the first
// list of parts.
func (c *Client) ReadDefinition(survey SurveyID) *DefinitionReading {
	return &DefinitionReading{client: c, survey: survey}
}

// Parts lists the parts of a section. An answer without the list that they are in is an
// error.
func (r *DefinitionReading) Parts(of DefinitionSection) Listing[DefinitionPart] {
	return NewListing("the definition of survey "+string(r.survey), func(ctx context.Context, pages *int) iter.Seq2[DefinitionPart, error] {
		return func(yield func(DefinitionPart, error) bool) {
			*pages++
			definition, err := r.read(ctx, sections[of].required)
			if err != nil {
				yield(DefinitionPart{}, err)
				return
			}
			var parts []DefinitionPart
			sections[of].parts(definition, func(part DefinitionPart) { parts = append(parts, part) })
			for _, part := range parts {
				if !yield(part, nil) {
					return
				}
			}
		}
	}, DefinitionPart.ID)
}

// read returns the definition, or the error of the call. If an earlier answer lacks a
// required list, the definition is asked for again.
func (r *DefinitionReading) read(ctx context.Context, required []string) (members, error) {
	if r.err != nil {
		return nil, r.err
	}
	if r.m != nil && r.m.lacks(required) == nil {
		return r.m, nil
	}
	m, err := r.client.definitionMembers(ctx, r.survey, required...)
	switch {
	case m != nil && (err == nil || m.lacks(required) != nil): // other sections may be complete
		m["SurveyID"], _ = json.Marshal(r.survey)
		r.m = m
	case ctx.Err() == nil && r.m == nil:
		r.err = err
	}
	return m, err
}

func questionParts(definition members, yield func(DefinitionPart)) {
	for _, question := range questionsOf(definition) {
		choices := question.Choices
		question.Choices = nil
		yield(DefinitionPart{QuestionID: question.ID, Question: &question})
		for _, choice := range choices {
			yield(DefinitionPart{QuestionID: question.ID, Choice: &choice})
		}
	}
}
