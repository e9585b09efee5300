package qualtrics

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// Block is a block of a survey's definition (API §2.2). Fields that the definition lacks
// are nil.
type Block struct {
	ID          string
	Type        *string // Default, Standard, or Trash
	SubType     *string
	Description *string         // its name in the editor
	Position    int64           // from 1, in the order of the definition
	Options     json.RawMessage `json:",omitempty"`
	Altered     []Altered       `json:",omitempty"`
}

// BlockElement is a question or a page break of a block.
type BlockElement struct {
	Block      string
	ID         string  // of its question, or "#3" by its position
	Position   int64   // from 1
	Type       *string // Question, or Page Break
	QuestionID *string
}

// FlowElement is an element of the survey flow (catalog §1.3). Credentials in it are
// masked.
type FlowElement struct {
	ID          string
	Type        *string // Root, Block, Standard, EmbeddedData, Branch, Group …, an open set
	Parent      *string // the element that holds it
	Depth       int64   // 0: the root
	Position    int64   // from 1, in its parent
	BlockID     *string // of the elements Block and Standard
	Description *string
	// Properties are its other members, without elements and fields inside of it.
	Properties json.RawMessage `json:",omitempty"`
	Altered    []Altered       `json:",omitempty"`
}

// EmbeddedField is a field of embedded data that an element of the flow sets.
type EmbeddedField struct {
	FlowID       string
	Name         string
	Position     int64   // from 1, in its element
	Type         *string // Custom, or Recipient
	Description  *string
	VariableType *string // String, Nominal, Scale …, an open set
	Value        *string // masked if the name is that of a credential
	AnalyzeText  *bool
	FlowOnly     *bool
}

// inOrder lists the members of an object as they are written, or the elements of an array.
// PHP writes both in the order of the editor, which is *assumed* of objects.
func inOrder(raw json.RawMessage) (all []entry) {
	object := membersOf(raw)
	if object == nil {
		return entriesOf(raw)
	}
	for _, member := range fieldsOf(raw).members {
		name := string(member.Name)
		if value, ok := object[name]; ok { // the last one of two counts, as everywhere
			all = append(all, entry{name, value})
			delete(object, name)
		}
	}
	return all
}

// blocksOf lists the blocks in order. One without an id has its name in the list, and the
// second one with an id has its position.
func blocksOf(definition members, each func(id string, position int64, block members)) {
	seen := make(map[string]bool)
	for i, entry := range inOrder(definition["Blocks"]) {
		block, id := membersOf(entry.value), entry.key
		if own := nonempty(block.text("ID")); own != nil {
			id = *own
		}
		if id == "" || seen[id] {
			id = "#" + number(i)
		}
		seen[id] = true
		each(id, int64(i+1), block)
	}
}

// number is the position of an element, from 1, as a text.
func number(i int) string { return strconv.Itoa(i + 1) }

func blockParts(definition members, yield func(DefinitionPart)) {
	blocksOf(definition, func(id string, position int64, block members) {
		part := &Block{
			ID: id, Type: block.text("Type"), SubType: nonempty(block.text("SubType")), Description: block.text("Description"),
			Position: position, Options: objectOf(membersOf(block["Options"])),
		}
		if repaired(block["Options"], part.Options) {
			part.Altered = []Altered{{"Options", Repaired}}
		}
		yield(DefinitionPart{Block: part})
	})
}

func elementParts(definition members, yield func(DefinitionPart)) {
	blocksOf(definition, func(id string, _ int64, block members) {
		named := make(map[string]bool)
		for i, entry := range inOrder(block["BlockElements"]) {
			m := membersOf(entry.value)
			element := &BlockElement{Block: id, ID: "#" + number(i), Position: int64(i + 1), Type: m.text("Type"), QuestionID: nonempty(m.text("QuestionID"))}
			if question := element.QuestionID; question != nil && !named[*question] {
				element.ID, named[*question] = *question, true
			}
			yield(DefinitionPart{Element: element})
		}
	})
}

