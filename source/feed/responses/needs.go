package responses

import (
	"context"
	"errors"
	"slices"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// factReader reads the facts about a survey that streams need.
type factReader struct {
	*scope
	needs     feed.Needs
	facts     *feed.SurveyFacts // those of an earlier read of this run are kept
	embedded  []string          // names of the survey's embedded data
	undefined error             // why the survey could not be read; nil: it was read
	noSchema  error             // why the response schema was refused in this read; nil: it was not
	complete  bool              // each fact was read or refused
}

// read returns the facts. It is called when the first response goes out, so that a survey
// without news costs no call.
func (f *factReader) read(ctx context.Context) (*feed.SurveyFacts, error) {
	if f.complete {
		return f.facts, nil
	}
	const noTexts = "answers go out without the texts from it"
	for _, one := range []struct {
		fact feed.Needs
		name string
		lack string // how responses go out without it
		read func(context.Context) error
	}{
		{feed.NeedDefinition, "definition", noTexts, f.definition},
		{feed.NeedSchema, "response schema", noTexts, func(ctx context.Context) error {
			_, err := f.schema(ctx)
			return err
		}},
		{feed.NeedEmbeddedData, "embedded data", "fields go out without is_declared", func(context.Context) error {
			f.facts.EmbeddedData = f.embedded
			return f.undefined
		}},
		{feed.NeedFeedback, "settings of feedback", "", func(context.Context) error {
			f.feedback()
			return nil
		}},
	} {
		needed := f.needs.Has(one.fact)
		if !f.needs.Wants(one.fact) || f.facts.Known.Has(one.fact) || f.facts.Refused.Has(one.fact) && !needed {
			continue
		}
		switch err := one.read(ctx); {
		case err == nil:
			f.facts.Known |= one.fact
		case needed, !isRefused(err), ctx.Err() != nil:
			return nil, f.lacks(ctx, one.name, err)
		default:
			f.facts.Refused |= one.fact
			f.goWithout(one.name, one.lack, err)
		}
	}
	f.complete = true
	return f.facts, nil
}

var errNoQuestions = errors.New("it has no list of questions")

// isRefused reports whether a later run will not read the fact either.
func isRefused(err error) bool { return qualtrics.IsPermanent(err) || errors.Is(err, errNoQuestions) }

func (f *factReader) definition(ctx context.Context) error {
	definition, err := f.env.Client.Definition(ctx, f.survey)
	if err == nil && definition.Questions == nil {
		err = errNoQuestions
	}
	if err == nil {
		f.facts.Definition = definition
	}
	return err
}

// feedback takes the settings of feedback, and warns about questions that the survey lacks.
func (f *factReader) feedback() {
	f.facts.Feedback = f.env.Feedback
	var has func(id string) bool
	if f.facts.Known.Has(feed.NeedDefinition) {
		has = func(id string) bool {
			return slices.ContainsFunc(f.facts.Definition.Questions, func(question qualtrics.Question) bool { return question.ID == id })
		}
	}
	for _, question := range f.env.Feedback.Review(string(f.survey), has) {
		f.env.Log.Warn("feedback.questions names a question that the survey does not have: the setting has no effect", "survey", f.survey, "question", question)
	}
}

// schema reads the response schema, once if a stream or the privacy settings need it.
func (f *factReader) schema(ctx context.Context) (map[string]qualtrics.Property, error) {
	switch {
	case f.facts.Known.Has(feed.NeedSchema):
		return f.facts.Schema, nil
	case f.noSchema != nil:
		return nil, f.noSchema
	}
	schema, err := f.env.Client.ResponseSchema(ctx, f.survey)
	if err != nil && isRefused(err) && ctx.Err() == nil {
		f.noSchema = err // asked for once, because 60 calls a minute are allowed
	}
	if err == nil && (f.needs.Wants(feed.NeedSchema) || f.env.Privacy != nil) {
		f.facts.Schema = schema
		f.facts.Known |= feed.NeedSchema
	}
	return schema, err
}

// goWithout logs that responses go out without a fact. A missing scope concerns all surveys,
// so one line says it.
func (f *factReader) goWithout(fact, lack string, err error) {
	if !qualtrics.IsMissingScope(err) {
		f.env.Log.Warn("the survey's "+fact+" is refused: its "+lack, "survey", f.survey, "error", err)
	} else if _, said := f.learned.without.LoadOrStore(fact, true); !said {
		f.env.Log.Warn("a scope is missing to read the "+fact+" of surveys: "+lack, "error", err)
	}
}

// lacks returns the error of a fact that cannot be read. No row goes out without it.
func (f *factReader) lacks(ctx context.Context, fact string, err error) error {
	switch {
	case !qualtrics.IsPermanent(err), ctx.Err() != nil:
		return f.unfinishedError(err, "its %s, which a selected stream needs, cannot be read", fact)
	case qualtrics.IsNotFound(err):
		// The survey was found a moment ago: it may be deleted by now.
		if _, again := f.env.Client.Survey(ctx, f.survey); qualtrics.IsNotFound(again) {
			return again
		}
	}
	// Not wrapped: that a fact is refused, or not found, says nothing about the export.
	return &feed.UnfinishedError{
		Survey: f.survey, Reason: "its " + fact + ", which a selected stream needs, is refused: " + err.Error(),
		Remedy: "allow the account to read the survey's " + fact + ", or do not select streams that need it",
	}
}
