package qualtrics

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// validPort reports whether a URL has no port, or a port from 1 to 65535.
func validPort(u *url.URL) bool {
	port := u.Port()
	if port == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	number, err := strconv.ParseUint(port, 10, 16)
	return err == nil && number > 0
}

// hostName reports whether a host is a name of at least two labels. A host whose last
// label is a number is no name: resolvers read 127.1 and 0x7f.0.0.0x1 as addresses.
func hostName(host string) bool {
	labels := strings.Split(host, ".")
	last := labels[len(labels)-1]
	hexadecimal, isHex := strings.CutPrefix(last, "0x")
	return len(host) <= 253 && len(labels) >= 2 && !digits(last) && (!isHex || strings.Trim(hexadecimal, "0123456789abcdef") != "") &&
		!slices.ContainsFunc(labels, func(l string) bool { return !label.MatchString(l) })
}

// privateNames are domains of private networks only. They are checked by name, because
// a proxy resolves names itself and hides their addresses.
var privateNames = []string{".internal", ".local", ".localdomain", ".lan", ".home.arpa", ".intranet", ".private", ".corp"}

// addressKind classifies a host. loopback: it is this machine. internal: it is not on
// the public network. nowhere: no host of Qualtrics can have this address.
func addressKind(host string) (loopback, internal, nowhere bool) {
	name := strings.TrimSuffix(host, ".")
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true, false, false
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return false, slices.ContainsFunc(privateNames, func(domain string) bool { return strings.HasSuffix(name, domain) }), false
	}
	return ip.Unmap().IsLoopback(), !public(ip), !public(ip) && !private(ip)
}

// public reports whether an address is on the public network.
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
	// special are networks that are registered for special purposes. The list also has
	// metadata services of clouds outside the link-local range.
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

// addressOf returns the IP address in host:port, or the zero address if there is none.
func addressOf(address string) netip.Addr {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return netip.Addr{}
	}
	ip, _ := netip.ParseAddr(host)
	return ip
}

// private reports whether an address is on this machine or in a private network,
// through which a company may reach Qualtrics.
func private(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	in := func(network netip.Prefix) bool { return network.Contains(ip) }
	if translated.Contains(ip) {
		bytes := ip.As16()
		return private(netip.AddrFrom4([4]byte(bytes[12:])))
	}
	return (ip.IsLoopback() || ip.IsPrivate() || slices.ContainsFunc(internal, in)) && !slices.ContainsFunc(metadata, in)
}

var (
	// internal are networks that companies use like private ones. Carriers share
	// 100.64.0.0/10. Gateways make up addresses in 198.18.0.0/15, which is meant for
	// measurements.
	internal = []netip.Prefix{netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("198.18.0.0/15")}
	// metadata are addresses in private networks where clouds have their
	// metadata services.
	metadata = []netip.Prefix{
		netip.MustParsePrefix("100.100.100.200/32"), // Alibaba's
		netip.MustParsePrefix("fd00:ec2::/32"),      // AWS's
		netip.MustParsePrefix("fd20:ce::254/128"),   // Google's
	}
)
