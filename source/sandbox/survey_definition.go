package sandbox

import "strconv"

// number returns the id of the element at a position, from one.
func number(i int) string { return strconv.Itoa(i + 1) }

// definitionBody returns the result of GET /survey-definitions/{id}. Some types
// differ between surveys, as recorded (API §2.2).
func (s *survey) definitionBody() any {
	s.world.mutex.RLock()
	defer s.world.mutex.RUnlock()
	status := "Active"
	if !s.active {
		status = "Inactive"
	}
	form, questions := s.questionnaireLocked(), map[string]any{}
	for i := range form.questions {
		questions[form.questions[i].id] = form.questions[i].definition()
	}
	return map[string]any{
		"QuestionCount": "1000", "SurveyOptions": s.definitionOptions(), "SurveyID": s.ident, "SurveyName": s.title,
		"SurveyStatus": status, "LastModified": isoSeconds(s.modified), "BrandID": s.world.brandID(),
		"OwnerID": s.owner, "LastAccessed": nil, "CreatorID": s.owner, "LastActivated": isoSeconds(s.created + 3600),
		"Questions": objectOrList(questions), "Blocks": s.definitionBlocks(form.blocks),
		"ResponseSets": map[string]any{s.responseSet(): "Default Response Set"},
		"SurveyFlow":   s.definitionFlow(form.blocks), "Scoring": s.definitionScoring(),
		"ProjectInfo": map[string]any{
			"SurveyID": s.ident, "ProjectCategory": "CORE", "ProjectType": nil, "CompositionType": nil, "ContentBundle": nil,
		},
		"BrandBaseURL": "https://" + s.world.brandID() + ".sandbox1.qualtrics.com",
	}
}

func (s *survey) definitionOptions() map[string]any {
	partial := "+1 week"
	if s.index%4 == 3 {
		partial = "false"
	}
	options := map[string]any{
		"BackButton": "false", "SaveAndContinue": "true", "SurveyProtection": "PublicSurvey",
		"BallotBoxStuffingPrevention": "false", "NoIndex": "Yes", "SecureResponseFiles": "true",
		"SurveyExpiration": nil, "SurveyTermination": "DefaultMessage", "Header": "", "Footer": "",
		"ProgressBarDisplay": "None", "PartialData": partial, "ValidationMessage": nil, "NewScoring": 1,
		"PreviousButton": " ← ", "NextButton": " → ", "QuestionsPerPage": "", "SurveyTitle": "Online Survey",
	}
	if s.kind.anonymous {
		options["AnonymizeResponse"] = "Yes"
	}
	return options
}

// definitionBlocks returns an array for every seventh survey, and an object for
// the others.
func (s *survey) definitionBlocks(blocks []block) any {
	byID, list := map[string]any{}, []any{}
	for _, b := range blocks {
		elements := []any{}
		for i, id := range b.questions {
			if i > 0 && i%3 == 0 {
				elements = append(elements, map[string]any{"Type": "Page Break"})
			}
			elements = append(elements, map[string]any{"Type": "Question", "QuestionID": id})
		}
		element := map[string]any{
			"Type": b.kind, "SubType": "", "Description": b.name, "ID": b.id, "BlockElements": elements,
		}
		if b.kind != "Trash" {
			options := map[string]any{
				"BlockLocking": "false", "RandomizeQuestions": "false", "BlockVisibility": "Expanded", "Looping": "None",
			}
			if b.loops != nil {
				static := map[string]any{}
				for _, key := range b.loops {
					static[key] = map[string]any{"1": "Product " + key}
				}
				options["Looping"] = "Static"
				options["LoopingOptions"] = map[string]any{"Randomization": "None", "Static": static}
			}
			element["Options"] = options
		}
		byID[b.id] = element
		list = append(list, element)
	}
	if s.index%7 == 6 {
		return list
	}
	return objectOrList(byID)
}

// objectOrList returns an empty array for an empty object, as recorded.
func objectOrList(object map[string]any) any {
	if len(object) == 0 {
		return []any{}
	}
	return object
}

// definitionFlow puts the second half of the flow inside a group.
func (s *survey) definitionFlow(blocks []block) map[string]any {
	id := 1
	next := func() string { id++; return "FL_" + strconv.Itoa(id) }
	flow := []any{}
	if len(s.kind.fields) > 0 {
		var fields []any
		for i, f := range s.kind.fields {
			field := map[string]any{
				"Description": f.name, "Type": "Custom", "Field": f.name, "VariableType": "String",
				"DataVisibility": []any{}, "AnalyzeText": false,
			}
			if f.value == valueLarge {
				field["VariableType"] = "Scale"
			}
			if i == 0 {
				field["Value"], field["DataVisibility"] = "none", map[string]any{"Private": false}
			}
			fields = append(fields, field)
		}
		flow = append(flow, map[string]any{"Type": "EmbeddedData", "FlowID": next(), "EmbeddedData": fields})
	}
	nested := []any{}
	for i, b := range blocks {
		if b.kind == "Trash" {
			continue
		}
		kind := "Standard"
		if b.kind == "Default" {
			kind = "Block"
		}
		element := map[string]any{"Type": kind, "ID": b.id, "FlowID": next(), "Autofill": []any{}}
		if i%2 == 1 {
			nested = append(nested, element)
		} else {
			flow = append(flow, element)
		}
	}
	if len(nested) > 0 {
		flow = append(flow, map[string]any{"Type": "Group", "FlowID": next(), "Description": "Later", "Flow": nested})
	}
	flow = append(flow, map[string]any{"Type": "EndSurvey", "FlowID": next()})
	return map[string]any{
		"Type": "Root", "FlowID": "FL_1", "Flow": flow,
		"Properties": map[string]any{"Count": id, "RemovedFieldsets": []any{}},
	}
}

func (s *survey) definitionScoring() map[string]any {
	categories := []any{}
	if s.kind.scored {
		categories = append(categories, map[string]any{
			"ID": scoreID(uint64(s.index % len(s.world.kinds))), "Name": "Satisfaction score", "Description": "",
		})
	}
	return map[string]any{
		"ScoringCategories": categories, "ScoringCategoryGroups": []any{}, "ScoringSummaryCategory": nil,
		"ScoringSummaryAfterQuestions": 0, "ScoringSummaryAfterSurvey": 0,
		"DefaultScoringCategory": nil, "AutoScoringCategory": nil,
	}
}

// definitionMetadata returns the result of GET
// /survey-definitions/{id}/metadata (*documented*, API §2.2).
func (s *survey) definitionMetadata() any {
	s.world.mutex.RLock()
	defer s.world.mutex.RUnlock()
	status := "Active"
	if !s.active {
		status = "Inactive"
	}
	return map[string]any{
		"SurveyID": s.ident, "SurveyName": s.title, "SurveyDescription": nil, "SurveyOwnerID": s.owner,
		"SurveyBrandID": s.world.brandID(), "DivisionID": nil, "SurveyLanguage": s.kind.languages[0],
		"SurveyActiveResponseSet": s.responseSet(), "SurveyStatus": status, "SurveyStartDate": nil,
		"SurveyExpirationDate": nil, "SurveyCreationDate": isoSeconds(s.created), "CreatorID": s.owner,
		"LastModified": isoSeconds(s.modified), "LastAccessed": nil, "LastActivated": isoSeconds(s.created + 3600), "Deleted": nil,
	}
}

func (s *survey) responseSet() string { return "RS_" + token(idDigits, kindFileID, uint64(s.index)) }
