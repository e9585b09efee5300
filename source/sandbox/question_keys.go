package sandbox

import (
	"strconv"
	"strings"
)

// compile builds the value keys of the question (API §3.6, "value keys by
// question type"), once for each iteration of a loop.
func (q *question) compile() {
	if q.appendages {
		return
	}
	prefixes := []string{""}
	if len(q.loops) > 0 {
		prefixes = nil
		for _, key := range q.loops {
			prefixes = append(prefixes, key+"_")
		}
	}
	for _, prefix := range prefixes {
		stem := prefix + q.id
		tag := prefix + q.tag
		q.parts = append(q.parts, q.keys(stem, tag)...)
		q.parts = append(q.parts, q.byproducts(stem, tag)...)
	}
	if q.personal {
		for i := range q.parts {
			q.parts[i].typePersonal()
		}
	}
	q.display()
}

// display collects the keys that respondents see. It excludes values computed
// from answers, and ranks inside groups.
func (q *question) display() {
	var keys, offered []string
	for _, p := range q.parts {
		if p.shape == shapeOrder || p.shape == shapeDerived {
			continue
		}
		for i, c := range p.columns {
			if p.shape == shapeTopics && i > 0 || p.shape == shapeGroup && c.codes == nil {
				continue
			}
			keys = append(keys, quoted(c.key))
			if c.offered != "" {
				offered = append(offered, c.offered)
			}
		}
	}
	q.shown, q.offered = strings.Join(keys, ","), strings.Join(offered, ",")
}

func (q *question) keys(stem, tag string) []part {
	key := func(suffix, label string) column { return newColumn(stem+suffix, tag+suffix, label) }
	each := func(shape shape, coded []choice, array bool) []part {
		p := part{shape: shape}
		for i, c := range q.choices {
			k := key("_"+c.id, plain(q.text)+" - "+plain(c.text))
			if coded != nil {
				k = k.coded(coded, array)
			}
			p.columns = append(p.columns, k)
			if c.entry {
				p.entries = append(p.entries, textBox{i, key("_"+c.id+"_TEXT", plain(c.text)+" - Text")})
			}
		}
		return []part{p}
	}
	switch q.kind {
	case "MC":
		if q.selector == "NPS" {
			return []part{npsKeys(stem, tag, q)}
		}
		array := q.isMultiple()
		p := part{shape: shapeSingle, columns: []column{key("", plain(q.text)).coded(q.choices, array)}}
		if array {
			p.shape = shapeMultiple
		}
		for i, c := range q.choices {
			if c.entry {
				p.entries = append(p.entries, textBox{i, key("_"+c.id+"_TEXT", plain(c.text)+" - Text")})
			}
		}
		return []part{p}
	case "TE":
		switch {
		case q.selector == "FORM":
			return each(shapeText, nil, false)
		case q.topics:
			return []part{topicKeys(stem, tag, q)}
		}
		return []part{{shape: shapeText, columns: []column{key("_TEXT", plain(q.text))}}}
	case "Matrix":
		return q.matrixKeys(stem, tag, each)
	case "SBS":
		return q.sideBySideKeys(stem, tag)
	case "RO":
		return ranked(each(shapeRank, numbers(1, len(q.choices)), false))
	case "CS":
		return each(shapeShare, nil, false)
	case "Slider":
		return each(shapeSlide, nil, false)
	case "DD":
		return each(shapeRate, q.answers, false)
	case "PGR":
		return q.groupKeys(stem, tag)
	case "Timing":
		return named(shapeTiming, stem, tag, "FIRST_CLICK", "LAST_CLICK", "PAGE_SUBMIT", "CLICK_COUNT")
	case "Meta":
		return named(shapeBrowser, stem, tag, "BROWSER", "VERSION", "OS", "RESOLUTION")
	case "FileUpload", "Draw":
		return named(shapeFile, stem, tag, "FILE_ID", "FILE_NAME", "FILE_SIZE", "FILE_TYPE")
	case "HeatMap":
		return []part{{shape: shapeClicks, columns: []column{key("", plain(q.text))}}}
	case "HotSpot":
		return each(shapeSpots, options("Off", "On"), false)
	case "HL":
		// One key for each level, with the marked words (assumed; the columns
		// of files are recorded).
		p := part{shape: shapeMarks}
		for _, level := range q.answers {
			p.columns = append(p.columns, key("_"+level.id, plain(q.text)+" - "+plain(level.text)).coded(q.choices, true))
		}
		return []part{p}
	}
	return nil // captcha, descriptive blocks
}

