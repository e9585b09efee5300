package source

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/config"
	"github.com/birdie-ai/source-qualtrics/source/engine"
	"github.com/birdie-ai/source-qualtrics/source/failures"
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
		return state, failures.Config("reading the state: %w", err)
	}
	return state, nil
}

// warnAboutState warns of a state without a position of the selected streams.
func (r *invocation) warnAboutState(state singer.State, wants []engine.Want) {
	var others []string
	for name := range state.Bookmarks {
		if _, ok := stream.ByName(name); !ok {
			others = append(others, fmt.Sprintf("%.80s", name))
		}
	}
	if slices.Sort(others); len(others) > 0 {
		r.log.Warn("the state has bookmarks of streams that this tap does not have: they are passed on as they are", "streams", strings.Join(others[:min(len(others), 10)], ","))
	}
	known := func(w engine.Want) bool { return state.Bookmarks[w.Stream.Name] != nil }
	if !state.Empty() && len(wants) > 0 && !slices.ContainsFunc(wants, known) {
		r.log.Warn("the state has no bookmark of a selected stream: all of them are read from the beginning")
	}
}

// tapReadable leaves the streams that the account cannot read out of the default
// selection.
func (r *invocation) tapReadable(ctx context.Context, s *config.Settings, wants []engine.Want) ([]engine.Want, error) {
	client, err := r.client(s, nil)
	if err != nil {
		return nil, err
	}
	readable, err := r.readable(ctx, s, client)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(wants, func(w engine.Want) bool { return !slices.Contains(readable, w.Stream) }), nil
}

// tapCatalog reads the selected streams; without a catalog, all default streams.
func (r *invocation) tapCatalog(file string, nestedAsText bool) (wants []engine.Want, columns func(stream, column string) bool, err error) {
	if file == "" {
		for _, s := range byDefault() {
			wants = append(wants, engine.Want{Stream: s, Refresh: !s.Incremental()})
		}
		return wants, nil, nil
	}
	text, err := r.input("catalog", file)
	if err != nil {
		return nil, nil, err
	}
	selection, err := singer.ParseCatalog(text)
	if err != nil {
		return nil, nil, failures.Config("reading the catalog: %w; --discover prints one", err)
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
		if err := r.compareCatalog(&selected, known, nestedAsText); err != nil {
			return nil, nil, err
		}
		chosen[known.Name] = selected
		wants = append(wants, engine.Want{Stream: known, Refresh: selected.Method == singer.FullTable || !known.Incremental()})
	}
	if len(wants) == 0 {
		r.log.Warn("the catalog selects no stream: nothing is read")
	}
	return wants, func(stream, column string) bool {
		selected := chosen[stream]
		return selected.Has(column)
	}, nil
}

// compareCatalog logs the wishes of a catalog that are not met.
func (r *invocation) compareCatalog(selected *singer.SelectedStream, known *stream.Stream, nestedAsText bool) error {
	for _, column := range selected.Unknown(known.Table()) {
		r.log.Warn("the catalog names a column that does not exist", "stream", known.Name, "column", fmt.Sprintf("%.80s", column))
	}
	info, err := known.Info()
	if err != nil {
		return err
	}
	unheeded, lacking, err := selected.Differences(info, nestedAsText)
	if err != nil {
		return err
	}
	for _, what := range unheeded {
		r.log.Warn("a part of the catalog is ignored", "stream", known.Name, "what", what)
	}
	if len(lacking) > 0 {
		r.log.Info("columns are left out because the schema of the catalog lacks them", "stream", known.Name, "columns", strings.Join(lacking, ","))
	}
	return nil
}
