package answers

import (
	"slices"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/response"
)

// FileUpload is an uploaded file of a record, or a signature. Several value keys describe it.
type FileUpload struct {
	*Field // of one of the keys
	// Stem is the beginning of the keys: QID24, and 2_QID24 in a loop.
	Stem                 string
	ID, Name, Size, Type []byte // JSON, as exported; nil: absent
}

// Files returns the uploaded files of a record, in the order of their first keys.
func (b *Codebook) Files(of *response.Response) (files []*FileUpload) {
	for a := range b.Answers(of) {
		if a.Kind != File && a.Kind != Signature || frame.Kind(a.Raw) == 'n' || len(a.Raw) == 0 || string(a.Raw) == `""` {
			continue
		}
		stem := strings.TrimSuffix(a.Key, "_"+a.Detail)
		at := slices.IndexFunc(files, func(file *FileUpload) bool { return file.Stem == stem })
		if at < 0 {
			at = len(files)
			files = append(files, &FileUpload{Field: a.Field, Stem: stem})
		}
		switch file := files[at]; a.Detail {
		case "FILE_ID":
			file.ID = a.Raw
		case "FILE_NAME":
			file.Name = a.Raw
		case "FILE_SIZE":
			file.Size = a.Raw
		case "FILE_TYPE":
			file.Type = a.Raw
		}
	}
	return files
}
