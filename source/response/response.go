// Package response takes the record of a survey response apart: metadata, answers, labels and
// embedded data, with a version that changes when the content does.
package response

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/zeebo/xxh3"

	"github.com/birdie-ai/source-qualtrics/source/dates"
	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/jsonsafe"
	"github.com/birdie-ai/source-qualtrics/source/privacy"
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
	// LeftOut is the number of values that the privacy settings left out. No column, version or
	// hash depends on them.
	LeftOut int

	object  *frame.Object
	sum     uint64 // of the hashes of its members
	private bool   // there are privacy settings
}

// The parts of a record, for the hashes of its members.
const (
	partAnswers = uint64(metadataCount) + iota
	partEmbedded
	partLabels
	partDisplayedValues
	partStatusLabel
	partDisplayedField
)

// Parse takes a record apart. The response is valid as long as the object.
func (r *Response) Parse(object *frame.Object, keys *Keys) error {
	answers, embedded, labels := column{dst: r.Answers[:0]}, column{dst: r.EmbeddedData[:0]}, column{dst: r.Labels[:0]}
	*r = Response{object: object, private: keys.Privacy != nil}
	var id, values, texts, fields, offered *frame.Member
	for i := range object.Members {
		m := &object.Members[i]
		switch string(m.Name) {
		case "responseId":
			if id == nil { // of two members of a name the first counts
				id = m
			}
		case "values":
			r.first(&values, m, "answer_values")
		case "labels":
			r.first(&texts, m, "answer_labels")
		case "displayedFields":
			r.first(&fields, m, "displayed_fields")
		case "displayedValues":
			r.first(&offered, m, "displayed_values")
		}
	}
	keys.begin()
	err := r.parseValues(r.member(values, "answer_values", '{'), keys, &answers, &embedded)
	r.Answers, r.EmbeddedData = answers.end(object), embedded.end(object)
	if err != nil {
		return err
	}
	keys.record++
	r.parseLabels(r.member(texts, "answer_labels", '{'), keys, &labels)
	r.Labels = labels.end(object)
	r.parseDisplayed(r.member(fields, "displayed_fields", '['), r.member(offered, "displayed_values", '{'), keys)
	return r.identify(id)
}

// first keeps the first of several members of a name.
func (r *Response) first(kept **frame.Member, m *frame.Member, column string) {
	if *kept == nil {
		*kept = m
	} else {
		r.Doubled = append(r.Doubled, column)
	}
}

// parseValues sorts the values into metadata, answers and embedded data.
func (r *Response) parseValues(values *frame.Member, keys *Keys, answers, embedded *column) error {
	if values == nil {
		return nil
	}
	var (
		members       = r.object.Of(values)
		previous      *key
		otherModified []byte
	)
	for i := range members {
		m := &members[i]
		k := keys.after(previous, 0, m.Name)
		previous = k
		which := k.metadata
		if which == LastModifiedDate || k.name == "lastModifiedDate" {
			switch modified, err := keys.Modified(k.name); {
			case err != nil:
				return err
			case modified && which == noMetadata:
				otherModified = m.Value
				continue
			case !modified:
				which = noMetadata
			}
		}
		value, public := r.public(k, which != noMetadata, m.Value, keys)
		if !public {
			continue
		}
		switch {
		case which != noMetadata && r.Metadata[which] == nil:
			r.Metadata[which] = value
			if which != LastModifiedDate && which != RecordID {
				r.sum += hashOf(uint64(which), 0, value) //nolint:gosec // an index
			}
			continue
		case which != noMetadata:
			if k.had != keys.record {
				keys.count(k)
			}
			r.add(embedded, m, value, k, keys, "embedded_data", partEmbedded)
			continue
		}
		kind, err := keys.kind(k)
		switch {
		case err != nil:
			return err
		case kind == embeddedKey:
			r.add(embedded, m, value, k, keys, "embedded_data", partEmbedded)
		default:
			r.add(answers, m, value, k, keys, "answer_values", partAnswers)
		}
	}
	if r.Metadata[LastModifiedDate] == nil {
		r.Metadata[LastModifiedDate] = otherModified
	}
	return nil
}

