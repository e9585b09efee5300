package source

import (
	"cmp"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/birdie-ai/source-qualtrics/source/record"
)

// changes counts values that do not arrive as Qualtrics sent them. Airbyte's
// records say so themselves; elsewhere nothing else does.
type changes struct {
	mu     sync.Mutex
	counts map[string]map[record.Change]int // by stream
}

func (c *changes) add(stream string, change record.Change) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = make(map[string]map[record.Change]int)
	}
	if c.counts[stream] == nil {
		c.counts[stream] = make(map[record.Change]int)
	}
	c.counts[stream][change]++
}

// tell logs what was changed in a stream, which ends.
func (c *changes) tell(log *slog.Logger, stream string) {
	c.mu.Lock()
	counts := c.counts[stream]
	delete(c.counts, stream)
	c.mu.Unlock()
	inOrder := func(a, b record.Change) int {
		return cmp.Or(cmp.Compare(a.Column, b.Column), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Reason, b.Reason))
	}
	for _, change := range slices.SortedFunc(maps.Keys(counts), inOrder) {
		// Each has its own text, for the log limits how many lines are alike.
		log.Warn("values of "+stream+"."+change.Column+" are not as Qualtrics sent them",
			"change", strings.ToLower(string(change.Kind)), "reason", string(change.Reason), "values", counts[change])
	}
}
