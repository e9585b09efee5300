package sandbox

import (
	"archive/zip"
	"bufio"
	"compress/flate"
	"errors"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"
)

// download is the file of a complete job. Its bytes are made while they are
// sent, the same ones every time.
type download struct {
	job       *job
	rows      iter.Seq[[]byte]
	emptyLine bool
	method    uint16 // of compression
}

// send answers with the file. Content-Disposition holds the form-encoded name
// of the survey (*recorded*); the content types and names of bare files are
// *assumed*.
func (d *download) send(x *exchange) {
	extension, contentType := ".ndjson", "application/x-ndjson"
	if d.job.request.json {
		extension, contentType = ".json", "application/json"
	}
	member := d.job.name + extension
	file := &fileWriter{x: x}
	if d.job.request.compress {
		extension, contentType = ".zip", "application/zip"
		file.fault = x.tenant.faults.file(x.visit)
	}
	x.setHeaders(contentType)
	x.w.Header().Set("Content-Disposition", "attachment; filename="+url.QueryEscape(d.job.name)+extension)

	write := d.writeRows
	if d.job.request.compress {
		write = func(w io.Writer) error { return writeZIP(w, member, d.method, d.job.completed, d.writeRows) }
	}
	buffered := bufio.NewWriterSize(file, 64<<10)
	err := write(&attendedWriter{x, buffered})
	if err == nil {
		err = buffered.Flush()
	}
	if err == nil {
		file.finish()
	}
	if err != nil && !errors.Is(err, errTruncated) {
		x.abort() // the client left
	}
}

// writeRows writes the file's plain content. NDJSON has a blank line or a "{}"
// line now and then (*documented*, API §3.6; where is *assumed*).
func (d *download) writeRows(w io.Writer) error {
	before, after, separator := "", "", "\n"
	if d.job.request.json {
		before, after, separator = `{"responses":[`, `]}`, ","
	}
	if _, err := io.WriteString(w, before); err != nil {
		return err
	}
	var failure error
	count := 0
	line := make([]byte, 0, 4<<10)
	for row := range d.rows {
		line = line[:0]
		if d.job.request.json && count > 0 {
			line = append(line, separator...)
		}
		line = append(line, row...)
		count++
		if !d.job.request.json {
			line = append(line, separator...)
			switch count % 97 {
			case 11:
				line = append(line, '\n')
			case 53:
				line = append(line, "{}\n"...)
			}
		}
		if _, failure = w.Write(line); failure != nil {
			return failure
		}
	}
	if count == 0 && !d.job.request.json && d.emptyLine {
		after = "{}\n"
	}
	_, err := io.WriteString(w, after)
	return err
}

// writeZIP writes an archive of one member: compressed, its name marked as
// UTF-8, its sizes in a data descriptor (flags 0x808, *recorded*). The name is
// that of the survey as it is, whatever that means to a file system.
func writeZIP(w io.Writer, name string, method uint16, modified time.Time, content func(io.Writer) error) error {
	archive := zip.NewWriter(w)
	archive.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return newDeflater(w), nil })
	member, err := archive.CreateHeader(&zip.FileHeader{Name: name, Method: method, Flags: 0x800, Modified: modified.UTC()})
	if err != nil {
		return err
	}
	if err := content(member); err != nil {
		return err
	}
	return archive.Close()
}

// deflater compresses for speed: the sandbox's files are read once.
type deflater struct{ *flate.Writer }

var deflaters = sync.Pool{New: func() any {
	w, err := flate.NewWriter(io.Discard, flate.BestSpeed)
	if err != nil {
		panic(err) // the level is valid
	}
	return w
}}

func newDeflater(w io.Writer) deflater {
	pooled := deflaters.Get().(*flate.Writer)
	pooled.Reset(w)
	return deflater{pooled}
}

func (d deflater) Close() error {
	err := d.Writer.Close()
	d.Reset(io.Discard)
	deflaters.Put(d.Writer)
	return err
}

// attendedWriter ends the making of a file whose client left.
type attendedWriter struct {
	x *exchange
	w io.Writer
}

func (a *attendedWriter) Write(p []byte) (int, error) {
	if err := a.x.r.Context().Err(); err != nil {
		return 0, err
	}
	return a.w.Write(p)
}

// wholeBytes is up to where a file is sent with its length. That larger ones
// come without Content-Length is *assumed*.
const wholeBytes = 8 << 20

// fileWriter collects a small file to tell its length, streams a large one,
// and carries out faults.
type fileWriter struct {
	x         *exchange
	fault     fault
	held      []byte
	streaming bool
}

func (f *fileWriter) Write(p []byte) (int, error) {
	if f.streaming {
		return f.x.w.Write(p)
	}
	f.held = append(f.held, p...)
	if len(f.held) < wholeBytes {
		return len(p), nil
	}
	f.streaming = true
	f.flip()
	f.x.count(http.StatusOK)
	f.x.w.WriteHeader(http.StatusOK)
	held := f.held
	f.held = nil
	if f.x.fault.class == faultReset {
		held = held[:f.x.fault.roll%uint64(len(held))]
	}
	if _, err := f.x.w.Write(held); err != nil {
		return 0, err
	}
	switch {
	case f.x.fault.class == faultReset:
		f.x.flush()
		f.x.abort()
	case f.fault.class == faultTruncate:
		return 0, errTruncated
	}
	return len(p), nil
}

// errTruncated ends a file that is cut: what was sent looks whole to HTTP.
var errTruncated = errors.New("the file is truncated")

// finish sends what is held.
func (f *fileWriter) finish() {
	if f.streaming {
		return
	}
	f.flip()
	if f.fault.class == faultTruncate {
		f.held = f.held[:f.fault.roll%uint64(len(f.held))]
	}
	f.x.w.Header().Set("Content-Length", strconv.Itoa(len(f.held)))
	f.x.sendBytes(http.StatusOK, f.held)
}

// flip corrupts a bit of the compressed data, behind the names at the start
// and before those at the end.
func (f *fileWriter) flip() {
	if f.fault.class != faultCorrupt {
		return
	}
	third := uint64(len(f.held) / 3)
	if third > 0 {
		f.held[third+f.fault.roll%third] ^= 1 << (f.fault.roll >> 32 % 8)
	}
}
