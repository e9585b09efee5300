package stream

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/feedback"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/response"
)

// Feedback is a row of feedback: one text or one score of a response.
type Feedback struct {
	// Id of the survey (SV_…).
	SurveyID string `json:"survey_id"`
	// Id of the response (R_…), unique within its survey.
	ResponseID string `json:"response_id"`
	// Name of the text or score in its response: the answer_key of answers. In a
	// response without feedback, in one that does not count, and in a deleted one,
	// the only row has *.
	FeedbackKey string `json:"feedback_key"`
	// Survey, response and key in one text, for tools with one id: SV_…/R_…/QID1.
	FeedbackID string `json:"feedback_id"`
	// As in responses; all rows of a response have the same.
	LastModifiedDate time.Time `json:"last_modified_date"`
	// The version of responses, and a checksum of the keys of these rows behind it, because
	// settings and edits of the survey change them, too. deleted for a deleted response. Rows
	// with another version than the newest row of their response no longer count.
	ResponseVersion string `json:"response_version"`
	// As in responses.
	DeletedAt *time.Time `json:"deleted_at"`
	// When the response was recorded.
	PostedAt *time.Time `json:"posted_at"`
	// Kind of feedback: nps, csat, ces, rating or comment, or a word of
	// feedback.questions.
	Kind *string `json:"kind"`
	// How well the kind is known: recorded in real exports, used by another client,
	// assumed by wording or form, or configured.
	Certainty *string `json:"certainty"`
	// The text, as the respondent wrote it. Null for scores.
	Text *string `json:"text"`
	// The row and column of a matrix, the field of a form, the item of a slider, or
	// the choice beside which the text stands. Null: the question has no such parts.
	Title *string `json:"title"`
	// The score. Null for texts, and for a score that is no number or lies outside
	// the scale of its kind.
	Rating *json.Number `json:"rating"`
	// Number of the worst answer of the scale. Above rating_max if the scale is
	// coded in reverse. Null: not known, or the score is older than the scale.
	RatingMin *json.Number `json:"rating_min"`
	// Number of the best answer of the scale.
	RatingMax *json.Number `json:"rating_max"`
	// Text of the chosen answer, such as Very satisfied.
	RatingLabel *string `json:"rating_label"`
	// Id of the respondent: the embedded data of feedback.author_field, or without
	// that setting the external reference of the linked contact.
	AuthorID *string `json:"author_id"`
	// Id of the customer's account: the embedded data of feedback.account_field.
	AccountID *string `json:"account_id"`
	// Name of the survey. It is, like texts of questions and choices, as it was when
	// the response was read.
	SurveyTitle *string `json:"survey_title"`
	// Id of the question (QID7).
	QuestionID *string `json:"question_id"`
	// Name of the question in the columns of CSV exports, such as Q7.
	QuestionTag *string `json:"question_tag"`
	// Text of the question without HTML.
	QuestionText *string `json:"question_text"`
	// Language of the respondent, as Qualtrics codes it (EN, PT-BR …).
	Language *string `json:"language"`
	// How the respondent came to the survey: anonymous, email, qr, sms …
	Channel *string `json:"channel"`
	// Kind of response by Qualtrics' code, as in responses. Only responses of
	// feedback.statuses have feedback.
	Status *int64 `json:"status"`
	// All other answers and embedded data of the response, by readable name: the tag
	// of the question, or the name of the embedded data. Coded answers have their
	// texts. Names also differ without regard to case. Null: the response has so many
	// texts and scores that their rows would take more than 64 MiB.
	AdditionalFields json.RawMessage `json:"additional_fields"`
}

var _ = Register(&Stream{
	Name:    "feedback",
	Summary: "One row for each text and each score of a response, for tools that analyze feedback; only if selected by its name",
	Record:  Feedback{},
	Key:     []string{"survey_id", "response_id", "feedback_key"},
	Cursor:  "last_modified_date",
	Feed:    feed.Responses,
	Scopes:  []string{"read:survey_responses", "read:surveys"},
	Safe:    true,
	Needs:   (feed.NeedDefinition | feed.NeedSchema | feed.NeedEmbeddedData).Optional() | feed.NeedFeedback,
	Parent:  []string{"survey_id", "response_id"},
	Version: "response_version",
	Project: projectFeedback,
	Marker:  marker(markFeedback),

	ByName: true, // each row repeats the whole response
})

