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

// reader exports files of a survey, verifies them and reads their rows.
type reader struct {
	*scope
	names      *classifier
	protector  *protector
	window     openWindow
	row        response.Response // the row that was read last
	exported   bool              // the survey was exported, by this run or earlier
	lastTry    bool              // the file is not exported again if it has damaged lines
	listing    bool              // the file is a list of ids
	keeps      bool              // the file that was read last stays open, as kept
	kept       *qualtrics.ExportFile
	unfinished *pass // the pass of a file that has damaged lines, after all its other rows were delivered
}

// openWindow is the window that is being read.
type openWindow struct {
	began    time.Time
	keepFrom time.Time    // the next window reads rows again that were modified since
	check    *windowCheck // nil: rows before the window are not looked for
}

// exportAttempts limits the exports of a file that cannot be used.
const exportAttempts = 5

// export runs an export, verifies its file and calls use with it. If the file is
// damaged, belongs to another window or holds lines that cannot be read, the
// export is repeated. The last repetition leaves such lines out.
func (r *reader) export(ctx context.Context, request qualtrics.ExportRequest, use func(*frame.File) (int64, error)) (rows int64, err error) {
	r.unfinished = nil
	restricted, err := r.protector.restrict(ctx, &request)
	if err != nil {
		return 0, err
	}
	for attempt := 1; ; attempt++ {
		r.lastTry = attempt == exportAttempts
		file, err := r.env.Client.Export(ctx, request)
		if request.SortByModified && qualtrics.IsSortRefused(err) {
			r.noteUnsorted()
			request.SortByModified = false
			file, err = r.env.Client.Export(ctx, request)
		}
		if restricted && qualtrics.IsRefused(err) {
			err = r.protector.refused(err)
		}
		if err != nil {
			return 0, err
		}
		r.exported = true
		r.names.keys.Undated = !request.SortByModified
		rows, err = r.verified(ctx, file, attempt > 1, use)
		if err == nil {
			r.env.Log.Debug("an export is read", "survey", r.survey, "job", file.ProgressID, "rows", rows, "bytes", file.Size())
		}
		if err == nil && r.keeps {
			r.kept = file
			return rows, nil
		}
		if closeErr := file.Close(); err == nil && closeErr != nil {
			err = fmt.Errorf("closing the export of %s: %w", r.partition, closeErr)
		}
		var (
			damaged     *frame.Error
			wrongWindow *wrongWindowError
			lines       *damagedLinesError
			recorded    *recordedError
		)
		again := errors.As(err, &recorded) || errors.As(err, &wrongWindow) || errors.As(err, &lines) || errors.As(err, &damaged) && damaged.Kind != frame.TooLarge
		if !again || attempt == exportAttempts {
			return rows, r.lastError(err, attempt)
		}
		r.env.Log.Warn("the export file cannot be used: exporting again", "survey", r.survey, "attempt", attempt, "error", err)
	}
}

// verified calls use with a file. The sizes and checksums of a list of ids are checked
// first; those of other files before a row is delivered, see [reader.eachRow]. If an
// earlier file was damaged, the whole of this one is parsed first. The reason: its rows
// in front of a damaged line may have been delivered already.
func (r *reader) verified(ctx context.Context, file *qualtrics.ExportFile, whole bool, use func(*frame.File) (int64, error)) (int64, error) {
	opened, err := frame.Open(file, file.Size(), scratchOf(file))
	if err != nil {
		return 0, fmt.Errorf("opening the export of %s: %w", r.partition, err)
	}
	defer opened.Close()
	if r.listing {
		if err := r.verify(ctx, opened); err != nil {
			return 0, err
		}
	}
	if whole {
		pass := r.newPass()
		for value, err := range opened.Values(ctx) {
			if err != nil && !pass.leavesOut(value, err) {
				return 0, fmt.Errorf("reading the export of %s: %w", r.partition, err)
			}
		}
		if err := pass.end(); err != nil {
			return 0, fmt.Errorf("reading the export of %s: %w", r.partition, err)
		}
		if done := r.unfinished; done != nil && pass.damaged && done.damage == pass.damage {
			done.note() // an earlier file with the same damage brought all other rows
			return 0, nil
		}
	}
	return use(opened)
}

// scratchBytes bounds the text of an export that is kept on disk between two readings. A
// disk writes more than this so slowly that inflating again is about as fast.
const scratchBytes = 512 << 20

// scratchOf lets the records of an export be kept in a second temporary file.
func scratchOf(file *qualtrics.ExportFile) frame.Limits {
	spool, size := file.Spare()
	return frame.Limits{
		// Lengths take a part of the file, too, which is small beside the text.
		ScratchBytes: min(scratchBytes, size/2),
		Scratch:      func() (frame.Scratch, error) { return spool() },
	}
}

// verify checks the sizes and checksums of a file.
func (r *reader) verify(ctx context.Context, file *frame.File) error {
	if err := file.Verify(ctx); err != nil {
		return fmt.Errorf("verifying the export of %s: %w", r.partition, err)
	}
	return nil
}

// windowRequest asks for the responses that were modified in a window, or recorded in
// it where exports cannot be sorted by modified date.
func (r *reader) windowRequest(from, until time.Time, divisible bool) qualtrics.ExportRequest {
	return qualtrics.ExportRequest{Survey: r.survey, Start: from, End: until, SortByModified: !r.learned.unsorted.Load(), Divisible: divisible}
}

// noteUnsorted notes that the account refuses to sort exports.
func (r *reader) noteUnsorted() {
	if !r.learned.unsorted.Swap(true) {
		r.env.Log.Warn("exports of this account cannot be sorted by the modified date: new responses are read by their recorded date, edits are found by reading everything from time to time",
			"every", bucketsEvery(r.env))
	}
}

// eachRow calls visit with every response of a file, which is verified first.
func (r *reader) eachRow(ctx context.Context, file *frame.File, visit func(*response.Response, frame.Value) error) error {
	if err := r.verify(ctx, file); err != nil {
		return err
	}
	pass := r.newPass()
	for value, err := range file.Values(ctx) {
		if err == nil {
			err = r.row.Parse(value.Object, r.names.keys)
		}
		switch {
		case err == nil:
			if err := visit(&r.row, value); err != nil {
				return err
			}
		case !pass.leavesOut(value, err):
			return fmt.Errorf("reading the export of %s: %w", r.partition, err)
		}
	}
	if err := pass.end(); err != nil {
		return fmt.Errorf("reading the export of %s: %w", r.partition, err)
	}
	pass.note()
	return nil
}

// eachIDRow calls visit with the id and the dates of every response of a file. The file
// may turn out to be damaged at its end: without an error, it is verified.
func (r *reader) eachIDRow(ctx context.Context, file *frame.File, visit func(idRow)) error {
	pass := r.newPass()
	for value, err := range file.Values(ctx) {
		var one idRow
		if err == nil {
			one, err = parseIDRow(value.Object, r.names.keys)
		}
		switch {
		case err == nil:
			visit(one)
		case !pass.leavesOut(value, err):
			return err
		}
	}
	if err := pass.end(); err != nil {
		return err
	}
	if r.listing {
		pass.note()
	}
	return nil
}
