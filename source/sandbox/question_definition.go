package sandbox

import "strconv"

// definition is the question as in GET /survey-definitions/{id}: the shapes
// vary from question to question as recorded (API §2.2).
func (q *question) definition() map[string]any {
	body := map[string]any{
		"QuestionText": q.text, "QuestionText_Unsafe": q.text, "DataExportTag": q.tag, "QuestionType": q.kind,
		"Selector": q.selector, "Configuration": map[string]any{"QuestionDescriptionOption": "UseText"},
		"QuestionDescription": shorten(plain(q.text), 100), "Validation": q.validation(), "GradingData": []any{},
		"Language": []any{}, "NextChoiceId": len(q.choices) + 1, "NextAnswerId": len(q.answers) + 1,
		"QuestionID": q.id, "DataVisibility": map[string]any{"Private": false, "Hidden": false}, "DefaultChoices": false,
	}
	if q.sub != "" {
		body["SubSelector"] = q.sub
	}
	if q.choices != nil {
		body["Choices"], body["ChoiceOrder"] = q.definitionChoices(q.choices), choiceOrder(q.choices, q.numbered)
		body["ChoiceDataExportTags"] = false
	}
	if q.answers != nil {
		body["Answers"], body["AnswerOrder"] = q.definitionChoices(q.answers), choiceOrder(q.answers, !q.numbered)
	}
	if q.kind == "MC" {
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
			inner := q.columns[i]
			inner.id = q.id + "#" + number(i)
			columns[number(i)] = inner.definition()
		}
		body["AdditionalQuestions"], body["NumberOfQuestions"] = columns, len(columns)
	}
	return body
}

// validation is a string for timing questions, and absent from descriptive
// blocks as a setting.
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

// definitionChoices is an array when the ids are 0..n, as for every NPS
// question, else an object.
func (q *question) definitionChoices(choices []choice) any {
	list, byID := []any{}, map[string]any{}
	for _, c := range choices {
		element := map[string]any{"Display": c.text}
		if c.entry {
			element["TextEntry"] = "true"
		}
		if q.kind == "Meta" {
			element["TextEntry"] = 1
		}
		list = append(list, element)
		byID[c.id] = element
	}
	if len(choices) > 0 && choices[0].id == "0" {
		return list
	}
	return byID
}

// choiceOrder is an array of strings, or of numbers where asked for and where
// the ids are numbers.
func choiceOrder(choices []choice, asNumbers bool) []any {
	order := make([]any, len(choices))
	for i, c := range choices {
		order[i] = c.id
		if n, err := strconv.Atoi(c.id); err == nil && asNumbers {
			order[i] = n
		}
	}
	return order
}

// recodes is an object, or an empty array when nothing is recoded.
func (q *question) recodes() any {
	if !q.recoded {
		return []any{}
	}
	codes := map[string]any{}
	for _, c := range q.choices {
		codes[c.id] = c.recode
	}
	return codes
}

func (q *question) variables() any {
	names := map[string]any{}
	for _, c := range q.choices {
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
	for _, c := range q.choices {
		if c.mute {
			muted[c.id] = "No"
		}
	}
	if len(muted) == 0 {
		return []any{}
	}
	return muted
}
