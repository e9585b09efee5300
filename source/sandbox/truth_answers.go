package sandbox

import (
	"encoding/json"
	"iter"
	"regexp"
	"strconv"
)

// answerTruth yields the answers of all visible responses. A list is one answer for each of
// its elements. Texts of questions and choices are those of the present questionnaire. A
// question that was deleted for good has no texts, and its answers have no kind.
func (w *world) answerTruth() iter.Seq[[]byte] {
	return w.recordTruth(func(s *survey) func(*answered, func([]byte) bool) bool {
		places := s.everySheet().places()
		return func(one *answered, yield func([]byte) bool) bool {
			for i := range places {
				if value, ok := one.values[places[i].column.key]; ok && !one.rows(&places[i], value, yield) {
					return false
				}
			}
			return true
		}
	})
}

// recordTruth yields rows of the records of all visible responses. rowsOf returns the function
// that yields the rows of a record of the survey.
func (w *world) recordTruth(rowsOf func(*survey) func(*answered, func([]byte) bool) bool) iter.Seq[[]byte] {
	type moment struct {
		survey *survey
		shot   snapshot
		form   *questionnaire // nil: the account cannot read it
	}
	w.mutex.RLock()
	defer w.mutex.RUnlock()
	var moments []moment
	for _, s := range w.listedLocked() {
		if !s.canExport() {
			continue
		}
		one := moment{s, s.snapshot(), nil}
		if s.legible {
			one.form = s.questionnaireLocked()
		}
		moments = append(moments, one)
	}
	return func(yield func([]byte) bool) {
		q := exportQuery{Sort: true}
		for _, m := range moments {
			record, rows := newRecord(m.survey, q), rowsOf(m.survey)
			record.damaged, record.at = m.shot.damaged, m.shot.at
			for f := range m.shot.query(q, w.doubt) {
				record.fill(f)
				one := answered{record: record, facts: f, form: m.form}
				if json.Unmarshal(record.values, &one.values) != nil || json.Unmarshal(record.labels, &one.labels) != nil {
					continue // the sandbox damaged it
				}
				if !rows(&one, yield) {
					return
				}
			}
		}
	}
}

// answered is a response with its answers.
type answered struct {
	record         *record
	facts          facts
	form           *questionnaire
	values, labels map[string]json.RawMessage
}

// rows yields the answers of one value key.
func (a *answered) rows(p *place, value json.RawMessage, yield func([]byte) bool) bool {
	label := a.labels[p.column.key]
	var elements, labels []json.RawMessage
	if value[0] != '[' {
		return yield(a.row(p, p.column.key, 0, value, label))
	}
	if json.Unmarshal(value, &elements) != nil || label != nil && json.Unmarshal(label, &labels) != nil {
		return true
	}
	seen := make(map[string]bool)
	for i, element := range elements {
		var text string
		isText := json.Unmarshal(element, &text) == nil
		key := p.column.key + "/#" + strconv.Itoa(i+1)
		if isText && shortCode.MatchString(text) && !seen[text] {
			key = p.column.key + "/" + text
		}
		seen[text] = true
		label = nil
		if labels != nil {
			label = labels[i]
		}
		if !yield(a.row(p, key, i+1, element, label)) {
			return false
		}
	}
	return true
}

// shortCode matches the elements of lists that name their answer.
var shortCode = regexp.MustCompile(`^[0-9A-Za-z_.-]{1,64}$`)

// row writes one answer. The position counts from 1; 0 stands for a value that is no list.
func (a *answered) row(p *place, key string, position int, value, label json.RawMessage) []byte {
	row := a.begin()
	row.text("answer_key", key)
	row.text("value_key", p.column.key)
	row.textOrNull("question_id", p.id)
	row.textOrNull("loop_id", p.loop)
	row.textOrNull("sub_question_id", p.row)
	row.textOrNull("column_id", positive(p.side))
	row.textOrNull("cell_id", p.cell)
	row.textOrNull("group_id", positive(p.group))
	row.textOrNull("detail", p.detail)
	row.textOrNull("model_id", p.model)
	row.textOrNull("object_id", p.object)
	if position > 0 {
		row.number("position", position)
	} else {
		row.null("position")
	}
	row.yes("is_text_entry", p.entry)
	a.value(&row, p, value, label)
	if a.form != nil {
		a.definition(&row, p, value, label)
	}
	return row.done()
}

