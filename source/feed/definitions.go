package feed

import (
	"strconv"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// DefinitionPart is a question of a survey's definition, a block, or another part that is a row.
type DefinitionPart = qualtrics.DefinitionPart

// Definitions are the parts of the definition of each survey. One call reads all parts of a survey,
// if it was modified since the call before.
var Definitions = RegisterList(List[DefinitionPart]{
	Name:  "definitions",
	Noun:  "definition part",
	Below: Surveys,
	Read: func(client *qualtrics.Client, parents []string) qualtrics.Listing[DefinitionPart] {
		return client.ReadDefinition(qualtrics.SurveyID(parents[0])).Parts(qualtrics.QuestionSection)
	},
	ReadPart: func(client *qualtrics.Client, parents []string, part string, answer *any) qualtrics.Listing[DefinitionPart] {
		reading, ok := (*answer).(*qualtrics.DefinitionReading)
		if !ok {
			reading = client.ReadDefinition(qualtrics.SurveyID(parents[0]))
			*answer = reading
		}
		return reading.Parts(qualtrics.DefinitionSection(part))
	},
	Whole:   true,
	Version: definitionVersion,
	Scopes:  []string{"read:surveys"},
})

// definitionVersion returns the modified date of a survey; "": unknown. A date within the look-back
// counts as unknown, because another edit may have the same second and become visible later.
func definitionVersion(env *Env, partition Partition) string {
	if partition.Survey == nil || partition.Survey.LastModified.IsZero() {
		return ""
	}
	now, known := env.Client.ServerTime()
	if at := partition.Survey.LastModified; known && now.Sub(at) > max(env.Lookback, time.Minute) {
		return strconv.FormatInt(at.Unix(), 36)
	}
	return ""
}
