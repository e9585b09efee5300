package sandbox

import "encoding/json"

// legacyBody returns the result of GET /surveys/{id} (API §2.3). Choices are
// always objects, and the result includes the counts of responses.
func (s *survey) legacyBody() any {
	s.world.mutex.Lock() // the first count may read the whole history
	defer s.world.mutex.Unlock()
	o := &s.responses
	generated, parts := o.countGenerated(), s.kind.legacyParts()
	if s.edited != nil {
		parts = s.edited.legacyParts(s.kind)
	}
	return map[string]any{
		"id": s.ident, "name": s.title, "ownerId": s.owner, "organizationId": s.world.brandID(),
		"isActive": s.active, "creationDate": isoSeconds(s.created), "lastModifiedDate": isoSeconds(s.modified),
		"expiration": map[string]any{"startDate": nil, "endDate": nil},
		"questions":  parts["questions"], "exportColumnMap": parts["exportColumnMap"], "blocks": parts["blocks"], "flow": parts["flow"],
		"embeddedData": parts["embeddedData"], "comments": map[string]any{}, "loopAndMerge": parts["loopAndMerge"],
		"responseCounts": map[string]any{
			"auditable": o.visible() - generated + s.world.doubt.InflatedCounts, "generated": generated, "deleted": o.deleted,
		},
	}
}

// legacyParts returns the encoded common parts of all surveys of a kind.
func (k *blueprint) legacyParts() map[string]json.RawMessage {
	k.once.Do(func() {
		k.parts = encodeMembers(legacyMembers(k.questions, k.blocks, k.fields))
	})
	return k.parts
}

// legacyParts returns the same parts of an edited survey.
func (f *questionnaire) legacyParts(k *blueprint) map[string]json.RawMessage {
	f.legacyOnce.Do(func() {
		questions := &sheet{}
		for q := range f.inOrder() {
			questions.add(k, *q)
		}
		f.parts = encodeMembers(legacyMembers(questions.questions, f.blocks, f.fields))
	})
	return f.parts
}

func encodeMembers(members map[string]any) map[string]json.RawMessage {
	encoded := make(map[string]json.RawMessage)
	for name, member := range members {
		encoded[name] = encodeJSON(member)
	}
	return encoded
}

func legacyMembers(all []question, everyBlock []block, everyField []field) map[string]any {
	questions, blocks := map[string]any{}, map[string]any{}
	columns, loops := map[string]any{}, map[string]any{}
	for i := range all {
		if q := &all[i]; !q.appendages {
			questions[q.id] = q.legacy()
			q.columnMap(columns)
		}
	}
	flow := []any{}
	if len(everyField) > 0 {
		flow = append(flow, map[string]any{"type": "Group", "flow": []any{map[string]any{"type": "EmbeddedData"}}})
	}
	for _, b := range everyBlock {
		elements := []any{}
		for i, id := range b.questions {
			if i > 0 && i%3 == 0 {
				elements = append(elements, map[string]any{"type": "PageBreak"})
			}
			elements = append(elements, map[string]any{"type": "Question", "questionId": id})
		}
		blocks[b.id] = map[string]any{"description": b.name, "elements": elements}
		if b.kind != "Trash" {
			flow = append(flow, map[string]any{"id": b.id, "type": "Block"})
		}
		if b.loops != nil {
			// The inner form is assumed (API §2.3).
			loops[b.id] = map[string]any{"columnNames": map[string]any{"1": map[string]any{"name": "product"}}}
		}
	}
	fields := []any{}
	for i, f := range everyField {
		if f.undeclared {
			continue
		}
		element := map[string]any{"name": f.name}
		if i == 0 {
			element["defaultValue"] = "none"
		}
		fields = append(fields, element)
	}
	return map[string]any{
		"questions": questions, "exportColumnMap": columns, "blocks": blocks, "flow": flow, "embeddedData": fields, "loopAndMerge": loops,
	}
}

