package stream

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/response"
)

// responseHead has the columns that all rows of a response share, in streams with several
// rows of a response.
type responseHead struct {
	surveyID, responseID string
	modified             time.Time
	version              string
	deleted, recorded    *time.Time
}

// headOf returns the response of a document and its head. A deleted response is nil, and its
// head is that of the marker.
func headOf(doc *feed.Document, c *cells) (got *response.Response, head responseHead, err error) {
	head.surveyID, head.responseID = doc.Partition.Key, doc.ID
	if !doc.DeletedAt.IsZero() {
		c.cursor("last_modified_date", false, foundDeleted)
		head.modified, head.version, head.deleted = doc.DeletedAt, record.DeletedVersion, &doc.DeletedAt
		return nil, head, nil
	}
	if got, err = responseOf(doc); err != nil {
		return nil, head, err
	}
	head.version = string(got.AppendVersion(nil))
	head.recorded = c.time("recorded_date", got.Metadata[response.RecordedDate])
	head.modified = c.modifiedDate(doc, got, head.recorded)
	return got, head, nil
}

// marker returns the [Stream.Marker] of a stream with several rows of a response. Of makes the
// row with the key of a marker.
func marker[T any](of func(head *responseHead) T) func(doc *feed.Document, emit Emit) error {
	return func(doc *feed.Document, emit Emit) error {
		var c cells
		_, head, err := headOf(doc, &c)
		if err != nil {
			return err
		}
		row := of(&head)
		return emit(&row, c.changes...)
	}
}

// responseOf returns the response of a document.
func responseOf(doc *feed.Document) (*response.Response, error) {
	got, ok := doc.Content.(*response.Response)
	if !ok {
		return nil, fmt.Errorf("projecting response %s: unexpected content %T", doc.ID, doc.Content)
	}
	return got, nil
}

// columnText is the text of a column, nil where it is null.
type columnText struct {
	column string
	text   *string
}

// memberChanges reports the altered parts of a row that is made of one member of a column of
// responses, such as embedded_data. The first text is the name of the member, and the second
// one its value.
func memberChanges(got *response.Response, of string, value []byte, texts ...columnText) (changes []record.Change) {
	if name := texts[0]; slices.Contains(got.Renamed, of) && strings.Contains(*name.text, "_dup") {
		changes = append(changes, record.Rename(name.column))
	}
	if got.Shortened && frame.Kind(value) == 'n' {
		changes = append(changes, record.Shorten(texts[1].column))
	}
	if got.Repaired {
		for _, each := range texts {
			if each.text != nil && strings.Contains(*each.text, "\ufffd") {
				changes = append(changes, record.Repair(each.column))
			}
		}
	}
	return changes
}
