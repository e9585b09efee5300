package qualtrics

import (
	"encoding/json"
	"time"
)

// ScoringCategory is a category that answers give points for (catalog §1.6).
type ScoringCategory struct {
	ID          string
	Position    int64 // from 1
	Name        *string
	Description *string
	Default     bool // questions give points for it unless they name another one
	// Groups are the groups that hold it: a list of objects with id and name.
	Groups json.RawMessage `json:",omitempty"`
}

func scoringParts(definition members, yield func(DefinitionPart)) {
	scoring := membersOf(definition["Scoring"])
	groups := inOrder(scoring["ScoringCategoryGroups"])
	for i, entry := range inOrder(scoring["ScoringCategories"]) {
		m := membersOf(entry.value)
		category := &ScoringCategory{ID: number(i), Position: int64(i + 1), Name: m.text("Name"), Description: nonempty(m.text("Description"))}
		if own := nonempty(m.text("ID")); own != nil {
			category.ID = *own
		}
		category.Default = text(scoring.text("DefaultScoringCategory")) == category.ID
		category.Groups = groupsOf(groups, category.ID)
		yield(DefinitionPart{Scoring: category})
	}
}

// groupsOf lists the groups that hold a category; nil: none does.
func groupsOf(groups []entry, category string) json.RawMessage {
	type group struct {
		ID   *string `json:"id"`
		Name *string `json:"name"`
	}
	var holding []group
	for _, entry := range groups {
		m := membersOf(entry.value)
		for _, member := range inOrder(m["Categories"]) {
			if text(textOf(member.value)) == category {
				holding = append(holding, group{m.text("ID"), m.text("Name")})
				break
			}
		}
	}
	if holding == nil {
		return nil
	}
	encoded, err := json.Marshal(holding)
	if err != nil {
		return nil // texts can be written
	}
	return encoded
}

// SurveyLanguage is a language in which respondents can read the survey.
type SurveyLanguage struct {
	Code        string
	Base        bool    // the language that the survey is written in
	Title       *string // of the survey, translated
	Description *string // of the survey for search engines, translated
}

// languageParts lists the languages of the options. A definition without a list has its
// base language, if that is known.
func languageParts(definition members, yield func(DefinitionPart)) {
	options := membersOf(definition["SurveyOptions"])
	base, titles := text(options.text("SurveyLanguage")), membersOf(options["MetaDataTranslations"])
	codes := languageCodes(options["AvailableLanguages"])
	if len(codes) == 0 && base != "" {
		codes = []string{base}
	}
	for _, code := range codes {
		m := membersOf(titles[code])
		yield(DefinitionPart{Language: &SurveyLanguage{code, code == base, m.text("SurveyTitle"), m.text("SurveyMetaDescription")}})
	}
}

// languageCodes lists the languages. Definitions have an object with their codes as names,
// and GET /surveys/{id}/languages has a list.
func languageCodes(available json.RawMessage) (codes []string) {
	listed := membersOf(available) == nil
	for _, entry := range entriesOf(available) {
		code := entry.key
		if listed {
			code = text(textOf(entry.value))
		}
		if code != "" {
			codes = append(codes, code)
		}
	}
	return codes
}

// DefinitionDocument is a whole definition. Credentials in it are masked.
type DefinitionDocument struct {
	SurveyID     string
	Name         *string
	Status       *string
	LastModified *time.Time
	Definition   json.RawMessage
	Altered      []Altered `json:",omitempty"`
}

func wholeParts(definition members, yield func(DefinitionPart)) {
	var altered []Altered
	clean := make(members, len(definition))
	for name, value := range definition {
		// Questions and blocks call no other system.
		if clean[name] = value; name != "Questions" && name != "Blocks" {
			clean[name] = masked(value)
		}
		if altered == nil && repaired(value, objectOf(members{name: clean[name]})) {
			altered = []Altered{{"Definition", Repaired}}
		}
	}
	yield(DefinitionPart{Whole: &DefinitionDocument{
		SurveyID: text(definition.text("SurveyID")), Name: definition.text("SurveyName"), Status: definition.text("SurveyStatus"),
		LastModified: definition.time("LastModified"), Definition: objectOf(clean), Altered: altered,
	}})
}
