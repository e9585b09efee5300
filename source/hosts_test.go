package source_test

import (
	"context"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source"
)

// doorway is a proxy that lets nobody through and counts who came: a program
// on the real network that has it in its environment dials nobody else.
type doorway struct {
	address string
	dials   atomic.Int32
	came    chan struct{} // holds a value once somebody came
}

func newDoorway(t *testing.T) *doorway {
	t.Helper()
	d := &doorway{came: make(chan struct{}, 1)}
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }),
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				d.dials.Add(1)
				select {
				case d.came <- struct{}{}:
				default:
				}
			}
		},
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d.address = listener.Addr().String()
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return d
}

// runThrough runs a command on the real network behind the doorway.
func (tn *tenant) runThrough(t *testing.T, d *doorway, args ...string) result {
	t.Helper()
	tn.transport, tn.env["HTTPS_PROXY"] = nil, "http://"+d.address
	return tn.run(t, args...)
}

// hostile are texts that no configuration may reach a host by, with what the
// message says of them.
var hostile = map[string]map[string]string{
	"data_center": {
		"evil.example/": "neither a data center id", "evil.example/API/v3": "neither a data center id", "iad1.qualtrics.com.evil.example": "neither a data center id",
		"evilqualtrics.com": "no data center", "iad1/../evil": "neither a data center id", "iad1?x=.qualtrics.com": "neither a data center id",
		"iad1#.qualtrics.com": "neither a data center id", `iad1\evil`: "neither a data center id", `evil.example\.qualtrics.com`: "neither a data center id",
		"iad1\r\nHost: evil.example": "neither a data center id", "iad1\x00": "neither a data center id", "iad1\tx": "neither a data center id",
		"user:pass-word-1@iad1": "it holds a user name", "https://user:pass-word-1@iad1.qualtrics.com": "it holds a user name",
		"https://pass-word-1/x@iad1.qualtrics.com": "it holds a user name", "https://iad1.qualtrics.com@evil.example/": "it holds a user name",
		"http://iad1.qualtrics.com": "neither a data center id", "//evil.example": "neither a data center id", "https://evil.example": "no address of Qualtrics",
		"https://evil.example#.qualtrics.com": "neither a data center id", "https://evil.example?.qualtrics.com": "no address of Qualtrics",
		"https://evil.example:443.qualtrics.com": "neither a data center id", "file:///etc/passwd": "neither a data center id", "gopher://iad1": "neither a data center id",
		"iad1:8443": "neither a data center id", "iad1.qualtrics.com:8443": "neither a data center id", "iad1.qualtrics.com.": "neither a data center id",
		"iad1.": "neither a data center id", ".iad1": "neither a data center id", "a..b": "neither a data center id", "a.b.c": "neither a data center id",
		"a.b.c.qualtrics.com": "neither a data center id", "%69ad1": "neither a data center id", "iad1%2eevil%2eexample": "neither a data center id",
		"iаd1": "neither a data center id", "ｉａｄ１": "neither a data center id", "iad1。evil": "neither a data center id", "xn--iad1-abc": "no data center",
		"127.0.0.1": "neither a data center id", "169.254.169.254": "neither a data center id", "[::1]": "neither a data center id", "[::ffff:169.254.169.254]": "neither a data center id",
		"2130706433": "no data center", "127.1": "no data center", "localhost": "no data center", "brand.localhost": "no data center", "0": "no data center",
		"www": "serves no API", "api": "serves no API", "s": "serves no API", "static-assets": "serves no API", "community": "serves no API",
		"siteintercept": "serves no API", "WWW.qualtrics.com": "serves no API", "https://login.qualtrics.com/login": "serves no API", "brand.www": "serves no API",
		"_dmarc": "neither a data center id", "-iad1": "neither a data center id", "*": "neither a data center id", "${iad1}": "neither a data center id",
		strings.Repeat("a1B2", 10): "too long",
	},
	"base_url": {
		"https://user@surveys.example.com": "user name or a password", "https://u:pass-word-1@surveys.example.com": "user name or a password",
		"https://surveys.example.com@evil.example": "user name or a password", "https://surveys.example.com/API": "goes on after the host",
		"https://surveys.example.com/..": "goes on after the host", "https://surveys.example.com?x": "goes on after the host", "https://surveys.example.com?": "goes on after the host",
		"https://surveys.example.com#": "goes on after the host", "https://surveys.example.com/#x": "goes on after the host",
		"https://surveys.example.com\r\nX-API-TOKEN: x": "no address", `https:\\surveys.example.com`: "no address", `https://surveys.example.com\evil`: "no address",
		"https://%73urveys.example.com": "no address", "https://surveys%2eexample.com": "no address", "https:surveys.example.com": "no address", "https://": "no address",
		"//surveys.example.com": "does not start with https://", "surveys.example.com:8443": "no address", "localhost/API/v3": "on this machine", "http://surveys.example.com": "has to start with https://",
		"ftp://surveys.example.com": "does not start with https://", "javascript://surveys.example.com": "does not start with https://",
		"https://surveys.example.com.": "no host name", "https://surveys": "no host name", "https://sürveys.example.com": "no host name", "https://surveys。example。com": "no host name",
		"https://ｌocalhost": "no host name", "https://_x.example.com": "no host name", "https://a..example.com": "no host name",
		"https://surveys.example.com:": "no port", "https://surveys.example.com:0": "no port", "https://surveys.example.com:65536": "no port", "https://surveys.example.com:x": "no address",
		"https://localhost": "on this machine", "https://LOCALHOST": "on this machine", "https://localhost.": "on this machine", "https://x.localhost:8443": "on this machine",
		"https://localhost.localdomain": "on this machine", "https://ip6-localhost": "no host name", "https://127.0.0.1": "on this machine", "https://127.8.8.8": "on this machine",
		"https://[::1]": "on this machine", "https://[::ffff:127.0.0.1]": "on this machine", "https://[::ffff:7f00:1]": "on this machine", "https://[::127.0.0.1]": "on this machine",
		"https://[64:ff9b::7f00:1]": "on this machine", "https://[2002:7f00:1::]": "on this machine", "https://[::]": "on this machine", "https://0.0.0.0": "on this machine",
		"https://0": "no host name", "https://127.1": "no host name", "https://127.0.1": "no host name", "https://2130706433": "no host name", "https://0x7f000001": "no host name",
		"https://0x7f.0.0.1": "no host name", "https://127.0.0.0x1": "no host name", "https://0177.0.0.1": "no host name", "https://127.0.0.01": "no host name",
		"https://017700000001": "no host name", "https://1.2.3.0X4": "no host name", "https://8.8.8.8": "no host name", "https://[2606:4700::1]": "no host name",
		"https://10.1.2.3": "private network", "https://172.16.0.1": "private network", "https://192.168.0.1": "private network", "https://100.64.0.1": "private network",
		"https://169.254.169.254": "private network", "https://192.0.0.192": "private network", "https://168.63.129.16": "private network", "https://[fd00:ec2::254]": "private network",
		"https://[fe80::1]": "private network", "https://[fe80::1%25eth0]": "no address", "https://224.0.0.1": "private network", "https://[ff02::1]": "private network", "https://255.255.255.255": "private network",
		"https://metadata.google.internal": "private network", "https://printer.local": "private network", "https://router.home.arpa": "private network",
		"http://127.0.0.1:8080": "on this machine", "http://[::1]:8080": "on this machine",
	},
}

