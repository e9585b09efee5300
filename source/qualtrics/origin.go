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
	// knownCentres are data centers in public material (API §1.1). The list is not
	// complete, so others only get a warning.
	knownCentres = []string{"iad1", "ca1", "co1", "az1", "sjc1", "pdx1", "yul1", "fra1", "eu", "dub1", "syd1", "au1", "gov1", "sandbox1"}
	// notCentres are hosts of Qualtrics that serve no API.
	notCentres = []string{"www", "api", "s", "static-assets", "community", "siteintercept", "support", "login", "developer", "developers", "mail", "status", "basecamp"}
)

// elsewhere are last labels of hosts that are not Qualtrics' own.
var elsewhere = []string{"localhost", "com", "net", "org"}

// longestCentre is shorter than an API token. A token in the wrong field is therefore
// neither shown nor sent to a name server.
const longestCentre = 32

// ParseDataCenter reads a data center: an id (iad1), brand and id (brand.iad1), a host,
// or a pasted URL. Of a URL only the host counts, and the scheme may be left out. The
// warning is not empty if the id is not publicly known.
func ParseDataCenter(text string) (origin Origin, warning string, err error) {
	name := strings.ToLower(strings.TrimSpace(text))
	rest, isURL := strings.CutPrefix(name, "https://")
	if isURL {
		name, _, _ = strings.Cut(rest, "/")
		name, _, _ = strings.Cut(name, "?")
	} else if host, _, path := strings.Cut(name, "/"); path && strings.HasSuffix(host, domain) {
		name = host
	}
	switch hosted := strings.HasSuffix(name, domain); {
	case strings.Contains(name, "@") || !hosted && strings.Contains(text, "@"):
		// The part before the @ may be a password, which no message shows.
		return Origin{}, "", errors.New("it holds a user name or is an e-mail address; it is the first part of your Qualtrics address, such as iad1")
	case isURL && !hosted:
		return Origin{}, "", fmt.Errorf("%.80q is no address of Qualtrics; set base_url for a tenant on a domain of its own", text)
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
		warning = fmt.Sprintf("%q is not a publicly known data center; if calls fail, look up its id under Account Settings > Qualtrics IDs", center)
	}
	return Origin{"https", name + domain}, warning, nil
}

func digits(text string) bool { return strings.Trim(text, "0123456789") == "" }

// ParseBaseURL reads the address of a tenant on a domain of its own: https, without
// user, path or query. The scheme may be left out, and the path of the API may follow.
// A loopback or private address needs sandbox or allowPrivate. Plain HTTP needs sandbox
// and a loopback address.
func ParseBaseURL(text string, sandbox, allowPrivate bool) (Origin, error) {
	text = strings.TrimSpace(text)
	if strings.Contains(text, "@") {
		return Origin{}, errors.New("the address holds a user name or a password: leave them out")
	}
	address := text
	if !strings.ContainsAny(text, ":\\") && !strings.HasPrefix(text, "/") {
		address = "https://" + text
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || strings.ContainsAny(text, "\\\r\n\t %") {
		return Origin{}, fmt.Errorf("%.80q is no address such as https://surveys.example.com", text)
	}
	switch {
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(text, "#") || !slices.Contains([]string{"", "/", apiPath, apiPath + "/"}, u.Path):
		return Origin{}, fmt.Errorf("%.80q goes on after the host: leave that out", text)
	}
	if !validPort(u) {
		return Origin{}, fmt.Errorf("%.80q has no port from 1 to 65535 after its colon", text)
	}
	host := strings.ToLower(u.Hostname())
	loopback, internal, nowhere := addressKind(host)
	switch {
	case (loopback || internal) && !sandbox && !allowPrivate:
		return Origin{}, fmt.Errorf("%.80q is on this machine or in a private network: set network.allow_private if Qualtrics is reached there, or QUALTRICS_SANDBOX=1 for a sandbox", text)
	case nowhere && !sandbox:
		return Origin{}, fmt.Errorf("%.80q is in a private network, at an address where no host of Qualtrics can be", text)
	case u.Scheme == "http" && (!sandbox || !loopback):
		return Origin{}, errors.New("the address has to start with https://")
	case u.Scheme != "http" && u.Scheme != "https":
		return Origin{}, fmt.Errorf("%.80q does not start with https://", text)
	case !loopback && !internal && !hostName(host):
		return Origin{}, fmt.Errorf("%.80q is no host name: write it as surveys.example.com, an international one in its xn-- form", host)
	}
	return Origin{u.Scheme, strings.ToLower(u.Host)}, nil
}
