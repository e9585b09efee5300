package responses

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/response"
)

// idRow is a response as an export of ids shows it.
type idRow struct {
	id                 string
	recorded, modified time.Time // zero where the export carries none
}

// parseIDRow reads only the id and the dates of an exported record.
func parseIDRow(raw []byte, keys *response.Keys) (idRow, error) {
	var (
		r                   idRow
		own, record, values []byte // of two members with the same name, the first counts
		other               time.Time
	)
	err := frame.ValidMembers(raw, func(name string, value []byte) error {
		switch {
		case name == "responseId" && own == nil:
			own = value
		case name == "values" && values == nil:
			values = value
		}
		return nil
	})
	if err == nil && frame.Kind(values) == '{' {
		err = frame.ValidMembers(values, func(name string, value []byte) error {
			switch name {
			case "_recordId":
				if record == nil {
					record = value
				}
			case "recordedDate":
				r.recorded = firstTime(r.recorded, value)
			case "_lastModifiedDate", "lastModifiedDate":
				switch modified, err := keys.Modified(name); {
				case err != nil:
					return err
				case modified && name == "_lastModifiedDate":
					r.modified = firstTime(r.modified, value)
				case modified:
					other = firstTime(other, value)
				}
			}
			return nil
		})
	}
	if err != nil {
		return r, fmt.Errorf("reading a response: %w", err)
	}
	if r.modified.IsZero() {
		r.modified = other
	}
	if r.id = response.IDOf(own, record); r.id == "" {
		return r, response.ErrNoID
	}
	return r, nil
}

// firstTime reads a date unless an earlier member of its name held one.
func firstTime(earlier time.Time, value []byte) time.Time {
	if text, ok := frame.String(value); ok && earlier.IsZero() {
		earlier, _ = response.ParseTime(text)
	}
	return earlier
}

// listError means that the ids of a survey could not be listed.
type listError struct{ error }

func (e *listError) Unwrap() error { return e.error }

// listIDs exports the ids of all responses from a start date on, and calls use with the
// verified file.
func (r *reader) listIDs(ctx context.Context, floor int64, use func(*frame.File) error) error {
	request := qualtrics.ExportRequest{Survey: r.survey, Start: time.Unix(floor, 0), SortByModified: !r.learned.unsorted.Load()}
	if !r.learned.unlistable.Load() {
		request.Questions, request.EmbeddedData, request.Metadata = &[]string{}, &[]string{}, &[]string{"_recordId", "recordedDate"}
	}
	used := false
	r.listing = true
	defer func() { r.listing = false }()
	_, err := r.export(ctx, request, func(file *frame.File) (int64, error) {
		used = true
		return 0, use(file)
	})
	var (
		unreadable *UnreadableError
		damaged    *frame.Error
		answer     *qualtrics.APIError
	)
	switch {
	case qualtrics.IsRefused(err) && request.Metadata != nil && !used:
		// The API documents such lists, but some brands may refuse them. A whole export lists
		// the ids, too.
		r.env.Log.Info("an export of ids alone is refused: exporting everything instead", "survey", r.survey, "error", err)
		r.learned.unlistable.Store(true)
		return r.listIDs(ctx, floor, use)
	case tooLarge(err):
		return &listError{fmt.Errorf("listing the ids of its responses in one export (if it has more than some 8 million, set deletions.mode to off): %w", err)}
	case errors.As(err, &unreadable):
		unreadable.What = fmt.Sprintf("the export of the ids of %s", r.partition)
	case errors.As(err, &damaged):
		return r.unfinishedError(damaged, "the list of its ids came damaged %d times", exportAttempts)
	case !used && errors.As(err, &answer):
		return &listError{fmt.Errorf("listing the ids of its responses: %w", err)}
	}
	return err
}
