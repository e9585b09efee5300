package response

import (
	"regexp"
	"strings"
)

// Keys tells the members of a response's values apart: answers on one side,
// embedded data on the other. The survey itself says which is which. Its response
// schema (API §2.4) is read at the first name that the survey does not know. It is
// read at most once, because Qualtrics allows 60 calls a minute.
type Keys struct {
	embedded  map[string]bool
	questions map[string]bool
	// schema returns the data type of each key by the response schema.
	schema  func() (map[string]string, error)
	types   map[string]string
	err     error // of the response schema
	decided map[string]keyKind
	held    int // bytes that decided takes

	// Undated is set while the rows carry no modified date of Qualtrics' own: a
	// value of that name is one like others.
	Undated bool
}

// keyKind is the kind of value that a key names.
type keyKind uint8

const (
	answerKey keyKind = iota + 1
	embeddedKey
	metadataKey // by the response schema
)

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
		decided:   make(map[string]keyKind),
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
func (k *Keys) Embedded(key string) (bool, error) {
	kind, err := k.kind(key)
	return kind == embeddedKey, err
}

func (k *Keys) kind(key string) (keyKind, error) {
	kind, ok := k.decided[key]
	if !ok {
		var err error
		if kind, err = k.decide(key); err != nil {
			return 0, err
		}
		const entry = 64 // without the name
		if k.held += len(key) + entry; k.held > mostHeld {
			clear(k.decided)
			k.held = len(key) + entry
		}
		k.decided[strings.Clone(key)] = kind
	}
	return kind, nil
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
	kind, err := k.kind(name)
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
