package sandbox

import (
	"crypto/tls"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestAuthority_KeepsFewCertificatesAndRenewsThem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, err := NewAuthority()
		if err != nil {
			t.Fatal(err)
		}
		certificate := func(name string) *tls.Certificate {
			t.Helper()
			got, err := a.choose(&tls.ClientHelloInfo{ServerName: name})
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		first := certificate("iad1.qualtrics.com")
		if certificate("IAD1.qualtrics.com") != first {
			t.Error("the same name has two certificates")
		}
		time.Sleep(leafLife - renewBefore)
		renewed := certificate("iad1.qualtrics.com")
		if lasts := time.Until(renewed.Leaf.NotAfter); renewed == first || lasts < leafLife-time.Second {
			t.Errorf("after %v the certificate lasts %v", leafLife-renewBefore, lasts)
		}
		for i := range 3 * mostIssued {
			certificate(fmt.Sprintf("brand%d.qualtrics.com", i))
		}
		if len(a.issued) > mostIssued {
			t.Errorf("%d certificates are kept", len(a.issued))
		}
		for _, name := range []string{"a b.qualtrics.com", "*.qualtrics.com", ".qualtrics.com", "a..qualtrics.com", "-.qualtrics.com", "\x00.qualtrics.com", "example.com"} {
			if _, err := a.choose(&tls.ClientHelloInfo{ServerName: name}); err == nil {
				t.Errorf("%q has a certificate", name)
			}
		}
	})
}
