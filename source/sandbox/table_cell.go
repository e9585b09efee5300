package sandbox

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// zone is the time zone of the dates in a table.
type zone struct {
	name     string // in the third header row
	location *time.Location
}

var utcZone = zone{"Z", time.UTC} // the name is *recorded*

// tableRow is the part of a record (API §3.6) from which cells are made.
type tableRow struct {
	Values map[string]json.RawMessage `json:"values"`
	Labels map[string]json.RawMessage `json:"labels"`
	Shown  []string                   `json:"displayedFields"`
}

// cell returns the cell of a column in the row of a record.
func (o *tableOptions) cell(c *tableColumn, row *tableRow) string {
	value, ok := row.Values[c.key]
	if !ok {
		if c.seenBy != "" && slices.Contains(row.Shown, c.seenBy) {
			return o.unanswered
		}
		return ""
	}
	labels := o.labels || c.label
	switch c.kind {
	case cellNumber:
		return o.decimal(string(value))
	case cellCode:
		if label, ok := row.Labels[c.key]; ok && labels {
			return o.plainText(lastLevel(textOf(label)))
		}
		return o.decimal(string(value))
	case cellSet:
		return o.set(c, value, row.Labels[c.key], labels)
	case cellOrder:
		return o.displayOrder(c, value)
	case cellDate:
		return o.date(textOf(value))
	case cellCoordinate:
		return o.decimal(expansion(textOf(value)))
	case cellTiming:
		return o.decimal(row.seconds(string(value)))
	case cellX, cellY:
		return points(value, c.kind)
	default:
		return o.plainText(textOf(value))
	}
}

// textOf returns the text of a JSON string, and other JSON unchanged.
func textOf(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) != nil {
		return string(value)
	}
	return text
}

// lastLevel returns the last level of a drill-down label such as
// "two ~ 2.1" (*recorded*), and other labels unchanged.
func lastLevel(label string) string {
	const separator = " ~ "
	if at := strings.LastIndex(label, separator); at >= 0 {
		return label[at+len(separator):]
	}
	return label
}

// plainText converts a text into a cell: line breaks become line feeds or
// newlineReplacement, and an apostrophe precedes a leading minus (*recorded*).
func (o *tableOptions) plainText(text string) string {
	newline := "\n"
	if o.newline != nil {
		newline = *o.newline
	}
	text = strings.NewReplacer("\r\n", newline, "\n", newline, "\r", newline).Replace(text)
	if o.apostrophe && strings.HasPrefix(text, "-") {
		return "'" + text
	}
	return text
}

func (o *tableOptions) decimal(number string) string {
	if o.commas {
		return strings.Replace(number, ".", ",", 1)
	}
	return number
}

// set returns the cell of a multiple-answer key. Commas between the codes are
// *recorded* for marked words, *assumed* for other questions.
func (o *tableOptions) set(c *tableColumn, value, label json.RawMessage, labels bool) string {
	var codes, texts []json.RawMessage
	mustDecode(value, &codes)
	if label != nil && labels {
		mustDecode(label, &texts)
	}
	var chosen []string
	for i, code := range codes {
		text := textOf(code)
		if texts != nil {
			text = textOf(texts[i])
		}
		if c.choiceID == "" {
			chosen = append(chosen, text)
		} else if string(code) == c.code || slices.Contains(c.former, textOf(code)) {
			return o.plainText(text)
		}
	}
	if c.choiceID != "" {
		return o.unticked
	}
	return o.plainText(strings.Join(chosen, ","))
}

// displayOrder returns the position of one choice, counted from one, or all
// choices in the order shown, separated by bars (*recorded*).
func (o *tableOptions) displayOrder(c *tableColumn, value json.RawMessage) string {
	var ids []string
	mustDecode(value, &ids)
	if c.choiceID != "" {
		if at := slices.Index(ids, textOf(json.RawMessage(c.code))); at >= 0 {
			return strconv.Itoa(at + 1)
		}
		return ""
	}
	for i, id := range ids {
		at := slices.IndexFunc(c.choices, func(o choice) bool { return o.id == id })
		ids[i] = c.choices[at].recode
		if o.labels {
			ids[i] = c.choices[at].label()
		}
	}
	return o.plainText(strings.Join(ids, "|"))
}

// date formats a date in the zone of the export, without fraction and offset
// (*recorded*).
func (o *tableOptions) date(text string) string {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err) // written by the tenant itself
	}
	return at.In(o.zone.location).Format(time.DateTime)
}

// seconds formats a value of a timing question: its full binary expansion in
// generated test responses, at most three decimals in others (*recorded*, both).
func (r *tableRow) seconds(number string) string {
	if string(r.Values["status"]) == strconv.Itoa(statusTest) {
		return expansion(number)
	}
	return shortest(number)
}

// expansion returns all decimals of a number's float64: 0.96 becomes
// 0.95999999999999996447… (*recorded*).
func expansion(text string) string {
	const digits = 120 // more than any number of the tenant needs
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(parsed(text), 'f', digits, 64), "0"), ".")
}

func shortest(text string) string { return strconv.FormatFloat(parsed(text), 'f', -1, 64) }

func parsed(text string) float64 {
	number, err := strconv.ParseFloat(text, 64)
	if err != nil {
		panic(err) // written by the tenant itself
	}
	return number
}

// points returns the coordinates of all clicks on one axis (*assumed*).
func points(value json.RawMessage, axis cellKind) string {
	var clicks []struct{ X, Y json.Number }
	mustDecode(value, &clicks)
	all := make([]string, len(clicks))
	for i, click := range clicks {
		all[i] = click.X.String()
		if axis == cellY {
			all[i] = click.Y.String()
		}
	}
	return strings.Join(all, ",")
}

// mustDecode reads JSON of the tenant itself.
func mustDecode(text []byte, into any) {
	if err := json.Unmarshal(text, into); err != nil {
		panic(err)
	}
}
