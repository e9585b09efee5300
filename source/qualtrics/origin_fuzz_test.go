package qualtrics_test

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

var (
	centreHost = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.){1,2}qualtrics\.com$`)
	publicHost = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)
	noCentres  = []string{"www", "api", "s", "static-assets", "community", "siteintercept"}
)

// originProblem says what an origin has that none may have, by another way
// than the parsers take; "" is none.
func originProblem(origin qualtrics.Origin, sandbox bool) string {
	u, err := url.Parse(origin.String())
	switch {
	case err != nil:
		return err.Error()
	case u.Host != origin.Host() || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "":
		return "it is more than a scheme and a host"
	case u.Scheme != "https" && !sandbox:
		return "it is not https"
	}
	host := u.Hostname()
	ip, err := netip.ParseAddr(host)
	switch isIP := err == nil; {
	case sandbox:
		return ""
	case isIP && (!ip.Unmap().IsGlobalUnicast() || ip.Unmap().IsPrivate()):
		return "it is no public address"
	case !isIP && !publicHost.MatchString(host):
		return "it is no host name"
	case !isIP && strings.Trim(host[strings.LastIndexByte(host, '.')+1:], "0123456789") == "":
		return "it ends in a number, as an address does"
	case host == "localhost" || strings.HasSuffix(host, ".localhost") || strings.HasSuffix(host, ".internal") || strings.HasSuffix(host, ".local"):
		return "it is a name of private networks"
	}
	return ""
}

// Whatever is taken for a data center is a host of one or two labels below
// qualtrics.com, and means the same when it is read again.
func FuzzParseDataCenter(f *testing.F) {
	for _, text := range []string{
		"iad1", "https://iad1.qualtrics.com/x", "brand.co1", " IAD1\n", "https://iad1.qualtrics.com@evil.example", "evil.example#.qualtrics.com",
		"iad1.qualtrics.com.", "www.iad1", "iad1.www", "xn--a", "127.0.0.1", "iad1\x00.qualtrics.com", "https://https://iad1.qualtrics.com", "K\u212aiad1",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		origin, warning, err := qualtrics.ParseDataCenter(text)
		for _, said := range []string{warning, errorText(err)} {
			if strings.ContainsAny(said, "\r\n\x00\x1b") || len(said) > 1000 {
				t.Errorf("what is said is not one short line: %q", said)
			}
		}
		if err != nil {
			return
		}
		host := origin.Host()
		if !centreHost.MatchString(host) || slices.Contains(noCentres, strings.Split(host, ".")[strings.Count(host, ".")-2]) {
			t.Errorf("%q: got host %q", text, host)
		}
		if problem := originProblem(origin, false); problem != "" {
			t.Errorf("%q became %s: %s", text, origin, problem)
		}
		for _, again := range []string{host, origin.String(), strings.TrimSuffix(host, ".qualtrics.com")} {
			if got, _, err := qualtrics.ParseDataCenter(again); err != nil || got != origin {
				t.Errorf("%q became %s, and %q became %s, %v", text, origin, again, got, err)
			}
		}
	})
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
