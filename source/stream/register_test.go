package stream

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/feed"
)

type pair struct {
	ID string `json:"id"`
	At string `json:"at"`
}

func TestRegister_RefusesWhatCannotBeATable(t *testing.T) {
	t.Parallel()
	before := maps.Clone(streams)
	project := func(*feed.Document, Emit) error { return nil }
	valid := Stream{Name: "pairs", Record: pair{}, Key: []string{"id"}, Cursor: "at", Project: project}
	for name, test := range map[string]struct {
		change func(*Stream)
		want   string
	}{
		"no name":                {func(s *Stream) { s.Name = "" }, "not valid or taken"},
		"upper case":             {func(s *Stream) { s.Name = "Pairs" }, "not valid or taken"},
		"a dash":                 {func(s *Stream) { s.Name = "pairs-of" }, "not valid or taken"},
		"a digit first":          {func(s *Stream) { s.Name = "2pairs" }, "not valid or taken"},
		"too long":               {func(s *Stream) { s.Name = strings.Repeat("a", 64) }, "not valid or taken"},
		"a line feed at last":    {func(s *Stream) { s.Name = "pairs\n" }, "not valid or taken"},
		"taken":                  {func(s *Stream) { s.Name = "responses" }, "not valid or taken"},
		"no projection":          {func(s *Stream) { s.Project = nil }, "no projection or no key"},
		"no key":                 {func(s *Stream) { s.Key = nil }, "no projection or no key"},
		"a key of no column":     {func(s *Stream) { s.Key = []string{"id", "other"} }, `no column "other"`},
		"a cursor of no column":  {func(s *Stream) { s.Cursor = "other" }, `no column "other"`},
		"no record":              {func(s *Stream) { s.Record = nil }, "not a struct"},
		"a record of no columns": {func(s *Stream) { s.Record = struct{ A string }{} }, "none found"},
		"a column name in upper case": {func(s *Stream) {
			s.Record = struct {
				ID string `json:"id"`
				At string `json:"At"`
			}{}
		}, `"At" is no column name`},
	} {
		s := valid
		test.change(&s)
		got := panicOf(func() { register(&s) })
		if !strings.Contains(got, test.want) || !strings.Contains(got, fmt.Sprintf("registering stream %q", s.Name)) {
			t.Errorf("%s: got %q, want a panic with %q", name, got, test.want)
		}
	}
	if len(streams) != len(before) {
		t.Errorf("got %d streams, want %d: a refused one was registered", len(streams), len(before))
	}
}

func panicOf(do func()) (message string) {
	defer func() { message = fmt.Sprint(recover()) }()
	do()
	return ""
}