// flowElement is an element of the flow with its members.
type flowElement struct {
	FlowElement
	members members
}

// flowOf lists the elements of the flow, each before the elements inside of it. One without
// an id, or with that of an earlier one, has the id of its parent, a point and its position. One that is no object has its
// value as a property. Credentials are masked.
func flowOf(definition members, each func(*flowElement)) {
	flow := masked(definition["SurveyFlow"])
	damaged, seen := repaired(definition["SurveyFlow"], flow), make(map[string]bool)
	var walk func(raw json.RawMessage, parent *flowElement, position int)
	walk = func(raw json.RawMessage, parent *flowElement, position int) {
		m := membersOf(raw)
		if m == nil {
			m = members{"Value": raw}
		}
		e := &flowElement{FlowElement{Type: m.text("Type"), Position: int64(position + 1), Description: m.text("Description")}, m}
		outer := ""
		if parent != nil {
			outer = parent.ID + "."
			e.Parent, e.Depth = &parent.ID, parent.Depth+1
		}
		e.ID = outer + number(position)
		if own := nonempty(m.text("FlowID")); own != nil && !seen[*own] {
			e.ID = *own
		}
		seen[e.ID] = true
		left := members{}
		for name, value := range m {
			switch name {
			case "Type", "FlowID", "Description", "Flow", "EmbeddedData":
			default:
				left[name] = value
			}
		}
		if kind := text(e.Type); kind == "Block" || kind == "Standard" {
			e.BlockID = nonempty(m.text("ID"))
			delete(left, "ID")
		}
		if e.Properties = objectOf(left); damaged && bytes.Contains(e.Properties, []byte("\ufffd")) {
			e.Altered = []Altered{{"Properties", Repaired}}
		}
		each(e)
		for i, inner := range inOrder(m["Flow"]) {
			walk(inner.value, e, i)
		}
	}
	if membersOf(flow) == nil { // a list of elements, or nothing
		for i, element := range inOrder(flow) {
			walk(element.value, nil, i)
		}
		return
	}
	walk(flow, nil, 0)
}

func flowParts(definition members, yield func(DefinitionPart)) {
	flowOf(definition, func(e *flowElement) { yield(DefinitionPart{Flow: &e.FlowElement}) })
}

func fieldParts(definition members, yield func(DefinitionPart)) {
	flowOf(definition, func(e *flowElement) {
		for i, entry := range inOrder(e.members["EmbeddedData"]) {
			m := membersOf(entry.value)
			field := &EmbeddedField{
				FlowID: e.ID, Name: number(i), Position: int64(i + 1), Type: m.text("Type"), Description: m.text("Description"),
				VariableType: m.text("VariableType"), Value: scalarOf(m.first("Value")), AnalyzeText: m.boolean("AnalyzeText"), FlowOnly: m.boolean("FlowOnly"),
			}
			// Some items have a description and no more (catalog §1.3). It is *assumed* to be
			// the name.
			for _, name := range []string{"Field", "Description"} {
				if own := nonempty(m.text(name)); own != nil {
					field.Name = *own
					break
				}
			}
			yield(DefinitionPart{Field: field})
		}
	})
}

// scalarOf reads a text, or a number or a boolean as it is written.
func scalarOf(raw json.RawMessage) *string {
	if value := textOf(raw); value != nil {
		return value
	}
	if is := string(raw); is == "true" || is == "false" {
		return &is
	}
	return nil
}

// objectOf writes members as one object on one line. It returns nil for none.
func objectOf(m members) json.RawMessage {
	if len(m) == 0 {
		return nil
	}
	encoded, err := json.Marshal(map[string]json.RawMessage(m)) // in the order of their names
	if err != nil {
		return nil // they were decoded from JSON
	}
	var line oneLine
	safe, _ := line.copy(encoded)
	return safe
}
