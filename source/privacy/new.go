package privacy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// MinKey is the least length of a key: 16 random bytes as hexadecimal digits.
const MinKey = 32

var (
	plainID   = regexp.MustCompile(`(?i)^QID[0-9]+$`)
	startOfID = regexp.MustCompile(`(?i)^QID[0-9]+[_#-]`)
	surveyID  = regexp.MustCompile(`^SV_[A-Za-z0-9]{1,40}$`)
)

// New checks settings. The rules are nil if nothing is to be left out or hashed. Each problem
// names its setting.
func New(s Settings) (rules *Rules, warnings, problems []string) {
	b := &builder{settings: &s, rules: &Rules{strict: s.Strict, metadata: make(map[string]Treatment), ids: make(map[string]bool), key: []byte(s.Key)}}
	for _, name := range s.Metadata {
		b.excludeMetadata(name)
	}
	for _, question := range s.Questions {
		b.excludeQuestion(question)
	}
	for _, pattern := range s.EmbeddedData {
		if strings.TrimSpace(pattern) == "" {
			b.problem("privacy.exclude_embedded_data: an empty name matches nothing; use * for every name")
			continue
		}
		b.rules.embedded = append(b.rules.embedded, pattern)
	}
	for _, field := range s.Hash {
		b.hash(field)
	}
	b.checkKey()
	if s.Strict {
		for _, name := range strictNames {
			if b.rules.metadata[name] == Keep {
				b.rules.metadata[name] = LeaveOut
			}
		}
	}
	if len(b.problems) > 0 {
		return nil, b.warnings, b.problems
	}
	if r := b.rules; !s.Strict && len(r.metadata)+len(r.ids)+len(r.tags)+len(r.embedded)+len(r.hashed) == 0 {
		return nil, b.warnings, nil
	}
	b.rules.mark = makeMark(&s)
	return b.rules, b.warnings, nil
}

type builder struct {
	settings           *Settings
	rules              *Rules
	warnings, problems []string
}

func (b *builder) problem(format string, args ...any) {
	b.problems = append(b.problems, fmt.Sprintf(format, args...))
}

func (b *builder) excludeMetadata(written string) {
	const setting = "privacy.exclude_metadata"
	name := canonicalName(written)
	switch {
	case slices.Contains(requiredNames, name):
		b.problem("%s: %s cannot be left out, because keys, cursors or the search for deletions need it", setting, name)
	case !slices.Contains(excludableNames(), name):
		b.problem("%s: there is no metadata %.60q; %s", setting, written, nearest(name, excludableNames()))
	default:
		b.rules.metadata[name] = LeaveOut
	}
}

func (b *builder) excludeQuestion(written string) {
	const setting = "privacy.exclude_questions"
	survey, question, ofSurvey := strings.Cut(strings.TrimSpace(written), "/")
	// The tag of a question may hold a slash.
	if !ofSurvey || !strings.HasPrefix(survey, "SV_") {
		survey, question, ofSurvey = "", strings.TrimSpace(written), false
	}
	switch {
	case ofSurvey && !surveyID.MatchString(survey):
		b.problem("%s: %.60q is not of the form SV_…/QID7", setting, written)
	case question == "":
		b.problem("%s: an empty name matches nothing; use * for every question", setting)
	case plainID.MatchString(question):
		id := strings.ToUpper(question)
		if ofSurvey {
			id = survey + "/" + id
		}
		b.rules.ids[id] = true
	case startOfID.MatchString(question):
		b.problem("%s: %.60q names a part of a question, and only whole questions can be left out: write QID with its number alone", setting, written)
	default:
		b.rules.tags = append(b.rules.tags, tagRule{survey, question})
	}
}

func (b *builder) hash(written string) {
	const setting = "privacy.hash"
	if pattern, ok := strings.CutPrefix(strings.TrimSpace(written), embeddedPrefix); ok {
		switch excluded := b.excludes(pattern); {
		case pattern == "":
			b.problem("%s: %q names no field of embedded data: write its name behind the dot", setting, embeddedPrefix)
		case excluded != "":
			b.problem("%s: %.60q is also left out by %.60q of privacy.exclude_embedded_data: take it out of one of them", setting, written, excluded)
		default:
			b.rules.hashed = append(b.rules.hashed, pattern)
		}
		return
	}
	name := canonicalName(written)
	switch {
	case slices.Contains(hashableNames, name):
		if b.rules.metadata[name] == LeaveOut {
			b.problem("%s: %s is also in privacy.exclude_metadata: take it out of one of them", setting, name)
			return
		}
		b.rules.metadata[name] = Hash
	case slices.Contains(requiredNames, name), slices.Contains(metadataNames, name):
		b.problem("%s: %s cannot be hashed, because its column holds no text, or other columns depend on it; those that can are %s",
			setting, name, strings.Join(hashableNames, ", "))
	default:
		b.problem("%s: there is no field %.60q; %s. A field of embedded data is written as %sNAME", setting, written, nearest(name, hashableNames), embeddedPrefix)
	}
}

// excludes returns the pattern that leaves out a field of embedded data, "" for none.
func (b *builder) excludes(name string) string {
	for _, pattern := range b.rules.embedded {
		if strings.EqualFold(pattern, name) || matchesAny([]string{pattern}, name) {
			return pattern
		}
	}
	return ""
}

func (b *builder) checkKey() {
	switch key := b.settings.Key; {
	case len(b.settings.Hash) == 0 && key != "":
		b.warnings = append(b.warnings, "privacy.hash_key has no effect, because privacy.hash is empty")
	case len(b.settings.Hash) == 0:
	case key == "":
		b.problem("privacy.hash needs a secret in privacy.hash_key, such as the output of openssl rand -hex 32")
	case len(key) < MinKey:
		b.problem("privacy.hash_key is shorter than %d characters, so that hashes could be guessed: use the output of openssl rand -hex 32", MinKey)
	}
}
