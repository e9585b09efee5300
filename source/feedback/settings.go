package feedback

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Settings are the settings of the configuration. nil means the defaults.
type Settings struct {
	// Questions replace the rules, by question id or SURVEY/QUESTION. The latter wins.
	Questions map[string]Choice
	// AccountField and AuthorField are names of embedded data; "": none.
	AccountField, AuthorField string
	// Statuses are the kinds of responses that count; nil: [DefaultStatuses].
	Statuses []string

	known  sync.Map    // the keys of Questions that a survey has, or that were reported
	looked atomic.Bool // a survey was reviewed
	unsure atomic.Bool // the questions of a survey are not known
}

// Choice is the setting of one question.
type Choice struct {
	Skip      bool // its answers are no feedback
	Kind      Kind
	Low, High string // ends of the scale; "": by the survey
}

var (
	questionKey = regexp.MustCompile(`^(?:(SV_[A-Za-z0-9]{1,40})/)?(QID[0-9]{1,9}(?:#[0-9]{1,4})?)$`)
	choiceForm  = regexp.MustCompile(`^([a-z][a-z0-9_]{0,39})(?:\s+(-?[0-9]{1,6}(?:\.[0-9]{1,6})?)\s*(?:-|–|\.\.|to)\s*(-?[0-9]{1,6}(?:\.[0-9]{1,6})?))?$`)
)

// ParseQuestion reads a setting such as QID5=csat, SV_1/QID7=ces 1-7 or QID9=skip.
func ParseQuestion(entry string) (key string, choice Choice, err error) {
	key, value, _ := strings.Cut(entry, "=")
	key, value = strings.TrimSpace(key), strings.TrimSpace(value)
	if !questionKey.MatchString(key) {
		return "", choice, fmt.Errorf("%.60q begins with no question id: write QID5=csat or SV_…/QID5=csat", entry)
	}
	form := choiceForm.FindStringSubmatch(value)
	if form == nil {
		return "", choice, fmt.Errorf("%.60q names no kind: write a word such as nps, csat, ces, rating, comment or review, "+
			"and a scale if needed (csat 1-5), or skip", entry)
	}
	if form[1] == "skip" {
		if form[2] != "" {
			return "", choice, fmt.Errorf("%.60q skips the question, so it needs no scale", entry)
		}
		return key, Choice{Skip: true}, nil
	}
	if form[2] != "" && number(form[2]) == number(form[3]) {
		return "", choice, fmt.Errorf("%.60q has a scale whose ends are equal", entry)
	}
	return key, Choice{Kind: Kind(form[1]), Low: form[2], High: form[3]}, nil
}

// chosen returns the setting of a question of a survey.
func (s *Settings) chosen(survey, question string) (Choice, bool) {
	if s == nil || question == "" {
		return Choice{}, false
	}
	choice, ok := s.Questions[survey+"/"+question]
	if !ok {
		choice, ok = s.Questions[question]
	}
	return choice, ok
}

// Review notes which questions of the settings a survey has; has is nil if that is not known.
// It returns the questions that the settings name with this survey and that it lacks, each
// once.
func (s *Settings) Review(survey string, has func(question string) bool) (unknown []string) {
	if s == nil {
		return nil
	}
	if has == nil {
		s.unsure.Store(true)
		return nil
	}
	s.looked.Store(true)
	for _, key := range slices.Sorted(maps.Keys(s.Questions)) {
		of, question, named := strings.Cut(key, "/")
		switch {
		case !named && has(key):
			s.known.Store(key, true)
		case named && of == survey && !has(question):
			if _, reported := s.known.LoadOrStore(key, true); !reported {
				unknown = append(unknown, question)
			}
		}
	}
	return unknown
}

// Unknown returns the questions that the settings name without a survey, and that no survey of
// [Settings.Review] has.
func (s *Settings) Unknown() (unknown []string) {
	if s == nil || !s.looked.Load() || s.unsure.Load() {
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(s.Questions)) {
		if _, ok := s.known.Load(key); !ok && !strings.Contains(key, "/") {
			unknown = append(unknown, key)
		}
	}
	return unknown
}
