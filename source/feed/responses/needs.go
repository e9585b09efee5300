package responses

import (
	"context"
	"errors"

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
}

// read returns the facts. It is called when the first response goes out, so that a survey
// without news costs no call.
func (f *factReader) read(ctx context.Context) (*feed.SurveyFacts, error) {
	missing := func(fact feed.Needs) bool { return f.needs.Has(fact) && !f.facts.Known.Has(fact) }
	if missing(feed.NeedDefinition) {
		definition, err := f.env.Client.Definition(ctx, f.survey)
		if err == nil && definition.Questions == nil {
			err = errors.New("it has no list of questions")
		}
		if err != nil {
			return nil, f.lacks(ctx, "definition", err)
		}
		f.facts.Definition = definition
		f.facts.Known |= feed.NeedDefinition
	}
	if missing(feed.NeedSchema) {
		if _, err := f.schema(ctx); err != nil {
			return nil, f.lacks(ctx, "response schema", err)
		}
	}
	if missing(feed.NeedEmbeddedData) {
		if f.undefined != nil {
			return nil, f.lacks(ctx, "embedded data", f.undefined)
		}
		f.facts.EmbeddedData = f.embedded
		f.facts.Known |= feed.NeedEmbeddedData
	}
	return f.facts, nil
}

// schema reads the response schema, once if a stream needs it.
func (f *factReader) schema(ctx context.Context) (map[string]qualtrics.Property, error) {
	if f.facts.Known.Has(feed.NeedSchema) {
		return f.facts.Schema, nil
	}
	schema, err := f.env.Client.ResponseSchema(ctx, f.survey)
	if err == nil && f.needs.Has(feed.NeedSchema) {
		f.facts.Schema = schema
		f.facts.Known |= feed.NeedSchema
	}
	return schema, err
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
