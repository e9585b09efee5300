package sandbox

import (
	"slices"
	"strconv"
)

// answer writes the answer of the respondent to one question.
func (r *record) answer(q *question, dice *random) {
	if q.sometimes && dice.chance(40) {
		return
	}
	if q.shown != "" {
		r.shown = put(r.shown, q.shown)
	}
	if q.offered != "" {
		r.offered = put(r.offered, q.offered)
	}
	skipped := !q.force && !q.appendages && dice.chance(8)
	for i := range q.parts {
		p := &q.parts[i]
		if skipped && p.shape != shapeOrder {
			continue
		}
		r.writePart(p, dice)
	}
}

func (r *record) writePart(p *part, dice *random) {
	switch p.shape {
	case shapeSingle:
		if len(p.columns[0].codes) == 0 {
			return // all choices were deleted
		}
		at := dice.intn(len(p.columns[0].codes))
		r.code(&p.columns[0], at)
		r.boxes(p, at, dice)
	case shapeMultiple:
		r.boxesOf(p, r.codeSet(&p.columns[0], dice), dice)
	case shapeNPS:
		if len(p.columns[0].codes) == 0 {
			return
		}
		at := dice.intn(len(p.columns[0].codes))
		r.code(&p.columns[0], at)
		r.code(&p.columns[1], npsGroup(p.columns[0].choices[at]))
	case shapeRate:
		for i := range p.columns {
			if dice.chance(94) && len(p.columns[i].codes) > 0 {
				r.code(&p.columns[i], dice.intn(len(p.columns[i].codes)))
				r.boxes(p, i, dice)
			}
		}
	case shapeCheck:
		for i := range p.columns {
			if r.codeSet(&p.columns[i], dice) != 0 {
				r.boxes(p, i, dice)
			}
		}
	case shapeText, shapeDerived:
		for i := range p.columns {
			r.text(&p.columns[i], dice)
		}
	case shapeTopics:
		r.writeTopics(p, dice)
	case shapeRank:
		for i, rank := range permutation(len(p.columns), dice) {
			r.code(&p.columns[i], rank)
		}
	case shapeShare:
		r.writeShare(p, dice)
	case shapeSlide:
		for i := range p.columns {
			r.values = put(r.values, p.columns[i].head)
			r.values = strconv.AppendFloat(r.values, float64(dice.intn(1001))/10, 'f', -1, 64)
		}
	default:
		r.writeDevice(p, dice)
	}
}

func npsGroup(c choice) int {
	score, _ := strconv.Atoi(c.id)
	switch {
	case score >= 9:
		return 2
	case score >= 7:
		return 1
	}
	return 0
}

// code writes the code at a position, and its label.
func (r *record) code(c *column, at int) {
	r.values = append(put(r.values, c.head), c.codes[at]...)
	if c.labels != nil {
		r.labels = append(put(r.labels, c.head), c.labels[at]...)
	}
}

// codeSet writes an array of codes, and returns the chosen positions as bits.
// Without a choice the key is absent.
func (r *record) codeSet(c *column, dice *random) (chosen uint64) {
	few, fewer := dice.uint64(), dice.uint64()
	chosen = few & fewer & (1<<len(c.codes) - 1)
	r.codesAt(c, chosen)
	return chosen
}

// codesAt writes an array of the codes whose bits are set in chosen. Without
// bits the key is absent.
func (r *record) codesAt(c *column, chosen uint64) {
	if chosen == 0 {
		return
	}
	r.values = append(put(r.values, c.head), '[')
	if c.labels != nil {
		r.labels = append(put(r.labels, c.head), '[')
	}
	for at := range c.codes {
		if chosen>>at&1 == 0 {
			continue
		}
		r.values = put(r.values, c.codes[at])
		if c.labels != nil {
			r.labels = put(r.labels, c.labels[at])
		}
	}
	r.values = append(r.values, ']')
	if c.labels != nil {
		r.labels = append(r.labels, ']')
	}
}

// boxes fills the text box of the choice or row at a position.
func (r *record) boxes(p *part, at int, dice *random) {
	for i := range p.entries {
		if p.entries[i].at == at {
			r.text(&p.entries[i].column, dice)
		}
	}
}

func (r *record) boxesOf(p *part, chosen uint64, dice *random) {
	for i := range p.entries {
		if chosen>>p.entries[i].at&1 == 1 {
			r.text(&p.entries[i].column, dice)
		}
	}
}

func (r *record) text(c *column, dice *random) {
	texts := sentences
	if c.texts != nil {
		texts = c.texts
	}
	r.values = append(put(r.values, c.head), pick(dice, texts)...)
}

// writeShare writes whole numbers that sum up to 100.
func (r *record) writeShare(p *part, dice *random) {
	left := 100
	for i := range p.columns {
		n := left
		if i < len(p.columns)-1 {
			n = dice.intn(left + 1)
		}
		left -= n
		r.values = appendInt(put(r.values, p.columns[i].head), n)
	}
}

// permutation returns the positions 0..n-1 in random order.
func permutation(n int, dice *random) []int {
	var room [16]int
	order := slices.Grow(room[:0], n)[:n]
	for i := range order {
		j := dice.intn(i + 1)
		order[i] = order[j]
		order[j] = i
	}
	return order
}