func npsKeys(stem, tag string, q *question) part {
	score := newColumn(stem, tag, plain(q.text)).coded(q.choices, false)
	group := newColumn(stem+"_NPS_GROUP", tag+"_NPS_GROUP", plain(q.text)+" - Group").
		coded(options("Detractor", "Passive", "Promoter"), false)
	group.offered = group.head + "[1,1,1,1,1,1,1,2,2,3,3]"
	return part{shape: shapeNPS, columns: []column{score, group}}
}

func (q *question) matrixKeys(stem, tag string, each func(shape, []choice, bool) []part) []part {
	switch {
	case q.selector == "RO":
		return ranked(cells(shapeRank, stem, tag, q, numbers(1, len(q.answers))))
	case q.selector == "CS":
		return cells(shapeShare, stem, tag, q, nil)
	case q.selector == "TE":
		return cells(shapeText, stem, tag, q, nil)
	case q.sub == "MultipleAnswer":
		return each(shapeCheck, q.answers, true)
	}
	return each(shapeRate, q.answers, false)
}

// ranked removes the labels of ranks, and offers ranks as decimals (API §3.6).
func ranked(parts []part) []part {
	for i := range parts {
		for j := range parts[i].columns {
			c := &parts[i].columns[j]
			c.labels = nil
			c.offered = c.head + "[" + strings.Join(c.codes, ".0,") + ".0]"
		}
	}
	return parts
}

// cells returns the keys row_column of matrices with separate cells. Each row
// is a part.
func cells(shape shape, stem, tag string, q *question, coded []choice) []part {
	var parts []part
	for _, row := range q.choices {
		p := part{shape: shape}
		for _, answer := range q.answers {
			suffix := "_" + row.id + "_" + answer.id
			k := newColumn(stem+suffix, tag+suffix, plain(row.text)+" - "+plain(answer.text))
			if coded != nil {
				k = k.coded(coded, false)
			}
			p.columns = append(p.columns, k)
		}
		parts = append(parts, p)
	}
	return parts
}

// sideBySideKeys returns the keys of each column question, named column#row.
// The text boxes of rows belong to the first column.
func (q *question) sideBySideKeys(stem, tag string) []part {
	var parts []part
	for i := range q.columns {
		inner := q.columns[i]
		inner.choices = append([]choice(nil), q.choices...)
		for j := range inner.choices {
			inner.choices[j].entry = inner.choices[j].entry && i == 0
		}
		number := "#" + strconv.Itoa(i+1)
		parts = append(parts, inner.keys(stem+number, tag+number)...)
	}
	return parts
}

func (q *question) groupKeys(stem, tag string) []part {
	p := part{shape: shapeGroup}
	for g, group := range q.answers {
		suffix := "_" + strconv.Itoa(g) + "_GROUP"
		p.columns = append(p.columns, newColumn(stem+suffix, tag+suffix, plain(group.text)).coded(q.choices, true))
	}
	for g, group := range q.answers {
		for _, item := range q.choices {
			suffix := "_G" + strconv.Itoa(g) + "_" + item.id + "_RANK"
			p.columns = append(p.columns, newColumn(stem+suffix, tag+suffix, plain(group.text)+" - "+plain(item.text)+" - Rank"))
		}
	}
	for i, item := range q.choices {
		if item.entry {
			suffix := "_" + item.id + "_TEXT"
			p.entries = append(p.entries, textBox{i, newColumn(stem+suffix, tag+suffix, plain(item.text)+" - Text")})
		}
	}
	return []part{p}
}

func named(shape shape, stem, tag string, names ...string) []part {
	p := part{shape: shape}
	for _, name := range names {
		label := strings.ReplaceAll(strings.ToLower(name), "_", " ")
		p.columns = append(p.columns, newColumn(stem+"_"+name, tag+"_"+name, label))
	}
	return []part{p}
}
