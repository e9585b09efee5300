package source

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/redact"
)

// sandboxVariable allows plain HTTP to loopback addresses when it is "1".
const sandboxVariable = "QUALTRICS_SANDBOX"

// settings is a configuration that was checked and understood.
type settings struct {
	config    Config
	origin    qualtrics.Origin
	sandbox   bool
	selection feed.Selection
	start     time.Time
	resync    map[string]time.Time
}

// configure reads the configuration file. The error names every problem.
func (r *invocation) configure(file string) (*settings, error) {
	text, err := r.input("configuration", file)
	if err != nil {
		return nil, err
	}
	return r.understand(text, file, &findings{})
}

// understand checks a configuration that came from a file of the user's; ""
// where it did not. What was found in it before is told with the rest.
func (r *invocation) understand(text []byte, file string, before *findings) (*settings, error) {
	config, warnings, problems := decodeConfig(text)
	warnings = append(warnings, r.fillSecrets(&config.Credentials)...)
	problems = append(problems, r.fillShard(&config.Shard)...)
	r.redactor.Add(config.secrets()...)
	checked, more := config.check(r.Getenv(sandboxVariable) == "1")
	for _, warning := range slices.Concat(before.warnings, warnings, more.warnings) {
		r.log.Warn(warning)
	}
	all := findings{problems: slices.Concat(before.problems, problems, more.problems)}
	if err := all.err(); err != nil {
		return nil, err
	}
	if files, ok := r.Files.(exposer); ok && file != "" && files.Exposed(file) {
		r.log.Warn("other users of this machine can read the configuration, which holds credentials: take the permission away with chmod 600", "file", file)
	}
	return checked, nil
}

// exposer is a file system that knows who may read a file.
type exposer interface {
	// Exposed reports whether a file can be read by others than its owner.
	Exposed(name string) bool
}

// fillSecrets takes a secret that the configuration leaves out from the
// environment, for runs by hand, and says so.
func (r *invocation) fillSecrets(c *Credentials) (warnings []string) {
	for _, each := range []struct {
		authType, variable string
		secret             *redact.Secret
	}{
		{authAPIToken, "QUALTRICS_API_TOKEN", &c.APIToken},
		{authOAuth, "QUALTRICS_CLIENT_SECRET", &c.ClientSecret},
	} {
		if value := r.Getenv(each.variable); c.AuthType == each.authType && *each.secret == "" && value != "" {
			*each.secret = redact.Secret(value)
			warnings = append(warnings, "the credentials come from the environment: "+each.variable)
		}
	}
	return warnings
}

// indexVariable is where Kubernetes tells the pods of an Indexed Job apart.
const indexVariable = "JOB_COMPLETION_INDEX"

// fillShard takes the number of a share that the configuration leaves out from
// the environment.
func (r *invocation) fillShard(c *ShardConfig) (problems []string) {
	if c.Index != noIndex {
		return nil
	}
	c.Index = 0
	value := r.Getenv(indexVariable)
	if c.Count < 2 || value == "" {
		return nil
	}
	var err error
	if c.Index, err = strconv.Atoi(value); err != nil {
		c.Index = 0
		return []string{fmt.Sprintf("%s is %.20q, which is no number: set shard.index", indexVariable, value)}
	}
	r.log.Info("the share comes from the environment", "variable", indexVariable, "index", c.Index, "count", c.Count)
	return nil
}

// input reads a file that the user named; what cannot be read is theirs to
// solve.
func (r *invocation) input(what, file string) ([]byte, error) {
	text, err := r.Files.ReadFile(file)
	if err != nil {
		return nil, configErrorf("reading the %s: %w", what, err)
	}
	return text, nil
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// secrets lists what must never be printed.
func (c *Config) secrets() []redact.Secret {
	secrets := []redact.Secret{c.Credentials.ClientSecret, c.Credentials.APIToken, c.Network.ClientKey}
	// Text is masked line by line.
	for line := range strings.Lines(c.Network.ClientKey.Reveal()) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "-----") {
			secrets = append(secrets, redact.Secret(line))
		}
	}
	if proxy, err := url.Parse(c.Network.Proxy.Reveal()); err == nil {
		secrets = append(secrets, proxySecret(proxy))
	}
	return secrets
}

