package sandbox

import (
	"encoding/json"
	"slices"
	"sync"
)

// blueprint holds the common parts of all surveys of one kind. Each survey
// takes the next kind. So a tenant of any size has many question types, and the
// questions of its surveys need no memory of their own.
type blueprint struct {
	number    uint64
	questions []question // in flow order; the last one holds the keys of the survey itself
	blocks    []block
	fields    []field
	languages []string
	anonymous bool // no address, location or recipient in records
	scored    bool
	ordered   bool // blocks, and the questions of the first one, come in random order

	once  sync.Once
	parts map[string]json.RawMessage

	formOnce sync.Once
	form     *questionnaire
}

// block is a block of the survey with its questions.
type block struct {
	id, name, kind string
	questions      []string
	loops          []string // loop keys of a loop & merge block
	random         bool     // its questions come in random order
}

// items returns the questions of the block, with their tags as in files.
func (b block) items(questions []question) []choice {
	items := make([]choice, len(b.questions))
	for i, id := range b.questions {
		at := slices.IndexFunc(questions, func(q question) bool { return q.id == id })
		items[i] = choice{id: id, recode: questions[at].tag, text: questions[at].tag}
	}
	return items
}

// field is an embedded data field.
type field struct {
	name  string
	head  string // `"name":`
	value fieldValue

	undeclared bool // the survey does not declare it: a link or a contact list set it
}

func embedded(value fieldValue, names ...string) []field {
	all := make([]field, len(names))
	for i, name := range names {
		all[i] = field{name: name, head: quoted(name) + ":", value: value}
	}
	return all
}

// plan is a blueprint without its keys.
type plan struct {
	questions []question
	fields    [][]field
	languages []string
	anonymous bool
	scored    bool
	ordered   bool
}

// blueprints returns the kinds, in the order of the surveys. They are the same
// in every world and never change.
var blueprints = sync.OnceValue(func() []*blueprint {
	return built(plans())
})

// oddBlueprints are the kinds with more embedded data, see Options.OddFields.
var oddBlueprints = sync.OnceValue(func() []*blueprint {
	all := plans()
	for i := range all {
		all[i].fields = append(all[i].fields, oddFields(i)...)
	}
	return built(all)
})

func plans() []plan {
	return []plan{
		relationshipKind(), pulseKind(), satisfactionKind(), gridKind(), loopKind(),
		laboratoryKind(), anonymousKind(), carriedKind(), intakeKind(), pollKind(),
	}
}

func built(plans []plan) []*blueprint {
	all := make([]*blueprint, len(plans))
	for i, p := range plans {
		all[i] = p.build(uint64(i))
	}
	return all
}

// small returns the kinds with few questions.
func small(kinds []*blueprint) []*blueprint {
	return slices.DeleteFunc(slices.Clone(kinds), func(k *blueprint) bool { return len(k.questions) > 3 })
}

// build puts the questions into blocks of five, but loops and trash into
// separate blocks. Then it compiles their keys.
func (p plan) build(number uint64) *blueprint {
	out := &blueprint{number: number, questions: p.questions, languages: p.languages, anonymous: p.anonymous, scored: p.scored, ordered: p.ordered}
	for _, fields := range p.fields {
		out.fields = append(out.fields, fields...)
	}
	for i := range out.questions {
		q := &out.questions[i]
		q.compile()
		kind, name := "Standard", "Block"
		switch {
		case q.discarded:
			kind, name = "Trash", "Trash / Unused Questions"
		case q.loops != nil:
			name = "Loop"
		case len(out.blocks) == 0:
			kind, name = "Default", "Default Question Block"
		}
		last := len(out.blocks) - 1
		full := last < 0 || len(out.blocks[last].questions) >= 5 ||
			(out.blocks[last].kind == "Trash") != q.discarded ||
			(out.blocks[last].loops == nil) != (q.loops == nil)
		if full {
			id := "BL_" + token(idDigits, kindFileID, number, uint64(len(out.blocks)))
			out.blocks = append(out.blocks, block{id: id, name: name, kind: kind, loops: q.loops})
			last++
		}
		out.blocks[last].questions = append(out.blocks[last].questions, q.id)
	}
	blocks, first := []block(nil), -1
	if p.ordered {
		blocks, first = out.blocks, 0
	}
	out.questions = append(out.questions, surveyKeys(number, p.scored, blocks, first, out.questions))
	return out
}

func pulseKind() plan {
	return plan{
		questions: []question{
			recommend(1, "How likely are you to recommend us?").required(),
			entry(2, "SL", "Why?").conditional(),
		},
		fields:    [][]field{embedded(valueChannel, "source")},
		languages: []string{"EN"},
	}
}

func pollKind() plan {
	return plan{
		questions: []question{single(1, "SAHR", "Coming to the meeting?", options("Yes", "No")).required()},
		languages: []string{"EN"},
	}
}

func anonymousKind() plan {
	return plan{
		questions: []question{
			single(1, "DL", "Which department are you in?", options("Operations", "Logistics", "Research", "Kitchen")),
			matrix(2, "Likert", "SingleAnswer", "How far do you agree?",
				options("I know what is expected of me", "I have what I need", "My opinion counts"), agreement()).scoring("rating", "1", "5"),
			recommend(3, "Would you recommend working here?"),
			entry(4, "ML", "What should we change?"),
		},
		fields:    [][]field{embedded(valueRegion, "Site")},
		languages: []string{"EN", "DE"},
		anonymous: true,
	}
}

func loopKind() plan {
	return plan{
		questions: []question{
			multiple(1, "MAVR", "Which products do you use?", options("Kettle", "Toaster", "Blender")),
			single(2, "SAVR", "How content are you with ${lm://Field/1}?", options("Not", "Partly", "Fully")).looped("x1", "x2", "x3"),
			entry(3, "SL", "What about ${lm://Field/1}?").looped("1", "2"),
			matrix(4, "Likert", "SingleAnswer", "Rate it", options("Price", "Quality"), numbers(1, 5)).scoring("rating", "1", "5").looped("1", "2"),
			entry(5, "FORM", "Where do you use it?").withFields("Room", "City"),
		},
		fields:    [][]field{embedded(valueNumber, "Orders", "Visits"), embedded(valueURL, "Q_URL")},
		languages: []string{"EN", "FR"},
	}
}

// withFields adds the text fields of a form.
func (q question) withFields(names ...string) question {
	q.choices = options(names...)
	return q
}
