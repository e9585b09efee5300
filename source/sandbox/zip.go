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

// download is the file of a complete job. Its bytes are generated while they
// are sent, equal in every download.
type download struct {
	job    *job
	rows   iter.Seq[[]byte]
	doubt  Doubt
	method uint16 // compression method
}

// contentTypes maps the format of an uncompressed file to its content type.
var contentTypes = map[string]string{
	"json": "application/json", "ndjson": "application/x-ndjson", "csv": "text/csv", "tsv": "text/tab-separated-values", "xml": "application/xml",
}

// send answers with the file. Content-Disposition contains the form-encoded
// name of the survey (*recorded*). The content types and names of uncompressed
// files are *assumed*.
func (d *download) send(x *exchange) {
	extension, contentType := "."+d.job.request.format, contentTypes[d.job.request.format]
	member := d.job.name + extension
	file := &fileWriter{x: x}
	if d.job.request.compress {
		extension, contentType = ".zip", "application/zip"
		file.fault = x.tenant.faults.file(x.visit)
	}
	x.setHeaders(contentType)
	x.w.Header().Set("Content-Disposition", "attachment; filename="+url.QueryEscape(d.job.name)+extension)

	plain := d.writeRows
	if d.job.request.isTable() {
		plain = d.writeTable
	}
	write := plain
	if d.job.request.compress {
		write = func(w io.Writer) error { return writeZIP(w, member, d.method, d.job.completed, plain) }
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
		x.abort() // the client has left
	}
}

// writeRows writes the plain content of a JSON or NDJSON file. NDJSON sometimes
// has a blank line or a "{}" line (*documented*, API §3.6). Their positions are
// *assumed*.
func (d *download) writeRows(w io.Writer) error {
	before, after, separator := "", "", "\n"
	whole := d.job.request.format == "json"
	if whole {
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
		if whole && count > 0 {
			line = append(line, separator...)
		}
		line = append(line, row...)
		count++
		if !whole {
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
	if count == 0 && !whole && d.doubt.EmptyNDJSONLine {
		after = "{}\n"
	}
	_, err := io.WriteString(w, after)
	return err
}

// writeZIP writes an archive with one compressed member. Its name is marked as
// UTF-8, and its sizes are in a data descriptor (flags 0x808, *recorded*). The
// name is the unchanged name of the survey, even with characters that file
// systems forbid.
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

// deflater compresses fast rather than well, because the sandbox's files are
// read once.
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

// attendedWriter stops the generation of a file if the client leaves.
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

// wholeBytes is the largest size of a file with Content-Length. That larger
// files come without it is *assumed*.
const wholeBytes = 8 << 20

// fileWriter buffers a small file to know its length, streams a large one, and
// carries out faults.
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

// errTruncated stops the file in its middle. HTTP clients get an answer that
// looks complete.
var errTruncated = errors.New("the file is truncated")

// finish sends the buffered bytes.
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

// flip flips a bit of the compressed data, after the names at the start and
// before those at the end.
func (f *fileWriter) flip() {
	if f.fault.class != faultCorrupt {
		return
	}
	third := uint64(len(f.held) / 3)
	if third > 0 {
		f.held[third+f.fault.roll%third] ^= 1 << (f.fault.roll >> 32 % 8)
	}
}
