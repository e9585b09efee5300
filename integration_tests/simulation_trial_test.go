package integration_tests_test

import (
	"slices"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/stream"
)

// trialStream is a second table over the responses. The product has none yet; it
// shows that two tables over one feed share its exports.
const trialStream = "response_copies"

var _ = stream.Register(trial())

func trial() *stream.Stream {
	responses, _ := stream.ByName("responses")
	return &stream.Stream{
		Name: trialStream, Summary: "A copy of responses", Record: responses.Record, Key: responses.Key, Cursor: responses.Cursor,
		Feed: responses.Feed, Scopes: responses.Scopes, Project: responses.Project,
	}
}

// rowsOf is the stream of the truth that a stream's rows are compared with.
func rowsOf(stream string) string {
	if stream == trialStream || isParts(stream) {
		return "responses"
	}
	return stream
}

// keyOf is the key in that truth.
func keyOf(stream, key string) string {
	if isParts(stream) {
		return testkit.ParentKey(key)
	}
	return key
}

// shown is a table as its readers see it: of rows that belong to a response, the newest
// version of each response counts.
func (h *simHistory) shown(stream string, table testkit.Table) testkit.Table {
	if !isParts(stream) {
		return table
	}
	group := h.grouped
	if stream == partsStream {
		group = testkit.Live
	}
	live, err := group(table)
	if err != nil {
		h.fail("simulator", "%v", err)
	}
	return live
}

// difference says how a row that readers see differs from the truth, or nothing.
func (h *simHistory) difference(stream string, truth, row *testkit.Row) string {
	if stream == partsStream {
		return h.values.Difference("responses", truth, row)
	}
	if isParts(stream) {
		return h.differentValues(stream, row)
	}
	return h.compare.Difference(rowsOf(stream), truth, row)
}

// empty edits some responses so that they have no values: rows of their values have to go
// away.
func (h *simHistory) empty() {
	if !h.parts && !slices.ContainsFunc(h.named, isParts) {
		return
	}
	clear(h.existing)
	for _, id := range sortedKeys(h.now("surveys")) {
		if h.emptied.IntN(2) == 0 {
			h.reach["did-empty-a-response"] += len(h.tenant.EmptyResponses(id, 1+h.emptied.IntN(2)))
		}
	}
	clear(h.existing)
}

// checkParts compares the values of responses with those of the same version in responses,
// and counts the rows that do not count any more.
func (h *simHistory) checkParts(run *simRun, tables map[string]testkit.Table) {
	live, shown := h.shown(partsStream, tables[partsStream]), 0
	for _, key := range sortedKeys(live) {
		row, whole := live[key], tables["responses"][key]
		if whole == nil || whole.Deleted || row.Deleted {
			continue
		}
		columns, err := testkit.Members(whole.Data)
		columns2, err2 := testkit.Members(row.Data)
		if err != nil || err2 != nil {
			h.fail("simulator", "%v %v", err, err2)
			return
		}
		if string(columns["response_version"]) != string(columns2["response_version"]) {
			continue // one of the two tables is ahead
		}
		values, err := testkit.Members(columns["answer_values"])
		embedded, err2 := testkit.Members(columns["embedded_data"])
		got, err3 := testkit.Members(columns2["answer_values"])
		if err != nil || err2 != nil || err3 != nil {
			h.fail("simulator", "%v %v %v", err, err2, err3)
			return
		}
		shown += len(got)
		if len(got) != len(values)+len(embedded) {
			h.fail("I1", "%s has %d values in %s, and %d in responses", key, len(got), partsStream, len(values)+len(embedded))
			return
		}
	}
	if len(live) > 0 && len(tables[partsStream]) > shown+len(live) { // each has one marker at most
		h.reach["did-hide-an-old-value"]++
	}
	for _, line := range run.lines {
		if line.stream != partsStream || line.record == nil || !isMarker(line.record) {
			continue
		}
		if line.record.Deleted {
			h.reach["did-mark-a-deleted-response"]++
		} else {
			h.reach["did-mark-an-empty-response"]++
		}
	}
}

// isMarker reports whether a row stands for a response without values.
func isMarker(row *testkit.Row) bool {
	return row.Key == testkit.ParentKey(row.Key)+"/"+record.MarkerKey
}
