package config

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/dates"
	"github.com/birdie-ai/source-qualtrics/source/failures"
	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/feedback"
	"github.com/birdie-ai/source-qualtrics/source/privacy"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/redact"
	"github.com/birdie-ai/source-qualtrics/source/wording"
)

// The values of surveys.on_failed.
const (
	FailOnFailed   = "fail"
	ReportOnFailed = "report"
)

// Settings is a configuration that was checked and understood.
type Settings struct {
	Config
	Origin    qualtrics.Origin
	Sandbox   bool // loopback addresses are allowed
	Selection feed.Selection
	Wide      feed.Patterns        // surveys with a wide table
	Start     time.Time            // zero: everything is read
	Again     map[string]time.Time // survey id → read again from there, once
	// PrivacyRules are made of Privacy; nil: nothing is left out or hashed.
	PrivacyRules *privacy.Rules
	// FeedbackSettings say which answers are feedback.
	FeedbackSettings *feedback.Settings
}

// secrets lists the values that must never be printed.
func (c *Config) secrets() []redact.Secret {
	secrets := []redact.Secret{c.Credentials.ClientSecret, c.Credentials.APIToken, c.Network.ClientKey, c.Privacy.HashKey}
	// Text is masked line by line.
	for line := range strings.Lines(c.Network.ClientKey.Reveal()) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "-----") {
			secrets = append(secrets, redact.Secret(line))
		}
	}
	if proxy, err := url.Parse(c.Network.Proxy.Reveal()); err == nil {
		secrets = append(secrets, ProxySecret(proxy))
	}
	return secrets
}

// ProxySecret is the password of a proxy; a user without one is a token.
func ProxySecret(proxy *url.URL) redact.Secret {
	if proxy.User == nil {
		return ""
	}
	if password, ok := proxy.User.Password(); ok {
		return redact.Secret(password)
	}
	return redact.Secret(proxy.User.Username())
}

// ShortProxySecret refuses a password that cannot be masked.
const ShortProxySecret = "the password of the proxy is shorter than 8 characters, so that it cannot be told from other text where it has to be masked: use a longer one"

// TooShort reports whether a secret cannot be masked.
func TooShort(secret redact.Secret) bool { return secret != "" && len(secret) < redact.MinLength }

// findings are the results of a check.
type findings struct{ warnings, problems []string }

// err is one error of all problems; nil: there are none.
func (f *findings) err() error {
	if len(f.problems) == 0 {
		return nil
	}
	return failures.Config("the configuration has %s: %s", wording.Count(len(f.problems), "problem", "problems"), strings.Join(f.problems, "; "))
}

func (f *findings) problem(format string, args ...any) {
	f.problems = append(f.problems, fmt.Sprintf(format, args...))
}

// check finds everything that is wrong with a configuration.
func (c *Config) check(sandbox bool) (*Settings, *findings) {
	found := &findings{}
	checked := &Settings{Config: *c, Sandbox: sandbox}
	checked.Origin = c.checkOrigin(found, sandbox)
	c.Credentials.check(found)
	checked.Start = found.time("start_date", c.StartDate)
	checked.Selection = c.Surveys.check(found)
	checked.Wide = c.ResponsesWide.check(found)
	checked.Again = c.Surveys.Resync.check(found)
	checked.Selection.Directories = found.ids("directories", "POOL_", c.Directories)
	found.within("lookback_minutes", c.LookbackMinutes, 1, 1440)
	if c.Deletions.Mode != "reconcile" && c.Deletions.Mode != DeletionsOff {
		found.problem("deletions.mode is %.40q; it can be reconcile or off", c.Deletions.Mode)
	}
	found.within("deletions.audit_days", c.Deletions.AuditDays, 1, 365)
	checked.FeedbackSettings = c.Feedback.check(found)
	c.Limits.check(found)
	c.Files.check(found, c.Limits.SpoolMiB)
	c.Network.check(found)
	checked.PrivacyRules = c.Privacy.check(found)
	found.within("shard.count", c.Shard.Count, 1, 1000)
	if c.Shard.Index < 0 || c.Shard.Index >= c.Shard.Count {
		found.problem("shard.index must be from 0 to shard.count - 1, not %d", c.Shard.Index)
	}
	if least := min(c.Limits.RequestsPerMinute, c.Limits.ExportsPerMinute); c.Shard.Count > max(1, least) {
		found.problem("shard.count must not exceed limits.exports_per_minute or limits.requests_per_minute, which the shares divide among them")
	}
	checked.Selection.ShardIndex, checked.Selection.ShardCount = c.Shard.Index, c.Shard.Count
	return checked, found
}

