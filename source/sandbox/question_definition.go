package sandbox

import (
	"strconv"
	"strings"
)

// definition returns the question of GET /survey-definitions/{id}. Some types
// vary from question to question, as recorded (API §2.2).
func (q *question) definition() map[string]any {
	body := map[string]any{
		"QuestionText": q.text, "QuestionText_Unsafe": q.text, "DataExportTag": q.tag, "QuestionType": q.kind,
		"Selector": q.selector, "Configuration": map[string]any{"QuestionDescriptionOption": "UseText"},
		"QuestionDescription": q.description(), "Validation": q.validation(), "GradingData": []any{},
		"Language": []any{}, "NextChoiceId": q.nextChoice, "NextAnswerId": q.nextAnswer,
		"QuestionID": q.id, "DataVisibility": map[string]any{"Private": false, "Hidden": false}, "DefaultChoices": false,
	}
	if q.sub != "" {
		body["SubSelector"] = q.sub
	}
	if q.selector == "HSLIDER" { // stars lack the ends, so that their scale is not known
		body["Configuration"] = map[string]any{"QuestionDescriptionOption": "UseText", "CSSliderMin": 0, "CSSliderMax": 100}
	}
	if q.choices != nil {
		body["Choices"], body["ChoiceOrder"] = q.definitionChoices(q.choices), choiceOrder(q.choices, q.numbered)
		body["ChoiceDataExportTags"] = q.exportTags()
	}
	if q.kind == "DB" {
		body["ChoiceOrder"] = []any{} // *recorded*
	}
	if q.answers != nil && q.kind != "PGR" {
		body["Answers"] = q.definitionChoices(q.answers)
		if q.kind == "DD" {
			body["AnswerMap"] = answerMap(q.answers)
		} else {
			body["AnswerOrder"] = choiceOrder(q.answers, !q.numbered)
		}
	}
	if q.kind == "MC" || q.recoded {
		body["RecodeValues"], body["VariableNaming"], body["AnalyzeChoices"] = q.recodes(), q.variables(), q.analysis()
	}
	if q.shuffled {
		body["Randomization"] = map[string]any{"Advanced": nil, "TotalRandSubset": "", "Type": "All"}
	} else {
		body["Randomization"] = false
	}
	if q.sometimes {
		body["DisplayLogic"] = map[string]any{"Type": "BooleanExpression", "inPage": false}
	}
	if q.kind == "TE" {
		body["SearchSource"] = map[string]any{"AllowFreeResponse": "false"}
	}
	if q.carried != "" {
		body["Choices"], body["ChoiceOrder"] = []any{}, []any{}
		body["DynamicChoices"] = map[string]any{"DynamicType": "ChoiceGroup", "Locator": "q://" + q.carried + "/ChoiceGroup/SelectedChoices", "Type": "ChoiceGroup"}
		body["DynamicChoicesData"] = q.definitionChoices(q.choices)
	}
	if q.kind == "PGR" {
		groups := []any{}
		for _, g := range q.answers {
			groups = append(groups, g.text)
		}
		body["Groups"], body["NumberOfGroups"] = groups, len(groups)
	}
	if q.columns != nil {
		columns := map[string]any{}
		for i := range q.columns {
			columns[number(i)] = q.columnDefinition(i)
		}
		body["AdditionalQuestions"], body["NumberOfQuestions"] = columns, len(columns)
	}
	return body
}

// columnDefinition returns a column of a side-by-side question. The column is
// itself a question, which repeats the rows and has no orders (*recorded*).
func (q *question) columnDefinition(i int) map[string]any {
	column := q.column(i)
	return map[string]any{
		"QuestionText": column.text, "QuestionType": column.kind, "Selector": column.selector, "SubSelector": column.sub,
		"DataExportTag": column.tag, "QuestionID": column.id, "QuestionDescription": column.description(),
		"Choices": q.definitionChoices(q.choices), "Answers": column.definitionChoices(column.answers),
		"ChoiceDataExportTags": q.exportTags(), "RecodeValues": []any{}, "VariableNaming": []any{}, "AnalyzeChoices": []any{},
		"ChoiceColumnWidthPixels": nil, "Configuration": map[string]any{"QuestionDescriptionOption": "UseText"},
	}
}

// column returns a column of a side-by-side question with its id and tag.
func (q *question) column(i int) question {
	column := q.columns[i]
	column.id, column.tag = q.id+"#"+number(i), q.tag+"#"+number(i)
	return column
}

