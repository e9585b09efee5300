package config

import (
	"slices"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/feedback"
)

// FeedbackConfig says which answers are feedback.
type FeedbackConfig struct {
	// Kinds of questions, in place of the kinds that are found: QID5=csat, or SV_0123456789abcde/QID5=csat for one
	// survey. The kind is nps, csat, ces, rating, comment, review or another word. A scale may follow it, the worst
	// value first: QID5=csat 1-5. With skip the answers are no feedback.
	Questions QuestionKinds `json:"questions" jsonschema:"title=Questions,example=QID5=csat 1-5,example=SV_0123456789abcde/QID7=skip"`
	// Name of the embedded data with the id of the customer's account, for account_id.
	AccountField string `json:"account_field" jsonschema:"title=Account Field,example=Account Number"`
	// Name of the embedded data with the id of the respondent, for author_id. By default the external reference of the
	// linked contact.
	AuthorField string `json:"author_field" jsonschema:"title=Author Field,example=Customer ID"`
	// Responses that count: normal, imported, offline, employee, preview, test, spam, synthetic, unfinished. By default the
	// first four. Each mark of a response has to be in the list: an offline preview needs both.
	Statuses []string `json:"statuses" jsonschema:"title=Responses That Count,example=normal,example=imported"`
}

// QuestionKinds lists questions with their kinds, each as "QID5=csat". In JSON an object
// {"QID5":"csat"} is understood as well.
type QuestionKinds []string

// UnmarshalJSON takes a list or an object.
func (q *QuestionKinds) UnmarshalJSON(raw []byte) (err error) {
	*q, err = pairs(raw, `must be an object {"QID5":"csat"} or a list of "QID5=csat"`)
	return err
}

func (c *FeedbackConfig) check(found *findings) *feedback.Settings {
	settings := &feedback.Settings{
		Questions: make(map[string]feedback.Choice), AccountField: c.AccountField, AuthorField: c.AuthorField, Statuses: c.Statuses,
	}
	for _, entry := range c.Questions {
		key, choice, err := feedback.ParseQuestion(entry)
		if err != nil {
			found.problem("feedback.questions: %v", err)
			continue
		}
		if before, ok := settings.Questions[key]; ok && before != choice {
			found.problem("feedback.questions names %s twice, with different kinds", key)
		}
		settings.Questions[key] = choice
	}
	names := feedback.StatusNames()
	for _, name := range c.Statuses {
		if !slices.Contains(names, name) {
			found.problem("feedback.statuses: %.40q is no kind of response: the kinds are %s", name, strings.Join(names, ", "))
		}
	}
	if len(c.Statuses) == 0 {
		found.problem("feedback.statuses is empty, so that no response would count: leave it out for the default, %s", strings.Join(feedback.DefaultStatuses(), ", "))
	}
	return settings
}
