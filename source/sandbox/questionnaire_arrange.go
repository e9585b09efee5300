package sandbox

import (
	"slices"
	"strconv"
	"strings"
)

// arrange makes up to two edits that are common while a survey is in the field. A block
// moves, or a field of embedded data is added. A choice is recoded, or a question gets
// another export tag. The caller moves the survey's modified date.
func (s *survey) arrange() {
	dice := newRandom(s.world.seed, kindArrangement, uint64(s.index), s.arrangements)
	s.arrangements++
	for range dice.intn(3) {
		s.arrangeOnce(&dice)
	}
}

// arrangeOnce makes one possible edit, and reports whether there was one.
func (s *survey) arrangeOnce(dice *random) bool {
	for range 12 {
		if next := s.questionnaireLocked().rearranged(dice, s.kind); next != nil {
			s.edited = next
			return true
		}
	}
	return false
}

// rearranged draws one edit and returns its result; nil: it does not apply.
func (f *questionnaire) rearranged(dice *random, k *blueprint) *questionnaire {
	number, kind := dice.between(2, 999), dice.intn(100)
	if kind < 30 && len(f.blocks) > 1 {
		return f.move(pick(dice, f.blocks).id, dice.intn(len(f.blocks)))
	}
	if kind < 60 {
		name := pick(dice, []string{"Wave", "wave", "Opt.In", "Score " + strconv.Itoa(number), "größer"})
		return f.addField(k, name, pick(dice, []fieldValue{valueRegion, valueNumber, valueNumeric, valueLarge, valueText}))
	}
	if len(f.questions) == 0 {
		return nil
	}
	q, other := pick(dice, f.questions), pick(dice, f.questions)
	if kind < 85 {
		if q.kind != "MC" || !q.isEditable() {
			return nil
		}
		return f.recode(q.id, pick(dice, q.choices).id, strconv.Itoa(number))
	}
	// The editor accepts a tag that another question has, also in another case (catalog §2.2).
	tag := other.tag
	if dice.chance(50) {
		tag = strings.ToLower(tag)
	}
	return f.retag(q.id, tag)
}

// move puts a block at another position, in the editor and in the flow of the survey.
func (f *questionnaire) move(id string, position int) *questionnaire {
	at := slices.IndexFunc(f.blocks, func(b block) bool { return b.id == id })
	if at < 0 || at == position || position >= len(f.blocks) {
		return nil
	}
	out := f.copied()
	moved := out.blocks[at]
	out.blocks = slices.Insert(slices.Delete(out.blocks, at, at+1), position, moved)
	// Its element in the flow moves behind the others, if it is at the top.
	if in := slices.IndexFunc(out.flow, func(s step) bool { return s.block == id }); in > 0 {
		element := out.flow[in]
		out.flow = append(slices.Delete(out.flow, in, in+1), element)
	}
	return out
}

// addField adds embedded data to the first element of the flow. Responses have the field
// from then on. It returns nil if the survey has such a name already.
func (f *questionnaire) addField(k *blueprint, name string, value fieldValue) *questionnaire {
	has := func(one field) bool { return one.name == name }
	if slices.ContainsFunc(f.fields, has) || f.ownsKey(k, name) {
		return nil
	}
	out := f.copied()
	variable := "String"
	if value == valueLarge {
		variable = "Scale"
	}
	if len(out.flow) == 0 || out.flow[0].kind != "EmbeddedData" {
		out.flow = slices.Insert(out.flow, 0, step{id: out.number(), kind: "EmbeddedData"})
	}
	first := &out.flow[0]
	first.fields = append(slices.Clip(first.fields), datum{name: name, kind: "Custom", variable: variable})
	out.fields = append(slices.Clip(out.fields), embedded(value, name)...)
	return out
}

// ownsKey reports whether a value of the survey's questions has the key.
func (f *questionnaire) ownsKey(k *blueprint, key string) bool {
	for _, q := range f.sheet(k).questions {
		for _, p := range q.parts {
			if slices.ContainsFunc(p.columns, func(c column) bool { return c.key == key }) ||
				slices.ContainsFunc(p.entries, func(t textBox) bool { return t.column.key == key }) {
				return true
			}
		}
	}
	return false
}

// recode gives a choice of a multiple-choice question another code.
func (f *questionnaire) recode(questionID, choiceID, code string) *questionnaire {
	return f.with(questionID, func(q *question) bool {
		if q.kind != "MC" {
			return false
		}
		q.recoded = true
		return q.changeChoice(KindChoice, choiceID, func(c *choice) { c.recode = code })
	})
}

// retag gives a question another export tag. One with personal data keeps the tag that says so.
func (f *questionnaire) retag(questionID, tag string) *questionnaire {
	return f.with(questionID, func(q *question) bool {
		if q.tag == tag || q.personal {
			return false
		}
		q.tag = tag
		return true
	})
}
