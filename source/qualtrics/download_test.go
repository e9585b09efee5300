package qualtrics_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// breaking is a body that ends with an error, as the bodies of net/http do for
// as long as they are read.
type breaking struct {
	io.Reader
	err error
}

func (b breaking) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		err = b.err
	}
	return n, err
}

func (breaking) Close() error { return nil }

// cut serves the beginning of the archive as a body of a length, -1 for none.
func cut(at int, length int64, err error) *http.Response {
	response := zip()
	response.Body, response.ContentLength = breaking{strings.NewReader(archive[:at]), err}, length
	return response
}

func TestDownload_IsRepeatedWhereverItIsCut(t *testing.T) {
	t.Parallel()
	whole := int64(len(archive))
	for name, serve := range map[string]func(at int) *http.Response{
		"shorter than announced":           func(at int) *http.Response { return cut(at, whole, io.EOF) },
		"shorter than announced, noticed":  func(at int) *http.Response { return cut(at, whole, io.ErrUnexpectedEOF) },
		"of unknown length, broken off":    func(at int) *http.Response { return cut(at, -1, io.ErrUnexpectedEOF) },
		"of unknown length, reset by peer": func(at int) *http.Response { return cut(at, -1, errors.New("connection reset by peer")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				for at := range len(archive) {
					j := &jobs{t: t, file: func(n int) *http.Response {
						if n == 1 {
							return serve(at)
						}
						return zip()
					}}
					if _, content, err := j.export(t); err != nil || content != archive || j.files != 2 || j.starts != 1 {
						t.Fatalf("cut after %d bytes: %d bytes by %d downloads of %d jobs, %v", at, len(content), j.files, j.starts, err)
					}
				}
			})
		})
	}
}

// wire is a network whose other end writes raw answers, one per connection.
func wire(raw func() string) *http.Transport {
	return &http.Transport{
		DisableKeepAlives: true,
		DialTLSContext: func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			go func() {
				defer func() { _ = theirs.Close() }()
				if _, err := http.ReadRequest(bufio.NewReader(theirs)); err == nil {
					_, _ = io.WriteString(theirs, raw())
				}
			}()
			return ours, nil
		},
	}
}

// downloading sends downloads over a network and the rest to a server.
func downloading(s server, network http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, "/file") {
			return network.RoundTrip(r)
		}
		return s.RoundTrip(r)
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestDownload_IsRepeatedWhereverTheConnectionBreaks(t *testing.T) {
	t.Parallel()
	const head = "HTTP/1.1 200 OK\r\nContent-Type: application/zip\r\n"
	half := len(archive) / 2
	for name, whole := range map[string]string{
		"with a length": fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", head, len(archive), archive),
		"in chunks":     fmt.Sprintf("%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n", head, half, archive[:half], len(archive)-half, archive[half:]),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				last := len(whole)
				if name == "in chunks" {
					last -= len("\r\n") // the trailer's end may be missing
				}
				for at := range last {
					j, connections := &jobs{t: t}, 0
					network := downloading(j.serve, wire(func() string {
						if connections++; connections == 1 {
							return whole[:at]
						}
						return whole
					}))
					_, content, err := j.export(t, func(o *qualtrics.Options) { o.Transport = network })
					if err != nil || content != archive || connections != 2 || j.starts != 1 {
						t.Fatalf("broken after %d bytes: %d bytes by %d connections and %d jobs, %v", at, len(content), connections, j.starts, err)
					}
				}
			})
		})
	}
}

func TestDownload_AContentLengthThatLiesIsNoticed(t *testing.T) {
	t.Parallel()
	whole := len(archive)
	for _, length := range []int{0, 1, whole - 1, whole + 1, 2 * whole, 1 << 30} {
		synctest.Test(t, func(t *testing.T) {
			j := &jobs{t: t, file: func(int) *http.Response { return cut(whole, int64(length), io.EOF) }}
			_, _, err := j.export(t, func(o *qualtrics.Options) { o.Limits.Tries = 2 })
			var gaveUp *qualtrics.ExportError
			if want := fmt.Sprintf("ends after %d of %d bytes", whole, length); !errors.As(err, &gaveUp) || j.files != 6 || !strings.Contains(err.Error(), want) {
				t.Errorf("%d downloads, %v; want %q", j.files, err, want)
			}
		})
	}
}

