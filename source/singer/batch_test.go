package singer_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/singer"
)

// shelf holds the files of a test, with two rows each.
type shelf struct {
	files  []*shelved
	broken bool // Finish of a file fails
}

type shelved struct {
	shelf *shelf
	rows  []string
	end   string // finished or discarded
}

func (s *shelf) begin(record.Info) (singer.BatchFile, error) {
	s.files = append(s.files, &shelved{shelf: s})
	return s.files[len(s.files)-1], nil
}

func (f *shelved) Record(row record.Row) (bool, error) {
	text, err := row.AppendJSON(nil)
	f.rows = append(f.rows, string(text))
	return len(f.rows) == 2, err
}

func (f *shelved) Finish() (string, error) {
	if f.shelf.broken {
		return "", errors.New("the shelf is broken")
	}
	f.end += "finished"
	return fmt.Sprintf("file:///shelf/%d", len(f.shelf.files)), nil
}

func (f *shelved) Discard() error {
	f.end += "discarded"
	return nil
}

// batchStage returns a stage whose records are written into files.
func batchStage(t *testing.T) (*stage, *shelf) {
	t.Helper()
	files := &shelf{}
	s := newStage(t, singer.Options{
		Batching: &singer.Batching{Encoding: singer.Encoding{Format: "jsonl", Compression: "gzip"}, Begin: files.begin},
		Selected: func(_, column string) bool { return column == "name" },
	})
	if err := s.Begin(s.info); err != nil {
		t.Fatal(err)
	}
	return s, files
}

func TestWriter_WritesBATCHMessagesBeforeTheStateThatCoversThem(t *testing.T) {
	t.Parallel()
	s, files := batchStage(t)
	for i := range 3 {
		if err := s.Record("visits", s.row(t, visit{ID: fmt.Sprint("R_", i)})); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(s.State("visits", []byte(`{"v":1}`)), s.State("visits", []byte(`{"v":2}`)), s.Record("visits", s.row(t, visit{ID: "R_3"})), s.End("visits", nil)); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`{"type":"BATCH","stream":"visits","encoding":{"format":"jsonl","compression":"gzip"},"manifest":["file:///shelf/1"]}`,
		`{"type":"BATCH","stream":"visits","encoding":{"format":"jsonl","compression":"gzip"},"manifest":["file:///shelf/2"]}`,
		`{"type":"STATE","value":{"bookmarks":{"visits":{"v":1}}}}`,
		`{"type":"STATE","value":{"bookmarks":{"visits":{"v":2}}}}`,
		`{"type":"BATCH","stream":"visits","encoding":{"format":"jsonl","compression":"gzip"},"manifest":["file:///shelf/3"]}`,
		`{"type":"STATE","value":{"bookmarks":{"visits":{"v":2}}}}`,
	}
	if diff := cmp.Diff(want, s.lines(t)[1:]); diff != "" {
		t.Error(diff)
	}
	if row := files.files[1].rows[0]; row != `{"id":"R_2","at":"0001-01-01T00:00:00Z","name":null}` {
		t.Errorf("the row of the second file is %s", row)
	}
}

// A file without a state is discarded, and no state covers a file that cannot be
// finished.
func TestWriter_WritesNoBATCHMessageOfAnUnfinishedFile(t *testing.T) {
	t.Parallel()
	for _, broken := range []bool{false, true} {
		s, files := batchStage(t)
		files.broken = broken
		if err := s.Record("visits", s.row(t, visit{ID: "R_1"})); err != nil {
			t.Fatal(err)
		}
		if broken {
			if err := s.State("visits", []byte(`{"v":1}`)); err == nil || !strings.Contains(err.Error(), "the shelf is broken") {
				t.Errorf("got %v", err)
			}
		}
		if err := s.Close(); (err != nil) != broken {
			t.Errorf("broken %v: Close returns %v", broken, err)
		}
		lines := s.written()
		if last := lines[len(lines)-1]; len(lines) != 2 || last != `{"type":"STATE","value":{"bookmarks":{}}}` {
			t.Errorf("broken %v: the lines are %v", broken, lines)
		}
		if end := files.files[0].end; end != "discarded" {
			t.Errorf("broken %v: the file was %s", broken, end)
		}
	}
}
