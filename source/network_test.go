package source_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// authority issues certificates.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pem         string
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	a := &authority{}
	made := a.issue(t, func(c *x509.Certificate) {
		c.Subject.CommonName, c.IsCA, c.BasicConstraintsValid, c.KeyUsage = name, true, true, x509.KeyUsageCertSign
	})
	return &authority{made.Leaf, made.PrivateKey.(*ecdsa.PrivateKey), certificatePEM(made)}
}

// issue makes a certificate for localhost and other hosts, unless it is
// changed; one of an authority without a certificate is signed by itself.
func (a *authority) issue(t *testing.T, change func(*x509.Certificate), hosts ...string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: append(hosts, "localhost"),
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if change != nil {
		change(template)
	}
	parent, signer := a.certificate, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func certificatePEM(certificate tls.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]}))
}

func keyPEM(t *testing.T, certificate tls.Certificate) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// site is a tenant on a server of this machine that is read over the real
// network.
type site struct {
	*tenant
	dials, requests atomic.Int32
}

// newSite serves a tenant with a TLS configuration, nil for none at all.
func newSite(t *testing.T, config *tls.Config) *site {
	t.Helper()
	s := &site{tenant: newTenant(t, small)}
	handler := s.Handler()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		handler.ServeHTTP(w, r)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.dials.Add(1)
		}
	}
	if config == nil {
		server.Start()
	} else {
		server.TLS, server.EnableHTTP2 = config, true
		server.StartTLS()
	}
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	delete(s.config, "data_center")
	s.jitter = func(time.Duration) time.Duration { return 0 }
	s.config["base_url"], s.env["QUALTRICS_SANDBOX"], s.transport = "https://localhost:"+port, "1", nil
	return s
}

// A server that is not who it should be is told nothing, and the user what to
// do, at once.
func TestCommands_TalkToATrustedServerOnly(t *testing.T) {
	t.Parallel()
	ours, others := newAuthority(t, "ours"), newAuthority(t, "another")
	good := ours.issue(t, nil)
	user := ours.issue(t, func(c *x509.Certificate) { c.Subject.CommonName = "user" })
	stranger := others.issue(t, nil)
	with := func(certificate tls.Certificate) *tls.Config {
		return &tls.Config{Certificates: []tls.Certificate{certificate}}
	}
	expired := with(ours.issue(t, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }))
	early := with(ours.issue(t, func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour / 2) }))
	misnamed := with(ours.issue(t, func(c *x509.Certificate) { c.DNSNames = []string{"surveys.example.com"} }))
	old := with(good)
	old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	newest := with(good)
	newest.MinVersion = tls.VersionTLS13
	exotic := with(good)
	exotic.MaxVersion, exotic.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_RSA_WITH_RC4_128_SHA}
	mutual := func(version uint16) *tls.Config {
		config := with(good)
		config.ClientAuth, config.ClientCAs, config.MaxVersion = tls.RequireAndVerifyClientCert, x509.NewCertPool(), version
		config.ClientCAs.AddCert(ours.certificate)
		return config
	}
	trusting := func(settings ...string) map[string]any {
		network := map[string]any{"ca_file": ours.pem}
		for i := 0; i < len(settings); i += 2 {
			network[settings[i]] = settings[i+1]
		}
		return network
	}
	ourselves := trusting("client_certificate", certificatePEM(user), "client_key", keyPEM(t, user))
	strangers := trusting("client_certificate", certificatePEM(stranger), "client_key", keyPEM(t, stranger))
	tests := map[string]struct {
		server  *tls.Config
		network map[string]any
		says    []string // nothing: it works
	}{
		"a trusted authority":                   {with(good), trusting(), nil},
		"a trusted authority in a file":         {with(good), map[string]any{"ca_file": "ca.pem"}, nil},
		"a trusted authority beside another":    {with(good), map[string]any{"ca_file": others.pem + ours.pem}, nil},
		"TLS 1.3":                               {newest, trusting(), nil},
		"no authority":                          {with(good), nil, []string{"unknown authority", "network.ca_file"}},
		"another authority":                     {with(good), map[string]any{"ca_file": others.pem}, []string{"unknown authority", "network.ca_file"}},
		"a certificate of another authority":    {with(stranger), trusting(), []string{"unknown authority", "network.ca_file"}},
		"a certificate signed by itself":        {with((&authority{}).issue(t, nil)), trusting(), []string{"unknown authority", "network.ca_file"}},
		"an expired certificate":                {expired, trusting(), []string{"expired", "renewed"}},
		"a certificate of tomorrow":             {early, trusting(), []string{"not yet valid", "clock"}},
		"a certificate for another name":        {misnamed, trusting(), []string{"localhost", "base_url has to be a name that the certificate is for"}},
		"TLS 1.1":                               {old, trusting(), []string{"protocol version", "TLS 1.2 or newer is needed"}},
		"ciphers of old":                        {exotic, trusting(), []string{"handshake failure", "network.client_certificate"}},
		"no TLS":                                {nil, trusting(), []string{"HTTP response to HTTPS client", "check the port of base_url"}},
		"a client certificate over TLS 1.2":     {mutual(tls.VersionTLS12), ourselves, nil},
		"a client certificate over TLS 1.3":     {mutual(tls.VersionTLS13), ourselves, nil},
		"no client certificate over TLS 1.2":    {mutual(tls.VersionTLS12), trusting(), []string{"certificate", "check network.client_certificate and network.client_key"}},
		"no client certificate over TLS 1.3":    {mutual(tls.VersionTLS13), trusting(), []string{"certificate required", "check network.client_certificate and network.client_key"}},
		"a stranger's certificate over TLS 1.2": {mutual(tls.VersionTLS12), strangers, []string{"certificate", "check network.client_certificate and network.client_key"}},
		"a stranger's certificate over TLS 1.3": {mutual(tls.VersionTLS13), strangers, []string{"certificate", "check network.client_certificate and network.client_key"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for kind, sign := range map[string]func(*tenant){"token": func(*tenant) {}, "OAuth": func(tn *tenant) { tn.withOAuth() }} {
				s := newSite(t, test.server)
				sign(s.tenant)
				s.config["network"], s.files["ca.pem"] = test.network, []byte(ours.pem)
				ok, message := status(t, s.run(t, "check", "--config", "config.json"))
				checked := s.dials.Load()
				got := s.read(t, nil, "surveys")
				if test.says == nil {
					if !ok || got.code != 0 || got.count() == 0 {
						t.Errorf("%s: got %t, %q, exit code %d and %d records, want all to work: %v", kind, ok, message, got.code, got.count(), got.errors)
					}
					continue
				}
				ending{code: 1, kinds: []string{"config_error"}, says: test.says}.compare(t, got)
				for _, text := range test.says {
					if ok || !strings.Contains(message, text) {
						t.Errorf("%s: check: got %t, %q, want a failure that says %q", kind, ok, message, text)
					}
				}
				most := int32(1)
				if strings.HasSuffix(name, "certificate over TLS 1.3") {
					// The client is done before the server looks at its
					// certificate: its first request may find the connection
					// closed, without a reason, and only the next try has one.
					most = 4
				}
				if read := s.dials.Load() - checked; checked < 1 || checked > most || read < 1 || read > most || s.requests.Load() != 0 {
					t.Errorf("%s: got %d and %d dials and %d requests, want %d of each command at most and no request", kind, checked, read, s.requests.Load(), most)
				}
			}
		})
	}
}

