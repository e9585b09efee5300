package integration_tests_test

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source/record"
)

// Some histories select streams that are read only if they are named. They are compared
// with the truth at the end, and at each restart.

// valueStreams have several rows of a response. By the rule for their readers, those of its
// newest version count.
var valueStreams = []string{"answers", "response_embedded_data"}

// structureStreams are made of the definitions of surveys.
var structureStreams = []string{
	"questions", "question_choices", "blocks", "block_questions", "survey_flow_elements", "embedded_data_fields",
	"survey_languages", "survey_translations", "scoring_categories", "survey_definitions",
}

// drawNamed draws some of these streams, mostly selected later. Their surveys have embedded
// data with confusing names, and are edited.
func (p *simPlan) drawNamed(d dice) {
	all := slices.Concat(valueStreams, structureStreams)
	d.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	streams, joins := all[:1+d.IntN(5)], d.IntN(8)
	if !d.on("named-streams", 6) || p.Profile == profileSetup {
		return
	}
	p.named, p.options.OddFields = streams, true
	p.joins[streams[0]] = max(0, joins-3)
}

// isParts reports whether a stream has several rows of a response.
func isParts(stream string) bool {
	return stream == partsStream || slices.Contains(valueStreams, stream)
}

// valueRow is what a history remembers of a row of valueStreams.
type valueRow struct{ version, value string }

// valueOf returns the version and the value of a row. Texts of the definition are left out:
// they are as of the read of the response.
func (h *simHistory) valueOf(row *testkit.Row) (valueRow, error) {
	if known, ok := h.valueRows[row]; ok {
		return known, nil
	}
	columns, err := testkit.Members(row.Data)
	if err != nil {
		return valueRow{}, err
	}
	got := valueRow{version: testkit.Scalar(columns["response_version"])}
	for _, column := range []string{"value_key", "value_text", "position", "value_boolean"} {
		if value := columns[column]; value != nil && string(value) != "null" {
			got.value += column + "=" + testkit.Scalar(value) + " "
		}
	}
	h.valueRows[row] = got
	return got, nil
}

// grouped returns a row for each response, with the values that count. Rows of the truth
// have no version, so all of them count.
func (h *simHistory) grouped(table testkit.Table) (testkit.Table, error) {
	newest := make(map[string]*testkit.Row)
	for key, row := range table {
		parent := testkit.ParentKey(key)
		if held := newest[parent]; held == nil || row.Cursor > held.Cursor || row.Cursor == held.Cursor && row.Order > held.Order {
			newest[parent] = row
		}
	}
	values := make(map[string]map[string]string)
	for key, row := range table {
		parent := testkit.ParentKey(key)
		last, err := h.valueOf(newest[parent])
		one, err2 := h.valueOf(row)
		if err != nil || err2 != nil {
			return nil, fmt.Errorf("%w %w", err, err2)
		}
		if values[parent] == nil {
			values[parent] = make(map[string]string)
		}
		if one.version == last.version && !isMarker(row) {
			values[parent][key] = one.value
		}
	}
	live := make(testkit.Table, len(values))
	for parent, of := range values {
		data, err := json.Marshal(of)
		if err != nil {
			return nil, err
		}
		last := newest[parent]
		version, err := h.valueOf(last)
		if err != nil {
			return nil, err
		}
		live[parent] = &testkit.Row{Key: parent, Cursor: last.Cursor, Order: last.Order, Deleted: version.version == record.DeletedVersion, Data: data}
	}
	return live, nil
}

// differentValues says how the values of a response differ from the truth, or nothing.
func (h *simHistory) differentValues(stream string, row *testkit.Row) string {
	if h.trueValues[stream] == nil {
		truth, err := testkit.Truth(h.tenant, stream)
		if err == nil {
			truth, err = h.grouped(truth)
		}
		if err != nil {
			return err.Error()
		}
		h.trueValues[stream] = truth
	}
	var want, got map[string]string
	if truth := h.trueValues[stream][row.Key]; truth != nil && json.Unmarshal(truth.Data, &want) != nil || json.Unmarshal(row.Data, &got) != nil {
		return "its values cannot be compared"
	}
	for _, key := range sortedKeys(want) {
		if got[key] != want[key] {
			return fmt.Sprintf("%s is %q, not %q", key, got[key], want[key])
		}
	}
	for _, key := range sortedKeys(got) {
		if _, ok := want[key]; !ok {
			return fmt.Sprintf("%s is %q, and does not exist", key, got[key])
		}
	}
	return ""
}

// mustHoldNoOldRows checks that a table of definitions has only rows that exist.
func (h *simHistory) mustHoldNoOldRows(stream string) {
	truth, err := testkit.Truth(h.tenant, stream)
	if err != nil {
		h.fail("simulator", "%v", err)
		return
	}
	for _, key := range sortedKeys(h.platform.tables[stream]) {
		if row := h.platform.tables[stream][key]; !row.Deleted && truth[key] == nil {
			h.fail("I2", "ghost: %s %s", stream, key)
			return
		}
	}
}
