package source

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// sweepDays is how often contacts are read in full: some changes of a contact
// do not move its modified date (API §4.2).
const sweepDays = 7

// client makes the client of the configured account.
func (r *invocation) client(s *settings, waiting func(qualtrics.Wait)) (*qualtrics.Client, error) {
	transport := r.Transport
	if transport == nil {
		var err error
		if transport, err = r.network(s); err != nil {
			return nil, err
		}
	}
	limits := qualtrics.DefaultLimits()
	// The shards of an account work at the same time, and share its limits.
	limits.RequestsPerMinute = s.config.Limits.RequestsPerMinute / s.config.Shard.Count
	limits.ExportsPerMinute = s.config.Limits.ExportsPerMinute / s.config.Shard.Count
	limits.ExportDeadline = time.Duration(s.config.Limits.ExportDeadlineMinutes) * time.Minute
	limits.SpoolBytes = int64(s.config.Limits.SpoolMiB) << 20
	return qualtrics.New(qualtrics.Options{
		Origin:      s.origin,
		Credentials: s.config.Credentials.chosen(),
		Transport:   transport,
		Limits:      limits,
		Redactor:    r.redactor,
		Logger:      r.log,
		Spool:       r.Files.Spool,
		UserAgent:   "source-qualtrics/" + Version,
		Waiting:     waiting,
		Jitter:      r.Jitter,
	})
}

// chosen are the credentials of the type that is set; a form may keep those
// of the other one.
func (c *Credentials) chosen() qualtrics.Credentials {
	if c.AuthType == authAPIToken {
		return qualtrics.Credentials{APIToken: c.APIToken}
	}
	return qualtrics.Credentials{ClientID: c.ClientID, ClientSecret: c.ClientSecret}
}

// network makes the transport that the configuration asks for.
func (r *invocation) network(s *settings) (http.RoundTripper, error) {
	network := s.config.Network
	options := qualtrics.TransportOptions{AllowPrivate: s.sandbox}
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
			return nil, configErrorf("network.proxy is no address")
		}
	} else if options.Proxy, err = r.environmentProxy(s.origin); err != nil {
		return nil, err
	}
	transport, err := qualtrics.NewTransport(options)
	if err != nil {
		return nil, configErrorf("network: %w", err)
	}
	return transport, nil
}

// environmentProxy is the proxy that the environment names for the origin, as
// HTTPS_PROXY and NO_PROXY are commonly understood.
func (r *invocation) environmentProxy(origin qualtrics.Origin) (*url.URL, error) {
	address := ""
	for _, name := range []string{"HTTPS_PROXY", "https_proxy"} {
		if address == "" {
			address = r.Getenv(name)
		}
	}
	if address == "" || !strings.HasPrefix(origin.String(), "https://") || r.bypasses(origin) {
		return nil, nil //nolint:nilnil // no proxy is a proper answer
	}
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	proxy, err := url.Parse(address)
	if err != nil || proxy.Host == "" {
		return nil, configErrorf("the environment's HTTPS_PROXY is no address")
	}
	if tooShort(proxySecret(proxy)) {
		return nil, configErrorf("the environment's HTTPS_PROXY: %s", shortProxySecret)
	}
	r.redactor.Add(proxySecret(proxy))
	return proxy, nil
}

// bypasses reports whether NO_PROXY names the host: by "*", by its name or a
// domain that it belongs to, or by either with its port.
func (r *invocation) bypasses(origin qualtrics.Origin) bool {
	host, port := splitHost(origin.Host(), "443")
	for entry := range strings.SplitSeq(r.Getenv("NO_PROXY")+","+r.Getenv("no_proxy"), ",") {
		entry = strings.ToLower(strings.TrimSpace(entry))
		if entry == "*" {
			return true
		}
		name, only := splitHost(entry, port)
		domain := strings.TrimPrefix(strings.TrimPrefix(name, "*"), ".")
		if only == port && domain != "" && (host == domain || strings.HasSuffix(host, "."+domain)) {
			return true
		}
	}
	return false
}

// splitHost splits what may have a port or not.
func splitHost(text, defaultPort string) (host, port string) {
	if host, port, err := net.SplitHostPort(text); err == nil {
		return host, port
	}
	return strings.Trim(text, "[]"), defaultPort
}

// pem returns a certificate or key that was given as text or as a path.
func (r *invocation) pem(key, value string) ([]byte, error) {
	if value == "" || strings.HasPrefix(strings.TrimSpace(value), "-----BEGIN") {
		return []byte(value), nil
	}
	text, err := r.Files.ReadFile(value)
	if err != nil {
		return nil, configErrorf("%s must be the path or the text of a PEM file: %w", key, err)
	}
	return text, nil
}

// environment makes what feeds read with.
func (r *invocation) environment(ctx context.Context, s *settings, client *qualtrics.Client) (*feed.Env, error) {
	brand, err := r.brand(ctx, s, client)
	if err != nil {
		return nil, err
	}
	env := &feed.Env{
		Client:    client,
		Log:       r.log,
		Brand:     brand,
		Selection: s.selection,
		Lookback:  time.Duration(s.config.LookbackMinutes) * time.Minute,
		Start:     s.start,
		Resync:    s.resync,
		SweepDays: sweepDays,
		LoadRows:  r.LoadRows,
		ExportAll: r.ExportAll,
		SealBytes: r.SealBytes,
		Clock:     time.Now,
	}
	if r.Clock != nil {
		env.Clock = r.Clock
	}
	if s.config.Deletions.Mode != deletionsOff {
		env.AuditEvery = time.Duration(s.config.Deletions.AuditDays) * 24 * time.Hour
	}
	return env, nil
}

// brand finds the id that states are bound to: the account's own answer, else
// that of a survey, else the host stands for it.
func (r *invocation) brand(ctx context.Context, s *settings, client *qualtrics.Client) (string, error) {
	account, err := client.WhoAmI(ctx)
	switch {
	case err == nil && account.BrandID != "":
		return account.BrandID, nil
	case err != nil && !qualtrics.IsForbidden(err) && !qualtrics.IsNotFound(err):
		return "", err
	}
	// With OAuth the account's own answer may need a scope of its own
	// (API §1.5, unconfirmed).
	for survey, err := range client.Surveys(ctx) {
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
	r.log.Info("the brand id cannot be read: the state is bound to the host instead", "host", s.origin.Host())
	return hostBrand + s.origin.Host(), nil
}
