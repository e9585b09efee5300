package qualtrics_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.String()
}

// encoded is an answer with a content encoding as it is on the wire.
func encoded(encoding, body string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s", encoding, len(body), body)
}

// misencoded are answers whose content encoding is wrong or unknown.
func misencoded(t *testing.T, text string) map[string]string {
	t.Helper()
	packed := gzipped(t, text)
	twice := gzipped(t, packed)
	noise := strings.Map(func(r rune) rune { return 255 - r }, text)
	flipped := []byte(packed)
	flipped[len(flipped)-8] ^= 1 // the checksum
	longer := []byte(packed)
	longer[len(longer)-4] ^= 1 // the length
	answers := map[string]string{
		"gzip that is none":           encoded("gzip", text),
		"gzip twice":                  encoded("gzip", twice),
		"gzip twice that says so":     encoded("gzip, gzip", twice),
		"gzip that is not called so":  encoded("identity", packed),
		"gzip of nothing":             encoded("gzip", gzipped(t, "")),
		"gzip that is empty":          encoded("gzip", ""),
		"gzip with a wrong checksum":  encoded("gzip", string(flipped)),
		"gzip with a wrong length":    encoded("gzip", string(longer)),
		"gzip with something behind":  encoded("gzip", packed+"x"),
		"brotli":                      encoded("br", noise),
		"zstd":                        encoded("zstd", "\x28\xb5\x2f\xfd"+noise),
		"an encoding that is no word": encoded("\t,;=", noise),
	}
	for at := 1; at < len(packed); at++ {
		answers[fmt.Sprintf("gzip cut after %d bytes", at)] = encoded("gzip", packed[:at])
		answers[fmt.Sprintf("gzip in a chunk cut after %d bytes", at)] = fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", at, packed[:at])
	}
	return answers
}

// wellEncoded are answers that can be understood.
func wellEncoded(t *testing.T, text string) map[string]string {
	t.Helper()
	return map[string]string{
		"gzip": encoded("gzip", gzipped(t, text)), "GZIP": encoded("GZIP", gzipped(t, text)), "gzip in two parts": encoded("gzip", gzipped(t, text[:9])+gzipped(t, text[9:])),
		"none": encoded("identity", text), "an unknown one that is none": encoded("br", text),
	}
}

func TestCall_AnAnswerThatIsEncodedWronglyIsTriedAgain(t *testing.T) {
	t.Parallel()
	text := `{"result":` + account + `,"meta":{"requestId":"r-1","httpStatus":"200 - OK"}}`
	good := wellEncoded(t, text)
	for name, raw := range good {
		synctest.Test(t, func(t *testing.T) {
			c := client(t, nil, func(o *qualtrics.Options) { o.Transport, o.Limits.Tries = wire(func() string { return raw }), 1 })
			if err := whoami(t, c); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	for name, bad := range misencoded(t, text) {
		synctest.Test(t, func(t *testing.T) {
			for _, until := range []int{2, 100} {
				connections := 0
				c := client(t, nil, func(o *qualtrics.Options) {
					o.Transport = wire(func() string {
						if connections++; connections <= until {
							return bad
						}
						return good["gzip"]
					})
				})
				err := whoami(t, c)
				if until == 2 {
					if err != nil || connections != 3 {
						t.Errorf("%s twice: got %v after %d connections, want the answer of the third", name, err, connections)
					}
					continue
				}
				var body *qualtrics.BodyError
				if !errors.As(err, &body) || connections != 8 || qualtrics.Kind(err) != qualtrics.KindTransient {
					t.Errorf("%s for ever: got kind %d, %v after %d connections, want an error of the body after 8", name, qualtrics.Kind(err), err, connections)
				}
			}
		})
	}
}

func TestDownload_AFileThatIsEncodedWronglyIsTriedAgain(t *testing.T) {
	t.Parallel()
	good := wellEncoded(t, archive)
	export := func(t *testing.T, tries int, raw func() string) (*jobs, string, error) {
		j := &jobs{t: t}
		_, content, err := j.export(t, func(o *qualtrics.Options) {
			o.Transport, o.Limits.Tries = downloading(j.serve, wire(raw)), tries
		})
		return j, content, err
	}
	for name, raw := range good {
		synctest.Test(t, func(t *testing.T) {
			if j, content, err := export(t, 1, func() string { return raw }); err != nil || content != archive || j.starts != 1 {
				t.Errorf("%s: got %d bytes of %d jobs, %v", name, len(content), j.starts, err)
			}
		})
	}
	for name, bad := range misencoded(t, archive) {
		synctest.Test(t, func(t *testing.T) {
			connections := 0
			j, content, err := export(t, 8, func() string {
				if connections++; connections == 1 {
					return bad
				}
				return good["gzip"]
			})
			if err != nil || content != archive || connections != 2 || j.starts != 1 {
				t.Errorf("%s once: got %d bytes by %d connections of %d jobs, %v", name, len(content), connections, j.starts, err)
			}
			connections = 0
			_, _, err = export(t, 2, func() string { connections++; return bad })
			var gaveUp *qualtrics.ExportError
			if !errors.As(err, &gaveUp) || connections != 6 || qualtrics.Kind(err) != qualtrics.KindTransient {
				t.Errorf("%s for ever: got %v after %d connections, want that exports failed after 6", name, err, connections)
			}
		})
	}
}
