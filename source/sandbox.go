package source

import (
	"context"
	"errors"
	"flag"
	"net"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/config"
	"github.com/birdie-ai/source-qualtrics/source/failures"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// sandboxFlags are the flags that describe a tenant.
func sandboxFlags(flags *flag.FlagSet) func() (sandbox.Options, error) {
	seed := flags.Uint64("seed", 1, "random `number`; the same one makes the same tenant")
	surveys := flags.Int("surveys", 12, "`number` of surveys")
	responses := flags.Int("responses", 2000, "`number` of responses over all surveys")
	contacts := flags.Int("contacts", 500, "`number` of contacts")
	faults := flags.String("faults", "none", "fault `profile`: "+strings.Join(sandbox.FaultProfiles(), ", "))
	rates := flags.String("fault-rates", "", "chances in `percent` by class instead of a profile, such as rate=5,jobfail=20; classes: "+strings.Join(sandbox.FaultClasses(), ", "))
	doubt := flags.String("doubt", "", "`assumptions` about Qualtrics to change, such as StartExclusive,ExpiredTokenCode=403; there are: "+strings.Join(sandbox.DoubtNames(), ", "))
	delay := flags.Duration("export-delay", 0, "how `long` an export job runs, such as 5s")
	limits := flags.String("limits", "none", "rate `limits`: none or published")
	center := flags.String("data-center", "sandbox1", "`id` of the data center that the tenant says it is in")
	foreign := flags.String("foreign-hosts", "", "`hosts` that answer as another data center does, such as fra1.qualtrics.com")
	return func() (sandbox.Options, error) {
		doubts, err := sandbox.ParseDoubt(*doubt)
		if err != nil {
			return sandbox.Options{}, err
		}
		chances, err := sandbox.ParseFaultRates(*rates)
		if err == nil && chances != nil && *faults != "none" {
			err = errors.New("--faults and --fault-rates are alternatives: leave one out")
		}
		return sandbox.Options{
			Seed: *seed, Surveys: *surveys, Responses: *responses, Contacts: *contacts,
			Faults: *faults, FaultRates: chances, ExportDelay: *delay, Limits: *limits, Doubt: doubts,
			DataCenter: *center, ForeignHosts: strings.FieldsFunc(*foreign, func(r rune) bool { return r == ',' || r == ' ' }),
		}, err
	}
}

// sandboxReady is the one line that tells other programs how to use a sandbox.
type sandboxReady struct {
	BaseURL      string         `json:"base_url"`
	DataCenter   string         `json:"data_center"`
	APIToken     string         `json:"api_token"`
	ClientID     string         `json:"client_id"`
	ClientSecret string         `json:"client_secret"`
	CAFile       string         `json:"ca_file,omitempty"` // with TLS: the authority to trust
	Proxy        string         `json:"proxy,omitempty"`   // with TLS: leads hosts of Qualtrics to the sandbox
	Config       map[string]any `json:"config"`
}

// sandboxCommand serves a simulated tenant until it is told to stop.
func (r *invocation) sandboxCommand(ctx context.Context, flags *flag.FlagSet, args []string) (code int, err error) {
	listen := flags.String("listen", "127.0.0.1:0", "`address` to listen on; port 0 takes a free one")
	secure := flags.Bool("tls", false, "serve HTTPS for every name of qualtrics.com, with an authority made for this run")
	options := sandboxFlags(flags)
	if err := parse(flags, args); err != nil {
		return 0, err
	}
	described, err := options()
	if err != nil {
		return 0, failures.Config("sandbox: %w", err)
	}
	tenant, err := sandbox.New(described)
	if err != nil {
		return 0, failures.Config("sandbox: %w", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", *listen)
	if err != nil {
		return 0, failures.Config("sandbox: listening on %s: %w", *listen, err)
	}
	ready := sandboxAt(tenant, listener.Addr(), *secure, described)
	var authority *sandbox.Authority
	if *secure {
		if authority, err = sandbox.NewAuthority(); err != nil {
			return 0, errors.Join(err, listener.Close())
		}
		var published Published
		if published, err = r.Files.Publish("source-qualtrics-ca-*.pem", authority.PEM()); err != nil {
			return 0, errors.Join(failures.Config("sandbox: writing the authority's certificate: %w", err), listener.Close())
		}
		defer func() { err = errors.Join(err, published.Remove()) }()
		ready.CAFile, ready.Proxy = published.Name, "http://"+listener.Addr().String()
		ready.Config["network"] = map[string]any{"ca_file": string(authority.PEM())}
	}
	if _, err := r.printJSON(ready); err != nil {
		return 0, errors.Join(err, listener.Close())
	}
	r.log.Info("the sandbox is ready; programs reach it with "+config.SandboxVariable+"=1 in their environment", "url", ready.BaseURL)
	if address, ok := listener.Addr().(*net.TCPAddr); ok && !address.IP.IsLoopback() {
		r.log.Warn("the sandbox listens to other machines: everybody who reaches it may read, change and break the tenant", "address", address.String())
	}
	return failures.ExitOK, tenant.Serve(ctx, listener, authority, r.log)
}

// sandboxAt describes a tenant that listens at an address.
func sandboxAt(tenant *sandbox.Sandbox, address net.Addr, secure bool, options sandbox.Options) sandboxReady {
	scheme := "http"
	if secure {
		scheme = "https"
	}
	credentials := tenant.Credentials()
	ready := sandboxReady{
		BaseURL:      scheme + "://" + address.String(),
		DataCenter:   options.DataCenter,
		APIToken:     credentials.APIToken,
		ClientID:     credentials.ClientID,
		ClientSecret: credentials.ClientSecret,
	}
	ready.Config = map[string]any{
		"base_url":    ready.BaseURL,
		"data_center": ready.DataCenter,
		"credentials": map[string]any{"auth_type": config.APIToken, "api_token": ready.APIToken},
	}
	if options.Limits == "none" || options.Limits == "" {
		// No limits: nobody who tries the sandbox has to wait.
		ready.Config["limits"] = unlimited()
	}
	return ready
}

// unlimited are the limits of a tenant that enforces none. Most of an export
// is waiting for its job, so many run at once.
func unlimited() map[string]any {
	return map[string]any{"requests_per_minute": 1_000_000, "exports_per_minute": 1_000_000, "parallel_exports": 32}
}
