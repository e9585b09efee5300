// Package response takes the record of a survey response apart: metadata, answers, labels and
// embedded data, with a version that changes when the content does.
package response

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/dates"
	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/jsonsafe"
	"github.com/birdie-ai/source-qualtrics/source/sketch"
)

// Response is one exported response (API §3.6), taken apart once for all the
// streams that project it. Its slices are raw JSON, nil where the export had
// nothing, and only valid as long as the document they came in.
type Response struct {
	ID              string
	ModifiedAt      time.Time // zero where the export carries no modified date
	Metadata        [metadataCount][]byte
	Answers         []byte // object: the members of values that are neither metadata nor embedded data
	EmbeddedData    []byte // object
	Labels          []byte // object: the labels but those of metadata
	StatusLabel     []byte
	DisplayedFields []byte   // array
	DisplayedValues []byte   // object
	Repaired        bool     // invalid text was replaced by U+FFFD while reading
	Shortened       bool     // the longest texts are null: the record was too long
	Renamed         []string // columns in which a name came again, and has another one
	Unread          []string // columns whose member is of another kind, and left out
	Doubled         []string // columns whose member came twice: the first one counts

	members  map[string][]byte
	answered map[string]int // how often values, or labels, had a name so far
}

// Parse takes a record apart, which is valid JSON.
func (r *Response) Parse(raw []byte, keys *Keys) error {
	answers, embedded, labels := r.Answers[:0], r.EmbeddedData[:0], r.Labels[:0]
	*r = Response{members: r.members, answered: r.answered}
	if r.members == nil {
		r.members, r.answered = make(map[string][]byte), make(map[string]int)
	}
	clear(r.members)
	clear(r.answered)
	err := frame.ValidMembers(raw, func(name string, value []byte) error {
		if r.members[name] == nil { // of two members of a name the first counts
			r.members[name] = value
		} else if column := columnsOfMembers[name]; column != "" {
			r.Doubled = append(r.Doubled, column)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading a response: %w", err)
	}
	var otherModified []byte
	answers, embedded = append(answers, '{'), append(embedded, '{')
	err = r.each("values", func(name string, value []byte) error {
		which, ok := metadata[name]
		if ok && which == LastModifiedDate || name == "lastModifiedDate" {
			switch modified, err := keys.Modified(name); {
			case err != nil:
				return err
			case modified && !ok:
				otherModified = value
				return nil
			case !modified:
				ok = false
			}
		}
		switch {
		case ok && r.Metadata[which] == nil:
			r.Metadata[which] = value
			return nil
		case ok:
			r.answered[name] = max(r.answered[name], 1)
			embedded = appendMember(embedded, r.once("embedded_data", name), value)
			return nil
		}
		isEmbedded, err := keys.Embedded(name)
		switch {
		case err != nil:
			return err
		case isEmbedded:
			embedded = appendMember(embedded, r.once("embedded_data", name), value)
		default:
			answers = appendMember(answers, r.once("values", name), value)
		}
		return nil
	})
	r.Answers, r.EmbeddedData = append(answers, '}'), append(embedded, '}')
	if err != nil {
		return err
	}
	if r.Metadata[LastModifiedDate] == nil {
		r.Metadata[LastModifiedDate] = otherModified
	}
	labels = append(labels, '{')
	clear(r.answered)
	err = r.each("labels", func(name string, value []byte) error {
		switch name {
		case "status":
			r.StatusLabel = value
		case "finished": // the boolean says the same
		default:
			labels = appendMember(labels, r.once("labels", name), value)
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.Labels = append(labels, '}')
	r.DisplayedFields = r.member("displayedFields", '[')
	r.DisplayedValues = r.member("displayedValues", '{')
	return r.identify()
}

// columnsOfMembers are the columns that the members of a record fill.
var columnsOfMembers = map[string]string{
	"values": "values", "labels": "labels", "displayedFields": "displayed_fields", "displayedValues": "displayed_values",
}

// member returns a member of a kind: an array, or an object. PHP writes both as []
// when they are empty; null and absence mean the same.
func (r *Response) member(name string, kind byte) []byte {
	switch value := r.members[name]; {
	case frame.Kind(value) == kind:
		return value
	case absent(value):
	default:
		r.Unread = append(r.Unread, columnsOfMembers[name])
	}
	return nil
}

// absent reports whether a member says nothing.
func absent(value []byte) bool {
	switch frame.Kind(value) {
	case 0, 'n':
		return true
	case '[', '{':
		return len(bytes.TrimSpace(value[1:len(value)-1])) == 0
	default:
		return string(value) == `""`
	}
}

// once returns a name that no value of the record had so far. A repeated name gets a
// number, because readers of JSON keep one of two members with the same name.
func (r *Response) once(column, name string) string {
	n := r.answered[name]
	r.answered[name] = n + 1
	if n > 0 && !slices.Contains(r.Renamed, column) {
		r.Renamed = append(r.Renamed, column)
	}
	switch n {
	case 0:
		return name
	case 1:
		return r.once(column, name+"_dup")
	default:
		return r.once(column, name+"_dup"+strconv.Itoa(n))
	}
}

// ErrNoID is the error of a record that cannot become a row.
var ErrNoID = errors.New("it has no responseId")

// IDOf reads the id of a record from its responseId, or from the _recordId among
// its values, which is the same (API §3.6). A _recordId that is a number stands
// for its digits. A responseId that is a number does not identify a response by
// itself: no known id has that form. An empty id means that there is none.
func IDOf(response, record []byte) string {
	for _, value := range [][]byte{response, record} {
		if text, _ := frame.String(value); text != "" {
			return text
		}
	}
	return digitsOf(record)
}

// digitsOf returns the digits of a whole number; "" for every other value.
func digitsOf(value []byte) string {
	for _, c := range value {
		if c < '0' || c > '9' {
			return ""
		}
	}
	return string(value)
}

// identify reads the id and the modified date.
func (r *Response) identify() error {
	if r.ID = IDOf(r.members["responseId"], r.Metadata[RecordID]); r.ID == "" {
		return ErrNoID
	}
	r.ModifiedAt = r.Time(LastModifiedDate)
	return nil
}

// Time reads a date of the metadata; zero where there is none.
func (r *Response) Time(which Metadata) (at time.Time) {
	if text, ok := frame.String(r.Metadata[which]); ok {
		at, _ = ParseTime(text)
	}
	return at
}

func (r *Response) each(member string, do func(name string, value []byte) error) error {
	value := r.member(member, '{')
	if value == nil {
		return nil
	}
	if err := frame.ValidMembers(value, do); err != nil {
		return fmt.Errorf("reading the %s of a response: %w", member, err)
	}
	return nil
}

func appendMember(dst []byte, name string, value []byte) []byte {
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	dst = jsonsafe.AppendString(dst, name)
	dst = append(dst, ':')
	return append(dst, value...)
}

// Version is a short hash of the record's content, in hexadecimal digits. The order of
// members and of displayed fields does not count. Neither do the modified date and the
// repeated id, because a single response lacks them.
func (r *Response) Version() (string, error) {
	sum, err := r.ContentHash()
	return fmt.Sprintf("%016x", sum), err
}

// ContentHash is the version as a number.
func (r *Response) ContentHash() (uint64, error) {
	var sum uint64
	for which, value := range r.Metadata {
		if which := Metadata(which); which != LastModifiedDate && which != RecordID && value != nil {
			sum += ContentOf(uint64(which), "", value) //nolint:gosec // an index
		}
	}
	for part, object := range [][]byte{r.Answers, r.EmbeddedData, r.Labels, r.DisplayedValues} {
		if len(object) == 0 {
			continue
		}
		err := frame.ValidMembers(object, func(name string, value []byte) error {
			sum += ContentOf(uint64(metadataCount)+uint64(part), name, value) //nolint:gosec // an index
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	sum += ContentOf(1000, "", r.StatusLabel)
	if len(r.DisplayedFields) > 0 {
		err := frame.Elements(r.DisplayedFields, func(field []byte) error {
			sum += ContentOf(1001, "", field)
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	return sketch.Mix(sum), nil
}

// ContentOf hashes one member of a record: FNV-1a, finished by Mix. The sum of the hashes
// of all members does not depend on their order.
func ContentOf(part uint64, name string, value []byte) uint64 {
	const offset, prime = 14695981039346656037, 1099511628211
	hash := sketch.Mix(part+1) ^ offset
	for i := range len(name) {
		hash = (hash ^ uint64(name[i])) * prime
	}
	hash = (hash ^ 0x100) * prime
	for _, c := range value {
		hash = (hash ^ uint64(c)) * prime
	}
	return sketch.Mix(hash)
}

// Canonical appends the record in a form that is equal for equal content:
// members sorted, the unordered displayedFields sorted too, numbers as they
// were written.
func (r *Response) Canonical(dst []byte) (_ []byte, err error) {
	for _, name := range slices.Sorted(maps.Keys(r.members)) {
		dst = jsonsafe.AppendString(dst, name)
		value := r.members[name]
		if name == "displayedFields" && frame.Kind(value) == '[' {
			dst, err = appendSorted(dst, value)
		} else {
			dst, err = frame.Canonical(dst, value)
		}
		if err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// appendSorted appends an array whose order means nothing; nil is an empty one.
func appendSorted(dst, array []byte) ([]byte, error) {
	var elements [][]byte
	if len(array) > 0 {
		if err := frame.Elements(array, func(element []byte) error {
			elements = append(elements, element)
			return nil
		}); err != nil {
			return dst, err
		}
	}
	slices.SortFunc(elements, bytes.Compare)
	return frame.Canonical(dst, slices.Concat([]byte{'['}, bytes.Join(elements, []byte{','}), []byte{']'}))
}

// ParseTime reads a date of a response. A leap second is the second after it.
func ParseTime(text string) (time.Time, bool) {
	if at, ok := dates.LeapSecond(text); ok {
		return at, true
	}
	return dates.Parse(text)
}
