package response

import (
	"regexp"
	"strings"

	"github.com/zeebo/xxh3"

	"github.com/birdie-ai/source-qualtrics/source/privacy"
)

// Keys tells the members of a response's values apart: answers on one side,
// embedded data on the other. The survey itself says which is which. Its response
// schema (API §2.4) is read at the first name that the survey does not know. It is
// read at most once, because Qualtrics allows 60 calls a minute.
type Keys struct {
	embedded  map[string]bool
	questions map[string]bool
	// schema returns the data type of each key by the response schema.
	schema func() (map[string]string, error)
	types  map[string]string
	err    error // of the response schema

	known  map[string]*key
	first  [2]*key // the first name of the last record, in values and in labels
	record uint64  // number of the current part of a record, see key.had
	held   int     // bytes that known takes

	// Undated is set while the rows carry no modified date of Qualtrics' own: a
	// value of that name is one like others.
	Undated bool
	// Privacy leaves values out or hashes them; nil: all are kept. It is set before the first
	// record.
	Privacy *privacy.Survey
}

// keyKind is the kind of value that a key names.
type keyKind uint8

const (
	answerKey keyKind = iota + 1
	embeddedKey
	metadataKey // by the response schema
)

// key is a name that a record had.
type key struct {
	name     string
	hash     uint64
	kind     keyKind  // 0: not decided
	metadata Metadata // or noMetadata
	next     [2]*key  // the name that followed last time, in values and in labels
	private  privacy.Treatment

	had   uint64 // the last part of a record that had the name
	times int    // how often that part had it
}

// noMetadata stands for a key of an answer or of embedded data.
const noMetadata Metadata = -1

// mostHeld bounds the memory for names: a record may hold any number of new ones, of
// any length.
const mostHeld = 8 << 20

// NewKeys returns the keys of a survey with these embedded data names and
// question ids; schema may be nil.
func NewKeys(embedded, questions []string, schema func() (map[string]string, error)) *Keys {
	keys := &Keys{
		embedded:  make(map[string]bool, len(embedded)),
		questions: make(map[string]bool, len(questions)),
		schema:    schema,
		known:     make(map[string]*key),
	}
	for _, name := range embedded {
		keys.embedded[name] = true
	}
	for _, id := range questions {
		keys.questions[id] = true
	}
	return keys
}

// answerForm matches the keys of questions (with or without a loop prefix), scores and
// display orders (API §3.6). The group is the question id.
var answerForm = regexp.MustCompile(`^(?:(?:x?\d+_)*(QID\d+)(?:[_#\-].*)?|SC_[0-9A-Za-z]+|(?:FL|BL)_\w+_DO)$`)

// Embedded reports whether a key of values, which is no metadata, names
// embedded data. An error means that nobody could say, and may later.
func (k *Keys) Embedded(name string) (bool, error) {
	k.begin()
	kind, err := k.kind(k.find([]byte(name)))
	return kind == embeddedKey, err
}

// begin begins a record. Names are forgotten only between two records.
func (k *Keys) begin() {
	if k.held > mostHeld {
		clear(k.known)
		k.held, k.first = 0, [2]*key{}
	}
	k.record++
}

// after returns the key of a name that follows another one, nil at the beginning. Most
// records have their names in the order of the record before, so few are looked up.
func (k *Keys) after(previous *key, part int, name []byte) *key {
	next := &k.first[part]
	if previous != nil {
		next = &previous.next[part]
	}
	if *next == nil || (*next).name != string(name) {
		*next = k.find(name)
	}
	return *next
}

func (k *Keys) find(name []byte) *key {
	found, ok := k.known[string(name)]
	if !ok {
		const entry = 128 // without the name
		k.held += len(name) + entry
		found = &key{name: string(name), hash: xxh3.Hash(name), metadata: noMetadata}
		if which, ok := metadata[found.name]; ok {
			found.metadata = which
		}
		found.private = k.Privacy.Value(found.name, found.metadata != noMetadata)
		k.known[found.name] = found
	}
	return found
}

// count counts a name in the current part of a record. It returns how often the part had
// the name before.
func (k *Keys) count(of *key) (before int) {
	if of.had != k.record {
		of.had, of.times = k.record, 0
	}
	of.times++
	return of.times - 1
}

