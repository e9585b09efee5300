package feed

import "github.com/birdie-ai/source-qualtrics/source/qualtrics"

// Translation is a text of a survey in one of its languages.
type Translation = qualtrics.Translation

// Translations are the texts of each survey in each of its languages. A survey costs a call for
// each language and one more, if it was modified since the read before. That a new translation
// moves its modified date is *assumed*.
var Translations = RegisterList(List[Translation]{
	Name:  "survey_translations",
	Noun:  "translated text",
	Below: Surveys,
	Read: func(client *qualtrics.Client, parents []string) qualtrics.Listing[Translation] {
		return client.Translations(qualtrics.SurveyID(parents[0]))
	},
	Whole:     true,
	Version:   definitionVersion,
	Scopes:    []string{"read:surveys"},
	OnRequest: true,
})
