package sandbox

import "iter"

// structureTruth makes the truth of rows that the definitions of surveys have.
func structureTruth(rows func(a asked, each func(rowWriter))) func(*world) iter.Seq[[]byte] {
	return func(w *world) iter.Seq[[]byte] {
		all := w.asked()
		return func(yield func([]byte) bool) {
			stopped := false
			for _, one := range all {
				rows(one, func(row rowWriter) { stopped = stopped || !yield(row.done()) })
				if stopped {
					return
				}
			}
		}
	}
}

// row begins a row of the survey.
func (a asked) row() rowWriter {
	var row rowWriter
	row.text("survey_id", a.survey)
	return row
}

func (a asked) blocks(each func(rowWriter)) {
	for i, b := range a.form.blocks {
		row := a.row()
		row.text("block_id", b.id)
		row.text("description", b.name)
		row.text("block_type", b.kind)
		row.null("sub_type")
		row.number("position", i+1)
		row.object("options", b.options())
		each(row)
	}
}

func (a asked) blockQuestions(each func(rowWriter)) {
	for _, b := range a.form.blocks {
		for i, e := range b.elements() {
			row := a.row()
			row.text("block_id", b.id)
			if e.question == "" {
				row.text("element_id", "#"+number(i))
			} else {
				row.text("element_id", e.question)
			}
			row.number("position", i+1)
			row.text("element_type", e.kind)
			row.textOrNull("question_id", e.question)
			each(row)
		}
	}
}

// everyStep calls each with the elements of the flow, their parent, depth and position.
func (f *questionnaire) everyStep(each func(s step, parent string, depth, position int)) {
	var walk func(steps []step, parent string, depth int)
	walk = func(steps []step, parent string, depth int) {
		for i, s := range steps {
			each(s, parent, depth, i+1)
			walk(s.inner, s.id, depth+1)
		}
	}
	walk(f.flow, "FL_1", 1)
}

func (a asked) flowElements(each func(rowWriter)) {
	root := a.form.definitionFlow(true)
	write := func(s step, parent string, depth, position int, properties map[string]any) {
		row := a.row()
		row.text("flow_id", s.id)
		row.text("flow_type", s.kind)
		row.textOrNull("parent_flow_id", parent)
		row.number("depth", depth)
		row.number("position", position)
		row.textOrNull("block_id", s.block)
		row.textOrNull("description", s.text)
		row.object("properties", properties)
		each(row)
	}
	write(step{id: "FL_1", kind: "Root"}, "", 0, 1, map[string]any{"Properties": root["Properties"]})
	a.form.everyStep(func(s step, parent string, depth, position int) {
		write(s, parent, depth, position, s.properties(true))
	})
}

func (a asked) embeddedFields(each func(rowWriter)) {
	a.form.everyStep(func(s step, _ string, _, _ int) {
		for i, f := range s.fields {
			row := a.row()
			row.text("flow_id", s.id)
			row.text("field", f.name)
			row.number("position", i+1)
			row.textOrNull("field_type", f.kind)
			row.text("description", f.name)
			row.textOrNull("variable_type", f.variable)
			row.textOrNull("value", f.shown(true))
			if f.bare {
				row.null("analyze_text")
			} else {
				row.yes("analyze_text", false)
			}
			if f.flowOnly {
				row.yes("flow_only", true)
			} else {
				row.null("flow_only")
			}
			each(row)
		}
	})
}

func (a asked) scoringCategories(each func(rowWriter)) {
	for i, c := range a.form.categories {
		row := a.row()
		row.text("category_id", c.id)
		row.text("name", c.name)
		row.textOrNull("description", c.text)
		row.number("position", i+1)
		row.yes("is_default", i == 0)
		if c.grouped {
			row.json("category_groups", encodeJSON([]any{map[string]any{"id": "SCG_1", "name": "Group"}}))
		} else {
			row.null("category_groups")
		}
		each(row)
	}
}

func (a asked) surveyLanguages(each func(rowWriter)) {
	for i, l := range a.form.languages {
		row := a.row()
		row.text("language", l.code)
		row.yes("is_base", i == 0)
		row.textOrNull("survey_title", l.title)
		description := ""
		if l.title != "" {
			description = l.title + "."
		}
		row.textOrNull("survey_meta_description", description)
		each(row)
	}
}

// definitionTruth has the whole definitions, without credentials.
func (w *world) definitionTruth() iter.Seq[[]byte] {
	w.mutex.RLock()
	defer w.mutex.RUnlock()
	var rows [][]byte
	for _, s := range w.listedLocked() {
		if !s.legible {
			continue
		}
		definition := s.definitionLocked(true)
		row := asked{survey: s.ident}.row()
		row.date("definition_last_modified", s.modified)
		row.text("survey_name", s.title)
		row.text("survey_status", definition["SurveyStatus"].(string))
		row.object("definition", definition)
		rows = append(rows, row.done())
	}
	return func(yield func([]byte) bool) {
		for _, row := range rows {
			if !yield(row) {
				return
			}
		}
	}
}
