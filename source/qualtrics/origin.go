package qualtrics

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Origin is the scheme, host and port that every request goes to.
type Origin struct{ scheme, host string }

// String returns the origin as a URL without a path.
func (o Origin) String() string { return o.scheme + "://" + o.host }

// Host returns the host, with its port if it has one.
func (o Origin) Host() string { return o.host }

// holds reports whether a URL points into the origin.
func (o Origin) holds(u *url.URL) bool {
	return u.Scheme == o.scheme && strings.EqualFold(u.Host, o.host) && u.User == nil
}

const domain = ".qualtrics.com"

var (
	label = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	// knownCentres are seen in public material (API §1.1); others pass with
	// a warning, for the list is not closed.
	knownCentres = []string{"iad1", "ca1", "co1", "az1", "sjc1", "pdx1", "yul1", "fra1", "eu", "dub1", "syd1", "au1", "gov1", "sandbox1"}
	// notCentres are hosts of Qualtrics that serve no API.
	notCentres = []string{"www", "api", "s", "static-assets", "community", "siteintercept", "support", "login", "developer", "developers", "mail", "status", "basecamp"}
)

// ParseDataCenter understands a data center given as an id (iad1), as brand
// and id (brand.iad1), as a host, or as a pasted URL of which only the host
// counts. The warning is not empty when the id is none that is publicly known.
func ParseDataCenter(text string) (origin Origin, warning string, err error) {
	name := strings.ToLower(strings.TrimSpace(text))
	if rest, ok := strings.CutPrefix(name, "https://"); ok {
		name, _, _ = strings.Cut(rest, "/")
		name, _, _ = strings.Cut(name, "?")
		if !strings.HasSuffix(name, domain) {
			return Origin{}, "", fmt.Errorf("%.80q is no address of Qualtrics; a tenant on a domain of its own goes into base_url", text)
		}
	}
	name = strings.TrimSuffix(name, domain)
	labels := strings.Split(name, ".")
	if len(labels) > 2 || slices.ContainsFunc(labels, func(l string) bool { return !label.MatchString(l) }) {
		return Origin{}, "", fmt.Errorf("%.80q is neither a data center id such as iad1 nor an address such as https://iad1.qualtrics.com", text)
	}
	center := labels[len(labels)-1]
	if center == "localhost" || digits(center) {
		return Origin{}, "", fmt.Errorf("%.80q is no data center", text)
	}
	if slices.Contains(notCentres, center) {
		return Origin{}, "", fmt.Errorf("%s%s serves no API: take the first part of the address that you see while you work in Qualtrics, such as iad1", name, domain)
	}
	if !slices.Contains(knownCentres, center) {
		warning = fmt.Sprintf("%q is none of the data centers that are publicly known; if calls fail, look it up under Account Settings > Qualtrics IDs", center)
	}
	return Origin{"https", name + domain}, warning, nil
}

func digits(text string) bool { return strings.Trim(text, "0123456789") == "" }

// ParseBaseURL understands the address of a tenant on a domain of its own:
// https, without user, path or query. Only with sandbox set it may be a
// loopback or private address, or plain HTTP to a loopback one.
func ParseBaseURL(text string, sandbox bool) (Origin, error) {
	text = strings.TrimSpace(text)
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || strings.ContainsAny(text, "\\\r\n\t ") {
		return Origin{}, fmt.Errorf("%.80q is no address such as https://surveys.example.com", text)
	}
	switch {
	case u.User != nil:
		return Origin{}, errors.New("the address holds a user name or a password: leave them out")
	case u.RawQuery != "" || u.Fragment != "" || (u.Path != "" && u.Path != "/"):
		return Origin{}, fmt.Errorf("%.80q goes on after the host: leave that out", text)
	}
	host := strings.ToLower(u.Hostname())
	loopback, private := addressKind(host)
	switch {
	case (loopback || private) && !sandbox:
		return Origin{}, fmt.Errorf("%.80q is on this machine or in a private network, which is only allowed for a sandbox (QUALTRICS_SANDBOX=1)", text)
	case u.Scheme == "http" && (!sandbox || !loopback):
		return Origin{}, errors.New("the address has to start with https://")
	case u.Scheme != "http" && u.Scheme != "https":
		return Origin{}, fmt.Errorf("%.80q does not start with https://", text)
	case !loopback && !private && !hostName(host):
		return Origin{}, fmt.Errorf("%.80q is no host name", host)
	}
	return Origin{u.Scheme, strings.ToLower(u.Host)}, nil
}

// hostName reports whether a host is made of labels, at least two.
func hostName(host string) bool {
	labels := strings.Split(host, ".")
	return len(labels) >= 2 && !digits(labels[len(labels)-1]) &&
		!slices.ContainsFunc(labels, func(l string) bool { return !label.MatchString(l) })
}

// addressKind tells hosts that are not on the public network.
func addressKind(host string) (loopback, private bool) {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true, false
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return false, false
	}
	return ip.Unmap().IsLoopback(), !public(ip)
}

// public reports whether an address is one of the public network. Metadata
// services of clouds live in the link-local range.
func public(ip netip.Addr) bool {
	ip = ip.Unmap()
	return ip.IsValid() && ip.IsGlobalUnicast() && !ip.IsPrivate() && !ip.IsLoopback() && !ip.IsLinkLocalUnicast() &&
		!sharedNetwork.Contains(ip) && !benchmark.Contains(ip) && !thisNetwork.Contains(ip)
}

var (
	sharedNetwork = netip.MustParsePrefix("100.64.0.0/10") // RFC 6598; one cloud's metadata service is in it
	benchmark     = netip.MustParsePrefix("198.18.0.0/15") // RFC 2544
	thisNetwork   = netip.MustParsePrefix("0.0.0.0/8")
)

// publicAddress reports whether host:port is an address of the public network.
func publicAddress(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(strings.Split(host, "%")[0])
	return err == nil && public(ip)
}
