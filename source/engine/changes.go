package engine

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/birdie-ai/source-qualtrics/source/record"
)

// Changes counts values that do not arrive as Qualtrics sent them. Airbyte's
// records say so themselves; elsewhere nothing else does.
type Changes struct {
	mu     sync.Mutex
	counts map[string]map[record.Change]int // by stream
}

func (c *Changes) add(stream string, change record.Change) {
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

// log logs the altered values of a stream at its end.
func (c *Changes) log(logger *slog.Logger, stream string) {
	c.mu.Lock()
	counts := c.counts[stream]
	delete(c.counts, stream)
	c.mu.Unlock()
	inOrder := func(a, b record.Change) int {
		return cmp.Or(cmp.Compare(a.Column, b.Column), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Instead, b.Instead))
	}
	for _, change := range slices.SortedFunc(maps.Keys(counts), inOrder) {
		level, told := slog.LevelWarn, "are not as Qualtrics sent them"
		if change.Kind == record.Invented { // as the column's description says
			level, told = slog.LevelInfo, "do not come from Qualtrics"
		}
		if change.Instead == record.FoundDeleted { // as every tombstone has it
			level = slog.LevelDebug
		}
		// Each has its own text, for the log limits how many lines are alike.
		logger.Log(context.Background(), level, "values of "+stream+"."+change.Column+" "+told,
			"change", strings.ToLower(string(change.Kind)), "reason", string(change.Reason), "values", counts[change], "instead", change.Instead)
	}
}

// logUnlisted logs the values of a run that have no column in a stream.
func (e *Engine) logUnlisted(s *selected) {
	if s.stream.Unlisted == nil {
		return
	}
	keys := s.stream.Unlisted()
	if len(keys) == 0 {
		return
	}
	const most = 5
	shown := strings.Join(keys[:min(len(keys), most)], ",")
	e.Log.Warn("values have no column in this stream: its schema is older than their questions, or leaves them out; refresh the schema (discover) to add columns; responses and answers have the values",
		"stream", s.stream.Name, "keys", len(keys), "such_as", shown)
}