// proxySecret is the password of a proxy; a user without one is a token.
func proxySecret(proxy *url.URL) redact.Secret {
	if proxy.User == nil {
		return ""
	}
	if password, ok := proxy.User.Password(); ok {
		return redact.Secret(password)
	}
	return redact.Secret(proxy.User.Username())
}

const shortProxySecret = "the password of the proxy is shorter than 8 characters, so that it cannot be told from other text where it has to be masked: use a longer one"

// tooShort reports whether a secret cannot be masked.
func tooShort(secret redact.Secret) bool { return secret != "" && len(secret) < redact.MinLength }

// findings is what a check found.
type findings struct{ warnings, problems []string }

// err tells of the problems at once; nil: there is none.
func (f *findings) err() error {
	if len(f.problems) == 0 {
		return nil
	}
	return configErrorf("the configuration has %s: %s", count(len(f.problems), "problem", "problems"), strings.Join(f.problems, "; "))
}

func (f *findings) problem(format string, args ...any) {
	f.problems = append(f.problems, fmt.Sprintf(format, args...))
}

// check finds everything that is wrong with a configuration.
func (c *Config) check(sandbox bool) (*settings, *findings) {
	found := &findings{}
	checked := &settings{config: *c, sandbox: sandbox}
	checked.origin = c.checkOrigin(found, sandbox)
	c.Credentials.check(found)
	checked.start = found.time("start_date", c.StartDate)
	checked.selection = c.Surveys.check(found)
	checked.resync = c.Surveys.Resync.check(found)
	checked.selection.Directories = found.ids("directories", "POOL_", c.Directories)
	found.within("lookback_minutes", c.LookbackMinutes, 1, 1440)
	if c.Deletions.Mode != "reconcile" && c.Deletions.Mode != deletionsOff {
		found.problem("deletions.mode is %.40q; it can be reconcile or off", c.Deletions.Mode)
	}
	found.within("deletions.audit_days", c.Deletions.AuditDays, 1, 365)
	c.Limits.check(found)
	c.Network.check(found)
	found.within("shard.count", c.Shard.Count, 1, 1000)
	if c.Shard.Index < 0 || c.Shard.Index >= c.Shard.Count {
		found.problem("shard.index must be from 0 to shard.count - 1, not %d", c.Shard.Index)
	}
	if least := min(c.Limits.RequestsPerMinute, c.Limits.ExportsPerMinute); c.Shard.Count > max(1, least) {
		found.problem("shard.count must not exceed limits.exports_per_minute or limits.requests_per_minute, which the shares divide among them")
	}
	checked.selection.ShardIndex, checked.selection.ShardCount = c.Shard.Index, c.Shard.Count
	return checked, found
}

func (c *Config) checkOrigin(found *findings, sandbox bool) (origin qualtrics.Origin) {
	var err error
	switch {
	case c.BaseURL != "":
		if origin, err = qualtrics.ParseBaseURL(c.BaseURL, sandbox); err != nil {
			found.problem("base_url: %v", err)
		}
	case c.DataCenter == "":
		found.problem("data_center is missing: it is the first part of your Qualtrics address, such as iad1 in https://iad1.qualtrics.com")
	default:
		var warning string
		if origin, warning, err = qualtrics.ParseDataCenter(c.DataCenter); err != nil {
			found.problem("data_center: %v", err)
		} else if warning != "" {
			found.warnings = append(found.warnings, "data_center: "+warning)
		}
	}
	return origin
}

// check never shows a value: it may be a secret in the wrong field.
func (c *Credentials) check(found *findings) {
	switch c.AuthType {
	case "":
		found.problem("credentials.auth_type is missing: it is %s or %s", authOAuth, authAPIToken)
	case authOAuth:
		if c.ClientID == "" {
			found.problem("credentials.client_id is missing")
		} else if !printable(c.ClientID) {
			found.problem("credentials.client_id holds spaces or characters that no client id has")
		}
		found.secret("credentials.client_secret", c.ClientSecret)
	case authAPIToken:
		found.secret("credentials.api_token", c.APIToken)
	default:
		found.problem("credentials.auth_type must be %s or %s", authOAuth, authAPIToken)
	}
}

