package responses

import (
	"cmp"
	"sync/atomic"

	"github.com/birdie-ai/source-qualtrics/source/feed"
)

// learned holds the facts that a run learned about the account's exports. The partitions
// of a run share it.
type learned struct {
	unsorted           atomic.Bool // exports cannot be sorted by modified date
	unlistable         atomic.Bool // exports of ids alone are refused
	startDateNotStrict atomic.Bool // exports hold responses that were modified before their window
	probed             atomic.Bool // a single response was read
	// deniedAll is set when the account was refused every survey that was ever read. Each
	// survey is then tried in every run, so that restored rights take effect at once.
	deniedAll bool
}

func learnedBy(env *feed.Env) *learned { return feed.Shared[learned](env) }

// exportsAll reports whether each run exports all selected surveys.
func exportsAll(env *feed.Env) bool {
	return env.SurveyCount() <= cmp.Or(env.Responses.ExportAll, alwaysExported)
}