// begin begins a row of the response with its recorded date.
func (a *answered) begin() (row rowWriter) {
	row = a.identified()
	row.json("recorded_date", appendExact(nil, a.facts.recorded))
	return row
}

// identified begins a row of the response.
func (a *answered) identified() (row rowWriter) {
	row.text("survey_id", a.record.survey.ident)
	row.json("response_id", a.record.id)
	row.json("last_modified_date", appendExact(nil, a.facts.modified))
	return row
}

// positive returns a number as text, and "" for -1.
func positive(n int) string {
	if n < 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// value writes the value and its code.
func (a *answered) value(row *rowWriter, p *place, value, label json.RawMessage) {
	text := string(value)
	isText := json.Unmarshal(value, &text) == nil
	row.text("value_text", text)
	_, err := strconv.ParseFloat(text, 64)
	if isNumber := !isText && err == nil; isNumber {
		row.json("value_number", value)
	} else {
		row.null("value_number")
	}
	switch {
	case p.kind() != "rank":
		row.null("rank_position")
	case a.form != nil && a.form.at(p.id) >= 0: // else nothing says that the number is a rank
		row.json("rank_position", value)
	}
	if label != nil {
		row.text("recode", text)
		row.json("choice_text", label)
	} else {
		row.null("recode")
	}
}

// definition writes the columns that are known from the definition, and the names of columns
// in files.
func (a *answered) definition(row *rowWriter, p *place, value, label json.RawMessage) {
	row.text("export_tag", p.column.tag)
	if p.id == "" {
		row.text("kind", p.kind())
		row.null("question_text")
		return
	}
	row.text("question_tag", p.tag)
	at := a.form.at(p.id)
	if at < 0 {
		return
	}
	q := &a.form.questions[at]
	row.text("kind", p.kind())
	row.text("question_text", visible(q.text))
	asked := q
	if p.side > 0 {
		column := q.column(p.side - 1)
		column.choices, asked = q.choices, &column
		row.text("column_text", visible(column.text))
	} else {
		row.null("column_text")
	}
	row.text("question_type", asked.kind)
	row.textOrNull("selector", asked.selector)
	row.textOrNull("sub_question_text", shownText(q.choices, p.row))
	row.textOrNull("cell_text", shownText(asked.answers, p.cell))
	group := ""
	if p.group >= 0 {
		group = visible(asked.answers[p.group].text)
	}
	row.textOrNull("group_text", group)
	a.choice(row, p, asked, value, label)
}

// choice writes the choice that was made, shown, or completed by a text.
func (a *answered) choice(row *rowWriter, p *place, q *question, value, label json.RawMessage) {
	switch {
	case p.choice != "":
		row.text("choice_id", p.choice)
		row.textOrNull("choice_text", shownText(q.choices, p.choice))
	case p.part.shape == shapeOrder:
		var id string
		_ = json.Unmarshal(value, &id) // an order lists texts
		list := q.choices
		if p.scale {
			list = q.answers
		}
		if indexOfChoice(list, id) < 0 {
			id = ""
		}
		row.textOrNull("choice_id", id)
		row.textOrNull("choice_text", shownText(list, id))
	case label != nil && p.list != nil:
		code := string(value)
		_ = json.Unmarshal(value, &code) // elements of lists are texts, other codes numbers
		row.textOrNull("choice_id", q.chosen(p.list(q), code))
	default:
		row.null("choice_id")
	}
	if label == nil && p.choice == "" && p.part.shape != shapeOrder {
		row.null("choice_text")
	}
}

// chosen returns the id of the one choice with a code; "" if there is none, or more.
func (q *question) chosen(list []choice, code string) (id string) {
	for _, c := range list {
		own := c.id
		if q.recoded {
			own = c.recode
		}
		switch {
		case own != code:
		case id != "":
			return ""
		default:
			id = c.id
		}
	}
	return id
}
