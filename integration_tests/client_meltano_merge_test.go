//go:build clients && unix

package integration_tests_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
)

// With --state-strategy=merge Meltano brings back the keys of older states that a
// newer one lacks. Nothing of them may count: a deletion is reported once, no
// response is late by it, and the state stays as small as without merging.
func TestClientMeltano_MergesStates(t *testing.T) {
	t.Parallel()
	compared := 0
	sizes := make(map[string]int)
	var m *meltano
	for _, strategy := range []string{"overwrite", "merge"} {
		s := clientSite(t)
		m = newMeltano(t, s).configured()
		read := func() {
			m.succeeds(m.meltano("run", "--state-strategy", strategy, "tap-qualtrics", "target-jsonl"))
		}
		truths := []map[string]testkit.Table{s.truth(t)}
		read()
		s.lives()
		truths = append(truths, s.truth(t))
		read()
		s.audit()
		read()
		s.confirm(read)
		read() // a state that brings deletions back has them reported again
		s.settles()
		rows, _ := m.holdsJSONL(s.truth(t), nil)
		compared += rows
		deletions := gone(s.truth(t), truths...)["responses"]
		if got := len(m.lines("response_deletions")); deletions == 0 || got != deletions {
			t.Errorf("%s: %d deletions of responses were reported, want %d", strategy, got, deletions)
		}
		late := 0
		for _, row := range m.lines("sync_audit") {
			var audited struct{ Late int }
			if err := json.Unmarshal(row, &audited); err != nil {
				t.Fatal(err)
			}
			late += audited.Late
		}
		if late > 0 {
			t.Errorf("%s: %d responses were late, want none", strategy, late)
		}
		text, _ := m.state(toJSONL)
		sizes[strategy] = len(text)
	}
	if sizes["merge"] > sizes["overwrite"]*11/10 {
		t.Errorf("the merged state has %d bytes, the other one %d", sizes["merge"], sizes["overwrite"])
	}
	m.interoperates("six runs each with --state-strategy overwrite and merge", compared,
		"the same: each deletion is reported once, and the state has the same size")
}

// lines are the rows of a stream that target-jsonl wrote.
func (m *meltano) lines(stream string) (rows [][]byte) {
	m.t.Helper()
	files, err := filepath.Glob(m.data(stream + ".*json*"))
	if err != nil || len(files) != 1 {
		m.t.Fatalf("the files of %s are %v, %v", stream, files, err)
	}
	for line := range bytes.Lines(fileText(m.t, files[0])) {
		rows = append(rows, line)
	}
	return rows
}
