package qualtrics_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// names is a name server: every lookup of a name gets the next address of its
// list, the last one again and again.
type names struct {
	addresses []string

	mu    sync.Mutex
	asked map[uint16]int // questions by type: a lookup asks for IPv4 and IPv6 at once
	found int            // of them, answers with an address
}

func leadingTo(addresses ...string) *names {
	return &names{addresses: addresses, asked: make(map[uint16]int)}
}

// lookups counts the lookups that led to an address.
func (n *names) lookups() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.found
}

// resolver asks the name server, which answers over a pipe.
func (n *names) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go n.serve(ours)
		return theirs, nil
	}}
}

// serve answers questions with a length in front, as over TCP (RFC 1035 §4.2.2).
func (n *names) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	for {
		var length [2]byte
		if _, err := io.ReadFull(conn, length[:]); err != nil {
			return
		}
		question := make([]byte, binary.BigEndian.Uint16(length[:]))
		if _, err := io.ReadFull(conn, question); err != nil {
			return
		}
		answer := n.answer(question)
		if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)); err != nil {
			return
		}
	}
}

func (n *names) answer(question []byte) []byte {
	const header, a, aaaa = 12, 1, 28
	end := header
	for question[end] != 0 {
		end += int(question[end]) + 1
	}
	end += 5 // the name's end, type and class
	kind := binary.BigEndian.Uint16(question[end-4:])
	answer := slices.Clone(question[:end])
	copy(answer[2:], []byte{0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}) // an answer without records
	n.mu.Lock()
	defer n.mu.Unlock()
	address := netip.MustParseAddr(n.addresses[min(n.asked[kind], len(n.addresses)-1)])
	n.asked[kind]++
	if wanted := map[bool]uint16{true: a, false: aaaa}[address.Is4()]; kind != wanted {
		return answer
	}
	n.found++
	answer[7] = 1
	answer = append(answer, 0xc0, header)
	answer = binary.BigEndian.AppendUint16(answer, kind)
	answer = append(answer, 0, 1, 0, 0, 0, 0) // class and time to live
	answer = binary.BigEndian.AppendUint16(answer, uint16(address.BitLen()/8))
	return append(answer, address.AsSlice()...)
}

var errNotSent = errors.New("nothing is sent in a test")

// dial makes one request for a name and returns its error.
func dial(t *testing.T, transport http.RoundTripper) error {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://surveys.example.com./", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := transport.RoundTrip(request)
	if err == nil {
		_ = response.Body.Close()
	}
	return err
}

func TestTransport_ChecksTheAddressThatANameLeadsTo(t *testing.T) {
	t.Parallel()
	for address, public := range map[string]bool{
		"8.8.8.8": true, "2606:4700::1111": true, "64:ff9b::808:808": true, "172.32.0.1": true, "100.128.0.1": true, "169.253.1.1": true,
		"127.0.0.1": false, "127.255.255.254": false, "::1": false, "::": false, "0.0.0.0": false, "0.1.2.3": false,
		"10.0.0.1": false, "172.16.0.1": false, "172.31.255.255": false, "192.168.1.1": false, "100.64.0.1": false, "198.18.0.1": false,
		"169.254.0.1": false, "169.254.169.254": false, "100.100.100.200": false, "192.0.0.192": false, "168.63.129.16": false, "fd00:ec2::254": false,
		"fe80::1": false, "fc00::1": false, "fd12::1": false, "fec0::1": false, "224.0.0.1": false, "239.1.1.1": false, "ff02::1": false, "ff0e::1": false,
		"255.255.255.255": false, "240.0.0.1": false, "192.0.2.1": false, "198.51.100.1": false, "203.0.113.1": false, "2001:db8::1": false,
		"::ffff:127.0.0.1": false, "::ffff:169.254.169.254": false, "::127.0.0.1": false, "64:ff9b::7f00:1": false, "64:ff9b::a9fe:a9fe": false,
		"64:ff9b:1::a00:1": false, "2002:7f00:1::1": false, "2001:0:4136:e378::1": false, "100::1": false,
	} {
		server, dialed := leadingTo(address), []string(nil)
		transport, err := qualtrics.ResolvingTransport(qualtrics.TransportOptions{}, server.resolver(), func(address string) error {
			dialed = append(dialed, address)
			return errNotSent
		})
		if err != nil {
			t.Fatal(err)
		}
		err = dial(t, transport)
		if server.lookups() == 0 || errors.Is(err, errNotSent) != public || (len(dialed) > 0) != public {
			t.Errorf("%s: got %v after %d lookups and dials of %v, want one: %v", address, err, server.lookups(), dialed, public)
		}
		if !public && (err == nil || !strings.Contains(err.Error(), "in a private network") && !strings.Contains(err.Error(), "no host of Qualtrics can be")) {
			t.Errorf("%s: got %v, want an error that says why", address, err)
		}
	}
}

