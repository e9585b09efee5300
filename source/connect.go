package source

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"

	"github.com/birdie-ai/source-qualtrics/source/config"
	"github.com/birdie-ai/source-qualtrics/source/engine"
	"github.com/birdie-ai/source-qualtrics/source/failures"
	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/pasted"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// client makes the client of the configured account, within the configured limits.
func (r *invocation) client(s *config.Settings, waiting func(qualtrics.Wait)) (*qualtrics.Client, error) {
	limits := qualtrics.DefaultLimits()
	// The shards of an account work at the same time, and share its limits.
	limits.RequestsPerMinute = s.Limits.RequestsPerMinute / s.Shard.Count
	limits.ExportsPerMinute = s.Limits.ExportsPerMinute / s.Shard.Count
	limits.ExportDeadline = time.Duration(s.Limits.ExportDeadlineMinutes) * time.Minute
	limits.SpoolBytes = int64(s.Limits.SpoolMiB) << 20
	return r.clientWithin(s, limits, waiting)
}

// clientWithin makes the client of the configured account within other limits.
func (r *invocation) clientWithin(s *config.Settings, limits qualtrics.Limits, waiting func(qualtrics.Wait)) (*qualtrics.Client, error) {
	transport := r.Transport
	if transport == nil {
		var err error
		if transport, err = r.network(s); err != nil {
			return nil, err
		}
	}
	r.watch.Start(r.log)
	return qualtrics.New(qualtrics.Options{
		Origin:      s.Origin,
		Credentials: s.Credentials.Chosen(),
		Transport:   transport,
		Limits:      limits,
		Redactor:    r.redactor,
		Logger:      r.log,
		Spool:       r.Files.Spool,
		UserAgent:   "source-qualtrics/" + Version,
		Waiting: func(wait qualtrics.Wait) {
			r.watch.Progress.Waiting(wait)
			if waiting != nil {
				waiting(wait)
			}
		},
		Exporting: r.watch.Progress.Exporting,
		Jitter:    r.Jitter,
	})
}

// network makes the transport that the configuration asks for.
func (r *invocation) network(s *config.Settings) (http.RoundTripper, error) {
	network := s.Network
	options := qualtrics.TransportOptions{AllowPrivate: network.AllowPrivate, AllowAny: s.Sandbox}
	var err error
	if options.CA, err = r.pem("network.ca_file", network.CAFile); err != nil {
		return nil, err
	}
	if options.ClientCertificate, err = r.pem("network.client_certificate", network.ClientCertificate); err != nil {
		return nil, err
	}
	if options.ClientKey, err = r.pem("network.client_key", network.ClientKey.Reveal()); err != nil {
		return nil, err
	}
	if proxy := network.Proxy.Reveal(); proxy != "" {
		if options.Proxy, err = url.Parse(proxy); err != nil {
			return nil, failures.Config("network.proxy is no address")
		}
	} else if options.Proxy, err = r.environmentProxy(s.Origin); err != nil {
		return nil, err
	}
	transport, err := qualtrics.NewTransport(options)
	if err != nil {
		return nil, failures.Config("network: %w", err)
	}
	return transport, nil
}

// environmentProxy is the proxy that HTTPS_PROXY and NO_PROXY name for the origin;
// nil: none. Loopback addresses never have one.
func (r *invocation) environmentProxy(origin qualtrics.Origin) (*url.URL, error) {
	if !strings.HasPrefix(origin.String(), "https://") {
		return nil, nil //nolint:nilnil // no proxy is a proper answer
	}
	environment := httpproxy.Config{
		HTTPSProxy: cmp.Or(r.Getenv("HTTPS_PROXY"), r.Getenv("https_proxy")),
		NoProxy:    cmp.Or(r.Getenv("NO_PROXY"), r.Getenv("no_proxy")),
	}
	address, err := url.Parse(origin.String())
	if err != nil {
		return nil, err
	}
	proxy, err := environment.ProxyFunc()(address)
	switch {
	case err != nil || proxy != nil && proxy.Host == "":
		return nil, failures.Config("the environment's HTTPS_PROXY is no address")
	case proxy == nil:
		return nil, nil //nolint:nilnil // no proxy is a proper answer
	case config.TooShort(config.ProxySecret(proxy)):
		return nil, failures.Config("the environment's HTTPS_PROXY: %s", config.ShortProxySecret)
	}
	r.redactor.Add(config.ProxySecret(proxy))
	return proxy, nil
}