func (f *findings) secret(name string, secret redact.Secret) {
	switch value := secret.Reveal(); {
	case value == "":
		f.problem("%s is missing", name)
	case !printable(value):
		f.problem("%s holds spaces, line ends or characters that none has: paste it again", name)
	case len(value) < redact.MinLength:
		f.problem("%s is shorter than %d characters: paste all of it", name, redact.MinLength)
	}
}

// printable reports whether text is made of visible ASCII characters.
func printable(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}

// time reads a date or a time, both in UTC where they name no zone.
func (f *findings) time(name, text string) time.Time {
	if text == "" {
		return time.Time{}
	}
	// Meltano hands over times without a zone.
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			if at.Year() < 1990 || at.Year() > 2200 {
				break
			}
			return at.UTC()
		}
	}
	f.problem("%s must be a time such as 2024-01-01T00:00:00Z, not %.40q", name, text)
	return time.Time{}
}

var idPattern = regexp.MustCompile(`^[A-Za-z]+_[A-Za-z0-9]{1,40}$`)

// ids checks a list of ids of one kind.
func (f *findings) ids(name, prefix string, ids []string) []string {
	checked := make([]string, 0, len(ids))
	for _, id := range ids {
		id = strings.TrimSpace(id)
		if !strings.HasPrefix(id, prefix) || !idPattern.MatchString(id) {
			f.problem("%s: %.60q is not an id of the form %s…", name, id, prefix)
			continue
		}
		checked = append(checked, id)
	}
	return checked
}

func (f *findings) within(name string, value, low, high int) {
	if value < low || value > high {
		f.problem("%s must be from %d to %d, not %d", name, low, high, value)
	}
}

func (c *SurveysConfig) check(found *findings) feed.Selection {
	selection := feed.Selection{
		IDs:           found.ids("surveys.ids", "SV_", c.IDs),
		Include:       c.Include,
		Exclude:       c.Exclude,
		ActiveOnly:    c.ActiveOnly,
		Owners:        found.ids("surveys.owners", "UR_", c.Owners),
		ModifiedSince: found.time("surveys.modified_since", c.ModifiedSince),
		FailOnDenied:  c.OnDenied == "fail",
	}
	if c.OnDenied != "skip" && c.OnDenied != "fail" {
		found.problem("surveys.on_denied must be skip or fail, not %.40q", c.OnDenied)
	}
	for _, pattern := range append(slices.Clone(c.Include), c.Exclude...) {
		if pattern == "" {
			found.problem("surveys.include and surveys.exclude: an empty name matches nothing; use * for every name")
			break
		}
	}
	return selection
}

func (r Resync) check(found *findings) map[string]time.Time {
	resync := make(map[string]time.Time, len(r))
	for _, entry := range r {
		survey, from, ok := strings.Cut(entry, "=")
		ids := found.ids("surveys.resync", "SV_", []string{survey})
		if !ok {
			found.problem("surveys.resync: %.60q names no time; write SV_…=2025-01-01T00:00:00Z", entry)
		} else if len(ids) == 1 {
			resync[ids[0]] = found.time("surveys.resync "+ids[0], strings.TrimSpace(from))
		}
	}
	return resync
}

func (c *LimitsConfig) check(found *findings) {
	found.within("limits.requests_per_minute", c.RequestsPerMinute, 1, 1_000_000)
	found.within("limits.exports_per_minute", c.ExportsPerMinute, 1, 1_000_000)
	found.within("limits.parallel_exports", c.ParallelExports, 1, 32)
	found.within("limits.export_deadline_minutes", c.ExportDeadlineMinutes, 1, 1440)
	found.within("limits.run_minutes", c.RunMinutes, 0, 10080)
	found.within("limits.spool_mib", c.SpoolMiB, 16, 1<<20)
}

func (c *NetworkConfig) check(found *findings) {
	if proxy := c.Proxy.Reveal(); proxy != "" {
		parsed, err := url.Parse(proxy)
		if err != nil || parsed.Host == "" || !slices.Contains([]string{"http", "https", "socks5"}, parsed.Scheme) {
			found.problem("network.proxy must be an address such as http://proxy.example.com:3128")
		} else if tooShort(proxySecret(parsed)) {
			found.problem("network.proxy: " + shortProxySecret)
		}
	}
	if (c.ClientCertificate == "") != (c.ClientKey == "") {
		found.problem("network.client_certificate and network.client_key belong together: one of them is missing")
	}
}