func (c *Config) checkOrigin(found *findings, sandbox bool) (origin qualtrics.Origin) {
	var err error
	switch {
	case c.BaseURL != "":
		if origin, err = qualtrics.ParseBaseURL(c.BaseURL, sandbox, c.Network.AllowPrivate); err != nil {
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
		found.problem("credentials.auth_type is missing: it is %s or %s", OAuth, APIToken)
	case OAuth:
		if c.ClientID == "" {
			found.problem("credentials.client_id is missing")
		} else if !printable(c.ClientID) {
			found.problem("credentials.client_id holds spaces or characters that no client id has")
		}
		found.secret("credentials.client_secret", c.ClientSecret)
	case APIToken:
		found.secret("credentials.api_token", c.APIToken)
	default:
		found.problem("credentials.auth_type must be %s or %s", OAuth, APIToken)
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
	// Meltano passes times without a zone. A form with a space is for Qualtrics alone.
	at, ok := dates.Parse(text)
	if !ok || strings.Contains(text, " ") || at.Year() < 1990 || at.Year() > 2200 {
		f.problem("%s must be a time such as 2024-01-01T00:00:00Z, not %.40q", name, text)
		return time.Time{}
	}
	return at
}

// Ahead refuses times from which on something is read that lie ahead: nothing
// would be read until then. Qualtrics' clock decides, for ours may be wrong. Within
// a day, which is left for time zones, it warns.
func (s *Settings) Ahead(now time.Time) (warnings []string, err error) {
	found := &findings{}
	times := map[string]time.Time{"start_date": s.Start, "surveys.modified_since": s.Selection.ModifiedSince}
	for survey, from := range s.Again {
		times["surveys.resync "+survey] = from
	}
	for _, name := range slices.Sorted(maps.Keys(times)) {
		at := times[name]
		says := fmt.Sprintf("%s lies ahead: nothing would be read before %s, and Qualtrics' clock shows %s", name, at.Format(time.RFC3339), now.UTC().Format(time.RFC3339))
		switch {
		case at.After(now.Add(24 * time.Hour)):
			found.problems = append(found.problems, says)
		case at.After(now):
			found.warnings = append(found.warnings, says)
		}
	}
	return found.warnings, found.err()
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
		SkipWithdrawn: c.OnWithdrawn == "skip",
	}
	if c.OnDenied != "skip" && c.OnDenied != "fail" {
		found.problem("surveys.on_denied must be skip or fail, not %.40q", c.OnDenied)
	}
	if c.OnWithdrawn != "skip" && c.OnWithdrawn != "fail" {
		found.problem("surveys.on_withdrawn must be fail or skip, not %.40q", c.OnWithdrawn)
	}
	if c.OnFailed != FailOnFailed && c.OnFailed != ReportOnFailed {
		found.problem("surveys.on_failed must be fail or report, not %.40q", c.OnFailed)
	}
	for _, pattern := range append(slices.Clone(c.Include), c.Exclude...) {
		if pattern == "" {
			found.problem("surveys.include and surveys.exclude: an empty name matches nothing; use * for every name")
			break
		}
	}
	return selection
}

func (c *ResponsesWideConfig) check(found *findings) feed.Patterns {
	if c.ColumnNames != NamesOfIDs && c.ColumnNames != NamesOfTags {
		found.problem("responses_wide.column_names must be ids or tags, not %.40q", c.ColumnNames)
	}
	if slices.ContainsFunc(c.Surveys, func(name string) bool { return strings.TrimSpace(name) == "" }) {
		found.problem("responses_wide.surveys: an empty name matches nothing; use * for every survey")
	}
	return c.Surveys
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

func (c *FilesConfig) check(found *findings, spool int) {
	found.within("files.max_mib", c.MaxMiB, 1, 1<<16)
	found.within("files.max_total_mib", c.MaxTotalMiB, 1, 1<<20)
	if c.Download && c.MaxMiB > spool {
		found.problem("files.max_mib must not exceed limits.spool_mib, which is %d: each file is first written into temporary space", spool)
	}
}

func (c *NetworkConfig) check(found *findings) {
	if proxy := c.Proxy.Reveal(); proxy != "" {
		parsed, err := url.Parse(proxy)
		if err != nil || parsed.Host == "" || !slices.Contains([]string{"http", "https", "socks5"}, parsed.Scheme) {
			found.problem("network.proxy must be an address such as http://proxy.example.com:3128")
		} else if TooShort(ProxySecret(parsed)) {
			found.problem("network.proxy: " + ShortProxySecret)
		}
	}
	if (c.ClientCertificate == "") != (c.ClientKey == "") {
		found.problem("network.client_certificate and network.client_key belong together: one of them is missing")
	}
}
