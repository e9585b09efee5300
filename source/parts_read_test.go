package source_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
	"github.com/birdie-ai/source-qualtrics/source/stream"
)

// partRows are all rows that a destination got of a stream with several rows of a response,
// in order.
type partRows []map[string]any

// live returns the rows that count, by the rule for readers of the table. Of each response
// they have the version of the row with the greatest date, of equal dates of the last one.
func (rows partRows) live(t *testing.T, name string) table {
	t.Helper()
	type newest struct {
		at      time.Time
		version any
	}
	s, _ := stream.ByName(name)
	own := s.Key[len(s.Parent)]
	responses := make(map[string]newest)
	of := func(row map[string]any) string { return fmt.Sprint(row["survey_id"], "/", row["response_id"]) }
	for _, row := range rows {
		at, err := time.Parse(time.RFC3339Nano, fmt.Sprint(row["last_modified_date"]))
		if err != nil {
			t.Fatal(err)
		}
		if held, ok := responses[of(row)]; !ok || !at.Before(held.at) {
			responses[of(row)] = newest{at, row["response_version"]}
		}
	}
	live := make(table)
	for _, row := range rows {
		if responses[of(row)].version == row["response_version"] && row[own] != record.MarkerKey {
			live[key(name, row)] = row
		}
	}
	return live
}

// partReader reads one stream with several rows of a response, and keeps all rows.
type partReader struct {
	*tenant
	stream string
	rows   partRows
	state  []byte
}

// newPartReader returns a tenant whose deletions are followed.
func newPartReader(t *testing.T, name string, options sandbox.Options) *partReader {
	t.Helper()
	tn := newTenant(t, options)
	tn.config["deletions"] = map[string]any{"mode": "reconcile", "audit_days": 1}
	tn.Advance(time.Hour, true)
	return &partReader{tenant: tn, stream: name}
}

// next reads what is new.
func (p *partReader) next(t *testing.T) *reading {
	t.Helper()
	r := p.readComplete(t, p.state, p.stream)
	p.rows, p.state = append(p.rows, r.records[p.stream]...), r.states
	return r
}

// compare compares the rows that count with the truth.
func (p *partReader) compare(t *testing.T, after string, ignored ...string) {
	t.Helper()
	p.ignored, p.equal = ignored, nil
	p.exactTruth(t, map[string]table{p.stream: p.rows.live(t, p.stream)}, p.stream)
	if t.Failed() {
		t.Fatal("after " + after)
	}
}

// change edits, empties and deletes responses of each survey, and reads that.
func (p *partReader) change(t *testing.T) {
	t.Helper()
	for _, survey := range keysOfTruth(t, p.tenant, "surveys") {
		p.DeleteResponses(survey, 3)
		p.EmptyResponses(survey, 2)
	}
	p.SetActivity(2, 0, 0)
	p.Advance(2*24*time.Hour, false)
	p.SetActivity(0, 0, 0)
	for range 5 {
		p.Advance(20*time.Minute, true)
		p.next(t)
	}
	deleted := slices.ContainsFunc(p.rows, func(row map[string]any) bool { return row["response_version"] == record.DeletedVersion })
	if live := p.rows.live(t, p.stream); len(live) >= len(p.rows) || !deleted {
		t.Errorf("%d of %d rows count, and one of a deleted response came: %t", len(live), len(p.rows), deleted)
	}
}
