package feed

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/record"
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
	DisplayedFields []byte // array
	DisplayedValues []byte // object
	Repaired        bool   // invalid text was replaced by U+FFFD while reading
	Shortened       bool   // the longest texts are null: the record was too long
	Renamed         bool   // a name came again, and has another one

	members  map[string][]byte
	answered map[string]int // how often values, or labels, had a name so far
}

// parse takes a record apart, which is valid JSON.
func (r *Response) parse(raw []byte, keys *Keys) error {
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
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading a response: %w", err)
	}
	var otherModified []byte
	answers, embedded = append(answers, '{'), append(embedded, '{')
	err = r.each("values", func(name string, value []byte) error {
		switch which, ok := metadata[name]; {
		case ok && r.Metadata[which] == nil:
			r.Metadata[which] = value
		case ok:
			r.answered[name] = max(r.answered[name], 1)
			embedded = appendMember(embedded, r.once(name), value)
		case name == "lastModifiedDate" && !keys.embedded[name]:
			// The key without the underscore: seen by nobody, but the
			// official text spells the column so (API §0.4). assumed
			otherModified = value
		case keys.Embedded(name):
			embedded = appendMember(embedded, r.once(name), value)
		default:
			answers = appendMember(answers, r.once(name), value)
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.Answers, r.EmbeddedData = append(answers, '}'), append(embedded, '}')
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
			labels = appendMember(labels, r.once(name), value)
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.Labels = append(labels, '}')
	if frame.Kind(r.members["displayedFields"]) == '[' {
		r.DisplayedFields = r.members["displayedFields"]
	}
	r.DisplayedValues = object(r.members["displayedValues"])
	return r.identify()
}

// once is a name that no value of the record had so far: one that comes again
// gets another, for it would replace the first one in whatever reads it. Names
// are numbered, so that a record full of one name stays as long as it is.
func (r *Response) once(name string) string {
	n := r.answered[name]
	r.answered[name] = n + 1
	r.Renamed = r.Renamed || n > 0
	switch n {
	case 0:
		return name
	case 1:
		return r.once(name + "_dup")
	default:
		return r.once(name + "_dup" + strconv.Itoa(n))
	}
}

// errNoID is that of a record that nobody could find again.
var errNoID = errors.New("reading a response: it has no responseId")

// identify reads the id and the modified date.
func (r *Response) identify() error {
	id, ok := frame.String(r.members["responseId"])
	if !ok || id == "" {
		if id, ok = frame.String(r.Metadata[RecordID]); !ok || id == "" {
			return errNoID
		}
	}
	r.ID = id
	r.ModifiedAt = r.time(LastModifiedDate)
	return nil
}

// time reads a date of the metadata; zero where there is none.
func (r *Response) time(which Metadata) (at time.Time) {
	if text, ok := frame.String(r.Metadata[which]); ok {
		at, _ = ParseTime(text)
	}
	return at
}

func (r *Response) each(member string, do func(name string, value []byte) error) error {
	value := r.members[member]
	if kind := frame.Kind(value); kind != '{' {
		// PHP writes an empty map as []; null and absence mean the same.
		return nil
	}
	if err := frame.ValidMembers(value, do); err != nil {
		return fmt.Errorf("reading the %s of a response: %w", member, err)
	}
	return nil
}

func object(value []byte) []byte {
	if frame.Kind(value) == '{' {
		return value
	}
	return nil
}

func appendMember(dst []byte, name string, value []byte) []byte {
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	dst = record.AppendString(dst, name)
	dst = append(dst, ':')
	return append(dst, value...)
}

// Version is a short hash of the record's content, in hexadecimal digits. The
// order of members and of the displayed fields does not count, nor do the
// modified date and the repeated id, which a single response lacks.
func (r *Response) Version() (string, error) {
	sum, err := r.version()
	return fmt.Sprintf("%016x", sum), err
}

// version is the version as a number.
func (r *Response) version() (uint64, error) {
	var sum uint64
	for which, value := range r.Metadata {
		if which := Metadata(which); which != LastModifiedDate && which != RecordID && value != nil {
			sum += contentOf(uint64(which), "", value) //nolint:gosec // an index
		}
	}
	for part, object := range [][]byte{r.Answers, r.EmbeddedData, r.Labels, r.DisplayedValues} {
		if len(object) == 0 {
			continue
		}
		err := frame.ValidMembers(object, func(name string, value []byte) error {
			sum += contentOf(uint64(metadataCount)+uint64(part), name, value) //nolint:gosec // an index
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	sum += contentOf(1000, "", r.StatusLabel)
	if len(r.DisplayedFields) > 0 {
		err := frame.Elements(r.DisplayedFields, func(field []byte) error {
			sum += contentOf(1001, "", field)
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	return sketch.Mix(sum), nil
}

// contentOf hashes one member of a record (FNV-1a, finished by Mix); the
// hashes of several are added up, whatever their order.
func contentOf(part uint64, name string, value []byte) uint64 {
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

// canonical appends the record in a form that is equal for equal content:
// members sorted, the unordered displayedFields sorted too, numbers as they
// were written.
func (r *Response) canonical(dst []byte) (_ []byte, err error) {
	for _, name := range slices.Sorted(maps.Keys(r.members)) {
		dst = record.AppendString(dst, name)
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

// timeLayouts are the forms in which Qualtrics writes dates outside of QSF
// (API §0.16, §3.5, §4.2); those without a zone are UTC there.
var timeLayouts = []string{
	time.RFC3339Nano,
	"2006-01-02 15:04:05",
	"2006-01-02T15:04:05",
	"2006-01-02",
}

// ParseTime reads a date as Qualtrics writes it, with the years 1 to 9999. A
// leap second is the second after it.
func ParseTime(text string) (time.Time, bool) {
	const seconds = len("2006-01-02T15:04") // where they begin in every layout that has some
	var leap time.Duration
	if len(text) >= seconds+3 && text[seconds:seconds+3] == ":60" {
		text, leap = text[:seconds]+":59"+text[seconds+3:], time.Second
	}
	for _, layout := range timeLayouts {
		if at, err := time.Parse(layout, text); err == nil {
			at = at.Add(leap).UTC()
			return at, at.Year() >= 1 && at.Year() <= 9999
		}
	}
	return time.Time{}, false
}
