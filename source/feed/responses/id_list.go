package responses

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/response"
)

// idRow is a response as an export of ids shows it.
type idRow struct {
	id                 string
	recorded, modified time.Time // zero where the export carries none
}

// newest returns the later one of its dates.
func (r idRow) newest() time.Time { return reconcile.Later(r.modified, r.recorded) }

// parseIDRow reads only the id and the dates of an exported record.
func parseIDRow(object *frame.Object, keys *response.Keys) (idRow, error) {
	var (
		r           idRow
		own, record []byte // of two members with the same name, the first counts
		values      *frame.Member
		other       time.Time
	)
	for i := range object.Members {
		switch m := &object.Members[i]; {
		case string(m.Name) == "responseId" && own == nil:
			own = m.Value
		case string(m.Name) == "values" && values == nil:
			values = m
		}
	}
	if values != nil {
		for _, m := range object.Of(values) {
			var err error
			switch string(m.Name) {
			case "_recordId":
				if record == nil {
					record = m.Value
				}
			case "recordedDate":
				r.recorded = firstTime(r.recorded, m.Value)
			case "_lastModifiedDate":
				r.modified, err = firstModified(keys, "_lastModifiedDate", r.modified, m.Value)
			case "lastModifiedDate":
				other, err = firstModified(keys, "lastModifiedDate", other, m.Value)
			}
			if err != nil {
				return r, fmt.Errorf("reading a response: %w", err)
			}
		}
	}
	if r.modified.IsZero() {
		r.modified = other
	}
	if r.id = response.IDOf(own, record); r.id == "" {
		return r, response.ErrNoID
	}
	return r, nil
}

// firstModified is firstTime for a value that may be the modified date.
func firstModified(keys *response.Keys, name string, earlier time.Time, value []byte) (time.Time, error) {
	if modified, err := keys.Modified(name); err != nil || !modified {
		return earlier, err
	}
	return firstTime(earlier, value), nil
}

// firstTime reads a date unless an earlier member of its name held one.
func firstTime(earlier time.Time, value []byte) time.Time {
	if earlier.IsZero() {
		return response.TimeOf(value)
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
