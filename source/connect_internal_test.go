package source

import (
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/redact"
)

func TestEnvironmentProxy_IsBypassedAsNO_PROXYSays(t *testing.T) {
	t.Parallel()
	const plain, ported, address, v6 = "https://x.example.com", "https://x.example.com:8443", "https://10.1.2.3:8443", "https://[fd00::1]:8443"
	for noProxy, want := range map[string]map[string]bool{ // by origin: reached directly
		"":                            {plain: false, ported: false, address: false, v6: false},
		"*":                           {plain: true, ported: true, address: true, v6: true},
		"x.example.com":               {plain: true, ported: true, address: false, v6: false},
		" X.Example.COM ":             {plain: true, ported: true},
		"example.com":                 {plain: true, ported: true},
		".example.com":                {plain: true, ported: true},
		"*.example.com":               {plain: true, ported: true},
		"*.x.example.com":             {plain: false, ported: false}, // the names below it
		"y.example.com,x.example.com": {plain: true, ported: true},
		"y.example.com, ,":            {plain: false, ported: false},
		"x.example.com:8443":          {plain: false, ported: true},
		"example.com:8443":            {plain: false, ported: true},
		"x.example.com:443":           {plain: true, ported: false},
		"x.example.com:":              {plain: true, ported: true},
		"*:8443":                      {plain: false, ported: false},
		"ample.com":                   {plain: false, ported: false},
		"x.example":                   {plain: false, ported: false},
		"w.x.example.com":             {plain: false, ported: false},
		"example.com.evil.example":    {plain: false, ported: false},
		".":                           {plain: false, ported: false},
		"*.":                          {plain: false, ported: false},
		"10.1.2.3":                    {plain: false, address: true},
		"10.1.2.3:8443":               {address: true},
		"10.1.2.3:443":                {address: false},
		"10.1.2.30":                   {address: false},
		"10.0.0.0/8":                  {plain: false, address: true},
		"10.2.0.0/16":                 {address: false},
		"fd00::1":                     {plain: false, v6: true},
		"[fd00::1]":                   {v6: false}, // brackets need a port
		"[fd00::1]:8443":              {v6: true},
		"[fd00::1]:443":               {v6: false},
	} {
		for text, direct := range want {
			origin, err := qualtrics.ParseBaseURL(text, true, false)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"NO_PROXY", "no_proxy"} {
				environment := map[string]string{"HTTPS_PROXY": "proxy.example.com:3128", name: noProxy}
				r := &invocation{Program: &Program{Getenv: func(name string) string { return environment[name] }}, redactor: redact.New()}
				proxy, err := r.environmentProxy(origin)
				if err != nil || (proxy == nil) != direct || !direct && proxy.String() != "http://proxy.example.com:3128" {
					t.Errorf("%s=%q, %s: got the proxy %v, %v, want none: %t", name, noProxy, text, proxy, err, direct)
				}
			}
		}
	}
}