// A name that led to a public address when it was first asked for may lead
// home the next time: every connection is checked by its own address.
func TestTransport_ChecksEveryConnectionAnew(t *testing.T) {
	t.Parallel()
	for _, home := range []string{"127.0.0.1", "169.254.169.254", "::1"} {
		server, dialed := leadingTo("8.8.8.8", home), []string(nil)
		connect := func(address string) error {
			dialed = append(dialed, address)
			return errNotSent
		}
		transport, err := qualtrics.ResolvingTransport(qualtrics.TransportOptions{}, server.resolver(), connect)
		if err != nil {
			t.Fatal(err)
		}
		if err := dial(t, transport); !errors.Is(err, errNotSent) {
			t.Errorf("the first connection: got %v, want it dialed", err)
		}
		for range 3 {
			if err := dial(t, transport); err == nil || errors.Is(err, errNotSent) {
				t.Errorf("a later connection to %s: got %v, want it refused", home, err)
			}
		}
		if want := []string{"8.8.8.8:443"}; !slices.Equal(dialed, want) {
			t.Errorf("got dials of %v, want of %v", dialed, want)
		}
		// The switch of the sandbox lifts the check.
		transport, err = qualtrics.ResolvingTransport(qualtrics.TransportOptions{AllowAny: true}, server.resolver(), connect)
		if err != nil {
			t.Fatal(err)
		}
		if err := dial(t, transport); !errors.Is(err, errNotSent) || len(dialed) != 2 {
			t.Errorf("for a sandbox: got %v, dialed %v, want %s too", err, dialed, home)
		}
	}
}

// A company's name server may give a private address for a host of Qualtrics. Where
// no such host can be stays refused: there are the keys of the cloud's machine.
func TestTransport_TakesAPrivateAddressWhereThatIsAllowed(t *testing.T) {
	t.Parallel()
	for address, taken := range map[string]bool{
		"8.8.8.8": true, "10.0.0.1": true, "172.16.0.1": true, "192.168.1.1": true, "100.64.0.1": true, "198.18.0.1": true, "127.0.0.1": true, "::1": true, "fd12::1": true, "64:ff9b::a00:1": true, "::ffff:10.0.0.1": true,
		"169.254.169.254": false, "169.254.0.1": false, "fe80::1": false, "100.100.100.200": false, "fd00:ec2::254": false, "192.0.0.192": false, "168.63.129.16": false,
		"224.0.0.1": false, "255.255.255.255": false, "0.0.0.0": false, "::": false, "192.0.2.1": false, "::ffff:169.254.169.254": false, "64:ff9b::a9fe:a9fe": false,
	} {
		server := leadingTo(address)
		transport, err := qualtrics.ResolvingTransport(qualtrics.TransportOptions{AllowPrivate: true}, server.resolver(), func(string) error { return errNotSent })
		if err != nil {
			t.Fatal(err)
		}
		if err := dial(t, transport); errors.Is(err, errNotSent) != taken {
			t.Errorf("%s: got %v, want it dialed: %t", address, err, taken)
		}
	}
}

// What is refused is the user's to solve, and final.
func TestCall_APrivateAddressIsAProblemOfTheConfiguration(t *testing.T) {
	t.Parallel()
	server := leadingTo("127.0.0.1")
	transport, err := qualtrics.ResolvingTransport(qualtrics.TransportOptions{}, server.resolver(), func(string) error { return errNotSent })
	if err != nil {
		t.Fatal(err)
	}
	for name, options := range map[string][]option{"token": nil, "OAuth": {withOAuth}} {
		c := client(t, nil, append(options, func(o *qualtrics.Options) { o.Transport = transport })...)
		before := server.lookups()
		err := whoami(t, c)
		if qualtrics.Kind(err) != qualtrics.KindConfig || !strings.Contains(err.Error(), "in a private network; check data_center and base_url; if Qualtrics is to be reached there, set network.allow_private") || server.lookups() != before+1 {
			t.Errorf("%s: got %v after %d lookups, want a problem of the configuration after one", name, err, server.lookups()-before)
		}
	}
}

// Behind a proxy its own address is no matter: it is on a private one often.
func TestTransport_AProxyMayBeOnAPrivateAddress(t *testing.T) {
	t.Parallel()
	proxy, err := url.Parse("http://127.0.0.1:3128")
	if err != nil {
		t.Fatal(err)
	}
	var dialed []string
	transport, err := qualtrics.ResolvingTransport(qualtrics.TransportOptions{Proxy: proxy}, nil, func(address string) error {
		dialed = append(dialed, address)
		return errNotSent
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := dial(t, transport); !errors.Is(err, errNotSent) || !slices.Equal(dialed, []string{"127.0.0.1:3128"}) {
		t.Errorf("got %v and dials of %v, want one of the proxy", err, dialed)
	}
}