func (r *Response) parseLabels(labels *frame.Member, keys *Keys, into *column) {
	if labels == nil {
		return
	}
	members := r.object.Of(labels)
	var previous *key
	for i := range members {
		m := &members[i]
		k := keys.after(previous, 1, m.Name)
		previous = k
		switch {
		case k.private != privacy.Keep: // the label of a hashed value would reveal it
		case k.name == "status":
			r.StatusLabel = m.Value
		case k.name == "finished": // the boolean says the same
		default:
			r.add(into, m, m.Value, k, keys, "answer_labels", partLabels)
		}
	}
	if r.StatusLabel != nil {
		r.sum += hashOf(partStatusLabel, 0, r.StatusLabel)
	}
}

// add adds a member with a value to a column. A repeated name gets a number, because readers of JSON
// keep one of two members with the same name.
func (r *Response) add(to *column, m *frame.Member, value []byte, k *key, keys *Keys, name string, part uint64) {
	before := keys.count(k)
	if before == 0 && !m.Escaped && k.private == privacy.Keep {
		to.add(r.object, m)
		r.sum += hashOf(part, k.hash, m.Value)
		return
	}
	if before > 0 && !slices.Contains(r.Renamed, name) {
		r.Renamed = append(r.Renamed, name)
	}
	renamed := k
	for ; before > 0; before = keys.count(renamed) {
		suffix := "_dup"
		if before > 1 {
			suffix += strconv.Itoa(before)
		}
		renamed = keys.find([]byte(renamed.name + suffix))
	}
	to.addAs(r.object, renamed.name, value)
	r.sum += hashOf(part, renamed.hash, value)
}

// hashOf hashes one member of a record. The sum of the hashes of all members does not
// depend on their order.
func hashOf(part, name uint64, value []byte) uint64 {
	return xxh3.HashSeed(value, sketch.Mix(name+part))
}

// member returns a member of a kind: an array, or an object. PHP writes both as []
// when they are empty; null and absence mean the same.
func (r *Response) member(m *frame.Member, column string, kind byte) *frame.Member {
	switch {
	case m == nil:
	case m.Value[0] == kind:
		return m
	case absent(m.Value):
	default:
		r.Unread = append(r.Unread, column)
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
func (r *Response) identify(id *frame.Member) error {
	var value []byte
	if id != nil {
		value = id.Value
	}
	if r.ID = IDOf(value, r.Metadata[RecordID]); r.ID == "" {
		return ErrNoID
	}
	r.ModifiedAt = r.Time(LastModifiedDate)
	return nil
}

// Time reads a date of the metadata; zero where there is none.
func (r *Response) Time(which Metadata) (at time.Time) { return TimeOf(r.Metadata[which]) }

// TimeOf reads a date that is a raw JSON string; zero where there is none.
func TimeOf(value []byte) (at time.Time) {
	if text, ok := frame.Verbatim(value); ok {
		at, _ = ParseTime(string(text))
	} else if text, ok := frame.String(value); ok {
		at, _ = ParseTime(text)
	}
	return at
}

// AppendVersion appends a short hash of the record's content, in hexadecimal digits. The
// order of members and of displayed fields does not count. Neither do the modified date and
// the repeated id, because a single response lacks them.
func (r *Response) AppendVersion(dst []byte) []byte {
	var raw [8]byte
	binary.BigEndian.PutUint64(raw[:], r.ContentHash())
	return hex.AppendEncode(dst, raw[:])
}

// ContentHash is the version as a number.
func (r *Response) ContentHash() uint64 { return sketch.Mix(r.sum) }

// ContentOf hashes text for the state: FNV-1a, finished by Mix.
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
	if r.private {
		return r.canonicalParts(dst)
	}
	members := slices.Clone(r.object.Members)
	slices.SortStableFunc(members, func(a, b frame.Member) int { return bytes.Compare(a.Name, b.Name) })
	for i, m := range members {
		if i > 0 && bytes.Equal(m.Name, members[i-1].Name) {
			continue // the first one counts
		}
		dst = jsonsafe.AppendString(dst, string(m.Name))
		if string(m.Name) == "displayedFields" && m.Value[0] == '[' {
			dst, err = appendSorted(dst, m.Value)
		} else {
			dst, err = frame.Canonical(dst, m.Value)
		}
		if err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// appendSorted appends an array whose order means nothing.
func appendSorted(dst, array []byte) ([]byte, error) {
	var elements [][]byte
	frame.ValidElements(array, func(element []byte) { elements = append(elements, element) })
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
