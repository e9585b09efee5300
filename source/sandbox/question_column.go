package sandbox

import "strings"

// shape is the form of the answer to a group of keys.
type shape uint8

const (
	shapeSingle   shape = iota // one code
	shapeMultiple              // array of codes
	shapeRate                  // one code for each key
	shapeCheck                 // array of codes for each key
	shapeNPS                   // 0..10 and its group
	shapeText                  // text for each key
	shapeTopics                // text and its analysis by Text iQ
	shapeRank                  // ranks 1..n over the keys
	shapeShare                 // numbers that sum up to 100
	shapeSlide                 // a number for each key
	shapeGroup                 // groups with items, then the ranks inside them
	shapeTiming                // three times and a count
	shapeBrowser               // browser metadata
	shapeFile                  // an uploaded file
	shapeClicks                // points on an image
	shapeSpots                 // a number for each region
	shapeMarks                 // words marked with levels
	shapeOrder                 // the order in which things were shown
	shapeScore                 // a score
	shapeDerived               // a text derived from other answers
)

// part is a group of keys of one question that are answered together.
type part struct {
	shape   shape
	columns []column
	entries []textBox // text boxes of choices or rows
}

// textBox is a text entry column, with the position of its choice or row.
type textBox struct {
	at     int
	column column
}

// column is one value key. Its codes and labels are ready for writing.
type column struct {
	key     string
	head    string   // `"QID1":`
	codes   []string // JSON of each possible code: 3, or "3" in arrays
	labels  []string // JSON strings, parallel to codes; nil if there are no codes
	offered string   // `"QID1":[1,2,3]`, "" if displayedValues lacks the key
	label   string   // description for the response schema
	tag     string   // export tag
	choices []choice // parallel to codes; nil when there are none
	texts   []string // JSON of the texts that respondents type; nil for sentences
}

func newColumn(key, tag, label string) column {
	return column{key: key, head: quoted(key) + ":", tag: tag, label: label}
}

// coded returns the column with codes: numbers, or strings in arrays.
func (c column) coded(choices []choice, array bool) column {
	c.choices = choices
	c.codes = make([]string, len(choices))
	c.labels = make([]string, len(choices))
	for i, o := range choices {
		c.codes[i] = o.recode
		if array {
			c.codes[i] = quoted(o.recode)
		}
		c.labels[i] = quoted(o.label())
	}
	c.offered = c.head + "[" + strings.Join(c.codes, ",") + "]"
	return c
}

// plain returns text without markup, for labels and descriptions.
func plain(html string) string {
	var b strings.Builder
	depth := 0
	for _, r := range html {
		switch {
		case r == '<':
			depth++
		case r == '>' && depth > 0:
			depth--
		case depth == 0:
			b.WriteRune(r)
		}
	}
	return b.String()
}
