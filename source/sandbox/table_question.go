package sandbox

import (
	"slices"
	"strings"
)

// tableBuilder makes the columns of questions.
type tableBuilder struct {
	options tableOptions
	columns []tableColumn

	topics, derived, orders []tableColumn // come behind the embedded data
}

// columnNames maps the suffix of a value key to its name in tags. The names of
// files and half of the names of Text iQ are *assumed*. The others are
// *recorded*.
var columnNames = map[string]string{
	"FIRST_CLICK": "First Click", "LAST_CLICK": "Last Click", "PAGE_SUBMIT": "Page Submit", "CLICK_COUNT": "Click Count",
	"BROWSER": "Browser", "VERSION": "Version", "OS": "Operating System", "RESOLUTION": "Resolution",
	"FILE_ID": "Id", "FILE_NAME": "Name", "FILE_SIZE": "Size", "FILE_TYPE": "Type",
	"ParTopics": "Parent Topics", "SenPol": "Sentiment Polarity", "SenScore": "Sentiment Score", "Sentiment": "Sentiment",
	"TopicSenLabel": "Topic Sentiment Label", "TopicSenScore": "Topic Sentiment Score", "Topics": "Topics",
	"TopicHierarchy1": "Topic Hierarchy Level 1", "Emotion": "Emotion", "EmotIntensity": "Emotion Intensity",
	"Effort": "Effort", "EffortNumeric": "Effort Numeric", "Actionability": "Actionability",
}

func (b *tableBuilder) question(q *question) {
	for i := range q.parts {
		p := &q.parts[i]
		seen := ""
		if len(p.columns) > 0 && !q.appendages {
			seen = p.columns[0].key
		}
		b.part(q, p, seen)
	}
}

// part adds the columns of one part. Seen is the member of displayedFields if
// the respondent saw the question.
func (b *tableBuilder) part(q *question, p *part, seen string) {
	text := func(c column) string { return q.columnText(c.label) }
	switch p.shape {
	case shapeSingle, shapeMultiple:
		c := p.columns[0]
		title := text(c)
		if len(p.entries) > 0 {
			title += " - Selected Choice"
		}
		if p.shape == shapeSingle {
			b.add(tableColumn{tag: c.tag, text: title, key: c.key, kind: cellCode, seenBy: seen})
		} else {
			b.set(c, title, seen)
		}
		for i := range p.entries {
			b.entry(q, p, i, seen)
		}
	case shapeNPS:
		for _, c := range []column{p.columns[1], p.columns[0]} {
			b.add(tableColumn{tag: c.tag, text: text(c), key: c.key, kind: cellCode, seenBy: seen})
		}
	case shapeOrder:
		b.order(q, p.columns[0])
	case shapeTopics:
		b.topic(q, p, seen)
	case shapeDerived:
		c := p.columns[0]
		b.derived = append(b.derived, tableColumn{tag: c.tag, text: c.label, key: c.key})
	case shapeClicks:
		c := p.columns[0] // *assumed*, API §3.6
		b.add(tableColumn{tag: c.tag + "_x", text: text(c) + " - x", key: c.key, choiceID: "x", kind: cellX, seenBy: seen})
		b.add(tableColumn{tag: c.tag + "_y", text: text(c) + " - y", key: c.key, choiceID: "y", kind: cellY, seenBy: seen})
	case shapeScore:
		c := p.columns[0]
		b.add(tableColumn{tag: c.tag, text: c.label, key: c.key, kind: cellNumber})
	case shapeTiming, shapeBrowser, shapeFile:
		for i, c := range p.columns {
			b.named(q, p.shape, i, c, seen)
		}
	default:
		for i, c := range p.columns {
			b.row(q, p, i, c, seen)
		}
	}
}

// row adds the columns of key i of a part, and of the text box of that row.
func (b *tableBuilder) row(q *question, p *part, i int, c column, seen string) {
	one := tableColumn{tag: c.tag, text: q.columnText(c.label), key: c.key, seenBy: seen}
	switch p.shape {
	case shapeCheck, shapeMarks:
		b.set(c, one.text, seen)
	case shapeGroup:
		if c.codes != nil {
			b.set(c, one.text, seen)
			return // the text boxes follow the ranks
		}
		one.kind = cellNumber
		b.add(one)
		if i == len(p.columns)-1 {
			for at := range p.entries {
				b.entry(q, p, at, seen)
			}
		}
		return
	case shapeShare, shapeSlide:
		one.kind = cellNumber
		b.add(one)
	case shapeText:
		if q.kind == "TE" && strings.HasSuffix(c.key, "_TEXT") {
			one.tag = strings.TrimSuffix(one.tag, "_TEXT")
		}
		b.add(one)
	default:
		one.kind = cellCode
		b.add(one)
	}
	for at := range p.entries {
		if p.entries[at].at == i {
			b.entry(q, p, at, seen)
		}
	}
}

