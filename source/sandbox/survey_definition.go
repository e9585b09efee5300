package sandbox

import "strconv"

// number returns the id of the element at a position, from one.
func number(i int) string { return strconv.Itoa(i + 1) }

// definitionBody returns the result of GET /survey-definitions/{id}. Some types
// differ between surveys, as recorded (API §2.2).
func (s *survey) definitionBody() any {
	s.world.mutex.RLock()
	defer s.world.mutex.RUnlock()
	return s.definitionLocked(false)
}

// definitionLocked returns the definition. With masked set, it is without the
// credentials of other systems.
func (s *survey) definitionLocked(masked bool) map[string]any {
	status := "Active"
	if !s.active {
		status = "Inactive"
	}
	form, questions := s.questionnaireLocked(), map[string]any{}
	for i := range form.questions {
		questions[form.questions[i].id] = form.questions[i].definition()
	}
	return map[string]any{
		"QuestionCount": "1000", "SurveyOptions": s.definitionOptions(form), "SurveyID": s.ident, "SurveyName": s.title,
		"SurveyStatus": status, "LastModified": isoSeconds(s.modified), "BrandID": s.world.brandID(),
		"OwnerID": s.owner, "LastAccessed": nil, "CreatorID": s.owner, "LastActivated": isoSeconds(s.created + 3600),
		"Questions": objectOrList(questions), "Blocks": s.definitionBlocks(form.blocks),
		"ResponseSets": map[string]any{s.responseSet(): "Default Response Set"},
		"SurveyFlow":   form.definitionFlow(masked), "Scoring": form.definitionScoring(),
		"ProjectInfo": map[string]any{
			"SurveyID": s.ident, "ProjectCategory": "CORE", "ProjectType": nil, "CompositionType": nil, "ContentBundle": nil,
		},
		"BrandBaseURL": "https://" + s.world.brandID() + ".sandbox1.qualtrics.com",
	}
}

func (s *survey) definitionOptions(form *questionnaire) map[string]any {
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
	form.addLanguages(options, s.kind.languages[0], s.index%6 != 5)
	if s.kind.anonymous {
		options["AnonymizeResponse"] = "Yes"
	}
	return options
}

// definitionBlocks returns an array for every seventh survey, and an object for
// the others.
func (s *survey) definitionBlocks(blocks []block) any {
	byID, list := ordered{}, []any{}
	for _, b := range blocks {
		elements := []any{}
		for _, e := range b.elements() {
			element := map[string]any{"Type": e.kind}
			if e.question != "" {
				element["QuestionID"] = e.question
			}
			elements = append(elements, element)
		}
		element := map[string]any{
			"Type": b.kind, "SubType": "", "Description": b.name, "ID": b.id, "BlockElements": elements,
		}
		if options := b.options(); options != nil {
			element["Options"] = options
		}
		byID = append(byID, member{b.id, element})
		list = append(list, element)
	}
	if s.index%7 == 6 || len(list) == 0 {
		return list
	}
	return byID
}

// blockElement is a question or a page break of a block.
type blockElement struct{ kind, question string }

// elements returns the questions of a block, with a page break after every third.
func (b block) elements() (elements []blockElement) {
	for i, id := range b.questions {
		if i > 0 && i%3 == 0 {
			elements = append(elements, blockElement{kind: "Page Break"})
		}
		elements = append(elements, blockElement{"Question", id})
	}
	return elements
}

// options returns the options of a block; nil: the trash has none.
func (b block) options() map[string]any {
	if b.kind == "Trash" {
		return nil
	}
	options := map[string]any{
		"BlockLocking": "false", "RandomizeQuestions": "false", "BlockVisibility": "Expanded", "Looping": "None",
	}
	if b.random {
		options["RandomizeQuestions"] = "RandomWithXPerPage"
	}
	if b.loops != nil {
		static := map[string]any{}
		for _, key := range b.loops {
			static[key] = map[string]any{"1": "Product " + key}
		}
		options["Looping"] = "Static"
		options["LoopingOptions"] = map[string]any{"Randomization": "None", "Static": static}
	}
	return options
}

// member is a member of an object.
type member struct {
	name  string
	value any
}

// ordered is an object whose members are written in the order of the editor, as PHP
// does.
type ordered []member

// MarshalJSON writes the members in their order.
func (o ordered) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, m := range o {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendQuoted(b, m.name), ':')
		b = append(b, encodeJSON(m.value)...)
	}
	return append(b, '}'), nil
}

// objectOrList returns an empty array for an empty object, as recorded.
func objectOrList(object map[string]any) any {
	if len(object) == 0 {
		return []any{}
	}
	return object
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
