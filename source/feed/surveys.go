package feed

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/jsonsafe"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/record"
)

// The list of surveys differs from other lists: its positions have the form of earlier releases,
// and [Env.Surveys] reads it once for all feeds.
var _ = RegisterList(List[Survey]{
	Name: SurveyList,
	Noun: "survey",
	Read: func(client *qualtrics.Client, _ []string) qualtrics.Listing[Survey] { return client.SurveyList() },
	Ask: func(ctx context.Context, client *qualtrics.Client, _ []string, id string) error {
		_, err := client.Survey(ctx, qualtrics.SurveyID(id))
		return err
	},
	Modified: func(survey *Survey) time.Time { return survey.LastModified },
	Scopes:   []string{"read:surveys"},
	surveys:  surveyRules[Survey]{read: readSurveys, content: surveyContent, mark: (*Selection).Mark, resume: resumeSurveys},
})

// resumeSurveys enters the surveys of the position: the list should show them.
func resumeSurveys(env *Env, positions iter.Seq2[string, Position]) {
	for _, position := range positions {
		var p listPosition
		if json.Unmarshal(position, &p) != nil {
			continue // Fetch reports the damage
		}
		for survey, hash := range p.Surveys {
			env.account.know(survey, p.selected(env.Selection.Mark(), hash))
		}
	}
}

// readSurveys returns the surveys of the account.
func readSurveys(ctx context.Context, env *Env, before *listPosition) (*partitionList[Survey], error) {
	surveys, err := env.Surveys(ctx)
	if err != nil {
		return nil, err
	}
	a := &env.account
	s := &partitionList[Survey]{
		unchanged: a.taken,
		id:        func(survey Survey) string { return string(survey.ID) },
		withoutID: env.SurveyWithoutID,
		verdicts:  func(context.Context, []string) (map[string]error, error) { return a.missing, nil },
	}
	for _, survey := range surveys {
		if survey.Read { // otherwise it is named by id, and its own call fails
			s.elements = append(s.elements, survey)
		}
	}
	// Surveys that the configuration left out are not delivered again.
	for _, id := range slices.Sorted(maps.Keys(a.left)) {
		if hash, delivered := before.Surveys[id]; delivered && before.selected(env.Selection.Mark(), hash) {
			s.leavers = append(s.leavers, a.left[id].survey)
		}
	}
	return s, nil
}

// surveyContent appends the fields of a survey that its row hash covers.
func surveyContent(content []byte, survey *Survey) []byte {
	content = jsonsafe.AppendString(content, survey.Name)
	content = jsonsafe.AppendString(content, survey.OwnerID)
	content = record.AppendTime(content, survey.LastModified)
	content = record.AppendTime(content, survey.CreationDate)
	content = fmt.Appendf(content, "%t", survey.IsActive)
	if survey.ActiveUnknown {
		content = append(content, '?')
	}
	return content
}

// Surveys are the selected surveys as parents of lists.
var Surveys Parents = surveyParents{}

type surveyParents struct{}

func (surveyParents) noun() string     { return "survey" }
func (surveyParents) setting() string  { return "surveys.ids" }
func (surveyParents) scopes() []string { return []string{"read:surveys"} }
func (surveyParents) addChild()        {}
func (surveyParents) nested() bool     { return false }

// partitions yields the selected surveys, and then the missing ones with a position. A survey that
// the configuration left out keeps its position.
func (surveyParents) partitions(ctx context.Context, env *Env, kind Kind, known map[string]bool) iter.Seq2[Partition, error] {
	return func(yield func(Partition, error) bool) {
		surveys, err := env.Surveys(ctx)
		if err != nil {
			yield(Partition{}, err)
			return
		}
		named := len(env.Selection.IDs) > 0
		for i := range surveys {
			survey := &surveys[i]
			if !yield(Partition{Kind: kind, Key: string(survey.ID), Name: survey.Name, Named: named, Survey: survey}, nil) {
				return
			}
		}
		a := &env.account
		for _, id := range slices.Sorted(maps.Keys(a.missing)) {
			if a.concerns(id, known[id] && a.known[id], known[id]) && !yield(Partition{Kind: kind, Key: id, Missing: a.missing[id]}, nil) {
				return
			}
		}
		if err := env.SurveyWithoutID(); err != nil {
			yield(Partition{}, err)
		}
	}
}

// first returns none. A credential that may list surveys has the scope of the lists below them, and a
// refusal of one survey says nothing about the others.
func (surveyParents) first(context.Context, *qualtrics.Client, *Selection) ([]string, error) {
	return nil, nil
}
