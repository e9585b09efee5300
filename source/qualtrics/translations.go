package qualtrics

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"net/url"
)

// Translation is a text of a survey in one of its languages (catalog §1.4).
type Translation struct {
	Language string
	Key      string  // such as QID1_QuestionText, an open set
	Text     *string // HTML; nil: it has none
}

// ID is unique in a survey: "DE/QID1_QuestionText".
func (t Translation) ID() string { return t.Language + "/" + t.Key }

// Translations lists the texts of a survey in all of its languages, with a call for each
// language.
func (c *Client) Translations(survey SurveyID) Listing[Translation] {
	return NewListing("the translations of survey "+string(survey), func(ctx context.Context, pages *int) iter.Seq2[Translation, error] {
		return func(yield func(Translation, error) bool) {
			*pages++ // each answer is complete
			languages, err := c.languages(ctx, survey)
			if err != nil {
				yield(Translation{}, err)
				return
			}
			for _, language := range languages {
				texts, err := c.texts(ctx, survey, language)
				if err != nil {
					yield(Translation{}, err)
					return
				}
				for _, entry := range inOrder(texts) {
					if entry.key != "" && !yield(Translation{language, entry.key, anyText(entry.value)}, nil) {
						return
					}
				}
			}
		}
	}, Translation.ID)
}

// languages lists the codes of the languages of a survey.
func (c *Client) languages(ctx context.Context, survey SurveyID) (codes []string, err error) {
	call := request{to: toLanguages, method: http.MethodGet, path: "/surveys/" + id(survey) + "/languages", survey: survey}
	err = c.get(ctx, call, checked(func(result *fields) error {
		available := membersOf(result.raw)["AvailableLanguages"]
		if _, listed := listOf(available); !listed {
			return errors.New("it has no list of languages")
		}
		codes = languageCodes(available)
		return nil
	}))
	return codes, err
}

// texts reads the texts of a survey in one language: an object, or the empty list that PHP
// writes for one without members.
func (c *Client) texts(ctx context.Context, survey SurveyID, language string) (texts json.RawMessage, err error) {
	call := request{to: toTexts, method: http.MethodGet, path: "/surveys/" + id(survey) + "/translations/" + url.PathEscape(language), survey: survey}
	err = c.get(ctx, call, checked(func(result *fields) error {
		if membersOf(result.raw) == nil && !emptyList(result.raw) {
			return errors.New("it has no texts by their keys")
		}
		texts = result.raw
		return nil
	}))
	return texts, err
}

// anyText reads a text. Of every other value but null it is the JSON, on one line.
func anyText(raw json.RawMessage) *string {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	if value := scalarOf(raw); value != nil {
		return value
	}
	var content any
	if json.Unmarshal(raw, &content) != nil {
		return nil
	}
	encoded, err := json.Marshal(content)
	if err != nil {
		return nil // it was decoded from JSON
	}
	value := string(encoded)
	return &value
}
