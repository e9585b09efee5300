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
func (r *invocation) tapReadable(ctx context.Context, s *config.Settings, wants []engine.Want, state singer.State) ([]engine.Want, error) {
	client, err := r.client(s, nil)
	if err != nil {
		return nil, err
	}
	readable, wide, err := r.readable(ctx, s, client, state.Bookmarks, noColumns)
	if err != nil {
		return nil, err
	}
	wants = slices.DeleteFunc(wants, func(w engine.Want) bool { return !slices.Contains(readable, w.Stream) })
	return append(wants, wide...), nil
}

// tapChoice is the selection of a catalog.
type tapChoice struct {
	wants   []engine.Want
	columns func(stream, column string) bool // nil: all
	bare    map[string]bool                  // wide streams whose columns the catalog does not name
}

// tapCatalog reads the selected streams; without a catalog, all default streams.
func (r *invocation) tapCatalog(file string, nestedAsText bool) (*tapChoice, error) {
	choice := &tapChoice{bare: make(map[string]bool)}
	if file == "" {
		for _, s := range byDefault() {
			choice.wants = append(choice.wants, engine.Want{Stream: s, Refresh: !s.Incremental()})
		}
		return choice, nil
	}
	text, err := r.input("catalog", file)
	if err != nil {
		return nil, err
	}
	selection, err := singer.ParseCatalog(text)
	if err != nil {
		return nil, failures.Config("reading the catalog: %w; --discover prints one", err)
	}
	for _, what := range selection.Ignored {
		r.log.Warn("a part of the catalog is ignored", "what", what)
	}
	chosen := make(map[string]singer.SelectedStream)
	for _, selected := range selection.Streams {
		known, bare, err := streamOf(selected.Name, selected.Properties())
		if err != nil {
			return nil, failures.Config("reading the catalog: %w", err)
		}
		if known == nil {
			r.log.Warn("the catalog selects a stream that does not exist: it is left out", "stream", fmt.Sprintf("%.80s", selected.Name))
			continue
		}
		if err := r.compareCatalog(&selected, known, nestedAsText); err != nil {
			return nil, err
		}
		chosen[known.Name] = selected
		choice.bare[known.Name] = bare
		choice.wants = append(choice.wants, engine.Want{Stream: known, Refresh: selected.Method == singer.FullTable || !known.Incremental()})
	}
	if len(choice.wants) == 0 {
		r.log.Warn("the catalog selects no stream: nothing is read")
	}
	choice.columns = func(stream, column string) bool {
		selected := chosen[stream]
		return selected.Has(column)
	}
	return choice, nil
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
