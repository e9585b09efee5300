package source

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/config"
	"github.com/birdie-ai/source-qualtrics/source/failures"
	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/stream"
)

// Platforms wait a minute for the outcome of a check.
const (
	checkTime = 50 * time.Second
	// checkTries and checkRetries bound one call, so that a check reports in time that
	// a host is down.
	checkTries   = 3
	checkRetries = 15 * time.Second
	// exportPatience is for how long the export of a check is followed.
	exportPatience = 5 * time.Second
	// lookTime is for how long surveys to export are looked for, once there is one.
	lookTime = 10 * time.Second
	// optionalTime is kept for the streams that are not required.
	optionalTime = 15 * time.Second
)

// checkCommand tries the configuration. Every outcome is an answer, but for an
// interruption and for a bug.
func (r *invocation) checkCommand(ctx context.Context, flags *flag.FlagSet, args []string) (int, error) {
	file := flags.String("config", "", "configuration `file`")
	if err := parse(flags, args, "config"); err != nil {
		return 0, err
	}
	found, err := r.check(ctx, *file)
	switch {
	case err == nil:
		return r.answer(true, found, *file)
	case ctx.Err() != nil || failures.IsBug(err):
		return 0, err
	}
	if detail := qualtrics.Detail(err); detail != "" {
		r.log.Log(ctx, r.detailLevel(), "the call that failed", "detail", detail)
	}
	return r.answer(false, r.failure(err).Message, *file)
}

// check returns the remarks on a configuration that works.
func (r *invocation) check(ctx context.Context, file string) (string, error) {
	s, err := r.loader().Load(file)
	if err != nil {
		return "", err
	}
	c := &checkup{invocation: r, settings: s}
	limits := qualtrics.DefaultLimits() // a check makes a few calls; shares of the limits are for runs
	limits.Tries, limits.RetryBudget = checkTries, checkRetries
	if c.client, err = r.clientWithin(s, limits, c.waits); err != nil {
		return "", err
	}
	needed, end := c.within(ctx, checkTime-optionalTime)
	defer end()
	denied := make(map[feed.Kind]error)
	if denied[feed.Responses], err = c.needed(needed); err != nil {
		return "", hinted(c.client, c.late(err))
	}
	if err := c.reviewSelection(needed); err != nil {
		return "", err
	}
	optional, end := c.within(ctx, optionalTime)
	defer end()
	err = c.late(c.tryContacts(optional))
	switch {
	case err != nil && ctx.Err() != nil:
		return "", context.Cause(ctx)
	case err != nil && len(s.Selection.Directories) > 0:
		return "", hinted(c.client, fmt.Errorf("reading the contacts of the configured directories: %w", err))
	}
	denied[feed.Contacts] = err
	for kind, err := range probes(optional, c.client, &s.Selection) {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		denied[kind] = c.late(err)
	}
	if notice := c.client.Notice(); notice != "" && notice != s.Origin.Host() {
		r.log.Warn("the account lives on another host: use it as data_center, calls are faster there and exports may depend on it", "host", notice)
	}
	r.warn(denied)
	return deniedText(denied), nil
}

// checkup is one check at work.
type checkup struct {
	*invocation
	settings *config.Settings
	client   *qualtrics.Client

	mu     sync.Mutex
	reason string // of the last wait
}

// timeError ends a part of a check that would keep its platform waiting.
type timeError struct{ limit time.Duration }

func (e *timeError) Error() string {
	return fmt.Sprintf("Qualtrics gave no answer within %s; check data_center, base_url and network", e.limit)
}

// within bounds a part of a check in time. It sets no deadline: a call that waits
// for its turn would give up before it is reached.
func (c *checkup) within(ctx context.Context, limit time.Duration) (context.Context, func()) {
	limited, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(limit, func() { cancel(&timeError{limit}) })
	return limited, func() {
		timer.Stop()
		cancel(nil)
	}
}

// waits notes why a call is made again.
func (c *checkup) waits(wait qualtrics.Wait) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if wait.Kind != qualtrics.WaitExport {
		c.reason = wait.Reason
	}
}

// late adds to a timeError why the last try failed.
func (c *checkup) late(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var late *timeError
	if !errors.As(err, &late) || c.reason == "" {
		return err
	}
	return fmt.Errorf("%w; the last try failed, because %s", err, c.reason)
}

// needed tries the parts that every configuration needs: the account, its surveys and one
// export. It returns why responses cannot be read where that may be meant: an
// OAuth client without the scope for them.
func (c *checkup) needed(ctx context.Context) (denied, err error) {
	if _, err := c.account(ctx, c.settings, c.client); err != nil {
		return nil, err
	}
	surveys, err := c.someSurveys(ctx)
	if err != nil {
		return nil, err
	}
	err = c.tryExports(ctx, surveys)
	if qualtrics.IsMissingScope(err) {
		return err, nil
	}
	return nil, err
}

// How many surveys a check looks at. The counters of a few are read, so that the
// export is a small one: they come with the whole definition.
const (
	surveysTried   = 20
	surveysCounted = 5
)

// candidate is a selected survey whose export may be tried.
type candidate struct {
	id        qualtrics.SurveyID
	responses int64 // by its counters
	counted   bool
}

