package responses

import (
	"cmp"
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// learned holds the facts that a run learned about the account's exports. The partitions
// of a run share it.
type learned struct {
	unsorted           atomic.Bool // exports cannot be sorted by modified date
	unlistable         atomic.Bool // exports of ids alone are refused
	startDateNotStrict atomic.Bool // exports hold responses that were modified before their window
	probed             atomic.Bool // a single response was read
	without            sync.Map    // names of facts that a missing scope keeps from all surveys
	// deniedAll is set when the account was refused every survey that was ever read. Each
	// survey is then tried in every run, so that restored rights take effect at once.
	deniedAll bool
	planned   sync.Map // survey id → plannedSurvey, until the survey is read
}

// plannedSurvey is a survey as its plan read it.
type plannedSurvey struct {
	detail qualtrics.SurveyDetail
	at     time.Time // of this machine's clock
}

// plannedFor bounds the age of counters and names that a read takes from its plan. Older
// ones would miss changes: then the next run would export once more.
const plannedFor = 5 * time.Minute

// detail returns the survey as its plan read it a moment ago, or reads it.
func (s *scope) detail(ctx context.Context) (qualtrics.SurveyDetail, error) {
	planned, ok := s.learned.planned.LoadAndDelete(s.survey)
	// The lists of an export must not lack a question that a response of this read can answer.
	if ok && !s.env.Privacy.AsksForQuestions() && !s.env.Privacy.AsksForEmbeddedData() {
		if planned := planned.(plannedSurvey); s.env.Clock().Sub(planned.at) < plannedFor { //nolint:forcetypeassert // no other type is stored
			return planned.detail, nil
		}
	}
	return s.env.Client.Survey(ctx, s.survey)
}

func learnedBy(env *feed.Env) *learned { return feed.Shared[learned](env) }

// exportsAll reports whether each run exports all selected surveys.
func exportsAll(env *feed.Env) bool {
	return env.SurveyCount() <= cmp.Or(env.Responses.ExportAll, alwaysExported)
}