// A hostile address is told apart by its text: nobody is dialed for it, and no
// name server asked.
func TestCommands_RefuseHostileHostsBeforeAnyPacket(t *testing.T) {
	t.Parallel()
	door := newDoorway(t)
	count := 0
	for key, texts := range hostile {
		for text, want := range texts {
			count++
			tn := newTenant(t, small)
			tn.config[key] = text
			ok, message := status(t, tn.runThrough(t, door, "check", "--config", "config.json"))
			if ok || !strings.Contains(message, key+": ") || !strings.Contains(message, want) || strings.Contains(message, "pass-word") || strings.ContainsAny(message, "\r\n\x00") {
				t.Errorf("check with the %s %q: got %v, %q, want a refusal that says %q", key, text, ok, message, want)
			}
			got := tn.runThrough(t, door, "discover", "--config", "config.json")
			if errors := traceErrors(t, got); got.code != 1 || len(errors) != 1 || errors[0].kind != "config_error" {
				t.Errorf("discover with the %s %q: got exit code %d and %v, want 1 and a config_error", key, text, got.code, errors)
			}
		}
	}
	if dials := door.dials.Load(); dials != 0 || count < 40 {
		t.Errorf("got %d dials for %d hostile hosts, want none for 40 at least", dials, count)
	}
	// The doorway counts: an honest host comes to it.
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-door.came
		cancel()
	}()
	tn := newTenant(t, small)
	tn.env["HTTPS_PROXY"], tn.files["config.json"] = "http://"+door.address, testkit.Encode(tn.config)
	program := &source.Program{Files: tn.disk()}
	// What becomes of it is a matter of who is faster.
	if end := testkit.Run(ctx, program, source.Sizes{}, tn.env, "check", "--config", "config.json"); door.dials.Load() == 0 {
		t.Errorf("an honest host: got exit code %d and no dial", end.Code)
	}
}