// someSurveys returns a few of the selected surveys, the smallest first. Those
// that are named by id have to exist.
func (c *checkup) someSurveys(ctx context.Context) ([]candidate, error) {
	var some []candidate
	begun := time.Now()
	enough := func() bool { return len(some) > 0 && time.Since(begun) > lookTime }
	if ids := c.settings.Selection.IDs; len(ids) > 0 {
		var problems []error
		for _, id := range ids[:min(len(ids), surveysTried)] { // a check is quick; read reports the others
			if enough() {
				break
			}
			counted, err := c.count(ctx, qualtrics.SurveyID(id))
			switch {
			case qualtrics.IsNotFound(err):
				problems = append(problems, failures.Config("survey %s does not exist or is not shared with this account", id))
			case err != nil && !qualtrics.IsForbidden(err): // its export may be allowed all the same
				problems = append(problems, err)
			default:
				some = append(some, counted)
			}
		}
		return bySize(some), errors.Join(problems...)
	}
	for survey, err := range c.client.Surveys(ctx) {
		var nameless *qualtrics.ElementError
		switch {
		case errors.As(err, &nameless):
			continue // read names it
		case err != nil:
			return nil, err
		}
		if !c.settings.Selection.Takes(&survey) {
			continue
		}
		if some = append(some, candidate{id: survey.ID}); len(some) == surveysTried || enough() {
			break
		}
	}
	for i := range some[:min(len(some), surveysCounted)] {
		if enough() {
			break
		}
		counted, err := c.count(ctx, some[i].id)
		if err != nil && ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err == nil {
			some[i] = counted
		}
	}
	return bySize(some), nil
}

// count reads the counters of a survey.
func (c *checkup) count(ctx context.Context, id qualtrics.SurveyID) (candidate, error) {
	detail, err := c.client.Survey(ctx, id)
	if err != nil || detail.Counts == nil {
		return candidate{id: id}, err
	}
	return candidate{id: id, responses: detail.Counts.Auditable + detail.Counts.Generated, counted: true}, nil
}

// bySize sorts surveys, those with unknown counters last.
func bySize(surveys []candidate) []candidate {
	slices.SortStableFunc(surveys, func(a, b candidate) int {
		switch {
		case a.counted != b.counted && a.counted:
			return -1
		case a.counted != b.counted:
			return 1
		case a.responses != b.responses && a.responses < b.responses:
			return -1
		case a.responses != b.responses:
			return 1
		}
		return 0
	})
	return surveys
}

// tryExports starts exports until one is allowed. The most frequent mistake in the
// set-up of an account is a user who may list surveys, and export none. Only an
// export shows it.
func (c *checkup) tryExports(ctx context.Context, surveys []candidate) error {
	var refused, failed, missing []error
	allowed := false
	for _, survey := range surveys {
		err := c.client.TryExport(ctx, survey.id, exportPatience, c.settings.PrivacyRules != nil)
		switch {
		case err == nil:
			allowed = true
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case qualtrics.IsMissingScope(err) || isAuth(err):
			return err
		case qualtrics.IsNotFound(err): // it may be deleted meanwhile, but not all of them
			missing = append(missing, err)
		case qualtrics.IsForbidden(err) || qualtrics.IsRefused(err):
			refused = append(refused, err)
		default:
			failed = append(failed, err)
		}
		if allowed || len(failed) == checkTries {
			break
		}
	}
	insisted := len(c.settings.Selection.IDs) > 0 || c.settings.Selection.FailOnDenied
	switch {
	case len(refused) > 0 && insisted:
		return refused[0]
	case allowed:
		return nil
	case len(failed) > 0:
		return failed[0]
	case len(refused) > 0:
		return &failures.RefusedError{Surveys: len(refused), Err: refused[0]}
	case len(missing) > 0:
		return missing[0]
	}
	return nil
}

// tryContacts reads the first contact of a selected directory.
func (c *checkup) tryContacts(ctx context.Context) error {
	return tryContacts(ctx, c.client, c.settings.Selection.Directories)
}

// hinted adds the host that Qualtrics itself points to.
func hinted(client *qualtrics.Client, err error) error {
	notice := client.Notice()
	if notice == "" || strings.Contains(err.Error(), notice) {
		return err
	}
	return fmt.Errorf("%w; Qualtrics says that this account lives on %s: use that as data_center", err, notice)
}

// deniedText words which streams cannot be read, and why. Streams with the same reason stand
// together.
func deniedText(denied map[feed.Kind]error) string {
	var reasons []string
	names := make(map[string][]string)
	add := func(only func(feed.Kind) bool) {
		for _, s := range stream.All() {
			kind := readsFrom(s)
			if denied[kind] == nil || !only(kind) {
				continue
			}
			reason := denied[kind].Error()
			if names[reason] == nil {
				reasons = append(reasons, reason)
			}
			names[reason] = append(names[reason], s.Name)
		}
	}
	add(func(kind feed.Kind) bool { return kind == feed.Responses })
	add(func(kind feed.Kind) bool { return kind != feed.Responses })
	if len(reasons) == 0 {
		return ""
	}
	for i, reason := range reasons {
		reasons[i] = fmt.Sprintf("%s, because %s", strings.Join(names[reason], ", "), reason)
	}
	return "these streams cannot be read: " + strings.Join(reasons, "; and ")
}
