package sandbox

import (
	"bytes"
	"encoding/json"
	"iter"
	"strings"
	"testing"
	"time"
)

var testEpoch = time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)

func testWorld(t testing.TB, o worldOptions) *world {
	t.Helper()
	if o.Seed == 0 {
		o.Seed = 7
	}
	if o.Epoch.IsZero() {
		o.Epoch = testEpoch
	}
	return newWorld(o)
}

func joined(rows iter.Seq[[]byte]) string {
	var b bytes.Buffer
	for row := range rows {
		b.Write(row)
		b.WriteByte('\n')
	}
	return b.String()
}

func everything(t testing.TB, w *world) string {
	t.Helper()
	var b strings.Builder
	for _, kind := range []string{"surveys", "responses", "contacts"} {
		rows, ok := w.truth(kind)
		if !ok {
			t.Fatalf("truth(%q): unknown kind", kind)
		}
		b.WriteString(joined(rows))
	}
	for _, s := range w.listed() {
		b.WriteString(joined(s.export(exportQuery{}).records))
		for _, body := range []any{s.listElement(), s.legacyBody(), s.definitionBody(), s.responseSchema()} {
			encoded, err := json.Marshal(body)
			if err != nil {
				t.Fatalf("encoding a body of %s: %v", s.id(), err)
			}
			b.Write(encoded)
		}
	}
	return b.String()
}

func TestWorld_OneSeedIsOneWorld(t *testing.T) {
	t.Parallel()
	build := func(seed uint64) string {
		w := testWorld(t, worldOptions{Seed: seed, Surveys: 24, Responses: 800, Contacts: 300})
		at := testEpoch
		for range 3 {
			w.advance(at, at.Add(2*time.Hour), false)
			at = at.Add(2 * time.Hour)
		}
		return everything(t, w)
	}
	if first, again := build(1), build(1); first != again {
		t.Error("two worlds of one seed differ")
	}
	if build(1) == build(2) {
		t.Error("worlds of different seeds are equal")
	}
}

func TestWorld_SizesAreExact(t *testing.T) {
	t.Parallel()
	for _, o := range []worldOptions{
		{Surveys: 1, Responses: 100, Contacts: 10},
		{Surveys: 12, Responses: 2000, Contacts: 500},
		{Surveys: 100, Responses: 5000, Contacts: 50},
		{},
	} {
		w := testWorld(t, o)
		responses, contacts := 0, 0
		for _, s := range w.listed() {
			responses += s.responseCount()
		}
		for _, d := range w.directories() {
			for range d.contacts() {
				contacts++
			}
		}
		if len(w.listed()) != o.Surveys || responses != o.Responses || contacts != o.Contacts {
			t.Errorf("%+v: got %d surveys, %d responses, %d contacts", o, len(w.listed()), responses, contacts)
		}
	}
}

func TestWorld_FirstSurveysHaveNoRestrictions(t *testing.T) {
	t.Parallel()
	w := testWorld(t, worldOptions{Surveys: 60, Responses: 1000})
	viewOnly, closed := 0, 0
	for i, s := range w.listed() {
		if i < 10 && (!s.readable() || !s.canExport()) {
			t.Errorf("survey %d is restricted", i)
		}
		if !s.readable() {
			closed++
		} else if !s.canExport() {
			viewOnly++
		}
	}
	if viewOnly == 0 || viewOnly > 2 || closed != 1 {
		t.Errorf("got %d view-only and %d unreadable surveys", viewOnly, closed)
	}
	if _, found := w.survey(w.surveyIDs.format(0, 60)); !found {
		t.Error("the survey shared through a group cannot be reached by its id")
	}
}

func TestWorld_TenThousandSurveysAreQuick(t *testing.T) {
	t.Parallel()
	w := testWorld(t, worldOptions{Surveys: 10000, Responses: 20000})
	if got := len(w.listed()); got != 10000 {
		t.Fatalf("got %d surveys, want 10000", got)
	}
	seen := map[string]bool{}
	for _, s := range w.listed() {
		if seen[s.id()] || len(s.id()) != 18 {
			t.Fatalf("survey id %q is not unique or malformed", s.id())
		}
		seen[s.id()] = true
	}
}

func TestIdentifiers_AreReversible(t *testing.T) {
	t.Parallel()
	ids := newIdentifiers("R_", 3, kindResponseID)
	for _, c := range [][2]int{{0, 0}, {1, 2}, {9999, 1 << 30}, {1<<24 - 1, 1<<40 - 1}} {
		id := ids.format(c[0], c[1])
		owner, index, ok := ids.parse(id)
		if !ok || owner != c[0] || index != c[1] {
			t.Errorf("parse(%q) = %d, %d, %v; want %v", id, owner, index, ok, c)
		}
		for _, wrong := range []string{id[:len(id)-1] + "_", id + "0", "X" + id[1:], strings.ToLower(id)} {
			if _, _, ok := ids.parse(wrong); ok && wrong != id {
				t.Errorf("parse(%q) accepts an id that was never given out", wrong)
			}
		}
	}
}
