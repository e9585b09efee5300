package sandbox

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// ListForm is the form of a list in an answer.
type ListForm int

// The forms of lists (*assumed*, all but SoundList). The rest of the answer,
// such as nextPage, stays the same.
const (
	SoundList          ListForm = iota
	ListWithoutMember           // the member elements is missing
	ListOfNull                  // elements is null
	ListByPosition              // elements is an object with positions as keys; some positions are missing, as in filtered arrays of PHP
	ListLacksOneID              // the element in the middle has no id
	ListWithoutAnyPage          // neither elements nor nextPage: an empty result
)

// idMembers are the names of the ids of list elements.
var idMembers = []string{"id", "contactId", "directoryId", "mailingListId", "ID", "QuestionID", "filterId"}

// bent returns the result of a list in the form.
func (f ListForm) bent(result any) any {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(encodeJSON(result), &members); err != nil {
		panic(err) // Disturb lets only lists through
	}
	switch f {
	case ListWithoutMember:
		delete(members, "elements")
	case ListOfNull:
		members["elements"] = json.RawMessage("null")
	case ListWithoutAnyPage:
		clear(members)
	case ListByPosition:
		members["elements"] = byPosition(elementsOf(members))
	case ListLacksOneID:
		members["elements"] = withoutOneID(elementsOf(members))
	}
	return members
}

func elementsOf(members map[string]json.RawMessage) []json.RawMessage {
	var elements []json.RawMessage
	if err := json.Unmarshal(members["elements"], &elements); err != nil {
		panic(err)
	}
	return elements
}

// byPosition turns elements into an object with positions as keys. It omits
// every fourth position, as PHP does after it filtered an array.
func byPosition(elements []json.RawMessage) json.RawMessage {
	out := bytes.NewBufferString("{")
	for i, element := range elements {
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString(`"` + strconv.Itoa(i+i/3) + `":`)
		out.Write(element)
	}
	out.WriteByte('}')
	return out.Bytes()
}

func withoutOneID(elements []json.RawMessage) json.RawMessage {
	if len(elements) > 0 {
		at := len(elements) / 2
		var members map[string]json.RawMessage
		if err := json.Unmarshal(elements[at], &members); err != nil {
			panic(err)
		}
		for _, name := range idMembers {
			delete(members, name)
		}
		elements[at] = encodeJSON(members)
	}
	return encodeJSON(elements)
}
