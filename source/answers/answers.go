// Package answers decodes the answers of survey responses. A record has one value key for
// each answer, such as QID1_10_TEXT or 2_QID64_G0_13_RANK (API §3.6). The package says which
// question a key belongs to, and which of its rows, columns, groups and choices.
//
// The rules are a table in the order of the reference, see rules.go. A key that no rule
// covers is an answer, too: its kind is [Unknown], and its raw value stays.
//
// Example: with the survey's definition, the value "QID13_2":["1","7"] gives two answers.
// Both have the question QID13 and the row 2, and the choices 1 and 7 with their labels.
package answers

import (
	"strconv"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/dates"
	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/response"
)

// Kind is the kind of an answer.
type Kind string

// The kinds of answers.
const (
	Value        Kind = "value"            // a code or a number
	Text         Kind = "text"             // the answer to a text question
	TextEntry    Kind = "text_entry"       // a text beside a choice or a row
	NPSGroup     Kind = "nps_group"        // detractor, passive or promoter
	Rank         Kind = "rank"             // a place in an order
	Group        Kind = "group"            // an item that was put into a group
	Timing       Kind = "timing"           // seconds or clicks on a page
	Browser      Kind = "browser"          // the respondent's browser
	File         Kind = "file"             // a part of the description of an uploaded file
	Signature    Kind = "signature"        // the same of a signature
	HeatMap      Kind = "heat_map"         // a point on an image
	HotSpot      Kind = "hot_spot"         // a region of an image
	Highlight    Kind = "highlight"        // a marked word
	DisplayOrder Kind = "display_order"    // a thing that was shown, in the order of showing
	FollowUp     Kind = "follow_up_prompt" // the text of a generated question
	Topic        Kind = "topic"            // Text iQ: topics of a text
	Sentiment    Kind = "sentiment"        // Text iQ: sentiment of a text or a topic
	Emotion      Kind = "emotion"          // Text iQ: emotion of a text
	Effort       Kind = "effort"           // Text iQ: effort of a text
	Actionable   Kind = "actionability"    // Text iQ: whether a text asks for action
	Score        Kind = "score"            // a score of the survey
	Derived      Kind = "derived"          // a field that was made of other answers
	System       Kind = "system"           // a value of Qualtrics' own, such as Q_URL
	Unknown      Kind = "unknown"          // no rule covers the key
)

// Certainty says how well a rule is known, as the marks of the reference do.
type Certainty string

// The certainties. A row of API §3.6 without a mark is recorded if a recorded payload holds
// such a key, and else known from clients.
const (
	Recorded Certainty = "recorded" // seen in a recorded export
	Client   Certainty = "client"   // a client in use relies on it
	Assumed  Certainty = "assumed"  // nothing confirms it
	NoRule   Certainty = "none"     // no rule covers the key
)

// Parts are the parts of a value key. An absent part is empty.
type Parts struct {
	QuestionID string // QID13, without the loop; "" for scores and orders of blocks
	LoopID     string // key of the loop: 1, x2; of loops in loops 1_2
	ColumnID   string // column of a side-by-side question, from 1
	RowID      string // row of a matrix, item, field of a form, region, or level of a drill-down
	AnswerID   string // column of a matrix with a value per cell, or level of highlights
	ChoiceID   string // choice with the text box
	GroupID    string // group of pick, group and rank, from 0
	Detail     string // last word of the key: FILE_NAME, CLICK_COUNT, Topics …
	ModelID    string // model of Text iQ
	ObjectID   string // score (SC_…), flow element (FL_…), block (BL_…) or name of the system (Q_…)
}

// Field is a decoded value key.
type Field struct {
	Parts
	Key       string // as exported
	Rule      string // name of the rule
	Kind      Kind
	Certainty Certainty

	QuestionTag  string // name of the question in CSV exports
	ExportTag    string // column name in CSV exports, by the response schema
	QuestionText string // without HTML
	RowText      string // text of the row, the group's item or the choice with the text box
	AnswerText   string // text of the answer of AnswerID
	GroupText    string
	ColumnText   string
	// Question is the question by the survey's definition, for a key of a side-by-side question
	// its column. nil: the definition does not have it.
	Question *qualtrics.Question
	Format   string // by the response schema, such as date-time

	list  qualtrics.ChoiceKind // of the definition, whose codes are the values
	codes *codes
	next  [2]*Field // the field that followed last time, in values and in labels
	had   uint64    // number of the record that had a label last
	label []byte
}

// Code is a possible value of a field.
type Code struct {
	ChoiceID string // "": not known
	Label    string
	Recode   string
	Source   Source // of the label
}

// Source says where a label comes from.
type Source string

