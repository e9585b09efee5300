package config

import (
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strconv"

	"github.com/birdie-ai/source-qualtrics/source/failures"
	"github.com/birdie-ai/source-qualtrics/source/pasted"
	"github.com/birdie-ai/source-qualtrics/source/redact"
)

// SandboxVariable names the environment variable that allows plain HTTP to loopback addresses when it is "1".
const SandboxVariable = "QUALTRICS_SANDBOX"

// Loader reads configurations from the files and the environment of the process.
type Loader struct {
	ReadFile func(name string) ([]byte, error)
	// Exposed reports whether other users can read a file; nil: unknown.
	Exposed  func(name string) bool
	Getenv   func(string) string
	Environ  func() []string  // all variables, each as NAME=value; nil: unknown
	Redactor *redact.Redactor // is given every secret
	Log      *slog.Logger
}

// Load reads a configuration file. The error names every problem.
func (l *Loader) Load(file string) (*Settings, error) {
	text, err := l.input(file)
	if err != nil {
		return nil, err
	}
	return l.understand(text, file, &findings{})
}

func (l *Loader) input(file string) ([]byte, error) {
	text, err := l.ReadFile(file)
	if err != nil {
		return nil, failures.Config("reading the configuration: %w", err)
	}
	return text, nil
}

// understand checks the text of a configuration; file is "" where no single file
// of the user's holds it. Earlier findings are reported with the new ones. The
// settings of other types were removed from the text.
func (l *Loader) understand(text []byte, file string, before *findings, others ...reflect.Type) (*Settings, error) {
	if _, problem := configJSON(text); problem != "" { // no setting was read, so none is missing
		return nil, (&findings{problems: append(before.problems, problem)}).err()
	}
	config, warnings, problems := decodeConfig(text, others...)
	warnings = append(warnings, l.fillSecrets(&config.Credentials)...)
	problems = append(problems, l.fillShard(&config.Shard)...)
	l.Redactor.Add(config.secrets()...)
	checked, more := config.check(l.Getenv(SandboxVariable) == "1")
	for _, warning := range slices.Concat(before.warnings, warnings, more.warnings) {
		l.Log.Warn(warning)
	}
	all := findings{problems: slices.Concat(before.problems, problems, more.problems)}
	if err := all.err(); err != nil {
		return nil, err
	}
	if l.Exposed != nil && file != "" && l.Exposed(file) {
		l.Log.Warn("other users of this machine can read the configuration, which holds credentials: take the permission away with chmod 600", "file", file)
	}
	return checked, nil
}

// fillSecrets takes a secret that the configuration leaves out from the
// environment, for runs by hand, and says so.
func (l *Loader) fillSecrets(c *Credentials) (warnings []string) {
	for _, each := range []struct {
		authType, variable string
		secret             *redact.Secret
	}{
		{APIToken, "QUALTRICS_API_TOKEN", &c.APIToken},
		{OAuth, "QUALTRICS_CLIENT_SECRET", &c.ClientSecret},
	} {
		if value := pasted.Text(l.Getenv(each.variable)); c.AuthType == each.authType && *each.secret == "" && value != "" {
			*each.secret = redact.Secret(value)
			warnings = append(warnings, "the credentials come from the environment: "+each.variable)
		}
	}
	return warnings
}

// indexVariable holds the number of a pod in an Indexed Job of Kubernetes.
const indexVariable = "JOB_COMPLETION_INDEX"

// fillShard takes the number of a share that the configuration leaves out from
// the environment.
func (l *Loader) fillShard(c *ShardConfig) (problems []string) {
	if c.Index != noIndex {
		return nil
	}
	c.Index = 0
	value := l.Getenv(indexVariable)
	if c.Count < 2 || value == "" {
		return nil
	}
	var err error
	if c.Index, err = strconv.Atoi(value); err != nil {
		c.Index = 0
		return []string{fmt.Sprintf("%s is %.20q, which is no number: set shard.index", indexVariable, value)}
	}
	l.Log.Info("the share comes from the environment", "variable", indexVariable, "index", c.Index, "count", c.Count)
	return nil
}
