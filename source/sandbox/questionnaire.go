package sandbox

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// questionnaire holds the questions and blocks of a survey definition. It is
// immutable, so that readers need no lock: an edit makes a new one.
//
// That answers to a deleted question stay in exports is *assumed*.
type questionnaire struct {
	questions []question
	blocks    []block
	fields    []field // embedded data in responses
	next      int     // number of the next question
	outline

	once     sync.Once
	answered *sheet

	legacyOnce sync.Once
	parts      map[string]json.RawMessage // of GET /surveys/{id}
}

// questionnaireLocked returns the present questionnaire.
func (s *survey) questionnaireLocked() *questionnaire {
	if s.edited != nil {
		return s.edited
	}
	return s.kind.questionnaire()
}

func (s *survey) questionnaire() *questionnaire {
	s.world.mutex.RLock()
	defer s.world.mutex.RUnlock()
	return s.questionnaireLocked()
}

// questionnaire returns the initial questionnaire of surveys of the kind.
func (k *blueprint) questionnaire() *questionnaire {
	k.formOnce.Do(func() {
		k.form = &questionnaire{blocks: k.blocks, fields: k.fields, next: 1}
		for _, q := range k.questions {
			if q.appendages {
				continue
			}
			q.nextChoice, q.nextAnswer = nextNumber(q.choices), nextNumber(q.answers)
			k.form.questions = append(k.form.questions, q)
			if n, err := strconv.Atoi(strings.TrimPrefix(q.id, "QID")); err == nil {
				k.form.next = max(k.form.next, n+1)
			}
		}
		k.form.outline = k.outline()
	})
	return k.form
}

// nextNumber returns a number above all numeric ids of the choices.
func nextNumber(choices []choice) int {
	next := 1
	for _, c := range choices {
		if n, err := strconv.Atoi(c.id); err == nil {
			next = max(next, n+1)
		}
	}
	return next
}

// at returns the position of a question, or -1.
func (f *questionnaire) at(id string) int {
	return slices.IndexFunc(f.questions, func(q question) bool { return q.id == id })
}

// blockOf returns the block of a question.
func (f *questionnaire) blockOf(id string) (block, bool) {
	at := slices.IndexFunc(f.blocks, func(b block) bool { return slices.Contains(b.questions, id) })
	if at < 0 {
		return block{}, false
	}
	return f.blocks[at], true
}

// copied returns a questionnaire with copies of the questions, the blocks and the
// outline. The choices of its questions are still shared.
func (f *questionnaire) copied() *questionnaire {
	out := &questionnaire{
		questions: slices.Clone(f.questions), blocks: slices.Clone(f.blocks), fields: f.fields, next: f.next, outline: f.outline.copied(),
	}
	for i := range out.blocks {
		out.blocks[i].questions = slices.Clone(out.blocks[i].questions)
	}
	return out
}
