package feed

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// present is a response as an export of ids shows it.
type present struct {
	id                 string
	recorded, modified time.Time // zero where the export carries none
}

// identify reads the id and the dates of an exported record, and nothing else.
func identify(raw []byte) (present, error) {
	var r present
	err := frame.ValidMembers(raw, func(name string, value []byte) error {
		switch name {
		case "responseId":
			if id, ok := frame.String(value); ok && r.id == "" {
				r.id = id
			}
		case "values":
			if frame.Kind(value) != '{' {
				return nil
			}
			return frame.ValidMembers(value, func(name string, value []byte) error {
				text, ok := frame.String(value)
				if !ok {
					return nil
				}
				switch name {
				case "_recordId":
					if r.id == "" {
						r.id = text
					}
				case "recordedDate":
					r.recorded, _ = ParseTime(text)
				case "_lastModifiedDate":
					r.modified, _ = ParseTime(text)
				case "lastModifiedDate": // assumed, see Response
					if r.modified.IsZero() {
						r.modified, _ = ParseTime(text)
					}
				}
				return nil
			})
		}
		return nil
	})
	if err != nil {
		return r, fmt.Errorf("reading a response: %w", err)
	}
	if r.id == "" {
		return r, errNoID
	}
	return r, nil
}

// scan calls visit with every response of a file.
func scan(ctx context.Context, file *frame.File, visit func(present)) error {
	for value, err := range file.Values(ctx) {
		if err != nil {
			return err
		}
		switch one, err := identify(value.Raw); {
		case err == nil:
			visit(one)
		case !errors.Is(err, errNoID):
			return err
		}
	}
	return nil
}

// scan calls visit with every response of a file that is, or was, about to be
// delivered, and learns from their dates.
func (f *responseFetch) scan(ctx context.Context, file *frame.File, visit func(present)) error {
	rows, dated := 0, 0
	err := scan(ctx, file, func(one present) {
		rows++
		if !one.modified.IsZero() {
			dated++
		}
		f.ledger.dated(one)
		if f.strays != nil {
			f.strays.see(one)
		}
		visit(one)
	})
	if rows > 0 {
		f.ledger.undated = dated == 0
	}
	if err != nil {
		return err
	}
	return f.filed(ctx)
}

// floorOfIDs is where an export of ids begins: with the start date, or with an
// earlier one of the seal that it is held against.
func (f *responseFetch) floorOfIDs() int64 {
	if f.ledger.sealed() {
		return min(f.floor, f.ledger.floor)
	}
	return f.floor
}

// listError is that there is no list of a survey's ids.
type listError struct{ error }

func (e *listError) Unwrap() error { return e.error }

// patiently keeps it for the end that there was no list of ids for an audit: new
// rows are not held back by that.
func (f *responseFetch) patiently(err error) error {
	var unlisted *listError
	if !errors.As(err, &unlisted) {
		return err
	}
	f.env.Log.Warn("the ids of the survey's responses cannot be listed: reading what is new all the same", "survey", f.survey, "error", err)
	f.unlisted = err
	return nil
}

// presence exports the ids of all responses there are from a start date on, and
// hands the verified file over.
func (f *responseFetch) presence(ctx context.Context, floor int64, use func(*frame.File) error) error {
	request := qualtrics.ExportRequest{Survey: f.survey, Start: time.Unix(floor, 0), SortByModified: !f.env.unsorted.Load()}
	if !f.env.unlistable.Load() {
		request.Questions, request.EmbeddedData, request.Metadata = &[]string{}, &[]string{}, &[]string{"_recordId", "recordedDate"}
	}
	used := false
	_, err := f.export(ctx, request, func(file *frame.File) (int64, error) {
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
		// That the API takes such lists is documented; that every brand does is
		// assumed. A whole export lists the ids, too.
		f.env.Log.Info("an export of ids alone is refused: exporting everything instead", "survey", f.survey, "error", err)
		f.env.unlistable.Store(true)
		return f.presence(ctx, floor, use)
	case tooLarge(err):
		return &listError{fmt.Errorf("listing its responses, of which some 8 million at most fit into an export (larger surveys need deletions.mode off): %w", err)}
	case errors.As(err, &unreadable):
		unreadable.What = fmt.Sprintf("the export of the ids of %s", f.partition)
	case errors.As(err, &damaged):
		return &qualtrics.ExportError{Survey: f.survey, Reason: "the export of its ids: " + err.Error(), Attempts: exportAttempts}
	case !used && errors.As(err, &answer):
		return &listError{fmt.Errorf("listing its responses: %w", err)}
	}
	return err
}
