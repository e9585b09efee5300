package sandbox

import "strconv"

// question is one question of a survey, as the definition endpoints show it.
// Its parts hold the value keys that it owns in a record.
type question struct {
	id       string // QID1
	tag      string // data export tag, Q1
	text     string // HTML
	kind     string // QuestionType (API §2.2)
	selector string
	sub      string // SubSelector, "" when there is none

	choices []choice // options; rows of matrices, items, fields
	answers []choice // scale points of matrices, levels of drill-downs
	columns []question

	loops      []string // keys of the loop that contains it
	carried    string   // QID of the question whose choices are carried forward
	force      bool     // an answer is required
	sometimes  bool     // behind display logic: shown to some respondents
	shuffled   bool     // choices are shown in random order
	numbered   bool     // ChoiceOrder is recorded as numbers
	recoded    bool     // RecodeValues is an object rather than []
	topics     bool     // Text iQ runs on its answers
	derived    bool     // has a field derived from its answers
	prompted   bool     // asks a generated follow-up question
	discarded  bool     // sits in the Trash block and still owns data
	exported   bool     // choices have their own export tags
	numeric    bool     // RecodeValues are numbers
	personal   bool     // its texts are personal data
	appendages bool     // not a question: it holds the keys of the survey itself

	means     string // of its answers in the truth of feedback: nps, csat, rating; "" for no scores
	low, high string // ends of that scale

	nextChoice, nextAnswer int // NextChoiceId and NextAnswerId

	parts   []part
	shown   string // its keys as members of displayedFields
	offered string // its members of displayedValues
}

// choice is an option, a row or a scale point.
type choice struct {
	id       string   // 1, 10, x1
	recode   string   // code in records; the id unless recoded
	text     string   // HTML
	variable string   // variable name, "" when there is none
	entry    bool     // has a text box
	mute     bool     // analyze:false
	former   []string // codes before it was recoded

	exclusive bool // ExclusiveAnswer: no other answer is possible with it
	late      bool // added later; its id is a text in an order of numbers
}

// label returns the text of the choice for the labels of records.
func (c choice) label() string {
	if c.variable != "" {
		return c.variable
	}
	return plain(c.text)
}

func options(texts ...string) []choice {
	all := make([]choice, len(texts))
	for i, text := range texts {
		id := strconv.Itoa(i + 1)
		all[i] = choice{id: id, recode: id, text: text}
	}
	return all
}

// withEntry adds a text box to the last option.
func withEntry(all []choice) []choice {
	all[len(all)-1].entry = true
	return all
}

// withIDs changes the ids of the options. After edits the ids often have gaps.
func withIDs(all []choice, ids ...string) []choice {
	for i, id := range ids {
		all[i].id, all[i].recode = id, id
	}
	return all
}

// withCodes recodes the options without renaming them.
func withCodes(all []choice, codes ...string) []choice {
	for i, code := range codes {
		all[i].recode = code
	}
	return all
}

func withVariables(all []choice, names ...string) []choice {
	for i, name := range names {
		all[i].variable = name
	}
	return all
}

// numbers returns the options low..high of a scale, with their value as id.
func numbers(low, high int) []choice {
	var all []choice
	for n := low; n <= high; n++ {
		id := strconv.Itoa(n)
		all = append(all, choice{id: id, recode: id, text: id})
	}
	return all
}

func agreement() []choice {
	return options("Strongly disagree", "Disagree", "Neither agree nor disagree", "Agree", "Strongly agree")
}

func ask(number int, kind, selector, sub, text string, choices ...choice) question {
	n := strconv.Itoa(number)
	return question{
		id: "QID" + n, tag: "Q" + n, text: text,
		kind: kind, selector: selector, sub: sub, choices: choices,
	}
}

func single(number int, selector, text string, choices []choice) question {
	return ask(number, "MC", selector, "TX", text, choices...)
}

func multiple(number int, selector, text string, choices []choice) question {
	return ask(number, "MC", selector, "TX", text, choices...)
}

func recommend(number int, text string) question {
	return ask(number, "MC", "NPS", "", text, numbers(0, 10)...).scoring("nps", "0", "10")
}

func entry(number int, selector, text string) question {
	return ask(number, "TE", selector, "", text)
}

func matrix(number int, selector, sub, text string, rows, scale []choice) question {
	q := ask(number, "Matrix", selector, sub, text, rows...)
	q.answers = scale
	return q
}

func (q question) tagged(tag string) question     { q.tag = tag; return q }
func (q question) required() question             { q.force = true; return q }
func (q question) conditional() question          { q.sometimes = true; return q }
func (q question) randomized() question           { q.shuffled = true; return q }
func (q question) looped(keys ...string) question { q.loops = keys; return q }
func (q question) scoring(means, low, high string) question {
	q.means, q.low, q.high = means, low, high
	return q
}
func (q question) inTrash() question                   { q.discarded = true; return q }
func (q question) analyzed() question                  { q.topics = true; return q }
func (q question) withDerived() question               { q.derived = true; return q }
func (q question) withPrompt() question                { q.prompted = true; return q }
func (q question) private() question                   { q.personal = true; return q }
func (q question) withNumbers() question               { q.numbered, q.recoded = true, true; return q }
func (q question) carriedFrom(id string) question      { q.carried = id; return q }
func (q question) withLevels(levels []choice) question { q.answers = levels; return q }
func (q question) withColumns(columns ...question) question {
	q.columns = columns
	return q
}

// isMultiple reports whether a multiple-choice question accepts several
// answers.
func (q *question) isMultiple() bool {
	switch q.selector {
	case "MAVR", "MAHR", "MACOL", "MSB":
		return true
	}
	return false
}