// A token in the place of the data center is neither shown nor looked up.
func TestCheck_ShowsNoTokenThatIsInTheWrongField(t *testing.T) {
	t.Parallel()
	const pasted = "aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789aBcD"
	tn := newTenant(t, small)
	tn.config["data_center"] = pasted
	got := tn.run(t, "check", "--config", "config.json")
	if ok, message := status(t, got); ok || !strings.Contains(message, "data_center: it is too long") {
		t.Errorf("got %v, %q, want a refusal for its length", ok, message)
	}
	leaks(t, "the output", got.stdout+got.stderr, pasted, strings.ToLower(pasted))
}

// With the sandbox's switch an address of this machine is one, and no more.
func TestCommands_TakeALocalHostForASandboxOnly(t *testing.T) {
	t.Parallel()
	door := newDoorway(t)
	for text, want := range map[string]bool{
		"http://127.0.0.1:8080": true, "https://127.0.0.1": true, "http://localhost": true, "https://10.0.0.1": true,
		"http://10.0.0.1": false, "http://surveys.example.com": false, "https://8.8.8.8": false, "https://127.1": false, "https://u@127.0.0.1": false, "https://127.0.0.1/x": false,
	} {
		tn := newTenant(t, small)
		tn.config["base_url"], tn.env["QUALTRICS_SANDBOX"] = text, "1"
		if got := tn.runThrough(t, door, "discover", "--config", "config.json"); (got.code == 0) != want {
			t.Errorf("%s: got exit code %d and %s, want it taken: %v", text, got.code, got.stdout, want)
		}
		for _, off := range []string{"", "0", "true", "yes", "1 "} {
			if tn.env["QUALTRICS_SANDBOX"] = off; tn.runThrough(t, door, "discover", "--config", "config.json").code != 1 {
				t.Errorf("%s is taken with QUALTRICS_SANDBOX=%q", text, off)
			}
		}
	}
	if door.dials.Load() != 0 {
		t.Errorf("discover dialed %d times", door.dials.Load())
	}
}

// Qualtrics behind a private address is reached over TLS and by a setting of its own.
func TestCommands_TakeAPrivateHostWhereThatIsAllowed(t *testing.T) {
	t.Parallel()
	door := newDoorway(t)
	for text, want := range map[string]bool{
		"https://10.0.0.1": true, "https://qualtrics.corp": true, "https://localhost": true,
		"http://127.0.0.1:8080": false, "http://localhost": false, "http://10.0.0.1": false, "https://169.254.169.254": false, "https://8.8.8.8": false,
	} {
		tn := newTenant(t, small)
		tn.config["base_url"], tn.config["network"] = text, map[string]any{"allow_private": true}
		if got := tn.runThrough(t, door, "discover", "--config", "config.json"); (got.code == 0) != want {
			t.Errorf("%s: got exit code %d and %s, want it taken: %v", text, got.code, got.stdout, want)
		}
	}
}
