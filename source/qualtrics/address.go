package qualtrics

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// validPort reports whether a URL names no port, or one that exists.
func validPort(u *url.URL) bool {
	port := u.Port()
	if port == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	number, err := strconv.ParseUint(port, 10, 16)
	return err == nil && number > 0
}

// hostName reports whether a host is made of labels, at least two. One that
// ends in a number is none: resolvers read it as an address in one of the
// notations of old, such as 127.1 or 0x7f.0.0.0x1.
func hostName(host string) bool {
	labels := strings.Split(host, ".")
	last := labels[len(labels)-1]
	hexadecimal, isHex := strings.CutPrefix(last, "0x")
	return len(host) <= 253 && len(labels) >= 2 && !digits(last) && (!isHex || strings.Trim(hexadecimal, "0123456789abcdef") != "") &&
		!slices.ContainsFunc(labels, func(l string) bool { return !label.MatchString(l) })
}

// privateNames are domains that exist in private networks only: a proxy
// resolves names where no address can be checked.
var privateNames = []string{".internal", ".local", ".localdomain", ".lan", ".home.arpa", ".intranet", ".private", ".corp"}

// addressKind tells hosts that are not on the public network.
func addressKind(host string) (loopback, private bool) {
	name := strings.TrimSuffix(host, ".")
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true, false
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return false, slices.ContainsFunc(privateNames, func(domain string) bool { return strings.HasSuffix(name, domain) })
	}
	return ip.Unmap().IsLoopback(), !public(ip)
}

// public reports whether an address is one of the public network.
func public(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	in := func(network netip.Prefix) bool { return network.Contains(ip) }
	switch {
	case !ip.IsGlobalUnicast(), ip.IsPrivate(), slices.ContainsFunc(special, in):
		return false
	case ip.Is4():
		return true
	case translated.Contains(ip):
		bytes := ip.As16()
		return public(netip.AddrFrom4([4]byte(bytes[12:])))
	default:
		return global.Contains(ip)
	}
}

var (
	global     = netip.MustParsePrefix("2000::/3")
	translated = netip.MustParsePrefix("64:ff9b::/96") // an IPv4 address behind NAT64 (RFC 6052)
	// special are networks of the registries for special purposes, and what
	// clouds put their metadata services on beside the link-local range.
	special = []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"),
		netip.MustParsePrefix("100.64.0.0/10"), // RFC 6598; Alibaba's metadata
		netip.MustParsePrefix("192.0.0.0/24"),  // RFC 6890; Oracle's metadata
		netip.MustParsePrefix("192.0.2.0/24"),
		netip.MustParsePrefix("198.18.0.0/15"),
		netip.MustParsePrefix("198.51.100.0/24"),
		netip.MustParsePrefix("203.0.113.0/24"),
		netip.MustParsePrefix("240.0.0.0/4"),
		netip.MustParsePrefix("168.63.129.16/32"), // Azure's
		netip.MustParsePrefix("2001::/23"),
		netip.MustParsePrefix("2001:db8::/32"),
		netip.MustParsePrefix("2002::/16"), // 6to4 leads to any IPv4 address
		netip.MustParsePrefix("3fff::/20"),
	}
)

// publicAddress reports whether host:port is an address of the public network.
func publicAddress(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && public(ip)
}
