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
		"no name":                             {func(s *Stream) { s.Name = "" }, "the name is not valid"},
		"upper case":                          {func(s *Stream) { s.Name = "Pairs" }, "the name is not valid"},
		"a dash":                              {func(s *Stream) { s.Name = "pairs-of" }, "the name is not valid"},
		"a digit first":                       {func(s *Stream) { s.Name = "2pairs" }, "the name is not valid"},
		"too long":                            {func(s *Stream) { s.Name = strings.Repeat("a", 64) }, "the name is not valid"},
		"a line feed at last":                 {func(s *Stream) { s.Name = "pairs\n" }, "the name is not valid"},
		"taken":                               {func(s *Stream) { s.Name = "responses" }, "the name is taken"},
		"no projection":                       {func(s *Stream) { s.Project = nil }, "no projection or no key"},
		"no key":                              {func(s *Stream) { s.Key = nil }, "no projection or no key"},
		"a key of no column":                  {func(s *Stream) { s.Key = []string{"id", "other"} }, `no column "other"`},
		"a cursor of no column":               {func(s *Stream) { s.Cursor = "other" }, `no column "other"`},
		"a need of another feed":              {func(s *Stream) { s.Needs = feed.NeedSchema }, "has no facts about surveys"},
		"a parent without a marker":           {func(s *Stream) { s.Parent = []string{"id"} }, "a parent or a marker, and not both"},
		"a marker without a parent":           {func(s *Stream) { s.Marker = project }, "a parent or a marker, and not both"},
		"a parent that is no part of the key": {func(s *Stream) { s.Parent, s.Marker = []string{"at"}, project }, "does not begin with its parent"},
		"no record":                           {func(s *Stream) { s.Record = nil }, "not a struct"},
		"a record of no columns":              {func(s *Stream) { s.Record = struct{ A string }{} }, "none found"},
		"a column name in upper case": {func(s *Stream) {
			s.Record = struct {
				ID string `json:"id"`
				At string `json:"At"`
			}{}
		}, `"At" is no column name`},
	} {
		s := valid
		test.change(&s)
		got := panicOf(func() { Register(&s) })
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
