package config

import (
	"github.com/birdie-ai/source-qualtrics/source/privacy"
	"github.com/birdie-ai/source-qualtrics/source/redact"
)

// PrivacyConfig leaves personal data out of responses and contacts, or hashes it. Exports are not
// asked for the excluded data.
type PrivacyConfig struct {
	// With strict, names, e-mail addresses, phone numbers, external references, IP addresses and
	// coordinates are left out. So are embedded data and text questions whose name stands for such
	// data, such as email.
	Preset string `json:"preset" jsonschema:"title=Preset,enum=none,enum=strict,default=none"`
	// Metadata to leave out, as Qualtrics calls it, such as ipAddress. The names, recipientEmail,
	// externalDataReference and phone apply to contacts, too.
	ExcludeMetadata []string `json:"exclude_metadata" jsonschema:"title=Metadata to Exclude,example=ipAddress,example=recipientEmail"`
	// Questions to leave out: QID7 in all surveys, SV_0123456789abcde/QID7 in one, or the names of
	// questions (export tags). * stands for any text, ? for one character.
	ExcludeQuestions []string `json:"exclude_questions" jsonschema:"title=Questions to Exclude,example=QID7,example=*email*"`
	// Names of embedded data to leave out, of responses and contacts. Then fields that a survey does
	// not declare are not read either.
	ExcludeEmbeddedData []string `json:"exclude_embedded_data" jsonschema:"title=Embedded Data to Exclude,example=customer_*"`
	// Fields to replace by a keyed hash: ipAddress, recipientFirstName, recipientLastName,
	// recipientEmail, externalDataReference, phone, or embedded_data.NAME. Contacts and responses get
	// equal hashes.
	Hash []string `json:"hash" jsonschema:"title=Fields to Hash,example=recipientEmail,example=embedded_data.customer_id"`
	// Secret key of the hashes, of at least 32 characters. Another key gives other hashes.
	HashKey redact.Secret `json:"hash_key" jsonschema:"title=Key of the Hashes" spec:"secret"`
}

// The values of privacy.preset.
const (
	PrivacyNone   = "none"
	PrivacyStrict = "strict"
)

// check makes the rules; nil: nothing is left out or hashed.
func (c *PrivacyConfig) check(found *findings) *privacy.Rules {
	if c.Preset != PrivacyNone && c.Preset != PrivacyStrict {
		found.problem("privacy.preset must be none or strict, not %.40q", c.Preset)
	}
	rules, warnings, problems := privacy.New(privacy.Settings{
		Strict: c.Preset == PrivacyStrict, Metadata: c.ExcludeMetadata, Questions: c.ExcludeQuestions, EmbeddedData: c.ExcludeEmbeddedData,
		Hash: c.Hash, Key: c.HashKey.Reveal(),
	})
	found.warnings, found.problems = append(found.warnings, warnings...), append(found.problems, problems...)
	return rules
}
