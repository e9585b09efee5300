package feedback

import (
	"github.com/birdie-ai/source-qualtrics/source/answers"
	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// Book finds the feedback among the answers of one survey. It keeps the reading of each
// field. It is not safe for concurrent use.
type Book struct {
	settings *Settings
	survey   string
	codebook *answers.Codebook
	known    map[*answers.Field]*entry
	namer    namer
	reader   reader
}

// entry has the readings of a field; nil: such answers are no feedback.
type entry struct {
	text, score *Reading
	grouped     *Reading // of a score, if the response also has the group of an NPS
	name        string   // readable
}

// NewBook returns the book of a survey. The definition and the names of embedded data may be
// missing. The codebook is that of the same survey.
func NewBook(settings *Settings, survey string, codebook *answers.Codebook, definition *qualtrics.SurveyDefinition, embedded []string) *Book {
	return &Book{settings: settings, survey: survey, codebook: codebook, known: make(map[*answers.Field]*entry), namer: newNamer(definition, embedded)}
}

// mostKnown bounds the fields that are kept: a record may hold any number of new ones.
const mostKnown = 20_000

func (b *Book) entry(f *answers.Field) *entry {
	found := b.known[f]
	if found == nil {
		if len(b.known) >= mostKnown {
			clear(b.known)
		}
		found = &entry{name: b.namer.answer(f)}
		found.byRules(f)
		if choice, ok := b.chosen(f); ok {
			found.configure(f, choice)
		}
		b.known[f] = found
	}
	return found
}

// chosen returns the setting for the question of a field, or for its column.
func (b *Book) chosen(f *answers.Field) (Choice, bool) {
	if f.ColumnID != "" {
		if choice, ok := b.settings.chosen(b.survey, f.QuestionID+"#"+f.ColumnID); ok {
			return choice, true
		}
	}
	return b.settings.chosen(b.survey, f.QuestionID)
}

// configure applies the setting of the question. A text beside a choice keeps its kind,
// because the setting is about the choice.
func (e *entry) configure(f *answers.Field, choice Choice) {
	if choice.Skip {
		e.text, e.score, e.grouped = nil, nil, nil
		return
	}
	if e.text != nil && f.Kind != answers.TextEntry {
		e.text = &Reading{Kind: choice.Kind, Certainty: Configured, Text: true}
	}
	if f.Kind != answers.Value {
		return
	}
	score := Reading{Kind: choice.Kind, Certainty: Configured}
	switch {
	case e.score != nil:
		score.Scale = e.score.Scale
	case e.grouped != nil && choice.Kind == NPS:
		score.Scale = e.grouped.Scale
	default:
		score.Scale = anyScale(f.Options())
	}
	if choice.Low != "" {
		score.Scale.Low, score.Scale.High, score.Scale.Fixed = choice.Low, choice.High, true
	} else if choice.Kind == NPS && score.Scale.High == "" {
		score.Scale = npsScale
	}
	e.score, e.grouped = &score, &score
}

// anyScale returns the scale of choices of any question.
func anyScale(options []answers.Option) Scale {
	for _, find := range []func([]answers.Option) (Scale, *pair, bool){numberedScale, wordedScale, consecutiveScale} {
		if scale, _, ok := find(options); ok {
			return scale
		}
	}
	return Scale{}
}

var npsScale = Scale{Low: "0", High: "10", Fixed: true}

// byRules finds the readings by the first rules that fit.
func (e *entry) byRules(f *answers.Field) {
	for i := range rules {
		r := &rules[i]
		if r.answer != f.Kind || r.per == perQuestion && f.RowID != "" || r.per == perRow && f.RowID == "" || !r.admits(f.Question) {
			continue
		}
		into := &e.score
		switch r.scale {
		case isText, unlabelled:
			into = &e.text
		case groupedByNPS:
			into = &e.grouped
		}
		if *into == nil {
			*into = r.read(f)
		}
	}
}

// admits reports whether a rule belongs to a question; nil: one that the definition lacks.
func (r *rule) admits(question *qualtrics.Question) bool {
	switch r.of {
	case "":
		return true
	case unknownQuestion:
		return question == nil
	}
	return question != nil && answers.IsType(question, r.of)
}

// read returns the reading of a field by the rule; nil: the rule does not fit.
func (r *rule) read(f *answers.Field) *Reading {
	found := &Reading{Kind: r.kind, Certainty: r.certainty}
	var (
		words *pair
		ok    = true
	)
	switch r.scale {
	case isText, unlabelled:
		found.Text = true
		return found
	case recommend, groupedByNPS:
		found.Scale = npsScale
	case bySlider:
		found.Scale = sliderScale(f.Question)
	case numbered:
		found.Scale, words, ok = numberedScale(f.Options())
	case worded:
		found.Scale, words, ok = wordedScale(f.Options())
	case consecutive:
		found.Scale, words, ok = consecutiveScale(f.Options())
	}
	if !ok {
		return nil
	}
	if found.Kind == "" {
		found.Kind = kindOf(f.QuestionText+" "+f.RowText, &found.Scale, words)
	}
	return found
}

// sliderScale returns the ends of a slider. Stars begin at 0, because half of a star may be
// possible (assumed).
func sliderScale(question *qualtrics.Question) (scale Scale) {
	if question.High != nil && isNumber(*question.High) {
		scale.High = *question.High
	}
	if question.Low != nil && isNumber(*question.Low) {
		scale.Low = *question.Low
	} else if scale.High != "" && question.Selector != nil && *question.Selector == "STAR" {
		scale.Low = "0"
	}
	return scale
}

// isTextValue reports whether a value is a text that is no code. Codes of single answers are
// numbers (recorded), and have labels.
func isTextValue(a *answers.Answer) bool {
	return a.Element == answers.Whole && frame.Kind(a.Raw) == '"' && a.RecordLabel == nil && a.Code == nil
}
