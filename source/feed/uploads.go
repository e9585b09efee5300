package feed

import "io"

// Uploads keeps the contents of uploaded files by the ids of survey, response and file. Its
// methods may be called at the same time.
type Uploads interface {
	// Find returns name and SHA-256 of a file that is stored; "": it is not.
	Find(survey, response, file string) (name, sum string, err error)
	// Store stores a file, and returns the same.
	Store(survey, response, file string, content io.Reader) (name, sum string, err error)
}

// UploadSettings are the settings of downloads of uploaded files.
type UploadSettings struct {
	Store    Uploads // nil: files are not downloaded
	MaxBytes int64   // of one file
	RunBytes int64   // a run downloads no further file when it has so many
}

// Upload is the download of one uploaded file.
type Upload struct {
	Result       UploadResult
	Name, SHA256 string // of the stored file; "": it is not stored
}

// UploadResult says how the download of a file ended.
type UploadResult string

// The results of downloads.
const (
	Downloaded     UploadResult = "downloaded"
	UploadTooLarge UploadResult = "too_large" // larger than [UploadSettings] allow
	UploadNotFound UploadResult = "not_found" // Qualtrics has no such file
	UploadRefused  UploadResult = "refused"   // Qualtrics does not give it to the account
	UploadWithout  UploadResult = "no_id"     // the response has no valid id of the file
)
