package sandbox

import (
	"slices"
	"strconv"
)

// copied returns a copy of the outline. The elements of its steps are still shared.
func (o outline) copied() outline {
	o.flow, o.languages, o.categories = slices.Clone(o.flow), slices.Clone(o.languages), slices.Clone(o.categories)
	return o
}

// editStructure makes up to four edits of the blocks, the flow, the languages and the
// scoring of a survey. The caller moves its modified date.
func (s *survey) editStructure() {
	dice := newRandom(s.world.seed, kindStructureEdit, uint64(s.index), s.changes)
	s.changes++
	for range dice.intn(5) {
		s.changeOnce(&dice)
	}
}

// changeOnce makes one possible edit, and reports whether there was one.
func (s *survey) changeOnce(dice *random) bool {
	for range 12 {
		out := s.questionnaireLocked().copied()
		if out.change(dice, s.index) {
			s.edited = out
			return true
		}
	}
	return false
}

// change draws one edit and makes it in a copy. It reports whether the edit applied.
func (f *questionnaire) change(dice *random, owner int) bool {
	number, kind := dice.between(2, 999), dice.intn(100)
	switch {
	case kind < 20:
		f.insert(dice, f.made(pick(dice, []string{"WebService", "EmbeddedData", "Branch", "BlockRandomizer", "Group"}), number))
		return true
	case kind < 34:
		return f.removeStep(dice)
	case kind < 46:
		return f.changeStep(dice, func(s *step) bool {
			if s.kind == "EmbeddedData" && len(s.fields) > 0 {
				if number%2 == 0 && len(s.fields) > 1 {
					s.fields = s.fields[:len(s.fields)-1]
					return true
				}
				s.fields = slices.Clone(s.fields)
				s.fields[len(s.fields)-1] = datum{name: "remark", kind: "Custom", variable: "String", value: "value " + strconv.Itoa(number)}
				return true
			}
			s.text = "Step " + strconv.Itoa(number)
			return s.kind == "Group" || s.kind == "Branch"
		})
	case kind < 56:
		id := "BL_" + token(idDigits, kindStructureEdit, uint64(owner), uint64(f.nextFlow))
		f.blocks = append(f.blocks, block{id: id, name: "Block " + strconv.Itoa(number), kind: "Standard"})
		f.flow = f.show(f.flow, id, "Standard")
		return true
	case kind < 64:
		return f.removeBlock(dice)
	case kind < 74 && len(f.blocks) > 0:
		b := &f.blocks[dice.intn(len(f.blocks))]
		b.name, b.random = "Block "+strconv.Itoa(number), !b.random
		return true
	case kind < 88:
		return f.changeLanguages(dice, number)
	default:
		return f.changeCategories(dice, owner, number)
	}
}

// insert puts a new element into the flow: after the first one, or into an element that
// has others.
func (f *questionnaire) insert(dice *random, one step) {
	at := min(1, len(f.flow)) + dice.intn(max(1, len(f.flow)))
	for i := range f.flow {
		if f.flow[i].inner != nil && dice.chance(40) {
			f.flow[i].inner = append(slices.Clip(f.flow[i].inner), one)
			return
		}
	}
	f.flow = slices.Insert(f.flow, at, one)
}

// removeStep deletes an element with all elements in it, unless one of them shows a block,
// or is the first one that sets embedded data.
func (f *questionnaire) removeStep(dice *random) bool {
	if len(f.flow) < 2 {
		return false
	}
	at := 1 + dice.intn(len(f.flow)-1)
	if inner := f.flow[at].inner; len(inner) > 0 {
		if last := len(inner) - 1; !showsBlock(inner[last:]) {
			f.flow[at].inner = slices.Clone(inner[:last])
			return true
		}
	}
	if showsBlock(f.flow[at : at+1]) {
		return false
	}
	f.flow = slices.Delete(f.flow, at, at+1)
	return true
}

func showsBlock(steps []step) bool {
	return slices.ContainsFunc(steps, func(s step) bool { return s.block != "" || showsBlock(s.inner) })
}

// changeStep changes an element, or the last one in it.
func (f *questionnaire) changeStep(dice *random, change func(*step) bool) bool {
	if len(f.flow) < 2 {
		return false
	}
	at := 1 + dice.intn(len(f.flow)-1)
	if inner := slices.Clone(f.flow[at].inner); len(inner) > 0 && change(&inner[len(inner)-1]) {
		f.flow[at].inner = inner
		return true
	}
	return change(&f.flow[at])
}

// removeBlock deletes a block without questions, and the elements that show it.
func (f *questionnaire) removeBlock(dice *random) bool {
	if len(f.blocks) == 0 {
		return false
	}
	at := dice.intn(len(f.blocks))
	if len(f.blocks[at].questions) > 0 || f.blocks[at].kind == "Default" {
		return false
	}
	id := f.blocks[at].id
	f.blocks = slices.Delete(f.blocks, at, at+1)
	f.flow = without(f.flow, id)
	return true
}

// without returns the elements that do not show a block.
func without(steps []step, block string) []step {
	left := make([]step, 0, len(steps))
	for _, s := range steps {
		if s.block == block {
			continue
		}
		if s.inner != nil {
			s.inner = without(s.inner, block)
		}
		left = append(left, s)
	}
	return left
}

// changeLanguages adds, translates or removes a language, but never the first one.
func (f *questionnaire) changeLanguages(dice *random, number int) bool {
	code := pick(dice, []string{"EN", "DE", "FR", "PT-BR", "ZH-S", "ES"})
	at := slices.IndexFunc(f.languages, func(l language) bool { return l.code == code })
	switch {
	case at < 0:
		f.languages = append(f.languages, language{code: code})
	case at == 0 || dice.chance(50):
		f.languages[at].title = "Titel " + strconv.Itoa(number)
	default:
		f.languages = slices.Delete(f.languages, at, at+1)
	}
	return true
}

// changeCategories adds, renames, groups or removes a scoring category. That of a kind,
// whose scores are in responses, stays.
func (f *questionnaire) changeCategories(dice *random, owner, number int) bool {
	if len(f.categories) == 0 || dice.chance(40) {
		f.nextCategory++
		f.categories = append(f.categories, category{
			id: "SC_" + token(idDigits, kindStructureEdit, uint64(owner), 1, f.nextCategory), name: "Score " + strconv.Itoa(number), text: "From 0 to " + strconv.Itoa(number),
		})
		return true
	}
	at := dice.intn(len(f.categories))
	switch {
	case dice.chance(40):
		f.categories[at].name = "Score " + strconv.Itoa(number)
	case dice.chance(50):
		f.categories[at].grouped = !f.categories[at].grouped
	case at == 0:
		return false
	default:
		f.categories = slices.Delete(f.categories, at, at+1)
	}
	return true
}
