package qualtrics

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// ExportFile is a downloaded export. Its bytes can be read in any order. Close deletes
// it.
type ExportFile struct {
	Spool
	ProgressID, FileID string // of the job that made it

	size   int64
	spool  func() (Spool, error)
	spared int64
}

// Size returns the length of the file in bytes.
func (f *ExportFile) Size() int64 { return f.size }

// Spare returns a function that makes a second temporary file. That one may have as many
// bytes as this one leaves of limits.spool_mib.
func (f *ExportFile) Spare() (spool func() (Spool, error), size int64) { return f.spool, f.spared }

// download copies a job's file into a spool. It starts again if the file breaks off.
func (c *Client) download(ctx context.Context, r ExportRequest, fileID string) (*ExportFile, error) {
	var file *ExportFile
	call := request{
		to: toFile, method: http.MethodGet, survey: r.Survey, file: true, divisible: r.Divisible,
		path: "/surveys/" + id(r.Survey) + "/export-responses/" + id(fileID) + "/file",
	}
	call.accept = func(response *http.Response) (err error) {
		spool, err := c.spool()
		if err != nil {
			return err
		}
		defer func() {
			if err != nil {
				err = errors.Join(err, spool.Close())
			}
		}()
		size, err := c.fill(spool, response)
		if err != nil {
			return err
		}
		file = &ExportFile{Spool: spool, size: size, spool: c.spool, spared: c.limits.SpoolBytes - size}
		return nil
	}
	err := c.send(ctx, call)
	var body *BodyError
	switch {
	case IsNotFound(err):
		return nil, &jobError{reason: "its file vanished"}
	case errors.As(err, &body):
		return nil, &jobError{reason: "its file cannot be downloaded: " + err.Error(), details: Detail(err)}
	case err != nil:
		return nil, err
	}
	return file, nil
}

// fill copies a body into a spool. It checks the first bytes and the length.
func (c *Client) fill(spool Spool, response *http.Response) (int64, error) {
	limit := c.limits.SpoolBytes
	if response.ContentLength > limit {
		return 0, c.spoolFull()
	}
	head := make([]byte, 512)
	n, err := io.ReadFull(response.Body, head)
	head = head[:n]
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return 0, c.bodyError(response, err)
	}
	if !bytes.HasPrefix(head, []byte("PK")) {
		// An error must not pass for an export without responses. Files are always
		// compressed.
		return 0, c.bodyError(response, notZIP(head))
	}
	written, err := c.copyBody(spool, head, response, limit)
	if err == nil && written > limit {
		return 0, c.spoolFull()
	}
	return written, err
}

// copyBody copies a body into a spool, after its first bytes. It stops one byte beyond the
// limit, and checks the length of a whole body.
func (c *Client) copyBody(spool Spool, head []byte, response *http.Response, limit int64) (int64, error) {
	rest := io.LimitReader(bodyReader{response.Body}, limit+1-int64(len(head)))
	written, err := io.Copy(writerOnly{spool}, io.MultiReader(bytes.NewReader(head), rest))
	var reading *readError
	switch {
	case errors.As(err, &reading):
		return 0, c.bodyError(response, reading.err)
	case err != nil:
		return 0, fmt.Errorf("writing a temporary file: %w", err)
	case written > limit:
	case response.ContentLength >= 0 && written != response.ContentLength:
		return 0, c.bodyError(response, fmt.Errorf("it ends after %d of %d bytes", written, response.ContentLength))
	}
	return written, nil
}

func (c *Client) spoolFull() error {
	return fmt.Errorf("the file of an export is larger than the %d MiB that one download may take: raise limits.spool_mib", c.limits.SpoolBytes>>20)
}

// writerOnly hides the other methods of a spool from io.Copy.
type writerOnly struct{ io.Writer }

// readError marks an error of the body, to tell it from an error of the spool.
type readError struct{ err error }

func (e *readError) Error() string { return e.err.Error() }
func (e *readError) Unwrap() error { return e.err }

type bodyReader struct{ body io.Reader }

func (r bodyReader) Read(p []byte) (int, error) {
	n, err := r.body.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &readError{err}
	}
	return n, err
}
