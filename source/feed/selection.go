package feed

import (
	"context"
	"hash/fnv"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// Selection is which surveys and directories a user chose. The zero value
// takes all of them.
type Selection struct {
	IDs           []string  // these surveys, and no others
	Include       []string  // name patterns with * and ?, without regard to case
	Exclude       []string  // name patterns that take precedence over Include
	ActiveOnly    bool      // only surveys that take responses now
	Owners        []string  // user ids
	ModifiedSince time.Time // only surveys whose definition changed since
	FailOnDenied  bool      // a survey that may not be read is a failure even if it was never readable
	Directories   []string  // directory ids
	ShardIndex    int
	ShardCount    int // 0 or 1: no sharding
}

// Takes reports whether the selection holds the survey.
func (s *Selection) Takes(survey *Survey) bool {
	switch {
	case !s.mine(string(survey.ID)):
		return false
	case len(s.IDs) > 0:
		return slices.Contains(s.IDs, string(survey.ID))
	case s.ActiveOnly && !survey.IsActive,
		len(s.Owners) > 0 && !slices.Contains(s.Owners, survey.OwnerID),
		!s.ModifiedSince.IsZero() && survey.LastModified.Before(s.ModifiedSince),
		len(s.Include) > 0 && !matchesAny(s.Include, survey.Name):
		return false
	}
	return !matchesAny(s.Exclude, survey.Name)
}

// mine reports whether a survey or a directory belongs to this shard, by a
// stable hash of its id.
func (s *Selection) mine(id string) bool {
	if s.ShardCount < 2 {
		return true
	}
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(id))
	return int(hash.Sum32()%uint32(s.ShardCount)) == s.ShardIndex //nolint:gosec // a validated, small count
}

func matchesAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return matches(pattern, name) })
}

// matches compares a name with a pattern in which * stands for any text and ?
// for one character.
func matches(pattern, name string) bool {
	expression := regexp.QuoteMeta(pattern)
	expression = strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(expression)
	matched, err := regexp.MatchString(`(?is)^`+expression+`$`, name)
	return err == nil && matched
}

// Surveys returns the selected surveys, listing them once per run: those of
// the account's list (API §2.1), and those named by id that the list leaves
// out (it shows only owned and individually shared ones).
func (e *Env) Surveys(ctx context.Context) ([]Survey, error) {
	e.listing.Do(func() { e.turn = make(chan struct{}, 1); e.turn <- struct{}{} })
	select {
	case <-e.turn:
		defer func() { e.turn <- struct{}{} }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if e.cached {
		return e.listed, nil
	}
	surveys, err := e.list(ctx)
	if err != nil {
		return nil, err
	}
	e.listed, e.cached = surveys, true
	return surveys, nil
}

// expect notes a survey that the account's list held in an earlier run.
func (e *Env) expect(survey string) {
	if e.known == nil {
		e.known = make(map[string]bool)
	}
	e.known[survey] = true
}

// list reads the survey list afresh. Of one that changes while it is paged a
// survey can slip between two pages: where one is missing that was there in an
// earlier run, the list is read once more, and what either pass holds counts.
func (e *Env) list(ctx context.Context) ([]Survey, error) {
	e.exists = make(map[string]bool)
	surveys, err := e.pass(ctx, nil)
	if err != nil {
		return nil, err
	}
	for survey := range e.known {
		if !e.exists[survey] && !slices.Contains(e.Selection.IDs, survey) {
			if surveys, err = e.pass(ctx, surveys); err != nil {
				return nil, err
			}
			break
		}
	}
	for i, id := range e.Selection.IDs {
		if e.exists[id] || !e.Selection.mine(id) || slices.Contains(e.Selection.IDs[:i], id) {
			continue
		}
		detail, err := e.Client.Survey(ctx, qualtrics.SurveyID(id))
		if err != nil {
			// Reading its responses will say what is wrong with it.
			e.Log.Warn("a configured survey is not in the account's list and cannot be looked up", "survey", id, "error", err)
			surveys = append(surveys, Survey{ID: qualtrics.SurveyID(id)})
			continue
		}
		surveys = append(surveys, detail.Survey)
	}
	return surveys, nil
}

// pass reads all pages of the list, and appends the selected surveys that no
// page has shown before: some are shown twice.
func (e *Env) pass(ctx context.Context, surveys []Survey) ([]Survey, error) {
	for survey, err := range e.Client.Surveys(ctx) {
		if err != nil {
			return nil, err
		}
		id := string(survey.ID)
		if !e.exists[id] && e.Selection.Takes(&survey) {
			surveys = append(surveys, survey)
		}
		e.exists[id] = true
	}
	return surveys, nil
}
