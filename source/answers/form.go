package answers

import (
	"regexp"
	"strings"
	"sync"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// form is a compiled rule.
type form struct {
	*rule
	types   []string // alternatives of the rule's types; none: any question
	pattern *regexp.Regexp
	parts   []func(*Parts) *string // of the groups of the pattern
}

var (
	questionForms = sync.OnceValue(func() []form { return compile(questionRules) })
	surveyForms   = sync.OnceValue(func() []form { return compile(surveyRules) })

	// stem splits the key of a question into loop, question id and form.
	stem    = regexp.MustCompile(`(?s)^((?:x?[0-9]+_)*)(QID[0-9]+)(.*)$`)
	column  = regexp.MustCompile(`(?s)^#([0-9]+)(.*)$`)
	derived = regexp.MustCompile(derivedForm)
	// renamed ends a name that comes twice in a record, see [response.Response.Renamed].
	renamed = regexp.MustCompile(`_dup[0-9]*$`)
	brace   = regexp.MustCompile(`\{[^}]*\}`)
)

func compile(rules []rule) []form {
	all := make([]form, len(rules))
	for i := range rules {
		f, text := form{rule: &rules[i], types: strings.Fields(rules[i].of)}, rules[i].form
		var pattern strings.Builder
		pattern.WriteString(`^`)
		literal := 0
		for _, at := range brace.FindAllStringIndex(text, -1) {
			pattern.WriteString(regexp.QuoteMeta(text[literal:at[0]]))
			part, expression := partOf(text[at[0]+1 : at[1]-1])
			pattern.WriteString(`(` + expression + `)`)
			f.parts = append(f.parts, part)
			literal = at[1]
		}
		pattern.WriteString(regexp.QuoteMeta(text[literal:]) + `$`)
		f.pattern = regexp.MustCompile(pattern.String())
		all[i] = f
	}
	return all
}

// partOf returns the part that a word in braces names, and the expression that it stands for.
func partOf(word string) (part func(*Parts) *string, expression string) {
	const id, number = `x?[0-9]+`, `[0-9]+`
	switch name, expression, _ := strings.Cut(word, ":"); name {
	case "row":
		return func(p *Parts) *string { return &p.RowID }, id
	case "answer":
		return func(p *Parts) *string { return &p.AnswerID }, id
	case "choice":
		return func(p *Parts) *string { return &p.ChoiceID }, id
	case "column":
		return func(p *Parts) *string { return &p.ColumnID }, number
	case "group":
		return func(p *Parts) *string { return &p.GroupID }, number
	case "model": // 24 hexadecimal digits, or a form like f00715df_939rt99f49pw (API §3.6)
		return func(p *Parts) *string { return &p.ModelID }, `[0-9A-Za-z_]{6,}?`
	case "object":
		return func(p *Parts) *string { return &p.ObjectID }, expression
	default:
		return func(p *Parts) *string { return &p.Detail }, word
	}
}

// read reads a key into parts. It reports whether the key has the form.
func (f *form) read(key string, parts *Parts) bool {
	groups := f.pattern.FindStringSubmatch(key)
	if groups == nil {
		return false
	}
	for i, part := range f.parts {
		*part(parts) = groups[i+1]
	}
	return true
}

// admits reports whether the form belongs to a question; nil: one that the definition lacks.
func (f *form) admits(question *qualtrics.Question) bool {
	return len(f.types) == 0 || question != nil && hasType(question, f.types)
}

// IsType reports whether a question has one of the types in a list such as "MC/NPS Slider". Each
// is Type, Type/Selector or Type/Selector/SubSelector. An empty element of the three means any.
func IsType(question *qualtrics.Question, list string) bool {
	return hasType(question, strings.Fields(list))
}

func hasType(question *qualtrics.Question, types []string) bool {
	has := []*string{question.Type, question.Selector, question.SubSelector}
	for _, one := range types {
		fits := true
		for i, name := range strings.Split(one, "/") {
			fits = fits && (name == "" || has[i] != nil && *has[i] == name)
		}
		if fits {
			return true
		}
	}
	return false
}

// longestKey bounds the keys that are read. No known key is as long.
const longestKey = 256

// decode reads a key by the rules.
func (b *Codebook) decode(f *Field, key string) {
	if len(key) > longestKey {
		return
	}
	if at := derived.FindStringIndex(key); at != nil {
		b.decode(f, key[:at[0]])
		f.use(&derivedRule)
		return
	}
	if groups := stem.FindStringSubmatch(key); groups != nil {
		f.LoopID, f.QuestionID = strings.TrimSuffix(groups[1], "_"), groups[2]
		b.decodeQuestion(f, groups[3])
		return
	}
	for i := range surveyForms() {
		if one := &surveyForms()[i]; one.read(key, &f.Parts) {
			f.use(one.rule)
			return
		}
	}
	if at := renamed.FindStringIndex(key); at != nil {
		b.decode(f, key[:at[0]])
	}
}

// decodeQuestion reads the part of a key behind the question id.
func (b *Codebook) decodeQuestion(f *Field, rest string) {
	f.Question = b.questions[f.QuestionID]
	if groups := column.FindStringSubmatch(rest); groups != nil {
		if inner := b.questions[f.QuestionID+"#"+groups[1]]; inner != nil {
			outer := f.Question
			f.Question = inner
			if b.apply(f, groups[2]) {
				f.ColumnID = groups[1]
				return
			}
			f.Question = outer
		}
	}
	if b.apply(f, rest) {
		return
	}
	if at := renamed.FindStringIndex(rest); at != nil {
		b.decodeQuestion(f, rest[:at[0]])
	}
}

// apply finds the first rule that fits.
func (b *Codebook) apply(f *Field, rest string) bool {
	for i := range questionForms() {
		if one := &questionForms()[i]; one.admits(f.Question) && one.read(rest, &f.Parts) {
			f.use(one.rule)
			return true
		}
	}
	return false
}

func (f *Field) use(r *rule) {
	f.Rule, f.Kind, f.Certainty, f.list = r.name, r.kind, r.certainty, r.codes
}
