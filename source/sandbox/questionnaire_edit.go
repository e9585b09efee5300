package sandbox

import (
	"slices"
	"strconv"
	"strings"
)

// The methods of this file return an edited copy of a questionnaire. They
// return nil if there is nothing to edit.

// with returns the questionnaire with one changed question.
func (f *questionnaire) with(id string, change func(q *question) bool) *questionnaire {
	at := f.at(id)
	if at < 0 {
		return nil
	}
	out := f.copied()
	if !change(&out.questions[at]) {
		return nil
	}
	return out
}

// add inserts a question at a position of a block, with the next number. A
// survey without blocks gets one.
func (f *questionnaire) add(q question, blockID string, position int) *questionnaire {
	out := f.copied()
	q.id, q.tag = "QID"+strconv.Itoa(f.next), "Q"+strconv.Itoa(f.next)
	q.nextChoice, q.nextAnswer = nextNumber(q.choices), nextNumber(q.answers)
	out.next++
	out.questions = append(out.questions, q)
	at := slices.IndexFunc(out.blocks, func(b block) bool { return b.id == blockID })
	if at < 0 {
		at = len(out.blocks)
		out.blocks = append(out.blocks, block{id: blockID, name: "Default Question Block", kind: "Default"})
		out.flow = out.show(out.flow, blockID, "Block")
	}
	b := &out.blocks[at]
	b.questions = slices.Insert(b.questions, min(position, len(b.questions)), q.id)
	return out
}

// trash moves a question to the Trash block, like the delete button of the
// editor. The question stays in Questions (API §2.2).
func (f *questionnaire) trash(id, trashID string) *questionnaire {
	from, ok := f.blockOf(id)
	if !ok || from.kind == "Trash" {
		return nil
	}
	out := f.copied()
	out.takeOut(id)
	at := slices.IndexFunc(out.blocks, func(b block) bool { return b.kind == "Trash" })
	if at < 0 {
		at = len(out.blocks)
		out.blocks = append(out.blocks, block{id: trashID, name: "Trash / Unused Questions", kind: "Trash"})
	}
	out.blocks[at].questions = append(out.blocks[at].questions, id)
	return out
}

// remove deletes a question for good.
func (f *questionnaire) remove(id string) *questionnaire {
	at := f.at(id)
	if at < 0 {
		return nil
	}
	out := f.copied()
	out.takeOut(id)
	out.questions = slices.Delete(out.questions, at, at+1)
	return out
}

func (f *questionnaire) takeOut(id string) {
	for i := range f.blocks {
		f.blocks[i].questions = slices.DeleteFunc(f.blocks[i].questions, func(one string) bool { return one == id })
	}
}

// choicesOf returns the choices of a kind, and the number of the next one.
func (q *question) choicesOf(kind ChoiceKind) (choices *[]choice, next *int) {
	if kind == KindAnswer {
		return &q.answers, &q.nextAnswer
	}
	return &q.choices, &q.nextChoice
}

// addChoice inserts a choice at a position of the order.
func (q *question) addChoice(kind ChoiceKind, text string, position int) bool {
	choices, next := q.choicesOf(kind)
	id := strconv.Itoa(*next)
	*next++
	*choices = slices.Insert(slices.Clone(*choices), min(position, len(*choices)), choice{id: id, recode: id, text: text, late: true})
	return true
}

// removeChoice deletes a choice; its id is never used again.
func (q *question) removeChoice(kind ChoiceKind, id string) bool {
	choices, _ := q.choicesOf(kind)
	at := indexOfChoice(*choices, id)
	if at < 0 {
		return false
	}
	*choices = slices.Delete(slices.Clone(*choices), at, at+1)
	return true
}

// changeChoice changes a choice, but not its id.
func (q *question) changeChoice(kind ChoiceKind, id string, change func(c *choice)) bool {
	choices, _ := q.choicesOf(kind)
	at := indexOfChoice(*choices, id)
	if at < 0 {
		return false
	}
	*choices = slices.Clone(*choices)
	change(&(*choices)[at])
	return true
}

func indexOfChoice(choices []choice, id string) int {
	return slices.IndexFunc(choices, func(c choice) bool { return c.id == id })
}

// reworded replaces the number at the end of a text. So texts do not grow with
// each edit.
func reworded(text string, number int) string {
	text, _, _ = strings.Cut(text, " <em>(wording")
	return text + " <em>(wording " + strconv.Itoa(number) + ")</em>"
}
