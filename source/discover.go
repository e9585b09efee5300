package source

import (
	"context"
	"flag"

	"github.com/birdie-ai/source-qualtrics/source/airbyte"
	"github.com/birdie-ai/source-qualtrics/source/failures"
	"github.com/birdie-ai/source-qualtrics/source/stream"
)

// discoverCommand prints every stream. Only wide streams depend on the account. Without them
// it calls nobody and always says the same.
func (r *invocation) discoverCommand(ctx context.Context, flags *flag.FlagSet, args []string) (int, error) {
	file := flags.String("config", "", "configuration `file`")
	if err := parse(flags, args, "config"); err != nil {
		return 0, err
	}
	settings, err := r.loader().Load(*file)
	if err != nil {
		return 0, err
	}
	wide, err := r.discoverWide(ctx, settings)
	if err != nil {
		return 0, err
	}
	var catalog []airbyte.CatalogStream
	for _, s := range append(stream.All(), wide...) {
		schema, err := s.Schema()
		if err != nil {
			return 0, err
		}
		catalog = append(catalog, airbyte.CatalogStream{Name: s.Name, Schema: schema, Key: s.Key, Cursor: s.Cursor})
	}
	return failures.ExitOK, failures.OfSink(r.messages.Catalog(catalog))
}
