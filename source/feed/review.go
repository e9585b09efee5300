package feed

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/birdie-ai/source-qualtrics/source/pasted"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/wording"
)

// ReviewSelection logs the parts of the selection that match nothing in the account. It returns
// the surveys and directories that the configuration names and that the account does not have.
func (e *Env) ReviewSelection(ctx context.Context) ([]*UnknownError, error) {
	if _, err := e.Surveys(ctx); err != nil {
		return nil, err
	}
	unknown := e.account.unknown
	if len(e.Selection.Directories) == 0 {
		return unknown, nil
	}
	directories, err := Directories.Contents(ctx, e, nil)
	if err == nil {
		err = directories.withoutID.First
	}
	if err != nil {
		return unknown, fmt.Errorf("looking for the directories that the configuration names: %w", err)
	}
	missing, err := Directories.missing(ctx, e, directories, Contacts, e.keys(Contacts))
	for _, partition := range missing {
		var one *UnknownError
		if errors.As(partition.Missing, &one) {
			unknown = append(unknown, one)
		}
	}
	return unknown, err
}

// reviewFilters logs the filters of the selection that match no survey.
func (e *Env) reviewFilters(all []Survey) {
	warnings, notes := e.Selection.review(all)
	for _, warning := range warnings {
		e.Log.Warn(warning)
	}
	for _, note := range notes {
		e.Log.Info(note)
	}
}

// reviewResync logs the surveys of surveys.resync that are not selected.
func (e *Env) reviewResync(ctx context.Context) error {
	a := &e.account
	for _, id := range slices.Sorted(maps.Keys(e.Responses.Resync)) {
		if a.taken[id] || a.missing[id] != nil || !e.Selection.inShard(id) {
			continue
		}
		if a.exists[id] {
			at := slices.IndexFunc(a.all, func(survey Survey) bool { return string(survey.ID) == id })
			reason := "the account's list does not show it"
			if at >= 0 {
				reason = e.Selection.refusal(&a.all[at])
			}
			e.Log.Warn("surveys.resync names a survey that the selection leaves out: it is not read again", "survey", id, "reason", reason)
			continue
		}
		_, err := e.Client.Survey(ctx, qualtrics.SurveyID(id))
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case qualtrics.IsNotFound(err), qualtrics.IsForbidden(err):
			unknown := a.unknownSurvey("surveys.resync", id, err)
			a.missing[id], a.unknown = unknown, append(a.unknown, unknown)
		case err != nil:
			e.Log.Warn("surveys.resync names a survey that cannot be looked up", "survey", id, "error", err)
		default:
			e.Log.Warn("surveys.resync names a survey that the account's list does not show: it is not read again unless surveys.ids names it, too", "survey", id)
		}
	}
	return nil
}

// review returns a warning for each part of the selection that matches none of the account's
// surveys, with the nearest names. Notes are about parts that may match nothing, such as an
// excluded name.
func (s *Selection) review(surveys []Survey) (warnings, notes []string) {
	if len(surveys) == 0 {
		return []string{"the account sees no survey: share surveys with its user, or use the credentials of another one"}, nil
	}
	if len(s.IDs) == 0 {
		warnings, notes = s.reviewNames(surveys)
	}
	whole := *s
	whole.ShardCount = 0 // a shard may well be empty
	taken := func(survey Survey) bool { return whole.Takes(&survey) }
	if !slices.ContainsFunc(surveys, taken) && len(s.IDs) == 0 {
		warnings = append(warnings, fmt.Sprintf("the selection matches none of the account's surveys (%d)", len(surveys)))
	}
	return warnings, notes
}

func (s *Selection) reviewNames(surveys []Survey) (warnings, notes []string) {
	names := surveyNames(surveys)
	owners := make([]string, len(surveys))
	for i := range surveys {
		owners[i] = surveys[i].OwnerID
	}
	for _, pattern := range s.Include {
		if !slices.ContainsFunc(names, func(name string) bool { return pasted.Matches(pattern, name) }) {
			warnings = append(warnings, unmatched("surveys.include", pattern, names))
		}
	}
	for _, pattern := range s.Exclude {
		if !slices.ContainsFunc(names, func(name string) bool { return pasted.Matches(pattern, name) }) {
			notes = append(notes, unmatched("surveys.exclude", pattern, names))
		}
	}
	for _, owner := range s.Owners {
		if !slices.Contains(owners, owner) {
			warnings = append(warnings, fmt.Sprintf("surveys.owners: no survey of the account belongs to %s%s", owner, nearestText(nearest(owner, owners, maxIDDistance))))
		}
	}
	return warnings, notes
}

func surveyNames(surveys []Survey) []string {
	names := make([]string, len(surveys))
	for i := range surveys {
		names[i] = surveys[i].Name
	}
	return names
}

// unmatched words that a pattern of a setting matches none of some names.
func unmatched(setting, pattern string, names []string) string {
	text := strings.Trim(pattern, "*? ")
	near := nearest(text, names, max(minNameDistance, utf8.RuneCountInString(text)/2))
	return fmt.Sprintf("%s: no survey of the account is named %.80q%s", setting, pattern, nearestText(near))
}

// Limits of proposals. A name is proposed if the configured text has to be changed in a few
// characters only; other names would be a guess.
const (
	maxProposals    = 3
	minNameDistance = 3   // or half of the characters of the text, if that is more
	maxIDDistance   = 4   // an id of another survey or owner
	anyDistance     = 100 // an account has few directories: all are proposed
)

// nearest returns the names that are most similar to a text, the best first. Similar names
// contain the text, or differ from it in at most maxDistance characters.
func nearest(text string, names []string, maxDistance int) []string {
	type candidate struct {
		name     string
		distance int
	}
	text = strings.ToLower(text)
	var candidates []candidate
	seen := make(map[string]bool)
	for _, name := range names {
		lower := strings.ToLower(name)
		if seen[lower] || name == "" {
			continue
		}
		seen[lower] = true
		distance := wording.Distance(text, lower)
		if text != "" && strings.Contains(lower, text) {
			distance = 0
		}
		if distance <= maxDistance {
			candidates = append(candidates, candidate{name, distance})
		}
	}
	slices.SortStableFunc(candidates, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.name, b.name))
	})
	var found []string
	for _, c := range candidates[:min(len(candidates), maxProposals)] {
		found = append(found, c.name)
	}
	return found
}

// nearestText words the proposals for the end of a message; "" without any.
func nearestText(names []string) string {
	if len(names) == 0 {
		return ""
	}
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = fmt.Sprintf("%.60q", name)
	}
	return "; the nearest are " + strings.Join(quoted, ", ")
}

// ReviewFeedback logs the questions of feedback.questions that no survey has of which this
// run read responses. Call it at the end of a run.
func (e *Env) ReviewFeedback() {
	for _, question := range e.Feedback.Unknown() {
		e.Log.Warn("feedback.questions names a question that none of the surveys has whose responses this run read: the setting had no effect", "question", question)
	}
}
