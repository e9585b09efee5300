package sandbox

import (
	"html"
	"strconv"
	"strings"
)

// place says which part of a questionnaire a value key belongs to.
type place struct {
	part   part
	column column
	id     string // of the question, "" for keys of the survey itself
	tag    string // of the question
	asked  *question
	loop   string
	side   int // column of a side-by-side question, from 1; -1: none
	group  int // from 0; -1: none
	row    string
	cell   string
	choice string // with the text box
	detail string
	model  string
	object string
	entry  bool // a text box
	scale  bool // an order of answers
	prompt bool
	list   func(*question) []choice // whose codes are the values; nil: values have no codes
}

// places lists the value keys of surveys of the kind, in the order of the questions.
func (s *sheet) places() (all []place) {
	for i := range s.questions {
		q := &s.questions[i]
		none := place{side: -1, group: -1, asked: q}
		if q.appendages {
			for _, p := range q.parts {
				for _, c := range p.columns {
					one := none
					one.part, one.column, one.object = p, c, strings.TrimSuffix(c.key, "_DO")
					all = append(all, one)
				}
			}
			continue
		}
		loops := q.loops
		if len(loops) == 0 {
			loops = []string{""}
		}
		for _, loop := range loops {
			base, prefix := none, ""
			base.id, base.tag, base.loop = q.id, q.tag, loop
			if loop != "" {
				prefix = loop + "_"
			}
			all = q.place(all, prefix+q.id, prefix+q.tag, base)
			all = q.placeByproducts(all, prefix+q.id, prefix+q.tag, base)
		}
	}
	return all
}

// place adds the keys of the answers to a question.
func (q *question) place(all []place, stem, tag string, base place) []place {
	for i := range q.columns {
		inner := q.columns[i]
		inner.choices = append([]choice(nil), q.choices...)
		for j := range inner.choices {
			inner.choices[j].entry = inner.choices[j].entry && i == 0
		}
		side := base
		side.side, side.asked = i+1, &inner
		number := "#" + strconv.Itoa(i+1)
		all = inner.place(all, stem+number, tag+number, side)
	}
	if q.columns != nil {
		return all
	}
	for number, p := range q.keys(stem, tag) {
		for i, c := range p.columns {
			one := base
			one.part, one.column = p, c
			q.locate(&one, number, i, stem)
			all = append(all, one)
		}
		for _, box := range p.entries {
			one, id := base, q.choices[box.at].id
			one.part, one.column, one.entry = part{shape: shapeText}, box.column, true
			if q.kind == "MC" || q.kind == "PGR" {
				one.choice = id
			} else {
				one.row = id
			}
			all = append(all, one)
		}
	}
	return all
}

// locate fills the parts of column i of a part of a question.
func (q *question) locate(one *place, number, i int, stem string) {
	choices, answers := func(q *question) []choice { return q.choices }, func(q *question) []choice { return q.answers }
	switch one.part.shape {
	case shapeSingle, shapeMultiple:
		one.list = choices
	case shapeNPS:
		if i == 0 {
			one.list = choices
		}
	case shapeTopics:
		if i > 0 {
			one.detail = topicSuffixes[i-1]
			one.model = strings.TrimSuffix(strings.TrimPrefix(one.column.key, stem+"_TEXT_"), one.detail)
		}
	case shapeTiming, shapeBrowser, shapeFile:
		one.detail = strings.TrimPrefix(one.column.key, stem+"_")
	case shapeMarks:
		one.cell, one.list = q.answers[i].id, choices
	case shapeGroup:
		if groups := len(q.answers); i < groups {
			one.group, one.list = i, choices
		} else {
			one.group, one.row = (i-groups)/len(q.choices), q.choices[(i-groups)%len(q.choices)].id
		}
	case shapeClicks:
	case shapeRate, shapeCheck, shapeSpots:
		one.row, one.list = q.choices[i].id, answers
	default:
		switch {
		case q.kind == "Matrix":
			one.row, one.cell = q.choices[number].id, q.answers[i].id
		case q.kind != "TE" || q.selector == "FORM":
			one.row = q.choices[i].id
		}
	}
}

func (q *question) placeByproducts(all []place, stem, tag string, base place) []place {
	for _, p := range q.byproducts(stem, tag) {
		for _, c := range p.columns {
			one := base
			one.part, one.column = p, c
			one.scale = strings.HasSuffix(c.key, "_ADO")
			one.prompt = p.shape == shapeText
			all = append(all, one)
		}
	}
	return all
}

// kind names the kind of the answer.
func (p *place) kind() string {
	switch p.part.shape {
	case shapeNPS:
		if strings.HasSuffix(p.column.key, "_GROUP") {
			return "nps_group"
		}
	case shapeText:
		switch {
		case p.entry:
			return "text_entry"
		case p.prompt:
			return "follow_up_prompt"
		}
		return "text"
	case shapeTopics:
		return p.topicKind()
	case shapeRank:
		return "rank"
	case shapeGroup:
		if p.row == "" {
			return "group"
		}
		return "rank"
	case shapeTiming:
		return "timing"
	case shapeBrowser:
		return "browser"
	case shapeFile:
		if p.asked.kind == "Draw" {
			return "signature"
		}
		return "file"
	case shapeClicks:
		return "heat_map"
	case shapeSpots:
		return "hot_spot"
	case shapeMarks:
		return "highlight"
	case shapeOrder:
		return "display_order"
	case shapeScore:
		return "score"
	case shapeDerived:
		return "derived"
	}
	return "value"
}

func (p *place) topicKind() string {
	switch p.detail {
	case "":
		return "text"
	case "Topics", "ParTopics", "TopicHierarchy1":
		return "topic"
	case "Emotion", "EmotIntensity":
		return "emotion"
	case "Effort", "EffortNumeric":
		return "effort"
	case "Actionability":
		return "actionability"
	}
	return "sentiment"
}

// visible returns a text as a browser shows it, on one line.
func visible(text string) string {
	return strings.Join(strings.Fields(html.UnescapeString(plain(text))), " ")
}

// shownText returns the text of a choice; "" if it does not exist.
func shownText(choices []choice, id string) string {
	if at := indexOfChoice(choices, id); at >= 0 && id != "" {
		return visible(choices[at].text)
	}
	return ""
}
