package source

import (
	"fmt"
	"slices"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/singer"
	"github.com/birdie-ai/source-qualtrics/source/stream"
)

// tapState reads the state; no file is an empty one.
func (r *invocation) tapState(file string) (singer.State, error) {
	if file == "" {
		return singer.ParseState(nil)
	}
	text, err := r.input("state", file)
	if err != nil {
		return singer.State{}, err
	}
	state, err := singer.ParseState(text)
	if err != nil {
		return state, configErrorf("reading the state: %w", err)
	}
	return state, nil
}

// judge tells of a state that is of less use than it looks.
func (r *invocation) judge(state singer.State, wants []want) {
	var others []string
	for name := range state.Bookmarks {
		if _, ok := stream.ByName(name); !ok {
			others = append(others, fmt.Sprintf("%.80s", name))
		}
	}
	if slices.Sort(others); len(others) > 0 {
		r.log.Warn("the state has bookmarks of streams that this tap does not have: they are passed on as they are", "streams", strings.Join(others[:min(len(others), 10)], ","))
	}
	known := func(w want) bool { return state.Bookmarks[w.stream.Name] != nil }
	if !state.Empty() && len(wants) > 0 && !slices.ContainsFunc(wants, known) {
		r.log.Warn("the state has no bookmark of a selected stream: all of them are read from the beginning")
	}
}

// tapCatalog reads what is selected; without a catalog everything is.
func (r *invocation) tapCatalog(file string) (wants []want, columns func(stream, column string) bool, err error) {
	if file == "" {
		for _, s := range stream.All() {
			wants = append(wants, want{s, !s.Incremental()})
		}
		return wants, nil, nil
	}
	text, err := r.input("catalog", file)
	if err != nil {
		return nil, nil, err
	}
	selection, err := singer.ParseCatalog(text)
	if err != nil {
		return nil, nil, configErrorf("reading the catalog: %w; --discover prints one", err)
	}
	for _, what := range selection.Ignored {
		r.log.Warn("a part of the catalog is ignored", "what", what)
	}
	chosen := make(map[string]singer.SelectedStream)
	for _, selected := range selection.Streams {
		known, ok := stream.ByName(selected.Name)
		if !ok {
			r.log.Warn("the catalog selects a stream that does not exist: it is left out", "stream", fmt.Sprintf("%.80s", selected.Name))
			continue
		}
		for _, column := range selected.Unwanted() {
			if !known.Table().Has(column) && !strings.HasPrefix(column, "_") {
				r.log.Warn("the catalog leaves out a column that does not exist", "stream", known.Name, "column", fmt.Sprintf("%.80s", column))
			}
		}
		chosen[known.Name] = selected
		wants = append(wants, want{known, selected.Method == singer.FullTable || !known.Incremental()})
	}
	if len(wants) == 0 {
		r.log.Warn("the catalog selects no stream: nothing is read")
	}
	return wants, func(stream, column string) bool {
		selected := chosen[stream]
		return selected.Has(column)
	}, nil
}