// What is wrong with a certificate of the configuration is told before
// anybody is dialed.
func TestCommands_RefuseCertificatesThatAreNone(t *testing.T) {
	t.Parallel()
	ours := newAuthority(t, "ours")
	user, other := ours.issue(t, nil), ours.issue(t, nil)
	broken := strings.Replace(ours.pem, "\n", "\nAAAA", 1)
	for name, test := range map[string]struct {
		network map[string]any
		says    string
	}{
		"an authority that is no file":       {map[string]any{"ca_file": "none.pem"}, "network.ca_file must be the path or the text of a PEM file"},
		"an authority that is no PEM":        {map[string]any{"ca_file": "noise.pem"}, "network: the CA certificates hold no PEM certificate"},
		"an authority that is a key":         {map[string]any{"ca_file": keyPEM(t, user)}, "network: the CA certificates hold no PEM certificate"},
		"an authority that is broken":        {map[string]any{"ca_file": broken}, "network: the CA certificates hold no PEM certificate"},
		"a client certificate that is none":  {map[string]any{"client_certificate": "noise.pem", "client_key": keyPEM(t, user)}, "network: reading the client certificate: "},
		"a client key that is none":          {map[string]any{"client_certificate": certificatePEM(user), "client_key": "noise.pem"}, "network: reading the client certificate: "},
		"a client key that is no file":       {map[string]any{"client_certificate": certificatePEM(user), "client_key": "none.pem"}, "network.client_key must be the path or the text of a PEM file"},
		"the key of another certificate":     {map[string]any{"client_certificate": certificatePEM(user), "client_key": keyPEM(t, other)}, "network: reading the client certificate: "},
		"a client certificate without a key": {map[string]any{"client_certificate": certificatePEM(user)}, "network.client_certificate and network.client_key belong together"},
	} {
		s := newSite(t, &tls.Config{Certificates: []tls.Certificate{user}})
		s.config["network"], s.files["noise.pem"] = test.network, []byte("noise")
		if ok, message := status(t, s.run(t, "check", "--config", "config.json")); ok || !strings.Contains(message, test.says) {
			t.Errorf("%s: check: got %t, %q, want a failure that says %q", name, ok, message, test.says)
		}
		ending{code: 1, kinds: []string{"config_error"}, says: []string{test.says}}.compare(t, s.read(t, nil, "surveys"))
		if s.dials.Load() != 0 {
			t.Errorf("%s: got %d dials, want none", name, s.dials.Load())
		}
	}
}

// A private address is refused without the setting, with advice that names it.
func TestCheck_ReachesAPrivateAddressWhereThatIsAllowed(t *testing.T) {
	t.Parallel()
	authority := newAuthority(t, "ours")
	for _, allowed := range []bool{false, true} {
		s := newSite(t, &tls.Config{Certificates: []tls.Certificate{authority.issue(t, nil)}})
		delete(s.env, "QUALTRICS_SANDBOX")
		s.config["network"] = map[string]any{"ca_file": authority.pem, "allow_private": allowed}
		ok, message := status(t, s.run(t, "check", "--config", "config.json"))
		if ok != allowed || !allowed && !strings.Contains(message, "set network.allow_private") || allowed != (s.dials.Load() > 0) {
			t.Errorf("allowed %t: got success %t and %q after %d dials", allowed, ok, message, s.dials.Load())
		}
	}
}
