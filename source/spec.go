package source

import (
	"context"
	"flag"

	"github.com/birdie-ai/source-qualtrics/schemas"
)

// DocumentationURL is where users read on.
const DocumentationURL = "https://github.com/birdie-ai/source-qualtrics#readme"

// Spec returns the JSON Schema of the configuration, made of [Config].
func Spec() ([]byte, error) { return SpecOf(schemas.Published()) }

// SpecOf returns the same with the comments given.
func SpecOf(comments schemas.Comments) ([]byte, error) {
	return schemas.Spec(Config{}, "Qualtrics", specGroups, comments)
}

func (r *invocation) specCommand(_ context.Context, flags *flag.FlagSet, args []string) (int, error) {
	if err := parse(flags, args); err != nil {
		return 0, err
	}
	spec, err := Spec()
	if err != nil {
		return 0, err
	}
	return ExitOK, sunk(r.messages.Spec(spec, DocumentationURL))
}
