package source

import (
	"context"
	"flag"

	"github.com/birdie-ai/source-qualtrics/schemas"
	"github.com/birdie-ai/source-qualtrics/source/config"
	"github.com/birdie-ai/source-qualtrics/source/failures"
)

// DocumentationURL is the address of the documentation.
const DocumentationURL = "https://github.com/birdie-ai/source-qualtrics#readme"

// Spec returns the JSON Schema of the configuration, made of [config.Config].
func Spec() ([]byte, error) { return SpecOf(schemas.Published()) }

// SpecOf returns the same with the comments given.
func SpecOf(comments schemas.Comments) ([]byte, error) {
	return schemas.Spec(config.Config{}, "Qualtrics", config.Groups, comments)
}

func (r *invocation) specCommand(_ context.Context, flags *flag.FlagSet, args []string) (int, error) {
	if err := parse(flags, args); err != nil {
		return 0, err
	}
	spec, err := Spec()
	if err != nil {
		return 0, err
	}
	return failures.ExitOK, failures.OfSink(r.messages.Spec(spec, DocumentationURL))
}
