package source

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/config"
	"github.com/birdie-ai/source-qualtrics/source/failures"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/wording"
)

// surveyLine is a survey as the surveys command shows it.
type surveyLine struct {
	SurveyID     string    `json:"survey_id"`
	Name         string    `json:"name"`
	IsActive     bool      `json:"is_active"`
	LastModified time.Time `json:"last_modified"`
	Responses    *int64    `json:"responses"`         // null when they are not known
	Selected     bool      `json:"selected"`          // by the configuration
	Problem      string    `json:"problem,omitempty"` // why there is no count

	denied bool // the account may not read the survey
}

// counted is the number of responses as people read it.
func (l *surveyLine) counted() string {
	switch {
	case l.Responses != nil:
		return wording.Thousands(*l.Responses)
	case l.denied:
		return "no access"
	default:
		return "unknown"
	}
}

// surveysCommand lists the surveys that the account can see, with response counts.
func (r *invocation) surveysCommand(ctx context.Context, flags *flag.FlagSet, args []string) (int, error) {
	file := flags.String("config", "", "configuration `file`")
	asJSON := flags.Bool("json", false, "print one JSON object per survey")
	if err := parse(flags, args, "config"); err != nil {
		return 0, err
	}
	s, err := r.loader().Load(*file)
	if err != nil {
		return 0, err
	}
	client, err := r.client(s, nil)
	if err != nil {
		return 0, err
	}
	show := r.surveyRow
	if *asJSON {
		show = r.surveyJSON
	} else if _, err := r.print(fmt.Sprintf(surveyColumns, "SURVEY", "RESPONSES", "ACTIVE", "LAST MODIFIED", "SELECTED", "NAME")); err != nil {
		return 0, err
	}
	return r.surveys(ctx, s, client, show)
}

// surveyColumns are the columns of the list. Their widths are fixed, because a line is
// printed before the next survey is counted.
const surveyColumns = "%-20s %10s  %-6s  %-20s  %-8s  %s\n"

// surveys counts survey by survey; each is shown as soon as it is known.
func (r *invocation) surveys(ctx context.Context, s *config.Settings, client *qualtrics.Client, show func(surveyLine) error) (int, error) {
	account := r.viewer(s, client)
	surveys, err := account.AllSurveys(ctx)
	if err != nil {
		return 0, hinted(client, err)
	}
	unknown := 0
	for _, survey := range surveys {
		line := surveyLine{
			SurveyID: string(survey.ID), Name: survey.Name, IsActive: survey.IsActive,
			LastModified: survey.LastModified, Selected: s.Selection.Takes(&survey),
		}
		detail, err := client.Survey(ctx, survey.ID)
		var auth *qualtrics.AuthError
		switch {
		case err == nil && detail.Counts != nil:
			total := detail.Counts.Auditable + detail.Counts.Generated
			line.Responses = &total
		case err == nil:
			line.Problem = "the counters of its responses cannot be read"
			unknown++
		case ctx.Err() != nil:
			return 0, context.Cause(ctx)
		case errors.As(err, &auth):
			return 0, err
		default:
			line.Problem = r.redactor.String(err.Error())
			if line.denied = qualtrics.IsForbidden(err); !line.denied {
				unknown++
			}
		}
		if err := show(line); err != nil {
			return 0, err
		}
	}
	if unknown > 0 {
		r.log.Warn("some surveys could not be counted; --json says why", "surveys", unknown)
	}
	named, err := account.ReviewSelection(ctx)
	if err != nil {
		r.log.Warn("the selection cannot be checked now for parts that match nothing", "error", err)
	}
	if err := account.SurveyWithoutID(); err != nil {
		r.log.Warn("the list shows a survey that cannot be identified", "error", err)
		unknown++
	}
	for _, one := range named {
		r.log.Error(one.Error())
	}
	if unknown+len(named) > 0 {
		return failures.ExitPartial, nil
	}
	return failures.ExitOK, nil
}

func (r *invocation) surveyRow(line surveyLine) error {
	_, err := r.print(fmt.Sprintf(surveyColumns, line.SurveyID, line.counted(), yesNo(line.IsActive),
		line.LastModified.UTC().Format(time.RFC3339), yesNo(line.Selected), wording.Shorten(record.OneLine(line.Name), 60)))
	return err
}

func (r *invocation) surveyJSON(line surveyLine) error {
	encoded, err := json.Marshal(line)
	if err != nil {
		return err
	}
	_, err = r.print(string(encoded) + "\n")
	return err
}

func yesNo(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}
