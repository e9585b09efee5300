package responses

import (
	"encoding/json"

	"github.com/birdie-ai/source-qualtrics/source/feed"
)

var _ feed.Retiring = Feed{}

// Retire drops the position of a survey that is gone, or that was missing from the account's
// list for a long time. In other positions it notes the selection that holds the survey.
func (Feed) Retire(env *feed.Env, key string, position feed.Position) feed.Position {
	if env.IsMarkedGone(key) {
		return nil
	}
	var before struct {
		Missed int64  `json:"g"`
		Chosen string `json:"s"`
	}
	if json.Unmarshal(position, &before) != nil {
		return position // the read reports the error
	}
	missed, chosen := env.MissingSince(before.Missed, env.SurveyExists(key) || env.SurveySelected(key)), before.Chosen
	if env.SurveySelected(key) && len(env.Selection.IDs) == 0 { // a survey leaves a list of ids only if the user changes the list
		chosen = env.Selection.Mark()
	}
	switch {
	case missed == feed.Expired:
		env.Log.Warn("a survey was missing from the account's list for 30 days: its position is forgotten, its rows stay", "survey", key)
		return nil
	case missed == before.Missed && chosen == before.Chosen:
		return position
	}
	var p surveyPosition
	if json.Unmarshal(position, &p) != nil {
		return position
	}
	p.Missed, p.Chosen = missed, chosen
	encoded, err := json.Marshal(p)
	if err != nil {
		return position
	}
	return encoded
}
