package source

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// sandboxFlags are the flags that describe a tenant.
func sandboxFlags(flags *flag.FlagSet) func() sandbox.Options {
	seed := flags.Uint64("seed", 1, "`number` that decides everything in the tenant")
	surveys := flags.Int("surveys", 12, "`number` of surveys")
	responses := flags.Int("responses", 2000, "`number` of responses over all surveys")
	contacts := flags.Int("contacts", 500, "`number` of contacts")
	faults := flags.String("faults", "none", "fault `profile`: "+strings.Join(sandbox.FaultProfiles(), ", "))
	delay := flags.Duration("export-delay", 0, "how `long` an export job runs, such as 5s")
	limits := flags.String("limits", "none", "rate `limits`: none or published")
	return func() sandbox.Options {
		return sandbox.Options{
			Seed: *seed, Surveys: *surveys, Responses: *responses, Contacts: *contacts,
			Faults: *faults, ExportDelay: *delay, Limits: *limits,
		}
	}
}

// sandboxReady is the one line that tells other programs how to use a sandbox.
type sandboxReady struct {
	BaseURL      string         `json:"base_url"`
	DataCenter   string         `json:"data_center"`
	APIToken     string         `json:"api_token"`
	ClientID     string         `json:"client_id"`
	ClientSecret string         `json:"client_secret"`
	Config       map[string]any `json:"config"`
}

// sandboxCommand serves a simulated tenant until it is told to stop.
func (r *invocation) sandboxCommand(ctx context.Context, flags *flag.FlagSet, args []string) (int, error) {
	listen := flags.String("listen", "127.0.0.1:0", "`address` to listen on; port 0 takes a free one")
	secure := flags.Bool("tls", false, "serve HTTPS with a certificate made for this run")
	options := sandboxFlags(flags)
	if err := parse(flags, args); err != nil {
		return 0, err
	}
	tenant, err := sandbox.New(options())
	if err != nil {
		return 0, configErrorf("sandbox: %w", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", *listen)
	if err != nil {
		return 0, configErrorf("sandbox: listening on %s: %w", *listen, err)
	}
	server := &http.Server{Handler: tenant.Handler(), ReadHeaderTimeout: 10 * time.Second}
	ready := sandboxAt(tenant, listener.Addr(), *secure, options())
	if *secure {
		certificate, authority, err := selfSigned()
		if err != nil {
			return 0, errors.Join(err, listener.Close())
		}
		ready.Config["network"] = map[string]any{"ca_file": authority}
		listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12})
	}
	if _, err := r.printJSON(ready); err != nil {
		return 0, errors.Join(err, listener.Close())
	}
	r.log.Info("the sandbox is ready; programs reach it with "+sandboxVariable+"=1 in their environment", "url", ready.BaseURL)
	return ExitOK, serve(ctx, server, listener)
}

// serve runs the server until the context ends.
func serve(ctx context.Context, server *http.Server, listener net.Listener) error {
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("sandbox: serving: %w", err)
	case <-ctx.Done():
		err := server.Close()
		if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return err
	}
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
		DataCenter:   "sandbox1",
		APIToken:     credentials.APIToken,
		ClientID:     credentials.ClientID,
		ClientSecret: credentials.ClientSecret,
	}
	ready.Config = map[string]any{
		"base_url":    ready.BaseURL,
		"data_center": ready.DataCenter,
		"credentials": map[string]any{"auth_type": authAPIToken, "api_token": ready.APIToken},
	}
	if options.Limits == "none" || options.Limits == "" {
		// Nothing to keep to: whoever tries the sandbox shall not wait.
		ready.Config["limits"] = unlimited()
	}
	return ready
}

// unlimited are the limits of a tenant that enforces none. Most of an export
// is waiting for its job, so many run at once.
func unlimited() map[string]any {
	return map[string]any{"requests_per_minute": 1_000_000, "exports_per_minute": 1_000_000, "parallel_exports": 32}
}
