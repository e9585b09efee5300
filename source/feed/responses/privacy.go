package responses

import (
	"context"
	"maps"
	"slices"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/privacy"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// Exports are not asked for the data that the privacy settings leave out. Their lists name all other
// questions, fields and metadata: those of the survey itself, and those of its response schema.
// Excluded values that arrive all the same are dropped when a response is taken apart. See
// [response.Keys].

// protector applies the privacy settings to a survey.
type protector struct {
	*scope
	names *classifier
	facts *factReader

	made *privacy.Survey // nil: not made yet, or there are no settings
}

// of returns the settings for the survey. It is called before the first export and the first
// response, so that a survey without news costs no call.
func (p *protector) of(ctx context.Context) (*privacy.Survey, error) {
	rules := p.env.Privacy
	if rules == nil || p.made != nil {
		return p.made, nil
	}
	detail := p.names.detail
	facts := privacy.Facts{EmbeddedData: detail.EmbeddedData, Known: p.names.defined && detail.ListsQuestions}
	for _, q := range detail.Questions {
		facts.Questions = append(facts.Questions, privacy.Question{ID: q.ID, Tag: q.Tag, FreeText: q.TakesText})
	}
	made := rules.Survey(string(p.survey), facts)
	if questions, _, _ := made.Lists(); questions != nil || !made.Known() || rules.AsksForEmbeddedData() {
		if err := p.addSchema(ctx, &facts); err != nil {
			return nil, err
		}
		made = rules.Survey(string(p.survey), facts)
	}
	if !made.Known() {
		if _, said := p.learned.without.LoadOrStore("names", true); !said {
			p.env.Log.Warn("the questions and fields of a survey cannot be read (scope read:surveys), so exports cannot leave them out: they are dropped on arrival, and all questions where the settings name tags",
				"survey", p.survey)
		}
	}
	p.made, p.names.keys.Privacy = made, made
	return made, nil
}

// addSchema adds the names that only the response schema has, such as those of deleted questions.
// A schema that is refused for good adds nothing.
func (p *protector) addSchema(ctx context.Context, facts *privacy.Facts) error {
	schema, err := p.facts.schema(ctx)
	switch {
	case err == nil:
	case !isRefused(err), ctx.Err() != nil:
		return p.unfinishedError(err, "its response schema, which names its questions and fields for the privacy settings, cannot be read")
	default:
		return nil
	}
	facts.Known = true
	listed := make(map[string]int, len(facts.Questions))
	for i, q := range facts.Questions {
		listed[q.ID] = i
	}
	for _, key := range slices.Sorted(maps.Keys(schema)) {
		property := schema[key]
		if property.DataType == "embeddedData" {
			facts.EmbeddedData = append(facts.EmbeddedData, key)
		}
		if property.QuestionID == "" || property.DataType == "embeddedData" {
			continue
		}
		i, known := listed[property.QuestionID]
		if !known {
			i, listed[property.QuestionID] = len(facts.Questions), len(facts.Questions)
			facts.Questions = append(facts.Questions, privacy.Question{ID: property.QuestionID, Tag: property.QuestionTag})
		}
		// Texts that were typed stay in responses when the choice beside them is removed.
		text := property.Type == "" || property.Type == "string" && property.Labels == nil
		facts.Questions[i].FreeText = facts.Questions[i].FreeText || text
	}
	return nil
}

// restrict adds the lists of the settings to a request. restricted is false if there are none.
func (p *protector) restrict(ctx context.Context, request *qualtrics.ExportRequest) (restricted bool, err error) {
	survey, err := p.of(ctx)
	if err != nil {
		return false, err
	}
	questions, embedded, metadata := survey.Lists()
	for _, one := range []struct {
		list    *[]string
		asksFor **[]string
	}{{questions, &request.Questions}, {embedded, &request.EmbeddedData}, {metadata, &request.Metadata}} {
		if one.list != nil && *one.asksFor == nil {
			*one.asksFor, restricted = one.list, true
		}
	}
	return restricted, nil
}

// refused explains that Qualtrics refuses an export with the lists of the settings. The export is
// not repeated without them.
func (p *protector) refused(err error) error {
	return &feed.UnfinishedError{
		Survey: p.survey, Err: err, Reason: "Qualtrics refuses an export without the questions, fields and metadata that the privacy settings leave out",
		Remedy: "without such lists they would have to be asked for; take this survey out of the selection, or change the privacy settings",
	}
}

// notice compares the settings with those of the position, and says once if they differ.
func (p *protector) notice() {
	before, now := p.position.Privacy, p.env.Privacy.Mark()
	if p.position.Watermark != 0 && before != now {
		p.env.NoticePrivacy()
	}
	p.position.Privacy = now
}
