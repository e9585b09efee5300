package sandbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Serve answers on a listener until the context ends, and closes it. With an
// authority it serves HTTPS, and is a proxy (HTTP CONNECT) that connects every
// host of qualtrics.com to itself. Errors of connections are logged.
func (s *Sandbox) Serve(ctx context.Context, listener net.Listener, authority *Authority, logger *slog.Logger) error {
	server := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelInfo)}
	if authority != nil {
		gate := newGate(listener, authority.config())
		tenant := server.Handler
		server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.TLS == nil {
				gate.tunnel(w, r)
				return
			}
			tenant.ServeHTTP(w, r)
		})
		listener = gate
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
		err := server.Close()
		if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return err
	}
}
