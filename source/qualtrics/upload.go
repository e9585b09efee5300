package qualtrics

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
)

// FileTooLargeError says that an uploaded file is larger than the caller takes.
type FileTooLargeError struct{ Limit int64 }

// Error names the limit.
func (e *FileTooLargeError) Error() string {
	return fmt.Sprintf("the file is larger than %d bytes", e.Limit)
}

// UploadedFile is a downloaded file of a response. Close deletes it.
type UploadedFile struct {
	Spool
	Size int64
}

// UploadedFile downloads a file that a respondent uploaded, or a signature (API §3.7). The
// error is a [FileTooLargeError] if it has more bytes than the limit. A page of HTML counts
// as no file unless the respondent's device sent that type.
func (c *Client) UploadedFile(ctx context.Context, survey SurveyID, response ResponseID, file, contentType string, limit int64) (*UploadedFile, error) {
	limit = min(limit, c.limits.SpoolBytes)
	var downloaded *UploadedFile
	call := request{
		to: toUpload, method: http.MethodGet, survey: survey, file: true,
		path: "/surveys/" + id(survey) + "/responses/" + id(response) + "/uploaded-files/" + id(file),
	}
	call.accept = func(answer *http.Response) (err error) {
		if isHTML(answer.Header.Get("Content-Type")) && !isHTML(contentType) {
			return c.bodyError(answer, errors.New("it is a page of HTML"))
		}
		if answer.ContentLength > limit {
			return &FileTooLargeError{limit}
		}
		spool, err := c.spool()
		if err != nil {
			return err
		}
		defer func() {
			if err != nil {
				err = errors.Join(err, spool.Close())
			}
		}()
		size, err := c.copyBody(spool, nil, answer, limit)
		if err == nil && size > limit {
			err = &FileTooLargeError{limit}
		}
		if err != nil {
			return err
		}
		downloaded = &UploadedFile{spool, size}
		return nil
	}
	return downloaded, c.send(ctx, call)
}

func isHTML(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	return err == nil && kind == "text/html"
}
