package privacy

import (
	"slices"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/wording"
)

// The names of fields that responses and contacts share. Contacts call them email, firstName,
// lastName and extRef. Only contacts have a phone.
const (
	FirstName         = "recipientFirstName"
	LastName          = "recipientLastName"
	Email             = "recipientEmail"
	ExternalReference = "externalDataReference"
	Phone             = "phone"
)

// metadataNames are the metadata that an export can list (API §3.1).
var metadataNames = []string{
	"startDate", "endDate", "status", "ipAddress", "progress", "duration", "finished", "recordedDate", "_recordId", "locationLatitude",
	"locationLongitude", LastName, FirstName, Email, ExternalReference, "distributionChannel", "userLanguage",
}

// requiredNames are the metadata that keys, cursors and audits need.
var requiredNames = []string{"_recordId", "responseId", "recordedDate", "_lastModifiedDate", "lastModifiedDate"}

// hashableNames are the fields whose columns hold text.
var hashableNames = []string{"ipAddress", FirstName, LastName, Email, ExternalReference, Phone}

// strictNames are the fields that the strict preset leaves out.
var strictNames = []string{"ipAddress", "locationLatitude", "locationLongitude", FirstName, LastName, Email, ExternalReference, Phone}

// embeddedPrefix stands before the name of a field of embedded data in privacy.hash.
const embeddedPrefix = "embedded_data."

// alias is the spelling of the official text (API §3.1).
const alias = "externalReference"

// canonicalName returns the usual spelling of the name of a metadata field.
func canonicalName(name string) string {
	name = strings.TrimSpace(name)
	if strings.EqualFold(name, alias) {
		return ExternalReference
	}
	for _, known := range slices.Concat(metadataNames, requiredNames, []string{Phone}) {
		if strings.EqualFold(name, known) {
			return known
		}
	}
	return name
}

// excludableNames lists the names that privacy.exclude_metadata accepts.
func excludableNames() []string {
	return slices.DeleteFunc(append(slices.Clone(metadataNames), Phone), func(name string) bool { return slices.Contains(requiredNames, name) })
}

// nearest proposes names for an unknown one: those that contain it, or else the most similar one.
func nearest(name string, known []string) string {
	var found []string
	word := strings.ToLower(name)
	for _, one := range known {
		if len(word) > 2 && (strings.Contains(strings.ToLower(one), word) || strings.Contains(word, strings.ToLower(one))) {
			found = append(found, one)
		}
	}
	if len(found) == 0 {
		if one := wording.Nearest(name, known); one != "" {
			found = []string{one}
		}
	}
	if len(found) == 0 {
		return "the known ones are " + strings.Join(known, ", ")
	}
	return "did you mean " + strings.Join(found, " or ") + "?"
}
