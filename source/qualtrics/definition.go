package qualtrics

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// SurveyDefinition is a survey as its editor shows it (API §2.2).
type SurveyDefinition struct {
	BrandID      string
	LastModified time.Time // zero: unknown
	// Questions include the columns of side-by-side questions. nil: the answer has no
	// list of questions, which differs from an empty list.
	Questions []Question
}

// Definition reads a survey's definition.
func (c *Client) Definition(ctx context.Context, survey SurveyID) (SurveyDefinition, error) {
	m, err := c.definitionMembers(ctx, survey)
	if err != nil {
		return SurveyDefinition{}, err
	}
	return definitionOf(m), nil
}

func definitionOf(m members) SurveyDefinition {
	definition := SurveyDefinition{BrandID: text(m.text("BrandID"))}
	if _, listed := listOf(m["Questions"]); listed {
		definition.Questions = questionsOf(m)
	}
	if at := m.time("LastModified"); at != nil {
		definition.LastModified = *at
	}
	return definition
}

// definitionMembers reads a survey's definition. An answer without one of the lists or
// objects is an error, which comes with its other members.
func (c *Client) definitionMembers(ctx context.Context, survey SurveyID, required ...string) (m members, err error) {
	call := request{to: toDefinition, method: http.MethodGet, path: "/survey-definitions/" + id(survey), survey: survey}
	err = c.get(ctx, call, checked(func(result *fields) error {
		if m = membersOf(result.raw); m == nil {
			return errors.New("it is no object")
		}
		if of := m.text("SurveyID"); of != nil && *of != string(survey) {
			m = nil
			return fmt.Errorf("it is about survey %.40q", *of)
		}
		return m.lacks(required)
	}))
	return m, err
}

// lacks returns an error that names the first of several lists or objects that is not
// there.
func (m members) lacks(required []string) error {
	for _, name := range required {
		if _, listed := listOf(m[name]); !listed {
			return fmt.Errorf("it has no list of %s", map[string]string{
				"Questions": "questions", "Blocks": "blocks", "SurveyFlow": "flow elements", "Scoring": "scoring categories", "SurveyOptions": "survey options",
			}[name])
		}
	}
	return nil
}

// Question is a question of a survey's definition (API §2.2). A column of a
// side-by-side question is also one: its id is "QID8#1" and its Parent "QID8". Fields
// that the definition lacks are nil.
type Question struct {
	ID          string
	Parent      *string
	Block       *string // id of the block that holds it or its parent
	BlockType   *string // "Trash" holds deleted questions, whose answers remain
	ExportTag   *string // column name of CSV exports
	Type        *string // MC, Matrix, TE …, an open set
	Selector    *string
	SubSelector *string
	Text        *string // HTML
	Description *string // plain text, cut by Qualtrics to about 100 characters
	Choices     []Choice
	// Low and High are the ends of a slider, or the number of stars. They are no column, so that
	// a change of them alone delivers no row again.
	Low, High *string `json:"-"`
}

// ChoiceKind names the member of a question that lists a choice.
type ChoiceKind string

// The kinds of choices.
const (
	PlainChoice   ChoiceKind = "choice"         // Choices: the options, or the rows of a matrix
	AnswerChoice  ChoiceKind = "answer"         // Answers: the columns of a matrix
	GroupChoice   ChoiceKind = "group"          // Groups of pick, group and rank
	DynamicChoice ChoiceKind = "dynamic_choice" // DynamicChoicesData: carried forward
)

// Choice is an option, a row, a column or a group of a question.
type Choice struct {
	Kind         ChoiceKind
	ID           string  // its name in the definition, or its position from 0
	Display      *string // HTML
	Position     *int64  // from 1, in the order in which it is shown by default
	Recode       *string // the value that exports hold
	VariableName *string
	ExportTag    *string
	TextEntry    bool // a text can be entered beside it
	Exclusive    bool
	Analyze      bool // reports count it
}

// questionsOf reads the questions of a definition and the columns of side-by-side
// questions, in the order of their ids.
func questionsOf(definition members) []Question {
	blocks, all := questionBlocks(definition), []Question{}
	for _, entry := range entriesOf(definition["Questions"]) {
		m := membersOf(entry.value)
		question := questionOf(m, entry.key)
		if block, ok := blocks[question.ID]; ok {
			question.Block, question.BlockType = block.text("ID"), block.text("Type")
		}
		all = append(all, question)
		for _, column := range entriesOf(m["AdditionalQuestions"]) {
			inner := questionOf(membersOf(column.value), question.ID+"#"+column.key)
			inner.Parent, inner.Block, inner.BlockType = &question.ID, question.Block, question.BlockType
			all = append(all, inner)
		}
	}
	slices.SortStableFunc(all, func(a, b Question) int { return cmp.Or(cmp.Compare(len(a.ID), len(b.ID)), cmp.Compare(a.ID, b.ID)) })
	return all
}