func (b *tableBuilder) add(c tableColumn) { b.columns = append(b.columns, c) }

// entry adds the text box of a choice or row.
func (b *tableBuilder) entry(q *question, p *part, at int, seen string) {
	c := p.entries[at].column
	b.add(tableColumn{tag: c.tag, text: q.columnText(c.label), key: c.key, seenBy: seen})
}

// set adds the column of a multiple-answer key. With breakoutSets it adds one
// for each analyzed choice, with a tag that ends with the recode (API §3.6).
func (b *tableBuilder) set(c column, text, seen string) {
	one := tableColumn{tag: c.tag, text: text, key: c.key, kind: cellSet, seenBy: seen}
	if !b.options.breakout {
		b.add(one)
		return
	}
	for i, o := range c.choices {
		if o.mute {
			continue
		}
		one.tag, one.text = c.tag+"_"+o.recode, text+" - "+o.label()
		one.choiceID, one.code, one.former = o.id, c.codes[i], o.former
		b.add(one)
	}
}

// order adds the columns of a display order. The orders of flow and blocks
// follow all other columns (*recorded*).
func (b *tableBuilder) order(q *question, c column) {
	if !b.options.order {
		return
	}
	one := tableColumn{tag: c.tag, key: c.key, kind: cellOrder, choices: c.choices}
	switch {
	case strings.HasPrefix(c.key, "FL_"):
		one.text = strings.TrimSuffix(c.tag, "_DO") + " - Block Randomizer - Display Order"
	case q.appendages:
		one.text = strings.TrimSuffix(c.tag, "_DO") + " - Display Order"
	case strings.HasSuffix(c.key, "_ADO"):
		one.text = plain(q.text) + " - Answer Display Order"
	default:
		one.text = plain(q.text) + " - Display Order"
	}
	target := &b.columns
	if q.appendages {
		target = &b.orders
	}
	if !b.options.breakout {
		*target = append(*target, one)
		return
	}
	tag, text := one.tag, one.text
	for i, o := range c.choices {
		one.tag, one.text = tag+"_"+o.recode, text+" - "+o.label()
		one.choiceID, one.code = o.id, c.codes[i]
		if q.appendages {
			one.choiceID = o.recode
		}
		*target = append(*target, one)
	}
}

// topic adds the column of a text. Its Text iQ columns follow the embedded
// data, sorted by their keys (*recorded*).
func (b *tableBuilder) topic(q *question, p *part, seen string) {
	text := p.columns[0]
	b.add(tableColumn{tag: text.tag, text: q.columnText(text.label), key: text.key, seenBy: seen})
	for _, suffix := range slices.Sorted(slices.Values(topicSuffixes)) {
		at := 1 + slices.Index(topicSuffixes, suffix)
		c, kind := p.columns[at], cellText
		switch p.jsonType(at) {
		case "array":
			kind = cellSet
		case "integer":
			kind = cellNumber
		}
		name := text.tag + " - " + columnNames[suffix]
		b.topics = append(b.topics, tableColumn{tag: name, text: name, key: c.key, kind: kind})
	}
}

// named adds a column whose tag ends with a name from columnNames.
func (b *tableBuilder) named(q *question, shape shape, i int, c column, seen string) {
	_, suffix, _ := strings.Cut(c.key, q.id+"_")
	name := columnNames[suffix]
	one := tableColumn{
		tag: strings.TrimSuffix(c.tag, suffix) + name, text: plain(q.text) + " - " + name, key: c.key, seenBy: seen,
	}
	switch {
	case shape == shapeTiming && i < 3:
		one.kind = cellTiming
	case shape == shapeTiming, shape == shapeFile && i == 2:
		one.kind = cellNumber
	}
	b.add(one)
}

// columnText returns the second header row of a column: the question's text,
// then the label.
func (q *question) columnText(label string) string {
	title := plain(q.text)
	if label == title || strings.HasPrefix(label, title+" - ") {
		return label
	}
	return title + " - " + label
}