// pem returns a certificate or key that was given as text or as a path.
func (r *invocation) pem(key, value string) ([]byte, error) {
	if value == "" || strings.HasPrefix(strings.TrimSpace(value), "-----BEGIN") {
		return []byte(value), nil
	}
	text, err := r.Files.ReadFile(value)
	if err != nil {
		return nil, failures.Config("%s must be the path or the text of a PEM file: %w", key, err)
	}
	return []byte(pasted.PEM(string(text))), nil
}

// environment makes the settings and the client of the feeds.
func (r *invocation) environment(ctx context.Context, s *config.Settings, client *qualtrics.Client) (*feed.Env, error) {
	brand, err := r.account(ctx, s, client)
	if err != nil {
		return nil, err
	}
	env := &feed.Env{
		Client:        client,
		Log:           r.log,
		Brand:         brand,
		Selection:     s.Selection,
		Lookback:      time.Duration(s.LookbackMinutes) * time.Minute,
		Clock:         time.Now,
		Responses:     feed.ResponseSettings{Start: s.Start, Resync: s.Again, LoadRows: r.sizes.LoadRows, ExportAll: r.sizes.ExportAll},
		SnapshotBytes: r.sizes.SealBytes,
		Privacy:       s.PrivacyRules,
		Feedback:      s.FeedbackSettings,
	}
	if r.Clock != nil {
		env.Clock = r.Clock
	}
	if s.Deletions.Mode != config.DeletionsOff {
		env.AuditEvery = time.Duration(s.Deletions.AuditDays) * 24 * time.Hour
	}
	return env, nil
}

// account makes the first call: it finds the brand, and whether the dates of the
// configuration lie ahead of Qualtrics' clock.
func (r *invocation) account(ctx context.Context, s *config.Settings, client *qualtrics.Client) (brand string, err error) {
	if brand, err = r.brand(ctx, s, client); err != nil {
		return "", err
	}
	clock := time.Now
	if r.Clock != nil {
		clock = r.Clock
	}
	if warnings, err := s.Ahead(clock()); len(warnings) == 0 && err == nil {
		return brand, nil
	}
	// Our clock may be wrong, and so may one answer's date: two that agree decide.
	if _, err := client.WhoAmI(ctx); err != nil && ctx.Err() != nil {
		return "", err
	}
	now, known := client.ServerTime()
	if !known {
		return brand, nil
	}
	warnings, err := s.Ahead(now)
	for _, warning := range warnings {
		r.log.Warn(warning)
	}
	return brand, err
}

// brand finds the id that states are bound to: the account's own answer, else
// that of a survey, else the host stands for it.
func (r *invocation) brand(ctx context.Context, s *config.Settings, client *qualtrics.Client) (string, error) {
	account, err := client.WhoAmI(ctx)
	switch {
	case err == nil && account.BrandID != "":
		return account.BrandID, nil
	case err != nil && (isAuth(err) || !qualtrics.IsForbidden(err) && !qualtrics.IsNotFound(err) && !qualtrics.IsRefused(err)):
		return "", err
	}
	// With OAuth the account's own answer may need a scope of its own
	// (API §1.5, unconfirmed). Where the whole account is refused, the list of
	// surveys says so.
	for survey, err := range client.Surveys(ctx) {
		var nameless *qualtrics.ElementError
		if errors.As(err, &nameless) {
			continue
		}
		if err != nil {
			break
		}
		detail, err := client.Survey(ctx, survey.ID)
		if err == nil && detail.OrganizationID != "" {
			return detail.OrganizationID, nil
		}
		definition, err := client.Definition(ctx, survey.ID)
		if err == nil && definition.BrandID != "" {
			return definition.BrandID, nil
		}
		break
	}
	r.log.Info("the brand id cannot be read: the state is bound to the host instead", "host", s.Origin.Host())
	return engine.HostBrand(s.Origin.Host()), nil
}