func projectFeedback(doc *feed.Document, emit Emit) error {
	var c cells
	got, head, err := headOf(doc, &c)
	if err != nil {
		return err
	}
	facts := doc.Survey
	if facts == nil {
		facts = &feed.SurveyFacts{}
	}
	of := &got.Metadata
	shared := feedbackOf(&head)
	shared.Status = c.integer("status", of[response.Status])
	var other cells // finished is no column
	if !facts.Feedback.Counts(shared.Status, other.boolean("finished", of[response.Finished])) {
		return nil // its marker takes the place of earlier rows
	}
	book := facts.Book(doc.Partition.Key)
	shared.Language = c.text("language", of[response.UserLanguage])
	shared.Channel = c.text("channel", of[response.DistributionChannel])
	shared.SurveyTitle = surveyTitle(doc)
	c.people(&shared, book, facts.Feedback, got)
	before := slices.Clip(c.changes)
	items := book.Read(got)
	if len(items) == 0 {
		return nil
	}
	keys := make([]string, len(items))
	for i := range items {
		keys[i] = string(items[i].Answer.AppendKey(nil))
	}
	shared.ResponseVersion = versionOf(head.version, keys...)
	var row Feedback // is copied when it is emitted
	for i := range items {
		item := &items[i]
		c.changes, row = before, shared
		row.named(keys[i])
		c.feedback(&row, item)
		row.AdditionalFields = book.Others(item)
		changes := memberChanges(got, "answer_values", item.Answer.Raw,
			columnText{"feedback_key", &row.FeedbackKey}, columnText{"text", row.Text}, columnText{"rating_label", row.RatingLabel})
		changes = append(changes, othersChanges(got, row.AdditionalFields)...)
		if err := emit(&row, append(c.changes, changes...)...); err != nil {
			return err
		}
	}
	return nil
}

// othersChanges reports the altered parts of additional_fields.
func othersChanges(got *response.Response, others []byte) (changes []record.Change) {
	const column = "additional_fields"
	if others == nil {
		return []record.Change{record.Drop(column)}
	}
	if len(got.Renamed) > 0 {
		changes = append(changes, record.Rename(column))
	}
	if got.Shortened && bytes.Contains(others, []byte(":null")) {
		changes = append(changes, record.Shorten(column))
	}
	if got.Repaired && bytes.Contains(others, []byte("\ufffd")) {
		changes = append(changes, record.Repair(column))
	}
	return changes
}

func markFeedback(head *responseHead) Feedback {
	row := feedbackOf(head)
	row.named(record.MarkerKey)
	if head.deleted == nil {
		row.ResponseVersion = versionOf(head.version, record.MarkerKey)
	}
	return row
}

// feedbackOf returns a row with the columns that all rows of a response share.
func feedbackOf(head *responseHead) Feedback {
	return Feedback{
		SurveyID: head.surveyID, ResponseID: head.responseID, LastModifiedDate: head.modified, ResponseVersion: head.version,
		DeletedAt: head.deleted, PostedAt: head.recorded,
	}
}

// named fills the columns that name the row.
func (row *Feedback) named(key string) {
	row.FeedbackKey, row.FeedbackID = key, row.SurveyID+"/"+row.ResponseID+"/"+key
}

// versionOf returns the version of rows with these keys. A response that has other rows by
// other settings has another version, so that its earlier rows no longer count.
func versionOf(response string, keys ...string) string {
	sum := fnv.New32a()
	for _, key := range keys {
		_, _ = sum.Write(append([]byte(key), 0)) // never an error
	}
	return fmt.Sprintf("%s-%08x", response, sum.Sum32())
}

// surveyTitle returns the name of the survey; nil: it is not known.
func surveyTitle(doc *feed.Document) *string {
	if doc.Partition.Survey != nil && doc.Partition.Survey.Name != "" {
		return &doc.Partition.Survey.Name
	}
	return known(doc.Partition.Name)
}

// people fills the ids of the respondent and the account. Exports have no id of a contact
// (API §3.6).
func (c *cells) people(row *Feedback, book *feedback.Book, settings *feedback.Settings, got *response.Response) {
	if settings == nil {
		settings = &feedback.Settings{}
	}
	embedded := func(name string) *string {
		if text, ok := book.Embedded(got, name); ok {
			return keep(c.texts[:], &c.taken.texts, text)
		}
		return nil
	}
	row.AccountID = embedded(settings.AccountField)
	if row.AuthorID = embedded(settings.AuthorField); settings.AuthorField != "" {
		return // ids of two sources could be equal by chance
	}
	if raw := got.Metadata[response.ExternalDataReference]; !absent(raw) {
		row.AuthorID = c.text("author_id", raw)
	}
}

// feedback fills the columns of one text or score.
func (c *cells) feedback(row *Feedback, item *feedback.Item) {
	a := &item.Answer
	row.Kind, row.Certainty = (*string)(&item.Reading.Kind), (*string)(&item.Reading.Certainty)
	row.QuestionID, row.QuestionTag, row.QuestionText = nonempty(&a.QuestionID), nonempty(&a.QuestionTag), nonempty(&a.QuestionText)
	if row.Title = nonempty(&a.RowText); a.ColumnText != "" || a.AnswerText != "" {
		parts := slices.DeleteFunc([]string{a.RowText, a.ColumnText, a.AnswerText}, func(text string) bool { return text == "" })
		row.Title = keep(c.texts[:], &c.taken.texts, strings.Join(parts, " - "))
	}
	if item.Reading.Text {
		if text := a.Text(); string(a.Raw) != "null" {
			row.Text = keep(c.texts[:], &c.taken.texts, text)
		}
		return
	}
	if label, _ := a.Label(); label != "" {
		row.RatingLabel = keep(c.texts[:], &c.taken.texts, label)
	}
	number := func(digits string) *json.Number {
		if digits == "" {
			return nil
		}
		number := json.Number(digits)
		return &number
	}
	row.Rating, row.RatingMin, row.RatingMax = number(item.Digits), number(item.Low), number(item.High)
	if row.Rating == nil {
		c.unfit("rating")
	}
}