// description returns the text without markup, shortened (API §2.2).
func (q *question) description() string { return shorten(plain(q.text), 100) }

// validation returns a string for timing questions and an object for others.
func (q *question) validation() any {
	if q.kind == "Timing" {
		return "None"
	}
	settings := map[string]any{"ForceResponse": "OFF", "ForceResponseType": "ON", "Type": "None"}
	if q.force {
		settings["ForceResponse"] = "ON"
	}
	if q.selector == "FORM" {
		settings["Type"] = nil
	}
	return map[string]any{"Settings": settings}
}

// definitionChoices returns an array if the ids are 0..n, as in every NPS
// question, else an object. Without choices it returns an empty array.
func (q *question) definitionChoices(choices []choice) any {
	list, byID := make([]any, len(choices)), map[string]any{}
	for _, c := range choices {
		element := map[string]any{"Display": c.text}
		if c.entry {
			element["TextEntry"] = "true"
		}
		if c.exclusive || q.selector == "MaxDiff" {
			element["ExclusiveAnswer"] = true // *recorded*
		}
		if index, word, ok := strings.Cut(c.text, ": "); ok && q.kind == "HL" {
			element["Word"], element["WordLength"] = word, len(word)
			element["WordIndex"], _ = strconv.Atoi(index)
		}
		switch q.kind {
		case "Meta":
			element["TextEntry"] = 1
		case "SS":
			if n, err := strconv.Atoi(c.text); err == nil {
				element["Display"] = n // *recorded*: a number now and then
			}
		}
		byID[c.id] = element
	}
	for i := range list {
		element, ok := byID[strconv.Itoa(i)]
		if !ok {
			return objectOrList(byID)
		}
		list[i] = element
	}
	return list
}

// answerMap nests the answers of a drill-down below their parents. Null ends
// the nesting (*recorded*). The text of an answer is its path.
func answerMap(answers []choice) any {
	nested := map[string]any{}
	below := map[string]map[string]any{}
	for i, a := range answers {
		parent := nested // also if the parent of the answer was removed
		if cut := strings.LastIndex(a.text, " ~ "); cut >= 0 && below[a.text[:cut]] != nil {
			parent = below[a.text[:cut]]
		}
		parent[a.id] = nil
		if i+1 < len(answers) && strings.HasPrefix(answers[i+1].text, a.text+" ~ ") {
			below[a.text] = map[string]any{}
			parent[a.id] = below[a.text]
		}
	}
	return nested
}

// choiceOrder returns an array of strings. With asNumbers, numeric ids become
// numbers. IDs that were added later stay strings (*recorded*).
func choiceOrder(choices []choice, asNumbers bool) []any {
	order := make([]any, len(choices))
	for i, c := range choices {
		order[i] = c.id
		if n, err := strconv.Atoi(c.id); err == nil && asNumbers && !c.late {
			order[i] = n
		}
	}
	return order
}

// exportTags returns false or an object (*recorded*).
func (q *question) exportTags() any {
	if !q.exported {
		return false
	}
	tags := map[string]any{}
	for _, c := range q.choices {
		tags[c.id] = q.exportTag(c)
	}
	return tags
}

// exportTag returns the export tag of a choice, or "" for none.
func (q *question) exportTag(c choice) string {
	if !q.exported {
		return ""
	}
	return strings.ReplaceAll(strings.ToLower(plain(c.text)), " ", "_") + "_" + c.id
}

// coded returns the choices in RecodeValues, VariableNaming and AnalyzeChoices:
// the answers if the question has answers, else its choices (*recorded*).
func (q *question) coded() []choice {
	if q.answers != nil {
		return q.answers
	}
	return q.choices
}

// recodes returns an object, or an empty array if nothing is recoded.
func (q *question) recodes() any {
	if !q.recoded {
		return []any{}
	}
	codes := map[string]any{}
	for _, c := range q.coded() {
		codes[c.id] = c.recode
		if n, err := strconv.Atoi(c.recode); err == nil && q.numeric {
			codes[c.id] = n // *assumed*: only texts were recorded
		}
	}
	return codes
}

func (q *question) variables() any {
	names := map[string]any{}
	for _, c := range q.coded() {
		if c.variable != "" {
			names[c.id] = c.variable
		}
	}
	if len(names) == 0 {
		return []any{}
	}
	return names
}

func (q *question) analysis() any {
	muted := map[string]any{}
	for _, c := range q.coded() {
		if c.mute {
			muted[c.id] = "No"
		}
	}
	if len(muted) == 0 {
		return []any{}
	}
	return muted
}
