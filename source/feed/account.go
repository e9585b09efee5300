package feed

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// account holds the surveys of the account during one run. Resume enters the surveys of earlier
// runs; the first call of [Env.Surveys] fills in the rest. After that it is only read.
type account struct {
	mutex waitingMutex

	// known has the surveys of all positions. The value says whether the present selection held
	// the survey when it was read last. false: the configuration left it out.
	known map[string]bool
	// positions has the surveys of known with a position of responses.
	positions map[string]bool

	all       []Survey          // the surveys of the account's list
	selected  []Survey          // to be read
	taken     map[string]bool   // ids of selected
	exists    map[string]bool   // ids of surveys that the list shows, or that their own call finds
	left      map[string]leaver // known surveys that left the selection, by id
	missing   map[string]error  // known or named surveys that the list lacks: a verdict of existence, or an *UnknownError
	unknown   []*UnknownError   // surveys that the configuration names and that do not exist
	withoutID WithoutID         // surveys of the list without an id
	existence *existence
	found     map[string]Survey // surveys that only their own call shows
}

// leaver is a survey that left the selection because it changed, such as its name.
type leaver struct {
	survey Survey
	reason string
}

// know enters a survey of a position. Selected says whether the present selection held it.
func (a *account) know(survey string, selected bool) {
	if a.known == nil {
		a.known, a.positions = make(map[string]bool), make(map[string]bool)
	}
	a.known[survey] = a.known[survey] || selected
}

// KnowSurvey enters a survey with a position of responses. Selected says whether the present
// selection held it when it was read last.
func (e *Env) KnowSurvey(survey string, selected bool) {
	e.account.know(survey, selected)
	e.account.positions[survey] = selected
}

// Surveys returns the selected surveys. The first call of a run reads the account's list (API
// §2.1), which shows owned and individually shared surveys only. Surveys that the configuration
// names, or that were read before, are therefore read by their own call.
func (e *Env) Surveys(ctx context.Context) ([]Survey, error) {
	unlock, err := e.account.mutex.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if e.account.exists == nil {
		if err := e.list(ctx); err != nil {
			e.account.exists, e.account.selected = nil, nil
			return nil, err
		}
	}
	return e.account.selected, nil
}

// AllSurveys returns the surveys of the account's list, and the selected ones that it lacks.
func (e *Env) AllSurveys(ctx context.Context) ([]Survey, error) {
	selected, err := e.Surveys(ctx)
	if err != nil {
		return nil, err
	}
	surveys := slices.Clone(e.account.all)
	for _, survey := range selected {
		if survey.Read && !slices.ContainsFunc(e.account.all, func(other Survey) bool { return other.ID == survey.ID }) {
			surveys = append(surveys, survey)
		}
	}
	return surveys, nil
}

// SurveyCount returns the number of selected surveys; 0 before they were listed.
func (e *Env) SurveyCount() int { return len(e.account.selected) }

// SurveyExists reports whether the account's list shows a survey, or its own call finds it.
func (e *Env) SurveyExists(survey string) bool { return e.account.exists[survey] }

// SurveySelected reports whether a survey is to be read.
func (e *Env) SurveySelected(survey string) bool { return e.account.taken[survey] }

// SurveyWithoutID returns the error of the first survey without an id; nil: all have one.
func (e *Env) SurveyWithoutID() error { return e.account.withoutID.First }

// UnselectedSurveys yields the surveys with a position of responses that are not selected: those
// that left the selection, and those that the account's list lacks. A survey that the configuration
// left out is among them only if it was deleted.
func (e *Env) UnselectedSurveys() iter.Seq[Partition] {
	a := &e.account
	return func(yield func(Partition) bool) {
		for _, id := range slices.Sorted(maps.Keys(a.left)) {
			leaver := a.left[id]
			if a.positions[id] && !yield(Partition{Kind: Responses, Key: id, Name: leaver.survey.Name, Survey: &leaver.survey, Left: leaver.reason}) {
				return
			}
		}
		for _, id := range slices.Sorted(maps.Keys(a.missing)) {
			selected, read := a.positions[id]
			if a.concerns(id, selected, read) && !yield(Partition{Kind: Responses, Key: id, Missing: a.missing[id]}) {
				return
			}
		}
	}
}

// concerns reports whether a missing survey is a partition. Read says whether it has a position,
// selected whether the selection held it.
func (a *account) concerns(id string, selected, read bool) bool {
	var (
		gone    *GoneError
		unknown *UnknownError
	)
	return selected || read && errors.As(a.missing[id], &gone) || errors.As(a.missing[id], &unknown)
}

// list reads the survey list, and looks for the surveys that it lacks.
func (e *Env) list(ctx context.Context) error {
	a := &e.account
	a.withoutID = WithoutID{}
	all, err := e.Client.AllSurveys(ctx)
	if err != nil && !a.withoutID.Takes(err) {
		return err
	}
	e.reviewFilters(all)
	a.all, a.selected, a.taken, a.exists = all, nil, make(map[string]bool), make(map[string]bool)
	a.left, a.missing, a.found = make(map[string]leaver), make(map[string]error), make(map[string]Survey)
	for _, survey := range all {
		e.enter(survey)
	}
	if err := e.findKnown(ctx); err != nil {
		return err
	}
	if err := e.findNamed(ctx); err != nil {
		return err
	}
	return e.reviewResync(ctx)
}