func (k *Keys) kind(of *key) (_ keyKind, err error) {
	if of.kind == 0 {
		of.kind, err = k.decide(of.name)
	}
	return of.kind, err
}

func (k *Keys) decide(key string) (keyKind, error) {
	switch {
	case k.answers(key):
		return answerKey, nil
	case k.embedded[key]:
		return embeddedKey, nil
	}
	types, err := k.Ask()
	if err != nil {
		return 0, err
	}
	switch types[key] {
	case "embeddedData":
		return embeddedKey, nil
	case "question":
		return answerKey, nil
	case "metadata":
		return metadataKey, nil
	}
	// Neither source knows the key. It looks like an answer, or a link set it from
	// outside (API §8).
	return byForm(key), nil
}

// answers reports whether a key belongs to a question of the survey.
func (k *Keys) answers(key string) bool {
	match := answerForm.FindStringSubmatch(key)
	return match != nil && match[1] != "" && k.questions[match[1]]
}

// byForm is the kind of a key by its form alone.
func byForm(key string) keyKind {
	if answerForm.MatchString(key) || strings.HasPrefix(key, "Q_") {
		return answerKey
	}
	return embeddedKey
}

// Ask returns the response schema's data types, or why there are none.
func (k *Keys) Ask() (map[string]string, error) {
	if k.schema != nil {
		k.types, k.err = k.schema()
		k.schema = nil
	}
	return k.types, k.err
}

// Modified reports whether a value is the response's modified date. Exports that
// are sorted by it have it as _lastModifiedDate (API §3.6). Elsewhere the response
// schema has to say that the name is metadata. This holds for lastModifiedDate, too,
// the spelling of the official text (API §0.4). The reason: a link can set a value of
// any other name, and such a value must not become a cursor.
func (k *Keys) Modified(name string) (bool, error) {
	switch name {
	case "_lastModifiedDate":
		if !k.Undated {
			return true, nil
		}
	case "lastModifiedDate":
	default:
		return false, nil
	}
	kind, err := k.kind(k.find([]byte(name)))
	return kind == metadataKey, err
}

// Exceptions sums the names whose kind is not the one of their form: those of the
// survey itself, and those of its response schema beyond. The sums change when a
// value may move from one column to another.
func (k *Keys) Exceptions(types map[string]string) (definition, schema uint32) {
	add := func(sum *uint32, name string, kind keyKind) {
		if _, ok := metadata[name]; !ok && kind != byForm(name) && !k.answers(name) {
			*sum += uint32(ContentOf(uint64(kind), name, nil)) //nolint:gosec // a part of the hash will do
		}
	}
	for name := range k.embedded {
		add(&definition, name, embeddedKey)
	}
	for name, of := range types {
		switch {
		case k.embedded[name]:
		case of == "embeddedData":
			add(&schema, name, embeddedKey)
		case of == "question", of == "metadata" && name != "lastModifiedDate":
			add(&schema, name, answerKey)
		case of == "metadata":
			add(&schema, name, metadataKey)
		}
	}
	return definition, schema
}

// metadata are the keys of values that describe the response itself (API
// §3.6).
var metadata = map[string]Metadata{
	"startDate":             StartDate,
	"endDate":               EndDate,
	"recordedDate":          RecordedDate,
	"_lastModifiedDate":     LastModifiedDate,
	"_recordId":             RecordID,
	"status":                Status,
	"progress":              Progress,
	"duration":              Duration,
	"finished":              Finished,
	"ipAddress":             IPAddress,
	"locationLatitude":      LocationLatitude,
	"locationLongitude":     LocationLongitude,
	"recipientFirstName":    RecipientFirstName,
	"recipientLastName":     RecipientLastName,
	"recipientEmail":        RecipientEmail,
	"externalDataReference": ExternalDataReference,
	"distributionChannel":   DistributionChannel,
	"userLanguage":          UserLanguage,
}

// Metadata names a metadata key of a response.
type Metadata int

// The metadata of a response (API §3.6).
const (
	StartDate Metadata = iota
	EndDate
	RecordedDate
	LastModifiedDate
	RecordID
	Status
	Progress
	Duration
	Finished
	IPAddress
	LocationLatitude
	LocationLongitude
	RecipientFirstName
	RecipientLastName
	RecipientEmail
	ExternalDataReference
	DistributionChannel
	UserLanguage
	metadataCount
)
