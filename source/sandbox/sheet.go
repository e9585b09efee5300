package sandbox

import (
	"slices"
	"strconv"
	"strings"
	"sync"
)

// sheet is a questionnaire with the value keys of its questions, from which records are
// written. It is immutable.
type sheet struct {
	questions []question // in flow order; the last one holds the keys of the survey itself
	draws     []uint64   // parallel to questions: which random numbers answer them
	fields    []field
}

// edition is the questionnaire after an edit. A response keeps the keys, codes and labels of
// the edition in which it was recorded, even when the response itself is edited (*assumed*).
// A client could not find a change of them, because they would move no modified date.
type edition struct {
	since  int64 // responses recorded after it belong to the edition, Unix milliseconds
	form   *questionnaire
	before *edition // nil: the initial questionnaire

	once sync.Once
	all  *sheet
}

// publish notes that responses recorded after a moment, in Unix milliseconds, answer the
// present questionnaire.
func (s *survey) publish(at int64) {
	var last *edition
	if n := len(s.editions); n > 0 {
		last = s.editions[n-1]
		at = max(at, last.since)
	}
	if s.edited == nil || last != nil && last.form == s.edited {
		return
	}
	s.editions = append(s.editions, &edition{since: at, form: s.edited, before: last})
}

// editionOf returns the position of the edition that a response answers, from 1. 0 is the
// initial questionnaire.
func editionOf(editions []*edition, f facts) int {
	at := f.recorded
	if f.session {
		at = f.start * second
	}
	n := len(editions)
	for n > 0 && editions[n-1].since >= at {
		n--
	}
	return n
}

// everySheet returns the questions of all editions, each as of its newest one. So exports,
// their response schema and the headers of tables have the same keys (*assumed* for deleted
// questions).
func (s *survey) everySheet() *sheet {
	s.world.mutex.RLock()
	editions := s.editions
	s.world.mutex.RUnlock()
	if len(editions) == 0 {
		return s.kind.sheet()
	}
	return editions[len(editions)-1].every(s.kind)
}

// sheet returns the initial sheet of surveys of the kind.
func (k *blueprint) sheet() *sheet {
	draws := make([]uint64, len(k.questions))
	for i := range draws {
		draws[i] = uint64(i)
	}
	return &sheet{k.questions, draws, k.fields}
}

// every returns the questions of the edition and of all before it.
func (e *edition) every(k *blueprint) *sheet {
	e.once.Do(func() {
		older := k.sheet()
		if e.before != nil {
			older = e.before.every(k)
		}
		e.all = e.form.union(k, older)
	})
	return e.all
}

// addedDraws are the random numbers of questions that are not in the initial questionnaire.
const addedDraws = 1 << 20

// draw returns which random numbers answer a question.
func (k *blueprint) draw(id string) uint64 {
	if at := slices.IndexFunc(k.questions, func(q question) bool { return q.id == id }); at >= 0 {
		return uint64(at)
	}
	number, _ := strconv.Atoi(strings.TrimPrefix(id, "QID"))
	return addedDraws + uint64(number)
}

// sheet returns the questions that respondents answer: those outside the trash. One that was
// in the trash from the beginning has answers, too, which is older than the tenant.
func (f *questionnaire) sheet(k *blueprint) *sheet {
	f.once.Do(func() {
		f.answered = &sheet{fields: f.fields}
		for q, kind := range f.inOrder() {
			if kind != "Trash" || q.discarded {
				f.answered.add(k, *q)
			}
		}
		f.answered.add(k, f.ownKeys(k))
	})
	return f.answered
}

// union returns all questions of the questionnaire, and those that only an older sheet has.
func (f *questionnaire) union(k *blueprint, older *sheet) *sheet {
	all := &sheet{fields: slices.Clone(f.fields)}
	for q := range f.inOrder() {
		one := *q
		if at := slices.IndexFunc(older.questions, func(o question) bool { return o.id == q.id }); at >= 0 {
			one.choices = everyChoice(q.choices, older.questions[at].choices)
			one.answers = everyChoice(q.answers, older.questions[at].answers)
		}
		all.add(k, one)
	}
	last := len(older.questions) - 1
	for _, q := range older.questions[:last] {
		if f.at(q.id) < 0 {
			all.add(k, q)
		}
	}
	all.add(k, older.questions[last])
	return all
}

// everyChoice returns the choices with those that were deleted. Recoded ones know their
// earlier codes.
func everyChoice(choices, older []choice) []choice {
	if choices == nil {
		return nil
	}
	all := slices.Clone(choices)
	for _, c := range older {
		at := indexOfChoice(all, c.id)
		if at < 0 {
			all = append(all, c)
			continue
		}
		for _, code := range append(slices.Clone(c.former), c.recode) {
			if code != all[at].recode && !slices.Contains(all[at].former, code) {
				all[at].former = append(slices.Clip(all[at].former), code)
			}
		}
	}
	return all
}

// add compiles a question and adds it.
func (s *sheet) add(k *blueprint, q question) {
	if !q.appendages {
		q.parts, q.shown, q.offered = nil, "", ""
		q.compile()
	}
	s.questions = append(s.questions, q)
	draw := uint64(len(k.questions) - 1)
	if !q.appendages {
		draw = k.draw(q.id)
	}
	s.draws = append(s.draws, draw)
}

// inOrder yields the questions in the order of the blocks, each with the type of its block.
func (f *questionnaire) inOrder() func(func(*question, string) bool) {
	return func(yield func(*question, string) bool) {
		for _, b := range f.blocks {
			for _, id := range b.questions {
				if at := f.at(id); at >= 0 && !yield(&f.questions[at], b.kind) {
					return
				}
			}
		}
	}
}

// ownKeys returns the keys of the survey itself. They name the blocks that it still has, and
// the questions of its first block.
func (f *questionnaire) ownKeys(k *blueprint) question {
	own := k.questions[len(k.questions)-1]
	if !k.ordered {
		return own
	}
	first := slices.IndexFunc(f.blocks, func(b block) bool { return b.id == k.blocks[0].id })
	return surveyKeys(k.number, k.scored, f.blocks, first, f.questions)
}
