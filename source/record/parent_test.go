package record_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/record"
)

type part struct {
	Owner   string    `json:"owner"`
	Name    string    `json:"name"`
	At      time.Time `json:"at"`
	Version string    `json:"version"`
	Count   int64     `json:"count"`
	Text    *string   `json:"text"`
}

func infoOfParts(t *testing.T) record.Info {
	t.Helper()
	return record.Info{
		Stream: "parts", Schema: []byte(`{}`), Table: table(t, part{}), Key: []string{"owner", "name"}, Cursor: "at",
		Parent: []string{"owner"}, Version: "version",
	}
}

func TestInfo_RefusesAnInvalidParent(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*record.Info)
		says   string
	}{
		"a valid one":                      {func(*record.Info) {}, ""},
		"a version without a parent":       {func(i *record.Info) { i.Parent = nil }, "it has a version and no parent"},
		"no version":                       {func(i *record.Info) { i.Version = "" }, `its column "" is not a text`},
		"a version of no column":           {func(i *record.Info) { i.Version = "other" }, `it has no column "other"`},
		"a version that can be null":       {func(i *record.Info) { i.Version = "text" }, `its column "text" is not a text that is never null`},
		"a version that is a number":       {func(i *record.Info) { i.Version = "count" }, `its column "count" is not a text`},
		"no cursor":                        {func(i *record.Info) { i.Cursor = "" }, "no cursor"},
		"the whole key":                    {func(i *record.Info) { i.Parent = i.Key }, "does not begin with its parent"},
		"another part of the key":          {func(i *record.Info) { i.Parent = []string{"name"} }, "does not begin with its parent"},
		"a key that holds no marker":       {func(i *record.Info) { i.Key = []string{"owner", "count"} }, `its column "count" is not a text`},
		"a column that deletes rows":       {func(i *record.Info) { i.Table, i.Key[1] = table(t, removablePart{}), "id" }, `its column "removed" deletes rows`},
		"a column that Airbyte deletes by": {func(i *record.Info) { i.Table, i.Key[1] = table(t, airbytePart{}), "id" }, `its column "again" deletes rows`},
	} {
		info := infoOfParts(t)
		test.change(&info)
		err := info.Check()
		if (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), "beginning stream parts: ") || err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: got %v, want %q", name, err, test.says)
		}
	}
}

type removablePart struct {
	Owner   string     `json:"owner"`
	ID      string     `json:"id"`
	At      time.Time  `json:"at"`
	Version string     `json:"version"`
	Removed *time.Time `json:"removed" column:"deletion"`
}

type airbytePart struct {
	Owner   string     `json:"owner"`
	ID      string     `json:"id"`
	At      time.Time  `json:"at"`
	Version string     `json:"version"`
	Again   *time.Time `json:"again" column:"protocol=airbyte"`
}

func TestInfo_FixedColumns(t *testing.T) {
	t.Parallel()
	info := infoOfParts(t)
	if diff := cmp.Diff([]string{"owner", "name", "at", "version"}, info.Fixed()); diff != "" {
		t.Errorf("with a parent (-want +got):\n%s", diff)
	}
	info.Parent, info.Version, info.Cursor = nil, "", "name"
	if diff := cmp.Diff([]string{"owner", "name"}, info.Fixed()); diff != "" {
		t.Errorf("with a cursor in the key (-want +got):\n%s", diff)
	}
}

func TestParents_TellsWhereAParentBegins(t *testing.T) {
	t.Parallel()
	info := infoOfParts(t)
	rows := []part{{Owner: "1", Name: "a"}, {Owner: "1", Name: "b"}, {Owner: "2", Name: "b"}, {Owner: "1", Name: "a"}, {Owner: "1", Name: "a", Version: "x"}}
	begins := func() (all []bool) {
		parents := record.NewParents(info)
		for i := range rows {
			row, err := info.Table.Row(&rows[i])
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, parents.Begins(row))
		}
		return all
	}
	if diff := cmp.Diff([]bool{true, false, true, true, false}, begins()); diff != "" {
		t.Errorf("of rows with parents (-want +got):\n%s", diff)
	}
	info.Parent = nil
	if diff := cmp.Diff([]bool{true, true, true, true, true}, begins()); diff != "" {
		t.Errorf("of rows without parents (-want +got):\n%s", diff)
	}
}
