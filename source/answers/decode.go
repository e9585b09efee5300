package answers

import (
	"iter"

	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/response"
)

// decoder has the decoded keys of a survey, and the memory for one record.
type decoder struct {
	known  map[string]*Field
	first  [2]*Field // the first field of the last record, in values and in labels
	record uint64    // number of the record
	held   int       // bytes that known takes

	values, labels  frame.Scanner
	elements, texts [][]byte
	answer          Answer
}

// mostHeld bounds the memory for keys: a record may hold any number of new ones.
const mostHeld = 8 << 20

// Answers yields the answers of a response: one for each value, and for a list one for each
// element. An empty list is one answer. A label that fits no value is an answer without a
// value. An answer is valid until the next one, its field as long as the codebook.
func (b *Codebook) Answers(r *response.Response) iter.Seq[*Answer] {
	return func(yield func(*Answer) bool) {
		values, ok := b.values.Object(r.Answers)
		if !ok {
			return
		}
		labels, _ := b.labels.Object(r.Labels)
		b.begin()
		var previous *Field
		for i := range labels.Members {
			m := &labels.Members[i]
			previous = b.after(previous, 1, m.Name)
			previous.had, previous.label = b.record, m.Value
		}
		previous = nil
		for i := range values.Members {
			m := &values.Members[i]
			previous = b.after(previous, 0, m.Name)
			if !b.value(previous, m.Value, yield) {
				return
			}
		}
		previous = nil
		for i := range labels.Members {
			previous = b.after(previous, 1, labels.Members[i].Name)
			if label := previous.take(b.record); label != nil && !b.give(previous, Whole, nil, label, yield) {
				return
			}
		}
	}
}

// value yields the answers of one value.
func (b *Codebook) value(f *Field, value []byte, yield func(*Answer) bool) bool {
	if value[0] != '[' {
		return b.give(f, Whole, value, f.take(b.record), yield)
	}
	b.elements = b.elements[:0]
	frame.ValidElements(value, func(element []byte) { b.elements = append(b.elements, element) })
	if len(b.elements) == 0 {
		return b.give(f, Whole, value, f.take(b.record), yield)
	}
	// The labels belong to the elements if there are as many.
	b.texts = b.texts[:0]
	if f.had == b.record && f.label[0] == '[' {
		frame.ValidElements(f.label, func(label []byte) { b.texts = append(b.texts, label) })
	}
	if len(b.texts) == len(b.elements) {
		f.take(b.record)
	} else {
		b.texts = b.texts[:0]
	}
	repeated := repeats(b.elements)
	for i, element := range b.elements {
		var label []byte
		if len(b.texts) > 0 {
			label = b.texts[i]
		}
		b.answer.repeated = repeated(i)
		if !b.give(f, i, element, label, yield) {
			return false
		}
	}
	b.answer.repeated = false
	return true
}

func (b *Codebook) give(f *Field, element int, raw, label []byte, yield func(*Answer) bool) bool {
	a := &b.answer
	a.Field, a.Element, a.Raw, a.RecordLabel, a.Code = f, element, raw, label, f.codes.find(raw)
	return yield(a)
}

// take returns the label of the record once; nil: it has none.
func (f *Field) take(record uint64) []byte {
	if f.had != record {
		return nil
	}
	f.had = 0
	return f.label
}

// repeats returns a function that reports whether an element comes before in its list, with
// the same code. It is asked in the order of the list.
func repeats(elements [][]byte) func(i int) bool {
	const few = 32
	if len(elements) <= few {
		return func(i int) bool {
			for _, before := range elements[:i] {
				if string(codeOf(before)) == string(codeOf(elements[i])) {
					return true
				}
			}
			return false
		}
	}
	seen := make(map[string]bool, len(elements))
	return func(i int) bool {
		code := string(codeOf(elements[i]))
		before := seen[code]
		seen[code] = true
		return before
	}
}

// begin begins a record. Keys are forgotten only between two records.
func (b *Codebook) begin() {
	if b.held > mostHeld {
		clear(b.known)
		b.held, b.first = 0, [2]*Field{}
	}
	b.record++
}

// after returns the field of a key that follows another one, nil at the beginning. Most
// records have their keys in the order of the record before, so few are looked up.
func (b *Codebook) after(previous *Field, part int, key []byte) *Field {
	next := &b.first[part]
	if previous != nil {
		next = &previous.next[part]
	}
	if *next == nil || (*next).Key != string(key) {
		*next = b.find(key)
	}
	return *next
}

func (b *Codebook) find(key []byte) *Field {
	found, ok := b.known[string(key)]
	if !ok {
		const entry = 512 // without the key
		b.held += 3*len(key) + entry
		found = b.Field(string(key))
		b.known[found.Key] = found
	}
	return found
}
