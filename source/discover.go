package source

import (
	"context"
	"flag"
	"sync"

	"github.com/birdie-ai/source-qualtrics/schemas"
	"github.com/birdie-ai/source-qualtrics/source/airbyte"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/stream"
)

// madeSchemas holds what streamSchema made, by stream: it does not change.
var madeSchemas sync.Map

// streamSchema is the JSON Schema of a stream's records.
func streamSchema(s *stream.Stream) ([]byte, error) {
	if made, ok := madeSchemas.Load(s); ok {
		return made.([]byte), nil
	}
	schema, err := schemas.Record(s.Record, schemas.Published())
	if err != nil {
		return nil, err
	}
	madeSchemas.Store(s, schema)
	return schema, nil
}

// streamInfo describes a stream to a sink.
func streamInfo(s *stream.Stream) (record.Info, error) {
	schema, err := streamSchema(s)
	return record.Info{Stream: s.Name, Schema: schema, Table: s.Table(), Key: s.Key, Cursor: s.Cursor}, err
}

// discoverCommand prints every stream. The streams do not depend on the
// account, so it calls nobody and always says the same.
func (r *invocation) discoverCommand(_ context.Context, flags *flag.FlagSet, args []string) (int, error) {
	file := flags.String("config", "", "configuration `file`")
	if err := parse(flags, args, "config"); err != nil {
		return 0, err
	}
	if _, err := r.configure(*file); err != nil {
		return 0, err
	}
	var catalog []airbyte.CatalogStream
	for _, s := range stream.All() {
		schema, err := streamSchema(s)
		if err != nil {
			return 0, err
		}
		catalog = append(catalog, airbyte.CatalogStream{Name: s.Name, Schema: schema, Key: s.Key, Cursor: s.Cursor})
	}
	return ExitOK, sunk(r.messages.Catalog(catalog))
}
