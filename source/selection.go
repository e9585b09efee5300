package source

import (
	"context"
	"errors"

	"github.com/birdie-ai/source-qualtrics/source/config"
	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// viewer looks at the account as the selection of a configuration sees it.
func (r *invocation) viewer(s *config.Settings, client *qualtrics.Client) *feed.Env {
	return &feed.Env{Client: client, Log: r.log, Selection: s.Selection, Responses: feed.ResponseSettings{Resync: s.Again}}
}

// reviewSelection logs the parts of a selection that match nothing in the account. A survey
// or directory that the configuration names and that does not exist is an error.
// A survey to read again that does not exist is none: the rest can be read.
func (c *checkup) reviewSelection(ctx context.Context) error {
	limited, end := c.within(ctx, lookTime) // thousands of surveys are many pages
	defer end()
	account := c.viewer(c.settings, c.client)
	unknown, err := account.ReviewSelection(limited)
	if err == nil {
		var all []feed.Survey
		if all, err = account.AllSurveys(limited); err == nil {
			c.warnAboutPatterns(c.settings, all)
		}
	}
	if err != nil {
		c.log.Warn("the selection cannot be checked now for parts that match nothing", "error", err)
	}
	var problems []error
	for _, one := range unknown {
		if one.Setting == "surveys.resync" {
			c.log.Warn(one.Error())
			continue
		}
		problems = append(problems, one)
	}
	return errors.Join(problems...)
}

// warnAboutPatterns logs the patterns of wide tables that match no survey.
func (r *invocation) warnAboutPatterns(s *config.Settings, all []feed.Survey) {
	for _, warning := range s.Wide.Unmatched("responses_wide.surveys", all) {
		r.log.Warn(warning)
	}
}
