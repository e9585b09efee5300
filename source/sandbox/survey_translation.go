package sandbox

import "slices"

// translated is a text of a survey in one language. The grammar of the keys is that of
// clients (catalog §1.4); the API's own is not documented.
type translated struct{ key, question, text string }

// texts returns the texts of the questionnaire in a language. The survey is written in
// the first one.
func (f *questionnaire) texts(code string) (all []translated) {
	lead := "[" + code + "] "
	if code == f.languages[0].code {
		lead = ""
	}
	add := func(q *question, key, text string) {
		all = append(all, translated{q.id + "_" + key, q.id, lead + text})
	}
	for q, parent := range f.everyQuestion() {
		add(q, "QuestionText", q.text)
		for kind, choices := range q.tables() {
			for _, c := range choices {
				switch {
				case kind == KindChoice && parent == "":
					add(q, "Choice"+c.id, c.text)
				case kind == KindAnswer:
					add(q, "Answer"+c.id, c.text)
				}
			}
		}
	}
	return all
}

// surveyTranslation is *documented* as a flat object (catalog §1.4).
func (s *Sandbox) surveyTranslation(x *exchange) (any, error) {
	found, err := s.readableSurvey(x)
	if err != nil {
		return nil, err
	}
	form, code := found.questionnaire(), x.params["language"]
	if !slices.ContainsFunc(form.languages, func(l language) bool { return l.code == code }) {
		return nil, errNotFound()
	}
	texts := map[string]any{}
	for _, t := range form.texts(code) {
		texts[t.key] = t.text
	}
	return objectOrList(texts), nil
}

func (a asked) translations(each func(rowWriter)) {
	for _, l := range a.form.languages {
		for _, t := range a.form.texts(l.code) {
			row := a.row()
			row.text("language", l.code)
			row.text("text_key", t.key)
			row.text("question_id", t.question)
			row.text("text", t.text)
			each(row)
		}
	}
}
