package qualtrics

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// ExportFile is a downloaded export. It is read at random, and gone when it is
// closed.
type ExportFile struct {
	Spool
	ProgressID, FileID string // of the job that made it

	size int64
}

// Size returns the length of the file in bytes.
func (f *ExportFile) Size() int64 { return f.size }

// download fetches a job's file into a spool, anew when it breaks off.
func (c *Client) download(ctx context.Context, survey SurveyID, fileID string) (*ExportFile, error) {
	var file *ExportFile
	call := request{
		to: toFile, method: http.MethodGet, survey: survey, file: true,
		path: "/surveys/" + id(survey) + "/export-responses/" + id(fileID) + "/file",
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
		file = &ExportFile{Spool: spool, size: size}
		return nil
	}
	err := c.send(ctx, call)
	var body *BodyError
	switch {
	case IsNotFound(err):
		return nil, &jobError{reason: "its file vanished"}
	case errors.As(err, &body):
		return nil, &jobError{reason: "its file cannot be downloaded: " + err.Error()}
	case err != nil:
		return nil, err
	}
	return file, nil
}

// fill copies a body into a spool and checks what can be checked on the way.
func (c *Client) fill(spool Spool, response *http.Response) (int64, error) {
	limit := c.limits.SpoolBytes
	if response.ContentLength > limit {
		return 0, c.spoolFull(response)
	}
	head := make([]byte, 512)
	n, err := io.ReadFull(response.Body, head)
	head = head[:n]
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return 0, c.bodyError(response, err)
	}
	if !bytes.HasPrefix(head, []byte("PK")) {
		// An error in the place of the file must not pass for an export of
		// nothing: what is asked for is always compressed.
		return 0, c.bodyError(response, notZIP(head))
	}
	written, err := io.Copy(writerOnly{spool}, io.MultiReader(bytes.NewReader(head), io.LimitReader(bodyReader{response.Body}, limit+1-int64(n))))
	var reading *readError
	switch {
	case errors.As(err, &reading):
		return 0, c.bodyError(response, reading.err)
	case err != nil:
		return 0, fmt.Errorf("writing a temporary file: %w", err)
	case written > limit:
		return 0, c.spoolFull(response)
	case response.ContentLength >= 0 && written != response.ContentLength:
		return 0, c.bodyError(response, fmt.Errorf("it ends after %d of %d bytes", written, response.ContentLength))
	}
	return written, nil
}

func (c *Client) spoolFull(response *http.Response) error {
	return fmt.Errorf("%s %s: the file is larger than %d MiB: raise limits.spool_mib", response.Request.Method, address(response), c.limits.SpoolBytes>>20)
}

// writerOnly hides what else a spool can do from io.Copy.
type writerOnly struct{ io.Writer }

// readError tells an error of the body from one of the spool.
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
