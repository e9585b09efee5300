package sandbox

// surveyMember returns a handler that answers with a part of a readable survey.
func (s *Sandbox) surveyMember(member func(*survey) any) func(*exchange) (any, error) {
	return func(x *exchange) (any, error) {
		found, err := s.readableSurvey(x)
		if err != nil {
			return nil, err
		}
		return member(found), nil
	}
}

// definitionQuestions lists all questions at once, without nextPage (*recorded*).
func definitionQuestions(s *survey) any {
	elements := []any{}
	form := s.questionnaire()
	for i := range form.questions {
		elements = append(elements, form.questions[i].definition())
	}
	return struct {
		Elements []any `json:"elements"`
	}{elements}
}

func definitionFlow(s *survey) any { return s.questionnaire().definitionFlow(false) }

func definitionMetadata(s *survey) any { return s.definitionMetadata() }

// surveyQuotas lists the quotas on one page. Qualtrics pages the list by offset
// (*documented*). No survey here has enough quotas for a second page.
func surveyQuotas(s *survey) any { return page{Elements: s.quotas()} }

// surveyFilters lists the saved filters (*documented*), also on one page.
func surveyFilters(s *survey) any {
	result := page{Elements: []any{}}
	for _, filter := range s.filters() {
		result.Elements = append(result.Elements, map[string]any{
			"filterId": filter.id, "filterName": filter.name, "creationDate": isoSeconds(filter.created),
		})
	}
	return result
}
