package stream

import (
	"slices"
	"strings"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/record"
)

// ResponseFile is a row of response_files: one uploaded file of a response, or one drawn
// signature.
type ResponseFile struct {
	// Id of the survey (SV_…).
	SurveyID string `json:"survey_id"`
	// Id of the response (R_…), unique within its survey.
	ResponseID string `json:"response_id"`
	// Beginning of the value keys that describe the file, such as QID24, and 2_QID24 in a
	// loop. In a response without files, and in a deleted one, the only row has *.
	FileKey string `json:"file_key"`
	// As in responses; all files of a response have the same.
	LastModifiedDate time.Time `json:"last_modified_date"`
	// As in responses; deleted for a deleted response. Rows with another version
	// than the newest row of their response no longer count.
	ResponseVersion string `json:"response_version"`
	// As in responses.
	DeletedAt *time.Time `json:"deleted_at"`
	// As in responses.
	RecordedDate *time.Time `json:"recorded_date"`
	// Kind of the answer: file or signature. Without the survey's definition, signatures
	// are files, too.
	Kind *string `json:"kind"`
	// Id of the question (QID24).
	QuestionID *string `json:"question_id"`
	// Name of the question in the columns of CSV exports, such as Q24. Names and texts of
	// questions are as they were when the response was read.
	QuestionTag *string `json:"question_tag"`
	// Text of the question without HTML.
	QuestionText *string `json:"question_text"`
	// Key of the loop that asked the question.
	LoopID *string `json:"loop_id"`
	// Id of the file (F_…), with which the API gives its content.
	FileID *string `json:"file_id"`
	// Name of the file, as the respondent's device sent it.
	FileName *string `json:"file_name"`
	// Type of its content, such as image/png, as the respondent's device sent it.
	FileType *string `json:"file_type"`
	// Size in bytes.
	FileSize *int64 `json:"file_size"`
	// Path of the downloaded content below the folder of export. Null: it was not
	// downloaded. It stays when the response is deleted, as the rows do.
	FilePath *string `json:"file_path"`
	// SHA-256 of the downloaded content, in hexadecimal digits.
	FileSHA256 *string `json:"file_sha256"`
	// How the download ended: downloaded, too_large (for files.max_mib), not_found,
	// refused, or no_id. Null: files.download is off.
	DownloadResult *string `json:"download_result"`
}

var _ = Register(&Stream{
	Name:    "response_files",
	Summary: "One row for each uploaded file of a response, and for each signature; only if selected by its name",
	Record:  ResponseFile{},
	Key:     []string{"survey_id", "response_id", "file_key"},
	Cursor:  "last_modified_date",
	Feed:    feed.Responses,
	Scopes:  []string{"read:survey_responses", "read:surveys"},
	Safe:    true,
	Needs:   feed.NeedDefinition.Optional() | feed.NeedUploads,
	Parent:  []string{"survey_id", "response_id"},
	Version: "response_version",
	Project: projectFiles,
	Marker:  marker(markFile),

	ByName: true, // it has a row for each response without files, too
})

func projectFiles(doc *feed.Document, emit Emit) error {
	var c cells
	got, head, err := headOf(doc, &c)
	if err != nil {
		return err
	}
	facts := doc.Survey
	if facts == nil {
		facts = &feed.SurveyFacts{}
	}
	before := slices.Clip(c.changes)
	for _, file := range facts.Codebook().Files(got) {
		c.changes = before
		row := fileOf(&head, file.Stem)
		row.Kind = (*string)(&file.Kind)
		row.QuestionID, row.QuestionTag, row.QuestionText = nonempty(&file.QuestionID), nonempty(&file.QuestionTag), nonempty(&file.QuestionText)
		row.LoopID = nonempty(&file.LoopID)
		row.FileID, row.FileName, row.FileType = c.text("file_id", file.ID), c.text("file_name", file.Name), c.text("file_type", file.Type)
		row.FileSize = c.integer("file_size", file.Size)
		if doc.Uploads != nil {
			downloaded(&row, doc.Uploads)
		}
		if got.Repaired {
			for _, each := range []columnText{{"file_id", row.FileID}, {"file_name", row.FileName}, {"file_type", row.FileType}} {
				if each.text != nil && strings.Contains(*each.text, "\ufffd") {
					c.tell(record.Repair(each.column))
				}
			}
		}
		if err := emit(&row, c.changes...); err != nil {
			return err
		}
	}
	return nil
}

// downloaded fills the columns of a download. Only files with an id can have one.
func downloaded(row *ResponseFile, uploads map[string]feed.Upload) {
	upload := feed.Upload{Result: feed.UploadWithout}
	if row.FileID != nil {
		if of, ok := uploads[*row.FileID]; ok {
			upload = of
		}
	}
	row.FilePath, row.FileSHA256, row.DownloadResult = known(upload.Name), known(upload.SHA256), known(string(upload.Result))
}

func markFile(head *responseHead) ResponseFile { return fileOf(head, record.MarkerKey) }

// fileOf returns a file with the columns that all files of a response share.
func fileOf(head *responseHead, key string) ResponseFile {
	return ResponseFile{
		SurveyID: head.surveyID, ResponseID: head.responseID, FileKey: key, LastModifiedDate: head.modified, ResponseVersion: head.version,
		DeletedAt: head.deleted, RecordedDate: head.recorded,
	}
}