// questionOf reads one question. The key is the id of a question without a QuestionID.
func questionOf(m members, key string) Question {
	question := Question{
		ID:          key,
		ExportTag:   m.text("DataExportTag"),
		Type:        m.text("QuestionType"),
		Selector:    nonempty(m.text("Selector")),
		SubSelector: nonempty(m.text("SubSelector")),
		Text:        m.text("QuestionText"),
		Description: m.text("QuestionDescription"),
	}
	if own := nonempty(m.text("QuestionID")); own != nil {
		question.ID = *own
	}
	configuration := membersOf(m["Configuration"])
	question.Low, question.High = nonempty(configuration.text("CSSliderMin")), nonempty(configuration.text("CSSliderMax"))
	if stars := nonempty(configuration.text("StarCount")); stars != nil { // assumed
		question.High = stars
	}
	// Codes, names and the flag for reports belong to the answers of a question, if it
	// has answers. The rows of a matrix have no codes.
	coded := PlainChoice
	if len(entriesOf(m["Answers"])) > 0 {
		coded = AnswerChoice
	}
	for _, list := range []struct {
		kind          ChoiceKind
		member, order string
	}{{PlainChoice, "Choices", "ChoiceOrder"}, {AnswerChoice, "Answers", "AnswerOrder"}, {GroupChoice, "Groups", ""}, {DynamicChoice, "DynamicChoicesData", ""}} {
		positions := positionsOf(m[list.order])
		for _, entry := range entriesOf(m[list.member]) {
			choice := choiceOf(list.kind, entry)
			if at, ok := positions[choice.ID]; ok {
				choice.Position = &at
			}
			if list.kind == coded {
				choice.Recode = membersOf(m["RecodeValues"]).text(choice.ID)
				choice.VariableName = membersOf(m["VariableNaming"]).text(choice.ID)
				if analyzed := membersOf(m["AnalyzeChoices"]).text(choice.ID); analyzed != nil {
					choice.Analyze = *analyzed != "No"
				}
			}
			if list.kind == PlainChoice {
				choice.ExportTag = nonempty(membersOf(m["ChoiceDataExportTags"]).text(choice.ID))
			}
			question.Choices = append(question.Choices, choice)
		}
	}
	return question
}

// choiceOf reads one entry of a list of choices. A group may be only a text.
func choiceOf(kind ChoiceKind, entry entry) Choice {
	choice := Choice{Kind: kind, ID: entry.key, Analyze: true}
	m := membersOf(entry.value)
	if m == nil {
		choice.Display = members{"": entry.value}.text("")
		return choice
	}
	choice.Display = m.text("Display", "Description")
	choice.TextEntry, choice.Exclusive = isTrue(m.boolean("TextEntry")), isTrue(m.boolean("ExclusiveAnswer"))
	return choice
}

// questionBlocks maps the ids of questions to their blocks. The blocks come as an
// object or as an array (API §2.2).
func questionBlocks(definition members) map[string]members {
	blocks := make(map[string]members)
	for _, entry := range entriesOf(definition["Blocks"]) {
		block := membersOf(entry.value)
		if block != nil && block.text("ID") == nil {
			block["ID"], _ = json.Marshal(entry.key)
		}
		for _, element := range block.list("BlockElements") {
			if question := membersOf(element).text("QuestionID"); question != nil {
				blocks[*question] = block
			}
		}
	}
	return blocks
}

// entry is a member of an object, or an element of an array with its position.
type entry struct {
	key   string
	value json.RawMessage
}

// entriesOf lists the members of an object, or the elements of an array. Definitions
// use both for the same lists (API §2.2). Names that are numbers come in their
// numerical order.
func entriesOf(raw json.RawMessage) (all []entry) {
	raw = bytes.TrimSpace(raw)
	var elements []json.RawMessage
	if json.Unmarshal(raw, &elements) == nil {
		for i, element := range elements {
			all = append(all, entry{strconv.Itoa(i), element})
		}
		return all
	}
	object := membersOf(raw)
	keys := slices.SortedFunc(maps.Keys(object), func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	for _, key := range keys {
		all = append(all, entry{key, object[key]})
	}
	return all
}

// positionsOf maps the ids of an ordered list to their positions, from 1. The ids are
// texts or numbers.
func positionsOf(order json.RawMessage) map[string]int64 {
	positions := make(map[string]int64)
	elements, _ := listOf(order)
	for i, element := range elements {
		if id := (members{"": element}).text(""); id != nil && positions[*id] == 0 {
			positions[*id] = int64(i + 1)
		}
	}
	return positions
}

// nonempty returns the text, or nil if it is empty.
func nonempty(text *string) *string {
	if text == nil || *text == "" {
		return nil
	}
	return text
}

func isTrue(value *bool) bool { return value != nil && *value }
