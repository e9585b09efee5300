package sandbox

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"regexp"
	"strings"
	"sync"
	"time"
)

// Authority is a certificate authority for one run. Its keys never leave the
// process. Clients that trust it do so for qualtrics.com, localhost and private
// addresses only. It certifies every requested name of Qualtrics.
type Authority struct {
	certificate *x509.Certificate
	key, leaf   *ecdsa.PrivateKey // leaf is the key of all servers

	lock   sync.Mutex
	issued map[string]*tls.Certificate // by name or address
}

// The validity of certificates, by the real clock, because clients do not know
// the tenant's clock.
const (
	authorityLife = 2 * 365 * 24 * time.Hour
	leafLife      = 90 * 24 * time.Hour
	renewBefore   = 24 * time.Hour
	clockSkew     = 24 * time.Hour
)

// mostIssued is the largest number of stored certificates.
const mostIssued = 128

// certified lists the domains of an authority, and certifiedNetworks its
// addresses: those of this machine and of private networks (RFC 1918, 3927,
// 4193 and 4291).
var (
	certified         = []string{"qualtrics.com", "localhost"}
	certifiedNetworks = networks("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "::1/128", "fc00::/7", "fe80::/10")
)

func networks(texts ...string) (all []*net.IPNet) {
	for _, text := range texts {
		_, network, err := net.ParseCIDR(text)
		if err != nil {
			panic(err) // the constants above are valid
		}
		all = append(all, network)
	}
	return all
}

// NewAuthority makes an authority.
func NewAuthority() (*Authority, error) {
	a := &Authority{issued: make(map[string]*tls.Certificate)}
	for _, key := range []**ecdsa.PrivateKey{&a.key, &a.leaf} {
		var err error
		if *key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			return nil, fmt.Errorf("making a key: %w", err)
		}
	}
	now := time.Now()
	template := &x509.Certificate{
		Subject:                     pkix.Name{CommonName: "source-qualtrics sandbox, not Qualtrics"},
		NotBefore:                   now.Add(-clockSkew),
		NotAfter:                    now.Add(authorityLife),
		KeyUsage:                    x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		IsCA:                        true,
		BasicConstraintsValid:       true,
		MaxPathLenZero:              true,
		PermittedDNSDomainsCritical: true,
		PermittedDNSDomains:         certified,
		PermittedIPRanges:           certifiedNetworks,
	}
	der, err := a.sign(template, template, &a.key.PublicKey)
	if err != nil {
		return nil, err
	}
	if a.certificate, err = x509.ParseCertificate(der); err != nil {
		return nil, fmt.Errorf("reading the authority's certificate: %w", err)
	}
	return a, nil
}

func (a *Authority) sign(template, parent *x509.Certificate, public *ecdsa.PublicKey) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("making a serial number: %w", err)
	}
	template.SerialNumber = serial
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, a.key)
	if err != nil {
		return nil, fmt.Errorf("making a certificate: %w", err)
	}
	return der, nil
}

// PEM returns the certificate that a client has to trust.
func (a *Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.certificate.Raw})
}

// config returns the TLS configuration of a server. It offers HTTP/1.1 only
// (*assumed*). No recording shows whether Qualtrics has HTTP/2, and all clients
// work without it.
func (a *Authority) config() *tls.Config {
	return &tls.Config{GetCertificate: a.choose, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
}

// hostName matches a DNS name in lower case.
var hostName = regexp.MustCompile(`^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// choose returns the certificate for the requested name. If the client used an
// address, it returns that of the address.
func (a *Authority) choose(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := strings.ToLower(hello.ServerName)
	if name == "" {
		host, _, err := net.SplitHostPort(hello.Conn.LocalAddr().String())
		if address := net.ParseIP(host); err == nil && address != nil {
			return a.issue(address.String(), nil, []net.IP{address})
		}
		return nil, fmt.Errorf("no certificate for %s", hello.Conn.LocalAddr())
	}
	for _, domain := range certified {
		if isHost(name, domain) && len(name) <= 253 && hostName.MatchString(name) {
			return a.issue(name, []string{name}, nil)
		}
	}
	return nil, fmt.Errorf("no certificate for %q: the sandbox certifies names of qualtrics.com only", hello.ServerName)
}

// issue returns the stored certificate, or makes one.
func (a *Authority) issue(subject string, names []string, addresses []net.IP) (*tls.Certificate, error) {
	a.lock.Lock()
	defer a.lock.Unlock()
	now := time.Now()
	if known := a.issued[subject]; known != nil && now.Before(known.Leaf.NotAfter.Add(-renewBefore)) {
		return known, nil
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{Organization: []string{"source-qualtrics sandbox, not Qualtrics"}},
		NotBefore:             now.Add(-clockSkew),
		NotAfter:              now.Add(leafLife),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		DNSNames:              names,
		IPAddresses:           addresses,
	}
	der, err := a.sign(template, a.certificate, &a.leaf.PublicKey)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading a certificate: %w", err)
	}
	if len(a.issued) >= mostIssued {
		clear(a.issued)
	}
	a.issued[subject] = &tls.Certificate{Certificate: [][]byte{der, a.certificate.Raw}, PrivateKey: a.leaf, Leaf: leaf}
	return a.issued[subject], nil
}
