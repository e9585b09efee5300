package integration_tests_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// shrink takes away what the failure does not need, as long as the same
// invariant still fails.
func shrink(t *testing.T, c simCase, failure *simFailure) (simCase, *simFailure) {
	t.Helper()
	try := func(smaller simCase) bool {
		h := simulate(t, smaller)
		if h.failure == nil || h.failure.invariant != failure.invariant {
			return false
		}
		c, failure = smaller, h.failure
		return true
	}
	for changed := true; changed; {
		changed = false
		for _, class := range c.plan().active {
			smaller := c
			smaller.Off = append(slices.Clone(c.Off), class)
			changed = try(smaller) || changed
		}
		plan := c.plan()
		for _, size := range []struct {
			now int
			set func(*simCase, int)
		}{
			{plan.options.Surveys, func(c *simCase, n int) { c.Surveys = n }},
			{plan.options.Responses, func(c *simCase, n int) { c.Responses = n }},
			{plan.options.Contacts, func(c *simCase, n int) { c.Contacts = n }},
			{len(plan.steps), func(c *simCase, n int) { c.Steps = n }},
		} {
			for _, n := range []int{1, size.now / 2, size.now - 1} {
				if n < 1 || n >= size.now {
					continue
				}
				smaller := c
				if size.set(&smaller, n); try(smaller) {
					changed = true
					break
				}
			}
		}
	}
	return c, failure
}

// countedClasses take part in a history by what is counted, not by being
// drawn.
var countedClasses = slices.Concat(sandbox.FaultClasses(), []string{
	string(crashLine), string(crashCall), string(crashTerm), string(crashPanic), "replay", "some-states", "lose-tail", "roll-back",
})

// reachable are the classes and the deeds of the connector that enough
// histories have to contain.
func reachable() []string {
	classes := slices.Clone(countedClasses)
	classes = append(classes,
		"parallel", "run-minutes", "published-limits", "debug", "oauth", "start-date", "start-moves-back", "late-stream", "many-contacts", "late",
		"live", "survey-deletions", "small-pages", "long-rows", "end-states", "did-find-a-late-row", "did-suppress-a-row", "did-end-partially",
		"did-send-a-heartbeat", "did-bury-a-survey", "did-bury-a-response", "local-clock", "audits", "response-deletions", "many-responses", "small-seals", "belated",
		"small-files", "planned", "resync", "long-gaps", "quick-syncs", "shallow-search",
		"contact-deletions", "sketched-contacts", "did-bury-a-contact",
		"parts", "did-empty-a-response", "did-mark-an-empty-response", "did-mark-a-deleted-response", "did-hide-an-old-value", "named-streams",
	)
	for _, marker := range markers {
		if !slices.Contains(classes, marker) {
			classes = append(classes, marker)
		}
	}
	slices.Sort(classes)
	return classes
}

// reachTable lists the classes that were reached, and how often.
func reachTable(total map[string]int) string {
	var text strings.Builder
	classes := slices.DeleteFunc(sortedKeys(total), func(what string) bool { return what != strings.ToLower(what) })
	for i, class := range classes {
		if i > 0 && i%4 == 0 {
			text.WriteByte('\n')
		}
		fmt.Fprintf(&text, "%-32s %7d  ", class, total[class])
	}
	return text.String()
}
