package sandbox

import (
	"slices"
	"strconv"
)

// writeDevice writes the shapes with values other than codes and texts.
func (r *record) writeDevice(p *part, dice *random) {
	switch p.shape {
	case shapeGroup:
		r.writeGroups(p, dice)
	case shapeTiming:
		t := 0
		for i := range p.columns[:3] {
			t += dice.intn(20000)
			r.values = put(r.values, p.columns[i].head)
			r.values = strconv.AppendFloat(r.values, float64(t)/1000, 'f', 3, 64)
		}
		r.values = appendInt(put(r.values, p.columns[3].head), dice.intn(30))
	case shapeBrowser:
		for i, value := range pick(dice, browsers) {
			r.values = appendQuoted(put(r.values, p.columns[i].head), value)
		}
	case shapeFile:
		r.writeFile(p, dice)
	case shapeClicks:
		r.values = append(put(r.values, p.columns[0].head), '[')
		for range 1 + dice.intn(5) {
			r.values = appendInt(put(r.values, `{"x":`), dice.intn(800))
			r.values = append(appendInt(append(r.values, `,"y":`...), dice.intn(600)), '}')
		}
		r.values = append(r.values, ']')
	case shapeSpots:
		for i := range p.columns {
			if dice.chance(80) {
				r.code(&p.columns[i], dice.intn(len(p.columns[i].codes)))
			}
		}
	case shapeMarks:
		r.writeMarks(p, dice)
	case shapeOrder:
		c := &p.columns[0]
		r.values = append(put(r.values, c.head), '[')
		for _, at := range permutation(len(c.codes), dice) {
			r.values = put(r.values, c.codes[at])
		}
		r.values = append(r.values, ']')
	case shapeScore:
		r.values = put(r.values, p.columns[0].head)
		r.values = strconv.AppendFloat(r.values, float64(dice.intn(401)-100)/4, 'f', -1, 64)
	}
}

// writeMarks marks each word with at most one level. There is a column for each
// level.
func (r *record) writeMarks(p *part, dice *random) {
	var room [16]uint64
	marked := slices.Grow(room[:0], len(p.columns))[:len(p.columns)]
	for word := range p.columns[0].codes {
		if level := dice.intn(len(p.columns)+2) - 2; level >= 0 {
			marked[level] |= 1 << word
		}
	}
	for i := range p.columns {
		r.codesAt(&p.columns[i], marked[i])
	}
}

// writeFile writes an uploaded file. The size is a number, the other members
// are strings (assumed, API §3.6).
func (r *record) writeFile(p *part, dice *random) {
	r.values = append(put(r.values, p.columns[0].head), `"F_`...)
	r.values = append(r.values, token(idDigits, kindFileID, dice.uint64())...)
	r.values = append(r.values, '"')
	kind := pick(dice, fileTypes)
	r.values = appendQuoted(put(r.values, p.columns[1].head), kind[0])
	r.values = appendInt(put(r.values, p.columns[2].head), 100+dice.intn(5e6))
	r.values = appendQuoted(put(r.values, p.columns[3].head), kind[1])
}

// writeGroups puts each item into at most one group, then ranks the items
// inside their group. The columns are the groups, then for each group the ranks
// of all items.
func (r *record) writeGroups(p *part, dice *random) {
	items := len(p.columns[0].codes)
	groups := len(p.columns) / (items + 1)
	var members, ranks [16]int
	member := slices.Grow(members[:0], items)[:items]
	for item := range items {
		member[item] = dice.intn(groups+1) - 1
	}
	for g := range groups {
		c := &p.columns[g]
		begun := false
		for item := range items {
			if member[item] != g {
				continue
			}
			if !begun {
				r.values = append(put(r.values, c.head), '[')
				r.labels = append(put(r.labels, c.head), '[')
				begun = true
			}
			r.values = put(r.values, c.codes[item])
			r.labels = put(r.labels, c.labels[item])
		}
		if begun {
			r.values = append(r.values, ']')
			r.labels = append(r.labels, ']')
		}
	}
	rank := slices.Grow(ranks[:0], groups)[:groups]
	for _, item := range permutation(items, dice) {
		if g := member[item]; g >= 0 {
			rank[g]++
			r.values = appendInt(put(r.values, p.columns[groups+g*items+item].head), rank[g])
			r.boxes(p, item, dice)
		}
	}
}

// writeTopics writes a text and its analysis, in the order of topicSuffixes.
func (r *record) writeTopics(p *part, dice *random) {
	r.text(&p.columns[0], dice)
	if !r.analyzed {
		return
	}
	polarity := dice.between(-2, 2)
	topic := pick(dice, topics)
	for i, suffix := range topicSuffixes {
		b := put(r.values, p.columns[i+1].head)
		switch suffix {
		case "Topics":
			b = append(append(append(b, '['), topic...), ']')
		case "ParTopics", "TopicHierarchy1":
			b = append(append(append(b, '['), `"All"`...), ']')
		case "SenPol", "SenScore", "TopicSenScore":
			b = appendInt(b, polarity)
		case "Sentiment", "TopicSenLabel":
			b = append(b, sentiment[polarity+2]...)
		case "Emotion":
			b = append(append(append(b, '['), pick(dice, emotions)...), ']')
		case "EffortNumeric":
			b = appendInt(b, dice.between(-2, 2))
		default:
			b = append(b, `"Medium"`...)
		}
		r.values = b
	}
}
