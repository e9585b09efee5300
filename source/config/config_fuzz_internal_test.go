package config

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
		u, err := url.Parse(checked.Origin.String())
		if err != nil || u.Scheme != "https" || u.User != nil || u.Path != "" || u.Host != checked.Origin.Host() {
			t.Fatalf("the origin is %s, %v", checked.Origin, err)
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
