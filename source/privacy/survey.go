package privacy

import (
	"maps"
	"regexp"
	"slices"
)

// Question is a question of a survey.
type Question struct {
	ID       string // QID7
	Tag      string // "": unknown
	FreeText bool   // a respondent can type text, or that is unknown
}

// Facts are the names of one survey. An export is asked for these names without the ones that
// are left out.
type Facts struct {
	Questions    []Question
	EmbeddedData []string
	// Known is set if the questions and the embedded data could be read.
	Known bool
}

// Survey applies the rules to one survey. nil: there are no rules.
type Survey struct {
	rules     *Rules
	survey    string
	known     bool
	questions map[string]Treatment // by id; a question that is absent is not known
	fields    map[string]bool      // declared embedded data
}

// Survey applies the rules to a survey.
func (r *Rules) Survey(id string, facts Facts) *Survey {
	if r == nil {
		return nil
	}
	s := &Survey{rules: r, survey: id, known: facts.Known, questions: make(map[string]Treatment), fields: make(map[string]bool)}
	for _, question := range facts.Questions {
		if !plainID.MatchString(question.ID) { // no export lists it (API §3.1)
			continue
		}
		// Two sources may show a question. If one of them has to be left out, so has the other.
		s.questions[question.ID] = max(s.questions[question.ID], s.treatQuestion(question))
	}
	for _, name := range facts.EmbeddedData {
		s.fields[name] = true
	}
	return s
}

// AsksForQuestions reports whether some question of a survey may have to be left out.
func (r *Rules) AsksForQuestions() bool {
	return r != nil && (r.strict || len(r.ids)+len(r.tags) > 0)
}

// AsksForEmbeddedData reports whether some field of embedded data may have to be left out.
func (r *Rules) AsksForEmbeddedData() bool { return r != nil && (r.strict || len(r.embedded) > 0) }

// byTag reports whether tags decide about questions, so that one without a known tag is left out.
func (s *Survey) byTag() bool {
	return s.rules.strict || slices.ContainsFunc(s.rules.tags, func(rule tagRule) bool { return rule.survey == "" || rule.survey == s.survey })
}

// byID reports whether the settings name the id of a question.
func (s *Survey) byID(id string) bool { return s.rules.ids[id] || s.rules.ids[s.survey+"/"+id] }

func (s *Survey) treatQuestion(q Question) Treatment {
	switch {
	case s.byID(q.ID), q.Tag == "" && s.byTag(), s.rules.strict && q.FreeText && isPersonal(q.Tag):
		return LeaveOut
	}
	for _, rule := range s.rules.tags {
		if (rule.survey == "" || rule.survey == s.survey) && matchesAny([]string{rule.pattern}, q.Tag) {
			return LeaveOut
		}
	}
	return Keep
}

// Lists returns the lists of an export request; nil: the request has no such list, which asks for
// everything. If the names of a survey are unknown, the others cannot be listed. Then an
// export asks for no question if tags decide, and for everything else. That a sorted export has the
// modified date although no list names it is *assumed*.
func (s *Survey) Lists() (questions, embedded, metadata *[]string) {
	if s == nil {
		return nil, nil, nil
	}
	switch {
	case !s.known && s.byTag():
		questions = &[]string{}
	case s.known && slices.Contains(slices.Collect(maps.Values(s.questions)), LeaveOut):
		questions = s.listed(maps.Keys(s.questions), func(id string) Treatment { return s.questions[id] })
	}
	// A field that the survey does not declare may hold anything, so it is not asked for.
	if s.known && s.rules.AsksForEmbeddedData() {
		embedded = s.listed(maps.Keys(s.fields), s.rules.EmbeddedData)
	}
	if slices.ContainsFunc(metadataNames, func(name string) bool { return s.rules.metadata[name] == LeaveOut }) {
		metadata = s.listed(slices.Values(metadataNames), s.rules.Metadata)
	}
	return questions, embedded, metadata
}

// listed returns the names that are not left out, in order.
func (*Survey) listed(names func(yield func(string) bool), treat func(string) Treatment) *[]string {
	list := []string{}
	for name := range names {
		if treat(name) != LeaveOut {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return &list
}

var (
	// ofQuestion matches the keys of a question, also those of loops. The group is its id.
	ofQuestion = regexp.MustCompile(`(?s)^(?:_?x?[0-9]+_)*(QID[0-9]+)(?:[^0-9].*)?$`)
	// ofSurvey matches scores and display orders.
	ofSurvey = regexp.MustCompile(`^(?:SC_[0-9A-Za-z]+|(?:FL|BL)_\w+_DO)$`)
)

// Value returns the treatment of a key of a response's values. metadata is set if the key is the
// name of a metadata field.
func (s *Survey) Value(key string, metadata bool) Treatment {
	if s == nil {
		return Keep
	}
	if metadata {
		return s.rules.Metadata(key)
	}
	if match := ofQuestion.FindStringSubmatch(key); match != nil {
		if s.Question(match[1]) == LeaveOut {
			return LeaveOut
		}
		if !s.fields[key] {
			return Keep
		}
	}
	if ofSurvey.MatchString(key) && !s.fields[key] {
		return Keep
	}
	return s.rules.EmbeddedData(key)
}

// Question returns the treatment of a question. One that is not known is left out if tags decide,
// because it may be new.
func (s *Survey) Question(id string) Treatment {
	treatment, known := s.questions[id]
	if s.byID(id) || !known && s.byTag() {
		return LeaveOut
	}
	return treatment
}

// HashValue returns the hash of a value, as a JSON text.
func (s *Survey) HashValue(key string, metadata bool, value []byte) []byte {
	if metadata {
		return s.rules.HashMetadata(key, value)
	}
	return s.rules.HashEmbeddedData(key, value)
}

// Known reports whether the names of the survey could be read, or no rule needs them.
func (s *Survey) Known() bool {
	return s == nil || s.known || !s.rules.AsksForQuestions() && !s.rules.AsksForEmbeddedData()
}
