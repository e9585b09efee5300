package feedback

import (
	"encoding/json"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/answers"
	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/jsonsafe"
	"github.com/birdie-ai/source-qualtrics/source/response"
)

// Item is one text or score of a response.
type Item struct {
	Answer  answers.Answer
	Reading *Reading
	// Digits is the number of a score; "": the value is no number, or lies outside a fixed scale.
	Digits string
	// Low and High are the ends of the scale; "": not known, or the number lies outside.
	Low, High string

	start, end int // of its member in the memory of the reader
}

// reader is the memory for one response.
type reader struct {
	members []byte // the members of additional fields, each behind a comma
	items   []Item
	taken   map[string]bool
	grouped map[string]bool // keys of questions with the group of an NPS
	fields  frame.Scanner
	list    *answers.Field // whose list is open
}

// Read returns the texts and scores of a response in its order. They are valid until the next
// call, and as long as the response.
func (b *Book) Read(got *response.Response) []Item {
	r := &b.reader
	r.begin()
	for a := range b.codebook.Answers(got) {
		if a.Kind == answers.DisplayOrder {
			continue // no answer of the respondent
		}
		e := b.entry(a.Field)
		if a.Element <= 0 || r.list != a.Field {
			r.close()
		}
		start := len(r.members)
		r.add(e.name, a)
		if a.Kind == answers.NPSGroup {
			r.grouped[a.LoopID+"_"+a.QuestionID] = true
		}
		if a.Element != answers.Whole || a.Raw == nil {
			continue
		}
		// Whether a question has the group of an NPS is known only at the end.
		if e.text != nil || e.score != nil || e.grouped != nil {
			r.items = append(r.items, Item{Answer: *a, start: start, end: len(r.members)})
		}
	}
	r.close()
	r.embedded(&b.namer, got)
	all := r.items
	kept := all[:0]
	for i := range all {
		if one := &all[i]; one.read(b.entry(one.Answer.Field), r.grouped[one.Answer.LoopID+"_"+one.Answer.QuestionID], got.Shortened) {
			kept = append(kept, *one)
		}
	}
	r.items = kept
	return kept
}

func (r *reader) begin() {
	if r.taken == nil {
		r.taken, r.grouped = make(map[string]bool), make(map[string]bool)
	}
	clear(r.taken)
	clear(r.grouped)
	r.members, r.items, r.list = r.members[:0], r.items[:0], nil
}

// read fills in how the answer is read. It reports whether the answer is feedback.
func (i *Item) read(e *entry, grouped, shortened bool) bool {
	a := &i.Answer
	switch frame.Kind(a.Raw) {
	case '[', '{':
		return false
	case 'n':
		i.Reading = e.text
		return shortened && e.text != nil // the text was too long
	}
	i.Reading = e.score
	switch {
	case a.Kind != answers.Value:
		i.Reading = e.text
	case grouped && e.grouped != nil:
		i.Reading = e.grouped
	case e.text != nil && e.text.Certainty == Configured && isNumber(strings.TrimSpace(a.Text())): // a score
	case e.text != nil && isTextValue(a):
		i.Reading = e.text
	}
	switch {
	case i.Reading == nil:
		return false
	case i.Reading.Text:
		return !isBlank(a.Text())
	case frame.Kind(a.Raw) == '"' && isBlank(a.Text()):
		return false
	}
	var counts bool
	i.Digits, i.Low, i.High, counts = i.Reading.Scale.read(a)
	return counts
}

// mostRepeated bounds the bytes of the other fields of all items of a response.
const mostRepeated = 64 << 20

// Others returns an object of all other answers and embedded data of the response, by
// readable names. The answer itself is in it if it is a score that is no number. nil: the
// objects of all items would be too large.
func (b *Book) Others(i *Item) json.RawMessage {
	all := b.reader.members
	if len(all) > mostRepeated/max(1, len(b.reader.items)) {
		return nil
	}
	start, end := i.start, i.end
	if !i.Reading.Text && i.Digits == "" {
		start, end = 0, 0
	}
	others := append(make([]byte, 0, len(all)+2-(end-start)), all[:start]...)
	others = append(others, all[end:]...)
	if len(others) == 0 {
		return json.RawMessage("{}")
	}
	others[0] = '{'
	return append(others, '}')
}

// add adds an answer. The elements of a list follow each other.
func (r *reader) add(name string, a *answers.Answer) {
	if r.list != nil {
		r.members = append(r.members, ',')
		r.value(a)
		return
	}
	r.name(name)
	if a.Element != answers.Whole {
		r.members = append(r.members, '[')
		r.list = a.Field
	}
	r.value(a)
}

// close ends an open list.
func (r *reader) close() {
	if r.list != nil {
		r.members = append(r.members, ']')
		r.list = nil
	}
}

func (r *reader) name(name string) {
	r.members = append(r.members, ',')
	r.members = append(jsonsafe.AppendString(r.members, free(name, r.taken)), ':')
}

// value adds the label of a coded value, and any other value as exported. A label that
// repeats a number is left out.
func (r *reader) value(a *answers.Answer) {
	label, source := a.Label()
	if frame.Kind(a.RecordLabel) == 'n' && a.Raw != nil {
		if source = answers.NoSource; a.Code != nil {
			label, source = a.Code.Label, a.Code.Source
		}
	}
	if source == answers.NoSource || a.Raw != nil && label == string(a.Raw) {
		r.members = append(r.members, a.Raw...)
		return
	}
	if source == answers.FromRecord && frame.Kind(a.RecordLabel) != '"' {
		r.members = append(r.members, a.RecordLabel...)
		return
	}
	r.members = jsonsafe.AppendString(r.members, label)
}

// embedded adds the embedded data.
func (r *reader) embedded(n *namer, got *response.Response) {
	fields, ok := r.fields.Object(got.EmbeddedData)
	if !ok {
		return
	}
	for i := range fields.Members {
		m := &fields.Members[i]
		r.name(n.field(string(m.Name)))
		r.members = append(r.members, m.Value...)
	}
}

// Embedded returns the value of a field of embedded data as text; ok is false if the response
// has none.
func (b *Book) Embedded(got *response.Response, name string) (text string, ok bool) {
	if name == "" {
		return "", false
	}
	fields, ok := b.reader.fields.Object(got.EmbeddedData)
	if !ok {
		return "", false
	}
	for i := range fields.Members {
		if m := &fields.Members[i]; string(m.Name) == name {
			if text, ok = frame.String(m.Value); !ok && frame.Kind(m.Value) != 'n' {
				text = string(m.Value)
			}
			return text, text != ""
		}
	}
	return "", false
}
