package feed

import (
	"regexp"
	"strings"
)

// Keys tells the members of a response's values apart: answers on one side,
// embedded data on the other. The survey itself says which is which; its
// response schema (API §2.4) is asked only for a key that stays unclear, at
// most once.
type Keys struct {
	embedded  map[string]bool
	questions map[string]bool
	// schema returns the data type of each key by the response schema:
	// "question", "metadata" or "embeddedData".
	schema  func() map[string]string
	types   map[string]string
	decided map[string]bool
	held    int // bytes that decided takes
}

// mostHeld bounds what is remembered of names: a record may hold any number of
// new ones, of any length.
const mostHeld = 8 << 20

// NewKeys returns the keys of a survey with these embedded data names and
// question ids; schema may be nil.
func NewKeys(embedded, questions []string, schema func() map[string]string) *Keys {
	keys := &Keys{
		embedded:  make(map[string]bool, len(embedded)),
		questions: make(map[string]bool, len(questions)),
		schema:    schema,
		decided:   make(map[string]bool),
	}
	for _, name := range embedded {
		keys.embedded[name] = true
	}
	for _, id := range questions {
		keys.questions[id] = true
	}
	return keys
}

// answerKey matches the keys of questions, with or without a loop prefix, of
// scores and of display orders (API §3.6); the group is the question id.
var answerKey = regexp.MustCompile(`^(?:(?:x?\d+_)*(QID\d+)(?:[_#\-].*)?|SC_[0-9A-Za-z]+|(?:FL|BL)_\w+_DO)$`)

// Embedded reports whether a key of values, which is no metadata, names
// embedded data.
func (k *Keys) Embedded(key string) bool {
	embedded, ok := k.decided[key]
	if !ok {
		embedded = k.decide(key)
		const entry = 64 // without the name
		if k.held += len(key) + entry; k.held > mostHeld {
			clear(k.decided)
			k.held = len(key) + entry
		}
		k.decided[strings.Clone(key)] = embedded
	}
	return embedded
}

func (k *Keys) decide(key string) bool {
	match := answerKey.FindStringSubmatch(key)
	switch {
	case match != nil && match[1] != "" && k.questions[match[1]]:
		return false
	case k.embedded[key]:
		return true
	}
	if k.schema != nil {
		k.types, k.schema = k.schema(), nil
	}
	switch k.types[key] {
	case "embeddedData":
		return true
	case "question", "metadata":
		return false
	}
	// Neither source knows the key: it looks like an answer, or it is a
	// field that was only ever set from outside, by a link (API §8).
	return match == nil && !strings.HasPrefix(key, "Q_")
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
