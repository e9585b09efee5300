package feedback

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/birdie-ai/source-qualtrics/source/answers"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// namer gives answers and embedded data readable names. A name differs from all others of the
// survey also without regard to case, because many databases ignore it. The name of a
// question or field is the same in all responses, as far as the definition knows it.
type namer struct {
	tags     map[string]int    // how many questions have a tag, by folded tag
	embedded map[string]string // names by declared field
}

func newNamer(definition *qualtrics.SurveyDefinition, embedded []string) namer {
	n := namer{tags: make(map[string]int), embedded: make(map[string]string)}
	if definition != nil {
		for i := range definition.Questions {
			question := &definition.Questions[i]
			if question.Parent != nil || question.ExportTag == nil {
				continue
			}
			if tag := oneLine(*question.ExportTag); tag != "" {
				n.tags[folded(tag)]++
			}
		}
	}
	taken := make(map[string]bool)
	for _, field := range slices.Sorted(slices.Values(embedded)) {
		if n.embedded[field] == "" {
			n.embedded[field] = free(n.field(field), taken)
		}
	}
	return n
}

// answer returns the name of an answer. It is the tag of the question, with the loop before
// it, and with the row, choice or other part behind it. If another answer could have that
// name, the value key follows: "Q1 (QID2)".
func (n *namer) answer(f *answers.Field) string {
	if f.QuestionID == "" {
		if f.Kind == answers.Score && f.ExportTag != "" {
			return oneLine(f.ExportTag)
		}
		return oneLine(f.Key)
	}
	tag := oneLine(f.QuestionTag)
	if tag == "" {
		return oneLine(f.Key)
	}
	prefix, rest, _ := strings.Cut(f.Key, f.QuestionID)
	if f.Kind == answers.Text && rest == "_TEXT" {
		rest = ""
	}
	name := oneLine(prefix + tag + rest)
	if n.tags[folded(tag)] > 1 || folded(name) != folded(tag) && n.tags[folded(name)] > 0 {
		name += " (" + oneLine(f.Key) + ")"
	}
	return name
}

// field returns the name of embedded data.
func (n *namer) field(field string) string {
	if name := n.embedded[field]; name != "" {
		return name
	}
	name := oneLine(field)
	if n.tags[folded(name)] > 0 {
		name += " (embedded data)"
	}
	return name
}

// free returns the name, with a number behind it if it is taken, and takes it.
func free(name string, taken map[string]bool) string {
	name = cmp.Or(name, "(no name)")
	free := name
	for i := 2; taken[folded(free)]; i++ {
		free = name + " (" + strconv.Itoa(i) + ")"
	}
	taken[folded(free)] = true
	return free
}

func folded(name string) string { return strings.ToLower(strings.ToUpper(name)) }

// oneLine returns a name without line breaks and control characters.
func oneLine(name string) string {
	space := func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }
	return strings.Join(strings.FieldsFunc(name, space), " ")
}
