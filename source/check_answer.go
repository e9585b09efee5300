package source

import (
	"log/slog"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/failures"
)

// answer reports whether a configuration works. In a pipe it is a message of the
// protocol, and the exit code is 0 either way. On a terminal it is a sentence with
// the next step, and the exit code of a failure is 1.
func (r *invocation) answer(works bool, message, file string) (int, error) {
	if !r.talks {
		return failures.ExitOK, failures.OfSink(r.messages.ConnectionStatus(works, message))
	}
	if works {
		text := "The configuration works.\n"
		if message != "" {
			text += sentence(message) + "\n"
		}
		return r.print(text + "To get the data: source-qualtrics export --config " + file + " --to DIR\n")
	}
	code, err := r.print("The configuration does not work: " + message + ".\nWhen that is mended, try again: source-qualtrics check --config " + file + "\n")
	if err != nil {
		return code, err
	}
	return failures.ExitConfig, nil
}

// sentence makes a message begin with a capital and end with a full stop.
func sentence(message string) string {
	return strings.ToUpper(message[:1]) + strings.TrimSuffix(message[1:], ".") + "."
}

// detailLevel is the level of details of a failed check: a platform keeps them
// in its log, a person asks for them.
func (r *invocation) detailLevel() slog.Level {
	if r.talks {
		return slog.LevelDebug
	}
	return slog.LevelInfo
}
