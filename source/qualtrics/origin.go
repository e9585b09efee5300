package qualtrics

import (
	"errors"
	"fmt"
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

// elsewhere are last labels of hosts that are not Qualtrics' own.
var elsewhere = []string{"localhost", "com", "net", "org"}

// longestCentre is shorter than an API token: one that was pasted into the
// wrong field is neither shown nor asked of a name server.
const longestCentre = 32

// ParseDataCenter understands a data center given as an id (iad1), as brand
// and id (brand.iad1), as a host, or as a pasted URL of which only the host
// counts. The warning is not empty when the id is none that is publicly known.
func ParseDataCenter(text string) (origin Origin, warning string, err error) {
	name := strings.ToLower(strings.TrimSpace(text))
	rest, isURL := strings.CutPrefix(name, "https://")
	if isURL {
		name, _, _ = strings.Cut(rest, "/")
		name, _, _ = strings.Cut(name, "?")
	}
	switch hosted := strings.HasSuffix(name, domain); {
	case strings.Contains(name, "@") || !hosted && strings.Contains(text, "@"):
		// What stands before it may be a password, which no message shows.
		return Origin{}, "", errors.New("it holds a user name or is an e-mail address; it is the first part of your Qualtrics address, such as iad1")
	case isURL && !hosted:
		return Origin{}, "", fmt.Errorf("%.80q is no address of Qualtrics; a tenant on a domain of its own goes into base_url", text)
	}
	name = strings.TrimSuffix(name, domain)
	labels := strings.Split(name, ".")
	if len(labels) > 2 || slices.ContainsFunc(labels, func(l string) bool { return !label.MatchString(l) }) {
		return Origin{}, "", fmt.Errorf("%.80q is neither a data center id such as iad1 nor an address such as https://iad1.qualtrics.com", text)
	}
	center := labels[len(labels)-1]
	if len(center) > longestCentre {
		return Origin{}, "", fmt.Errorf("it is too long for a data center id such as iad1: a label has at most %d characters", longestCentre)
	}
	if strings.HasPrefix(center, "xn--") || digits(center) || slices.Contains(elsewhere, center) {
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
	if strings.Contains(text, "@") {
		return Origin{}, errors.New("the address holds a user name or a password: leave them out")
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || strings.ContainsAny(text, "\\\r\n\t %") {
		return Origin{}, fmt.Errorf("%.80q is no address such as https://surveys.example.com", text)
	}
	switch {
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(text, "#") || (u.Path != "" && u.Path != "/"):
		return Origin{}, fmt.Errorf("%.80q goes on after the host: leave that out", text)
	}
	if !validPort(u) {
		return Origin{}, fmt.Errorf("%.80q has no port from 1 to 65535 behind its colon", text)
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
		return Origin{}, fmt.Errorf("%.80q is no host name: write it as surveys.example.com, an international one in its xn-- form", host)
	}
	return Origin{u.Scheme, strings.ToLower(u.Host)}, nil
}