func TestDownload_WhatIsNoArchiveIsNotTaken(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		"<html><body>Sign in</body></html>":                             "HTML",
		" \r\n\t<!DOCTYPE html>" + strings.Repeat("x", 2000):            "HTML",
		"<HTML>" + strings.Repeat(" ", 2000):                            "HTML",
		`<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>`: "not a ZIP file",
		"{}":                                 "it is JSON and not a ZIP file",
		`{"meta":{"httpStatus":"200 - OK"}}`: "it is JSON and not a ZIP file",
		`{"responseId":"R_1"}` + "\n":        "it is JSON and not a ZIP file",
		"":                                   "empty",
		" \n":                                "empty",
		strings.Repeat(" ", 1_000):           "empty",
	} {
		synctest.Test(t, func(t *testing.T) {
			j := &jobs{t: t, file: func(n int) *http.Response {
				if n == 1 {
					return answer(200, body)
				}
				return zip()
			}}
			if _, content, err := j.export(t); err != nil || content != archive || j.files != 2 {
				t.Errorf("%.20q once: %d downloads, %v", body, j.files, err)
			}
			j = &jobs{t: t, file: func(int) *http.Response { return answer(200, body) }}
			_, _, err := j.export(t, func(o *qualtrics.Options) { o.Limits.Tries = 2 })
			var gaveUp *qualtrics.ExportError
			if !errors.As(err, &gaveUp) || j.files != 6 || !strings.Contains(err.Error(), want) {
				t.Errorf("%.20q for ever: %d downloads, %v", body, j.files, err)
			}
		})
	}
}

func TestDownload_KeepsToTheSizeOfTheSpool(t *testing.T) {
	t.Parallel()
	for _, limit := range []int{3, 100, 511, 512, 513, 100_000} { // around what is looked at first
		for _, announced := range []bool{true, false} {
			for _, more := range []int{-1, 0, 1, 1000} {
				size := limit + more
				if size == 0 {
					continue
				}
				synctest.Test(t, func(t *testing.T) {
					body := "PK" + strings.Repeat("x", size-2)
					j := &jobs{t: t, file: func(int) *http.Response {
						response := answer(200, body)
						if !announced {
							response.ContentLength = -1
						}
						return response
					}}
					file, content, err := j.export(t, func(o *qualtrics.Options) { o.Limits.SpoolBytes = int64(limit) })
					switch {
					case more <= 0 && (err != nil || content != body || file.Size() != int64(size)):
						t.Errorf("%d of %d bytes: got %d bytes, %v", size, limit, len(content), err)
					case more > 0 && (err == nil || !strings.Contains(err.Error(), "limits.spool_mib") || j.files != 1 || j.starts != 1):
						t.Errorf("%d of %d bytes: %d downloads, %v", size, limit, j.files, err)
					}
				})
			}
		}
	}
}

func TestDownload_NeverWritesMuchMoreThanTheSizeOfTheSpool(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const limit = 1 << 20
		s := &spools{}
		j := &jobs{t: t, file: func(int) *http.Response {
			response := zip()
			endless := io.MultiReader(strings.NewReader("PK"), io.LimitReader(zeros{}, 8*limit))
			response.Body, response.ContentLength = io.NopCloser(endless), -1
			return response
		}}
		_, err := client(t, j.serve, func(o *qualtrics.Options) { o.Spool, o.Limits.SpoolBytes = s.new, limit }).
			Export(t.Context(), qualtrics.ExportRequest{Survey: "SV_1"})
		if err == nil || len(s.made) != 1 || s.open() != 0 || s.made[0].Len() > limit+1 {
			t.Errorf("%d spools, %d open, %v", len(s.made), s.open(), err)
		}
	})
}

// zeros is a body without an end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

var errDiskFull = errors.New("no space left on device")

// smallDisk is a spool that takes so many bytes.
type smallDisk struct {
	qualtrics.Spool
	room  int
	close error
}

func (d *smallDisk) Write(p []byte) (int, error) {
	n, err := d.Spool.Write(p[:min(d.room, len(p))])
	if d.room -= n; err == nil && n < len(p) {
		err = errDiskFull
	}
	return n, err
}

func (d *smallDisk) Close() error { return errors.Join(d.Spool.Close(), d.close) }

func TestDownload_AFullDiskEndsTheExport(t *testing.T) {
	t.Parallel()
	errClosing := errors.New("closing a file twice")
	for _, room := range []int{0, 1, 511, 512, 513, len(archive) - 1} {
		for _, closing := range []error{nil, errClosing} {
			synctest.Test(t, func(t *testing.T) {
				j, s := &jobs{t: t}, &spools{}
				file, err := client(t, j.serve, func(o *qualtrics.Options) {
					o.Spool = func() (qualtrics.Spool, error) {
						spool, err := s.new()
						return &smallDisk{spool, room, closing}, err
					}
				}).Export(t.Context(), qualtrics.ExportRequest{Survey: "SV_1"})
				if file != nil || !errors.Is(err, errDiskFull) || errors.Is(err, errClosing) != (closing != nil) || !strings.Contains(err.Error(), "writing a temporary file") {
					t.Errorf("room for %d bytes: %v", room, err)
				}
				if j.starts != 1 || j.files != 1 || len(s.made) != 1 || s.open() != 0 {
					t.Errorf("room for %d bytes: %d jobs, %d downloads, %d spools, %d open", room, j.starts, j.files, len(s.made), s.open())
				}
			})
		}
	}
}