func surveyIDs(surveys []Survey) []string {
	ids := make([]string, len(surveys))
	for i := range surveys {
		ids[i] = string(surveys[i].ID)
	}
	return ids
}

// enter puts a survey that exists among the selected ones, or those that left the selection.
func (e *Env) enter(survey Survey) {
	a, id := &e.account, string(survey.ID)
	a.exists[id] = true
	switch reason := e.Selection.refusal(&survey); {
	case reason == "":
		a.selected, a.taken[id] = append(a.selected, survey), true
	case a.known[id] && e.Selection.inShard(id):
		a.left[id] = leaver{survey, reason}
		e.Log.Warn("a survey left the selection: its changes are read a last time, and its position is kept", "survey", id, "name", survey.Name, "reason", reason)
	}
}

// findKnown looks for the known surveys that the list lacks. It treats a survey that its own call
// finds like a listed one.
func (e *Env) findKnown(ctx context.Context) error {
	a := &e.account
	var missing []string
	for id := range a.known {
		if !a.exists[id] && e.Selection.inShard(id) {
			missing = append(missing, id)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	existence := e.surveyExistence()
	existence.listErr = a.withoutID.First
	verdicts, err := existence.verdicts(ctx, missing, surveyIDs(a.all))
	if err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(verdicts)) {
		verdict := verdicts[id]
		var gone *GoneError
		switch {
		case verdict == nil:
			e.Log.Warn("a survey that was read before is not in the account's list any more, and can be read all the same", "survey", id)
			e.enter(a.found[id])
			continue
		case errors.As(verdict, &gone):
			e.Log.Warn("a survey is gone: neither the account's list nor its own call knows it any more", "survey", id)
		case a.known[id]:
			e.Log.Warn("a survey that was read before is not in the account's list any more", "survey", id, "error", verdict)
		default: // the configuration left it out
			e.Log.Info("a survey is not listed any more, and not known to be gone", "survey", id, "error", verdict)
		}
		a.missing[id] = verdict
	}
	return nil
}

// surveyExistence decides which surveys were deleted.
func (e *Env) surveyExistence() *existence {
	a := &e.account
	if a.existence == nil {
		a.existence = &existence{
			noun: "survey", setting: "surveys.on_withdrawn", run: e.runNumber(),
			list: func(ctx context.Context) ([]string, error) {
				all, err := e.Client.AllSurveys(ctx)
				return surveyIDs(all), err
			},
			ask: func(ctx context.Context, id string) error {
				detail, err := e.Client.Survey(ctx, qualtrics.SurveyID(id))
				if err == nil {
					a.found[id] = detail.Survey
				}
				return err
			},
		}
	}
	return a.existence
}

// findNamed selects the surveys that the configuration names by id and that the list lacks.
func (e *Env) findNamed(ctx context.Context) error {
	a := &e.account
	for i, id := range e.Selection.IDs {
		var gone *GoneError
		if a.exists[id] || errors.As(a.missing[id], &gone) || !e.Selection.inShard(id) || slices.Contains(e.Selection.IDs[:i], id) {
			continue
		}
		delete(a.missing, id)
		survey := Survey{ID: qualtrics.SurveyID(id)}
		detail, err := e.Client.Survey(ctx, survey.ID)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			// It is selected all the same: reading its responses reports the error.
			e.Log.Warn("a configured survey is not in the account's list and cannot be looked up", "survey", id, "error", err)
			if qualtrics.IsNotFound(err) {
				a.unknown = append(a.unknown, a.unknownSurvey("surveys.ids", id, err))
			}
		default:
			survey = detail.Survey
		}
		a.selected, a.taken[id] = append(a.selected, survey), true
	}
	return nil
}

func (a *account) unknownSurvey(setting, id string, answer error) *UnknownError {
	return &UnknownError{setting, "survey " + id, nearest(id, surveyIDs(a.all), maxIDDistance), answer}
}

// ConfirmSurveyGone decides whether a survey was deleted after it was listed. Call it when Qualtrics
// answers 404 to an export. It returns a *[GoneError] if the survey was deleted, [ErrShownAgain] if
// the list shows it, and nil if its own call finds it.
func (e *Env) ConfirmSurveyGone(ctx context.Context, survey string) error {
	unlock, err := e.account.mutex.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	existence := e.surveyExistence()
	listed, err := existence.list(ctx)
	if err != nil {
		return &UndecidedError{existence.name(survey), err}
	}
	if slices.Contains(listed, survey) {
		return ErrShownAgain
	}
	verdicts, err := existence.verdicts(ctx, []string{survey}, listed)
	if err != nil {
		return err
	}
	return verdicts[survey]
}
