package source

import (
	"net/netip"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// fields lists the dotted names of everything that can be configured.
func fields(typ reflect.Type, path string) []string {
	var names []string
	for i := range typ.NumField() {
		name := join(path, typ.Field(i).Tag.Get("json"))
		names = append(names, name)
		if inside := typ.Field(i).Type; inside.Kind() == reflect.Struct {
			names = append(names, fields(inside, name)...)
		}
	}
	return names
}

var saneHost = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]([a-z0-9-]*[a-z0-9])?$`)

// A configuration is refused by a line for each problem that names its field,
// or it leads to a host of the public network, by https.
func FuzzConfig(f *testing.F) {
	const credentials = `"credentials":{"auth_type":"api_token","api_token":"0123456789abcdef"}`
	for _, seed := range []string{
		`{"data_center":"iad1",` + credentials + `}`, `{"base_url":"https://surveys.example.com",` + credentials + `,"start_date":"2024-01-01"}`,
		`{"base_url":"http://127.0.0.1",` + credentials + `}`, `{"base_url":"https://[::ffff:10.0.0.1]:1",` + credentials + `}`,
		`{"data_center":7,"credentials":[],"surveys":{"ids":["SV_1"],"resync":{"SV_1":"2025-01-01","SV_2":null},"on_denied":"x"},"limits":null,"shard":{"index":9}}`,
		`{"data_center":"iad1","credentials":{"auth_type":"oauth2_client_credentials","client_id":"a b","client_secret":"short"},"network":{"proxy":"http://u:passw0rd@h:1","client_key":"x"}}`,
		`{"data_center":"iad1@evil.example","deletions":{"mode":"\u0000","audit_days":1e9},"lookback_minutes":1.5,"unknown\n":1,"_injected":{}}`, `[]`, `{} {}`, "\ufeff{}", ``,
	} {
		f.Add([]byte(seed))
	}
	known := fields(reflect.TypeFor[Config](), "")
	f.Fuzz(func(t *testing.T, text []byte) {
		config, warnings, problems := decodeConfig(text)
		checked, more := config.check(false)
		for _, said := range append(append(warnings, more.warnings...), append(problems, more.problems...)...) {
			if strings.ContainsAny(said, "\r\n\x00\x1b\u2028") || len(said) > 1000 {
				t.Errorf("not one short line: %q", said)
			}
		}
		for _, problem := range append(problems, more.problems...) {
			if !named(problem, known) {
				t.Errorf("the problem names no field: %q", problem)
			}
		}
		if len(problems)+len(more.problems) > 0 {
			return
		}
		u, err := url.Parse(checked.origin.String())
		if err != nil || u.Scheme != "https" || u.User != nil || u.Path != "" || u.Host != checked.origin.Host() {
			t.Fatalf("the origin is %s, %v", checked.origin, err)
		}
		host := u.Hostname()
		if ip, err := netip.ParseAddr(host); err == nil {
			if ip = ip.Unmap(); !ip.IsGlobalUnicast() || ip.IsPrivate() {
				t.Errorf("the origin is %s", host)
			}
		} else if !saneHost.MatchString(host) || config.BaseURL == "" && !strings.HasSuffix(host, ".qualtrics.com") {
			t.Errorf("the origin is %q", host)
		}
		// Every command that is left to the user sees the same again.
		again, _, problems := decodeConfig(text)
		if len(problems) > 0 || !reflect.DeepEqual(config, again) {
			t.Errorf("read again it is another one: %v, %+v", problems, again)
		}
	})
}

// named reports whether a problem begins with the field that it is about.
func named(problem string, fields []string) bool {
	if strings.HasPrefix(problem, "the configuration ") {
		return true
	}
	for _, field := range fields {
		if rest, ok := strings.CutPrefix(problem, field); ok && (strings.HasPrefix(rest, " ") || strings.HasPrefix(rest, ":")) {
			return true
		}
	}
	return false
}

// The state of a stream is refused as something that the user has to solve, or
// it is understood, and then means the same after it was written.
func FuzzState(f *testing.F) {
	for _, seed := range []string{
		``, `null`, `{}`, `[]`, `{"v":1}`, `{"v":3}`, `{"v":-1,"partitions":{}}`, `{"v":1,"brand":"brand","partitions":{"SV_1":{"w":1},"SV_2":null,"SV_3":{}}}`,
		`{"v":1,"brand":"host:a","refresh":"running","partitions":{"":{"<&>":"\u2028"}},"waiting_as_of":"x"}`, `{"v":1,"V":3,"partitions":{"SV_1":[1]}}`,
		`{"v":1,"brand":"other","partitions":{"SV_1":{}}}`, `{"v":1,"partitions":null,"refresh":"complete"}`, `{"v":1}{`,
		`{"v":2,"partitions":{}}`, `{"v":2,"packed":"H4sIAAAAAAAA/wEAAP//AAAAAAAAAAA="}`, `{"v":2,"packed":"SV_1"}`, `{"v":2,"packed":""}`, packedState,
	} {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, stored []byte, refresh bool) {
		state, err := newState("responses", "brand", stored, refresh)
		if err != nil {
			if _, ok := err.(*configError); !ok || !strings.Contains(err.Error(), "the state of stream responses") { //nolint:errorlint // the outermost counts
				t.Errorf("%q: got %T: %v", stored, err, err)
			}
			return
		}
		if state.Brand != "brand" || state.Partitions == nil {
			t.Errorf("%q: got %+v", stored, state)
		}
		written, err := state.encode()
		if err != nil {
			t.Fatalf("%q cannot be written: %v", stored, err)
		}
		if !strings.HasPrefix(string(written), `{"v":1,`) && !strings.HasPrefix(string(written), `{"v":2,`) {
			t.Errorf("%q was written as %.80s, of no version", stored, written)
		}
		again, err := newState("responses", "brand", written, refresh)
		if err != nil {
			t.Fatalf("%q, written as %s: %v", stored, written, err)
		}
		rewritten, err := again.encode()
		if err != nil || string(rewritten) != string(written) {
			t.Errorf("%q was written as %s, then as %s, %v", stored, written, rewritten, err)
		}
		if _, err := newState("responses", "another", written, refresh); err == nil {
			t.Errorf("%s was taken for another brand's", written)
		}
	})
}