func TestDownload_WithoutASpoolEndsTheExport(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		j := &jobs{t: t}
		file, err := client(t, j.serve, func(o *qualtrics.Options) {
			o.Spool = func() (qualtrics.Spool, error) { return nil, errDiskFull }
		}).Export(t.Context(), qualtrics.ExportRequest{Survey: "SV_1"})
		if file != nil || !errors.Is(err, errDiskFull) || j.files != 1 || j.starts != 1 {
			t.Errorf("%d downloads of %d jobs, %v", j.files, j.starts, err)
		}
	})
}

func TestDownload_TriesAgainWhatMayPass(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		bad := []func() *http.Response{
			func() *http.Response { return answer(503, "") }, func() *http.Response { return nil },
			func() *http.Response { return failed(429, "", "") }, func() *http.Response { return answer(500, "<html>") },
		}
		j := &jobs{t: t, file: func(n int) *http.Response {
			if n <= len(bad) {
				return bad[n-1]()
			}
			return zip()
		}}
		if _, content, err := j.export(t); err != nil || content != archive || j.starts != 1 || j.files != len(bad)+1 {
			t.Errorf("%d downloads of %d jobs, %v", j.files, j.starts, err)
		}
		j = &jobs{t: t, file: func(int) *http.Response { return failed(403, "QMST_2.1", "no") }}
		if _, _, err := j.export(t); !qualtrics.IsForbidden(err) || j.starts != 1 || j.files != 1 {
			t.Errorf("forbidden: %d downloads of %d jobs, %v", j.files, j.starts, err)
		}
	})
}

// paced is a body that comes in pieces, each after a while. It falls silent
// after the last one when it has no end.
type paced struct {
	ctx    context.Context
	pieces []string
	every  time.Duration
	end    bool
}

func (p *paced) Read(into []byte) (int, error) {
	if len(p.pieces) == 0 && p.end {
		return 0, io.EOF
	}
	if len(p.pieces) == 0 {
		<-p.ctx.Done()
		return 0, p.ctx.Err()
	}
	timer := time.NewTimer(p.every)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-p.ctx.Done():
		return 0, p.ctx.Err()
	}
	n := copy(into, p.pieces[0])
	if p.pieces[0] = p.pieces[0][n:]; p.pieces[0] == "" {
		p.pieces = p.pieces[1:]
	}
	return n, nil
}

func (*paced) Close() error { return nil }

func TestDownload_MayTakeLongWhileBytesArrive(t *testing.T) {
	t.Parallel()
	for _, end := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			bodies := 0
			begun := time.Now()
			j := &jobs{t: t}
			network := roundTripper(func(r *http.Request) (*http.Response, error) {
				response, err := server(j.serve).RoundTrip(r)
				if bodies++; strings.HasSuffix(r.URL.Path, "/file") && j.files == 1 {
					response.Body = &paced{r.Context(), strings.SplitAfter(archive, "9"), 59 * time.Second, end}
					response.ContentLength = -1
				}
				return response, err
			})
			_, content, err := j.export(t, func(o *qualtrics.Options) { o.Transport = network })
			if took := time.Since(begun); err != nil || content != archive || took < 59*time.Minute || took > 65*time.Minute {
				t.Errorf("%d bytes after %s, %v", len(content), took, err)
			}
			if want := map[bool]int{true: 1, false: 2}[end]; j.files != want {
				t.Errorf("%d downloads, want %d", j.files, want)
			}
		})
	}
}

func TestDownload_EndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		why := errors.New("out of time")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, why)
		defer cancel()
		j, s := &jobs{t: t}, &spools{}
		network := roundTripper(func(r *http.Request) (*http.Response, error) {
			response, err := server(j.serve).RoundTrip(r)
			if strings.HasSuffix(r.URL.Path, "/file") {
				response.Body = &paced{r.Context(), strings.SplitAfter(archive, "9"), 10 * time.Second, true}
			}
			return response, err
		})
		file, err := client(t, nil, func(o *qualtrics.Options) { o.Transport, o.Spool = network, s.new }).
			Export(ctx, qualtrics.ExportRequest{Survey: "SV_1"})
		if file != nil || !errors.Is(err, why) || j.files != 1 || len(s.made) != 1 || s.open() != 0 {
			t.Errorf("%d downloads, %d spools, %d open, %v", j.files, len(s.made), s.open(), err)
		}
	})
}
