package responses

import (
	"context"
	"errors"
	"io"
	"regexp"
	"strconv"
	"sync/atomic"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/response"
)

// downloader downloads the uploaded files of the responses of a survey.
type downloader struct {
	*scope
	total   *downloadTotal
	refused bool // Qualtrics refuses the files of this survey
	said    map[feed.UploadResult]bool
}

// downloadTotal counts the bytes that a run downloaded. The surveys share it.
type downloadTotal struct{ bytes atomic.Int64 }

// newDownloader returns a function that downloads the files of a response. It downloads none
// if no stream needs them, or if files are not downloaded.
func newDownloader(ctx context.Context, s *scope, needs feed.Needs) func(*feed.SurveyFacts, *response.Response) (map[string]feed.Upload, error) {
	if s.env.Uploads.Store == nil || !needs.Has(feed.NeedUploads) {
		return func(*feed.SurveyFacts, *response.Response) (map[string]feed.Upload, error) {
			return nil, nil //nolint:nilnil // no downloads are no error
		}
	}
	d := &downloader{scope: s, total: feed.Shared[downloadTotal](s.env), said: make(map[feed.UploadResult]bool)}
	return func(facts *feed.SurveyFacts, row *response.Response) (map[string]feed.Upload, error) {
		uploads := make(map[string]feed.Upload)
		for _, file := range facts.Codebook().Files(row) {
			id, _ := frame.String(file.ID)
			if _, done := uploads[id]; done || !fileID.MatchString(id) {
				continue
			}
			upload, err := d.download(ctx, row.ID, id, file.Size, file.Type)
			if err != nil {
				return nil, err
			}
			uploads[id] = upload
		}
		return uploads, nil
	}
}

// fileID matches the ids of uploaded files (F_…). A value of another form may come from a
// link to the survey, so no call is made with it.
var fileID = regexp.MustCompile(`^[A-Za-z]{1,5}_[0-9A-Za-z_-]{1,60}$`)

// download stores one file, unless an earlier run did. That the content of an id never changes
// is *assumed*. Size and kind are those of the response.
func (d *downloader) download(ctx context.Context, responseID, id string, size, kind []byte) (feed.Upload, error) {
	settings := d.env.Uploads
	name, sum, err := settings.Store.Find(string(d.survey), responseID, id)
	if err != nil || name != "" {
		return feed.Upload{Result: feed.Downloaded, Name: name, SHA256: sum}, err
	}
	if bytes, known := sizeOf(size); known && bytes > settings.MaxBytes {
		return d.without(feed.UploadTooLarge, responseID, id, &qualtrics.FileTooLargeError{Limit: settings.MaxBytes}), nil
	}
	if d.refused {
		return feed.Upload{Result: feed.UploadRefused}, nil
	}
	if d.total.bytes.Load() >= settings.RunBytes {
		return feed.Upload{}, &feed.UnfinishedError{
			Survey: d.survey, Reason: "this run has downloaded as many bytes of uploaded files as files.max_total_mib allows",
			Remedy: "run again, which downloads further files, or raise files.max_total_mib",
		}
	}
	contentType, _ := frame.String(kind)
	content, err := d.env.Client.UploadedFile(ctx, d.survey, qualtrics.ResponseID(responseID), id, contentType, settings.MaxBytes)
	var tooLarge *qualtrics.FileTooLargeError
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return feed.Upload{}, context.Cause(ctx)
	case errors.As(err, &tooLarge):
		return d.without(feed.UploadTooLarge, responseID, id, err), nil
	case qualtrics.IsNotFound(err):
		return d.without(feed.UploadNotFound, responseID, id, err), nil
	case qualtrics.IsPermanent(err):
		d.refused = qualtrics.IsForbidden(err)
		return d.without(feed.UploadRefused, responseID, id, err), nil
	default:
		return feed.Upload{}, d.unfinishedError(err, "an uploaded file of response %s cannot be downloaded", responseID)
	}
	d.total.bytes.Add(content.Size)
	name, sum, err = settings.Store.Store(string(d.survey), responseID, id, io.NewSectionReader(content, 0, content.Size))
	if err = errors.Join(err, content.Close()); err != nil {
		return feed.Upload{}, err
	}
	d.env.Log.Debug("an uploaded file is stored", "survey", d.survey, "response", responseID, "file", id, "bytes", content.Size)
	return feed.Upload{Result: feed.Downloaded, Name: name, SHA256: sum}, nil
}

// without returns the result of a file that is not downloaded. The log names the first file
// of a survey with each result.
func (d *downloader) without(result feed.UploadResult, responseID, id string, err error) feed.Upload {
	if !d.said[result] {
		d.said[result] = true
		d.env.Log.Warn("uploaded files are not downloaded: download_result says so in their rows",
			"survey", d.survey, "result", string(result), "first_response", responseID, "first_file", id, "error", err)
	}
	return feed.Upload{Result: result}
}

// sizeOf reads the size of a file, which is a number or its digits (*assumed*).
func sizeOf(value []byte) (size int64, known bool) {
	text, isText := frame.String(value)
	if !isText {
		text = string(value)
	}
	size, err := strconv.ParseInt(text, 10, 64)
	return size, err == nil
}
