package sandbox

import (
	"encoding/json"
	"iter"
	"slices"
	"strconv"
	"strings"
)

// feedbackTruth yields the texts and scores of all visible responses that are finished and
// neither a preview, a test nor spam. The kinds of surveys say which questions have scores.
func (w *world) feedbackTruth() iter.Seq[[]byte] {
	return w.recordTruth(func(s *survey) func(*answered, func([]byte) bool) bool {
		every := s.everySheet()
		places, fields := every.places(), every.fieldNames()
		return func(one *answered, yield func([]byte) bool) bool {
			if one.facts.status&(statusPreview|statusTest|statusSpam) != 0 || one.facts.progress < 100 {
				return true
			}
			readable := one.readable(places, fields)
			for i := range places {
				p := &places[i]
				value, ok := one.values[p.column.key]
				if kind := p.feedback(); ok && kind != "" && !yield(one.feedback(p, kind, value, readable)) {
					return false
				}
			}
			return true
		}
	})
}

// feedback names the kind of feedback that the answers are; "": none.
func (p *place) feedback() string {
	switch p.kind() {
	case "text", "text_entry":
		return "comment"
	case "value":
		return p.asked.means
	}
	return ""
}

func (a *answered) feedback(p *place, kind string, value json.RawMessage, readable map[string]json.RawMessage) []byte {
	row := a.identified()
	row.text("feedback_key", p.column.key)
	var response string
	_ = json.Unmarshal(a.record.id, &response) // an id is a text
	row.text("feedback_id", a.record.survey.ident+"/"+response+"/"+p.column.key)
	row.json("posted_at", appendExact(nil, a.facts.recorded))
	row.text("kind", kind)
	if kind == "comment" {
		row.json("text", value)
		for _, name := range []string{"rating", "rating_min", "rating_max", "rating_label"} {
			row.null(name)
		}
	} else {
		row.null("text")
		row.json("rating", value)
		row.jsonOrNull("rating_min", json.RawMessage(p.asked.low))
		row.jsonOrNull("rating_max", json.RawMessage(p.asked.high))
		row.jsonOrNull("rating_label", a.labels[p.column.key])
	}
	row.jsonOrNull("author_id", a.values["externalDataReference"])
	row.null("account_id")
	row.text("survey_title", a.record.survey.title)
	row.text("question_id", p.id)
	row.text("question_tag", p.tag)
	row.jsonOrNull("language", a.values["userLanguage"])
	row.jsonOrNull("channel", a.values["distributionChannel"])
	row.number("status", a.facts.status)
	others := make(map[string]any, len(readable))
	for name, one := range readable {
		others[name] = one
	}
	delete(others, p.readableName())
	row.json("additional_fields", encodeJSON(others))
	if a.form == nil {
		return row.done()
	}
	at := a.form.at(p.id)
	if at < 0 {
		return row.done()
	}
	q := &a.form.questions[at]
	row.text("question_text", visible(q.text))
	asked, titles := q, []string{shownText(q.choices, p.row) + shownText(q.choices, p.choice)}
	if p.side > 0 {
		column := q.column(p.side - 1)
		asked, titles = &column, append(titles, visible(column.text))
	}
	titles = append(titles, shownText(asked.answers, p.cell))
	row.textOrNull("title", strings.Join(slices.DeleteFunc(titles, func(text string) bool { return text == "" }), " - "))
	return row.done()
}

// readableName names the answers of a key: the tag of the question and the other parts of the
// key. The key of a text question has no other part.
func (p *place) readableName() string {
	if p.id == "" {
		if p.kind() == "score" {
			return p.column.tag
		}
		return p.column.key
	}
	loop := ""
	if p.loop != "" {
		loop = p.loop + "_"
	}
	part := strings.TrimPrefix(p.column.key, loop+p.id)
	if part == "_TEXT" && p.kind() == "text" {
		part = ""
	}
	return loop + p.tag + part
}

// readable returns all answers but orders, and the embedded data, by readable names. Choices
// have their labels.
func (a *answered) readable(places []place, fields map[string]string) map[string]json.RawMessage {
	all := make(map[string]json.RawMessage)
	for i := range places {
		p := &places[i]
		value, ok := a.values[p.column.key]
		if !ok || p.part.shape == shapeOrder {
			continue
		}
		var label string
		if text, ok := a.labels[p.column.key]; ok && (json.Unmarshal(text, &label) != nil || label != string(value)) {
			value = text
		}
		all[p.readableName()] = value
	}
	for field, name := range fields {
		if value, ok := a.values[field]; ok {
			all[name] = value
		}
	}
	return all
}

// fieldNames returns names for the embedded data that differ from each other and from the
// tags of questions, also without regard to case.
func (s *sheet) fieldNames() map[string]string {
	taken := make(map[string]int)
	for i := range s.questions {
		if !s.questions[i].appendages {
			taken[strings.ToLower(s.questions[i].tag)] = -1
		}
	}
	var fields []string
	for _, f := range s.fields {
		fields = append(fields, f.name)
	}
	slices.Sort(fields)
	names := make(map[string]string, len(fields))
	for _, field := range fields {
		at := strings.ToLower(field)
		switch n := taken[at]; {
		case n < 0:
			names[field] = field + " (embedded data)"
			continue
		case n == 0:
			names[field] = field
		default:
			names[field] = field + " (" + strconv.Itoa(n+1) + ")"
		}
		taken[at]++
	}
	return names
}
