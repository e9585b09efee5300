package source

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/record"
)

// surveyLine is a survey as the surveys command shows it.
type surveyLine struct {
	SurveyID     string    `json:"survey_id"`
	Name         string    `json:"name"`
	IsActive     bool      `json:"is_active"`
	LastModified time.Time `json:"last_modified"`
	Responses    *int64    `json:"responses"`         // null when the account may not read the survey
	Selected     bool      `json:"selected"`          // by the configuration
	Problem      string    `json:"problem,omitempty"` // why there is no count
}

// surveysCommand lists what the account can see, with response counts.
func (r *invocation) surveysCommand(ctx context.Context, flags *flag.FlagSet, args []string) (int, error) {
	file := flags.String("config", "", "configuration `file`")
	asJSON := flags.Bool("json", false, "print one JSON object per survey")
	if err := parse(flags, args, "config"); err != nil {
		return 0, err
	}
	s, err := r.configure(*file)
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
	} else if _, err := r.print(fmt.Sprintf("%-20s %10s  %-6s  %-20s  %-8s  %s\n", "SURVEY", "RESPONSES", "ACTIVE", "LAST MODIFIED", "SELECTED", "NAME")); err != nil {
		return 0, err
	}
	return r.surveys(ctx, s, client, show)
}

// surveys counts survey by survey; each is shown as soon as it is known.
func (r *invocation) surveys(ctx context.Context, s *settings, client *qualtrics.Client, show func(surveyLine) error) (int, error) {
	unknown := 0
	for survey, err := range client.Surveys(ctx) {
		if err != nil {
			return 0, hinted(client, err)
		}
		line := surveyLine{
			SurveyID: string(survey.ID), Name: survey.Name, IsActive: survey.IsActive,
			LastModified: survey.LastModified, Selected: s.selection.Takes(&survey),
		}
		detail, err := client.Survey(ctx, survey.ID)
		var auth *qualtrics.AuthError
		switch {
		case err == nil:
			total := detail.Counts.Auditable + detail.Counts.Generated
			line.Responses = &total
		case ctx.Err() != nil:
			return 0, context.Cause(ctx)
		case errors.As(err, &auth):
			return 0, err
		default:
			line.Problem = r.redactor.String(err.Error())
			if !qualtrics.IsForbidden(err) {
				unknown++
			}
		}
		if err := show(line); err != nil {
			return 0, err
		}
	}
	if unknown > 0 {
		r.log.Warn("some surveys could not be counted; --json says why", "surveys", unknown)
		return ExitPartial, nil
	}
	return ExitOK, nil
}

func (r *invocation) surveyRow(line surveyLine) error {
	responses := "no access"
	if line.Responses != nil {
		responses = thousands(*line.Responses)
	}
	_, err := r.print(fmt.Sprintf("%-20s %10s  %-6s  %-20s  %-8s  %s\n", line.SurveyID, responses, yesNo(line.IsActive),
		line.LastModified.UTC().Format(time.RFC3339), yesNo(line.Selected), shorten(record.OneLine(line.Name), 60)))
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

// thousands groups the digits of a number: 1234567 is 1,234,567.
func thousands(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for at := len(digits) - 3; at > 0 && digits[at-1] != '-'; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

// shorten cuts text to a number of characters.
func shorten(text string, limit int) string {
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	return string([]rune(text)[:limit-1]) + "…"
}