func (q *question) legacy() map[string]any {
	body := map[string]any{
		"questionType":  map[string]any{"type": q.kind, "selector": q.selector, "subSelector": nullable(q.sub)},
		"questionText":  q.text,
		"questionLabel": nil,
		"questionName":  q.tag,
		"validation":    map[string]any{"doesForceResponse": q.force},
	}
	rows, scale := q.choices, q.answers
	if scale != nil || q.columns != nil {
		body["subQuestions"] = legacyChoices(rows, false)
		rows = scale
	}
	if rows != nil {
		body["choices"] = legacyChoices(rows, true)
	}
	if q.columns != nil {
		columns := map[string]any{}
		for i := range q.columns {
			columns[number(i)] = q.columns[i].legacyColumn()
		}
		body["columns"] = columns
	}
	if q.shuffled {
		body["randomization"] = map[string]any{"type": "all"}
	}
	if q.carried != "" {
		body["carryForward"] = map[string]any{"questionId": q.carried}
	}
	return body
}

func (q *question) legacyColumn() map[string]any {
	return map[string]any{
		"questionType": map[string]any{"type": q.kind, "selector": q.selector, "subSelector": nullable(q.sub)},
		"questionText": q.text, "questionLabel": nil,
		"validation": map[string]any{"doesForceResponse": q.force},
		"choices":    legacyChoices(q.answers, true),
	}
}

func legacyChoices(choices []choice, options bool) map[string]any {
	all := map[string]any{}
	for _, c := range choices {
		element := map[string]any{
			"recode": c.recode, "description": plain(c.text), "choiceText": c.text,
			"imageDescription": nil, "variableName": nullable(c.variable),
		}
		if c.variable != "" {
			element["description"] = c.variable
		}
		if options {
			element["analyze"] = !c.mute
		}
		if c.entry {
			element["textEntry"] = map[string]any{}
		}
		all[c.id] = element
	}
	return all
}

// columnMap adds the question's entries to exportColumnMap. The map differs
// from the header of files (API §2.3).
func (q *question) columnMap(columns map[string]any) {
	rows := func(name string, choices []choice) {
		for _, c := range choices {
			path := q.id + "." + name + "." + c.id
			key := "choice"
			if name == "subQuestions" {
				key = "subQuestion"
			}
			columns[q.tag+"_"+c.id] = map[string]any{"question": q.id, key: path}
			if c.entry {
				columns[q.tag+"_"+c.id+"_TEXT"] = map[string]any{"question": q.id, key: path, "textEntry": path + ".textEntry"}
			}
		}
	}
	switch {
	case q.columns != nil:
		q.sideBySideMap(columns)
	case q.answers != nil:
		rows("subQuestions", q.choices)
	case q.kind == "MC" && !q.isMultiple():
		columns[q.tag] = map[string]any{"question": q.id}
		for _, c := range q.choices {
			if c.entry {
				columns[q.tag+"_TEXT"] = map[string]any{"question": q.id}
			}
		}
	case q.choices != nil:
		rows("choices", q.choices)
	case len(q.parts) > 0:
		columns[q.tag] = map[string]any{"question": q.id}
	}
}

// sideBySideMap adds an entry for each row of a column, or for each cell if the
// column accepts several answers.
func (q *question) sideBySideMap(columns map[string]any) {
	for i := range q.columns {
		column := q.id + ".columns." + number(i)
		for _, row := range q.choices {
			tag := q.tag + "#" + number(i) + "_" + row.id
			element := func(choice string) map[string]any {
				body := map[string]any{"question": q.id, "subQuestion": q.id + ".subQuestions." + row.id, "column": column}
				if choice != "" {
					body["choice"] = column + ".choices." + choice
				}
				return body
			}
			if q.columns[i].sub != "MultipleAnswer" {
				columns[tag] = element("")
				continue
			}
			for _, answer := range q.columns[i].answers {
				columns[tag+"_"+answer.id] = element(answer.id)
			}
		}
	}
}
