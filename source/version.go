package source

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/birdie-ai/source-qualtrics/source/failures"
)

// Version is the release, equal to the image's tag.
const Version = "0.1.0"

func (r *invocation) versionCommand(_ context.Context, flags *flag.FlagSet, args []string) (int, error) {
	asJSON := flags.Bool("json", false, "print JSON")
	if err := parse(flags, args); err != nil {
		return 0, err
	}
	info := struct {
		Version string `json:"version"`
		Commit  string `json:"commit,omitempty"`
		Go      string `json:"go"`
	}{Version: Version, Go: runtime.Version()}
	if build, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range build.Settings {
			if setting.Key == "vcs.revision" {
				info.Commit = setting.Value
			}
		}
	}
	if *asJSON {
		return r.printJSON(info)
	}
	line := "source-qualtrics " + info.Version
	if info.Commit != "" {
		line += fmt.Sprintf(" (%.12s)", info.Commit)
	}
	return r.print(line + ", " + info.Go + "\n")
}

// print writes the result of a command to stdout.
func (r *invocation) print(text string) (int, error) {
	if _, err := r.Stdout.Write([]byte(text)); err != nil {
		return 0, failures.OfSink(err)
	}
	return failures.ExitOK, nil
}

// printIndented prints a value on short lines.
func (r *invocation) printIndented(value any) (int, error) {
	encoded, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return 0, err
	}
	return r.print(string(encoded) + "\n")
}

func (r *invocation) printJSON(value any) (int, error) {
	encoded, err := json.Marshal(value)
	if err != nil {
		return 0, err
	}
	return r.print(string(encoded) + "\n")
}
