package qualtrics

import "encoding/json"

// SurveyQuestion is a question as the legacy survey call shows it.
type SurveyQuestion struct {
	ID  string
	Tag string // column name of CSV exports; "": unknown
	// TakesText is set if respondents can type a text, or if the type is unknown.
	TakesText bool
}

// closedTypes are the types of questions without a text of their own (API §2.2).
var closedTypes = map[string]bool{
	"MC": true, "Matrix": true, "SBS": true, "Slider": true, "CS": true, "RO": true, "PGR": true, "DD": true, "DB": true, "Timing": true,
	"Meta": true, "Captcha": true, "HeatMap": true, "HotSpot": true, "HL": true, "GAP": true, "SS": true, "TreeSelect": true,
}

// surveyQuestionOf reads a question. Choices, rows and cells of it may have text boxes.
func surveyQuestionOf(id string, raw json.RawMessage) SurveyQuestion {
	m := membersOf(raw)
	question := SurveyQuestion{ID: id, Tag: text(m.text("questionName")), TakesText: takesText(m)}
	columns := entriesOf(m["columns"])
	for _, list := range []string{"choices", "subQuestions"} {
		columns = append(columns, entriesOf(m[list])...)
	}
	for _, one := range columns {
		part := membersOf(one.value)
		question.TakesText = question.TakesText || part["textEntry"] != nil || part["questionType"] != nil && takesText(part)
		for _, choice := range entriesOf(part["choices"]) {
			question.TakesText = question.TakesText || membersOf(choice.value)["textEntry"] != nil
		}
	}
	return question
}

// takesText reports whether a question, or a column of one, is answered by a text.
func takesText(m members) bool {
	kind := membersOf(m["questionType"])
	name := text(kind.text("type"))
	return !closedTypes[name] || text(kind.text("selector")) == "TE" || text(kind.text("subSelector")) == "TE"
}
