package source

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/stream"
)

// checkCommand tries the configuration. What the user has to solve is a
// FAILED status and exit code 0, as the protocol wants it.
func (r *invocation) checkCommand(ctx context.Context, flags *flag.FlagSet, args []string) (int, error) {
	file := flags.String("config", "", "configuration `file`")
	if err := parse(flags, args, "config"); err != nil {
		return 0, err
	}
	found, err := r.check(ctx, *file)
	if err != nil {
		failure := r.failure(err)
		if failure.Type != record.ConfigError || ctx.Err() != nil {
			return 0, err
		}
		return ExitOK, sunk(r.messages.ConnectionStatus(false, failure.Message))
	}
	return ExitOK, sunk(r.messages.ConnectionStatus(true, found))
}

// check returns what there is to say about a configuration that works.
func (r *invocation) check(ctx context.Context, file string) (string, error) {
	s, err := r.configure(file)
	if err != nil {
		return "", err
	}
	client, err := r.client(s, nil)
	if err != nil {
		return "", err
	}
	if _, err := r.brand(ctx, s, client); err != nil {
		return "", hinted(client, err)
	}
	denied, err := r.access(ctx, s, client)
	if err != nil {
		return "", hinted(client, err)
	}
	if notice := client.Notice(); notice != "" && notice != s.origin.Host() {
		r.log.Warn("the account lives on another host: use it as data_center, calls are faster there and exports may depend on it", "host", notice)
	}
	return deniedText(denied), nil
}

// hinted adds the host that Qualtrics itself points to.
func hinted(client *qualtrics.Client, err error) error {
	notice := client.Notice()
	if notice == "" || strings.Contains(err.Error(), notice) {
		return err
	}
	return fmt.Errorf("%w; Qualtrics says that this account lives on %s: use that as data_center", err, notice)
}

// deniedText words which streams cannot be read.
func deniedText(denied map[string]error) string {
	var parts []string
	for _, s := range stream.All() {
		if err := denied[s.Name]; err != nil {
			parts = append(parts, fmt.Sprintf("%s (%s)", s.Name, strings.Join(s.Scopes, ", ")))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "these streams cannot be read, for lack of a scope or permission: " + strings.Join(parts, "; ")
}

// access tries every stream with one or two calls and returns those that the
// account may not read. Surveys have to be readable: without them there is
// nothing. So have surveys that are named by id.
func (r *invocation) access(ctx context.Context, s *settings, client *qualtrics.Client) (map[string]error, error) {
	survey, err := r.someSurvey(ctx, s, client)
	if err != nil {
		return nil, err
	}
	denied := make(map[string]error)
	if survey != "" {
		denied["responses"], err = refusal(tryResponses(ctx, client, survey))
		if err != nil {
			return nil, err
		}
	}
	if denied["contacts"], err = refusal(tryContacts(ctx, client)); err != nil {
		return nil, err
	}
	for _, each := range stream.All() {
		if err := denied[each.Name]; err != nil {
			r.log.Warn("the account cannot read a stream", "stream", each.Name, "needs", strings.Join(each.Scopes, " "), "error", err)
		}
	}
	return denied, nil
}

// refusal tells a missing permission from a failure.
func refusal(err error) (denied, failed error) {
	if err != nil && (qualtrics.IsForbidden(err) || qualtrics.IsMissingScope(err)) {
		return err, nil
	}
	return nil, err
}

// someSurvey returns one selected survey, or "" where the account has none.
func (r *invocation) someSurvey(ctx context.Context, s *settings, client *qualtrics.Client) (qualtrics.SurveyID, error) {
	const looked = 20 // a check is quick; read reports the others
	var first qualtrics.SurveyID
	var problems []error
	for i, id := range s.selection.IDs {
		if i == looked {
			break
		}
		detail, err := client.Survey(ctx, qualtrics.SurveyID(id))
		switch {
		case err == nil && first == "":
			first = detail.ID
		case qualtrics.IsNotFound(err):
			problems = append(problems, configErrorf("survey %s does not exist or is not shared with this account", id))
		case err != nil:
			problems = append(problems, fmt.Errorf("survey %s: %w", id, err))
		}
	}
	if len(problems) > 0 || first != "" {
		return first, errors.Join(problems...)
	}
	total := 0
	for survey, err := range client.Surveys(ctx) {
		if err != nil {
			return "", fmt.Errorf("listing the surveys: %w", err)
		}
		if total++; s.selection.Takes(&survey) {
			return survey.ID, nil
		}
	}
	if total == 0 {
		r.log.Warn("the account sees no survey: share surveys with its user, or use the credentials of another one")
	} else {
		r.log.Warn("the selection takes none of the account's surveys", "surveys", total)
	}
	return "", nil
}

// tryResponses asks for a response that does not exist: not finding it takes
// the permission that reading needs.
func tryResponses(ctx context.Context, client *qualtrics.Client, survey qualtrics.SurveyID) error {
	_, err := client.Response(ctx, survey, "R_000000000000000")
	if qualtrics.IsNotFound(err) {
		return nil
	}
	return err
}

// tryContacts reads the first contact of the first directory.
func tryContacts(ctx context.Context, client *qualtrics.Client) error {
	for directory, err := range client.Directories(ctx) {
		if err != nil {
			return err
		}
		for _, err := range client.Contacts(ctx, directory.ID) {
			return err
		}
		return nil
	}
	return nil
}
