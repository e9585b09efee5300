package source

import (
	"regexp"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/failures"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/redact"
)

var (
	secretName = regexp.MustCompile(`(?i)token|secret|passw|api-?key|credential|authorization|bearer`)
	// A token is a long word of letters and digits, which no name of a file,
	// stream or command is.
	tokenLike = regexp.MustCompile(`^[A-Za-z0-9]{32,}$|^eyJ[A-Za-z0-9_.-]{30,}$|(?i:^bearer\s)`)
)

// checkArguments refuses secrets on the command line, where every user of the
// machine can read them. The error shows none.
func (r *invocation) checkArguments(args []string) error {
	var refused error
	for _, arg := range args {
		name, value, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		for _, part := range []string{name, value} {
			if tokenLike.MatchString(part) && strings.ContainsAny(part, "0123456789") {
				r.redactor.Add(redact.Secret(part))
				refused = failures.Usage("an argument looks like a secret, which everybody on this machine can read on the command line: put it into the configuration file, and renew it if it is one; if it is the name of a file, write ./ in front of it")
			}
		}
		if strings.HasPrefix(arg, "-") && secretName.MatchString(name) {
			r.redactor.Add(redact.Secret(value))
			if refused == nil {
				refused = failures.Usage("--%.40s: secrets are not taken from the command line, where everybody on this machine can read them: put them into the configuration file", record.OneLine(name))
			}
		}
	}
	return refused
}
