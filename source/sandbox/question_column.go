package sandbox

import "strings"

// shape is the way in which a group of keys is answered together.
type shape uint8

const (
	shapeSingle   shape = iota // one code
	shapeMultiple              // array of codes
	shapeRate                  // one code for each key
	shapeCheck                 // array of codes for each key
	shapeNPS                   // 0..10 and its group
	shapeText                  // text for each key
	shapeTopics                // text and what Text iQ says about it
	shapeRank                  // ranks 1..n over the keys
	shapeShare                 // numbers that sum up to 100
	shapeSlide                 // a number for each key
	shapeGroup                 // groups with items, then the ranks inside them
	shapeTiming                // three times and a count
	shapeBrowser               // what the browser says of itself
	shapeFile                  // an uploaded file
	shapeClicks                // points on an image
	shapeSpots                 // a number for each region
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

// textBox is a text entry column and the position of the choice (or row) it
// belongs to.
type textBox struct {
	at     int
	column column
}

// column is one value key with its codes and labels ready for writing.
type column struct {
	key     string
	head    string   // `"QID1":`
	codes   []string // JSON of each code that can occur: 3, or "3" in arrays
	labels  []string // JSON strings, parallel to codes; nil when not coded
	offered string   // `"QID1":[1,2,3]`, "" when the key is not in displayedValues
	label   string   // description for the response schema
	tag     string   // export tag
}

func newColumn(key, tag, label string) column {
	return column{key: key, head: quoted(key) + ":", tag: tag, label: label}
}

// coded gives a column its codes: numbers, or strings inside arrays.
func (c column) coded(choices []choice, array bool) column {
	c.codes = make([]string, len(choices))
	c.labels = make([]string, len(choices))
	for i, o := range choices {
		c.codes[i] = o.recode
		if array {
			c.codes[i] = quoted(o.recode)
		}
		c.labels[i] = quoted(plain(o.text))
		if o.variable != "" {
			c.labels[i] = quoted(o.variable)
		}
	}
	c.offered = c.head + "[" + strings.Join(c.codes, ",") + "]"
	return c
}

// plain is text without markup, as labels and descriptions show it.
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