// The sources of labels, the first one that has a label counts.
const (
	NoSource       Source = ""
	FromRecord     Source = "record"
	FromSchema     Source = "response_schema"
	FromDefinition Source = "definition"
)

// Whole is the Element of a value that is no list.
const Whole = -1

// Answer is one given answer: the value of a key, or one element of a value that is a list.
type Answer struct {
	*Field
	Element int    // position in the list from 0, or Whole
	Raw     []byte // JSON, as exported; nil: the record has only a label
	// RecordLabel is the JSON of the label in the record; nil: it has none.
	RecordLabel []byte
	// Code is the coded value by the response schema or the definition; nil: not known.
	Code *Code

	repeated bool // the list has the same element before
}

// Label returns the label: from the record, else from the response schema, else from the
// survey's definition.
func (a *Answer) Label() (string, Source) {
	switch text, ok := frame.String(a.RecordLabel); {
	case ok:
		return text, FromRecord
	case a.RecordLabel != nil:
		return string(a.RecordLabel), FromRecord
	case a.Code != nil && a.Code.Source != NoSource:
		return a.Code.Label, a.Code.Source
	}
	return "", NoSource
}

// Recode returns the code of a coded value. The codebook has it, or the record has a label for
// it, or it is an element of a list of choices. Display orders have ids, and not codes.
func (a *Answer) Recode() (code string, ok bool) {
	listed := a.Element != Whole && (a.Kind == Value || a.Kind == Group || a.Kind == Highlight)
	if a.Raw == nil || a.Kind == DisplayOrder || a.Code == nil && a.RecordLabel == nil && !listed {
		return "", false
	}
	if text, ok := frame.String(a.Raw); ok {
		return text, true
	}
	return string(withoutZeros(a.Raw)), frame.Kind(a.Raw) == '0'
}

// Text returns the value as text: the content of a string, and other values as they are
// written.
func (a *Answer) Text() string {
	if text, ok := frame.String(a.Raw); ok {
		return text
	}
	return string(a.Raw)
}

// Number returns the digits of a value that is a number, as they are written.
func (a *Answer) Number() (digits []byte, ok bool) {
	return a.Raw, frame.Kind(a.Raw) == '0'
}

// Boolean returns a value that is true or false.
func (a *Answer) Boolean() (is, ok bool) {
	switch string(a.Raw) {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	return false, false
}

// Date returns a value that is a date by the response schema.
func (a *Answer) Date() (at time.Time, ok bool) {
	if a.Format != "date-time" && a.Format != "date" {
		return time.Time{}, false
	}
	text, ok := frame.String(a.Raw)
	if !ok {
		return time.Time{}, false
	}
	if at, ok = response.ParseTime(text); !ok {
		return time.Time{}, false
	}
	return dates.InYears(at)
}

// AppendKey appends a key that is unique among the answers of a record. It is the value key,
// and for an element of a list its code, too: QID13_2/7. An element that is no plain code, or
// that comes twice, has its position from 1: QID20/#3. A slash of the value key is doubled,
// and NUL is /!. The empty key is /, and * is /*.
func (a *Answer) AppendKey(dst []byte) []byte {
	switch a.Key {
	case "":
		dst = append(dst, '/')
	case "*":
		dst = append(dst, "/*"...)
	default:
		for i := range len(a.Key) {
			switch c := a.Key[i]; c {
			case '/':
				dst = append(dst, '/', '/')
			case 0:
				dst = append(dst, '/', '!')
			default:
				dst = append(dst, c)
			}
		}
	}
	if a.Element == Whole {
		return dst
	}
	dst = append(dst, '/')
	if code := codeOf(a.Raw); !a.repeated && isPlain(code) {
		return append(dst, code...)
	}
	return strconv.AppendInt(append(dst, '#'), int64(a.Element)+1, 10)
}

// isPlain reports whether a code can end a key.
func isPlain(code []byte) bool {
	const longest = 64
	for _, c := range code {
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') && c != '_' && c != '-' && c != '.' {
			return false
		}
	}
	return len(code) > 0 && len(code) <= longest
}

// codeOf returns the text of a code: the inside of a string, and a number without a fraction
// of zeros. Records have 10.0 beside 10 (API §3.6).
func codeOf(raw []byte) []byte {
	if len(raw) >= 2 && raw[0] == '"' {
		return raw[1 : len(raw)-1]
	}
	return withoutZeros(raw)
}

// withoutZeros returns 10 for 10.0, and every other text as it is.
func withoutZeros[T string | []byte](code T) T {
	end := len(code)
	for end > 0 && code[end-1] == '0' {
		end--
	}
	if end > 1 && end < len(code) && code[end-1] == '.' && code[end-2] >= '0' && code[end-2] <= '9' {
		return code[:end-1]
	}
	return code
}
