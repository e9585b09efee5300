package engine

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/progress"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/stream"
)

// piece is a row of several that belong to one document.
type piece struct {
	// Id of the document.
	ID string `json:"id"`
	// Name of the piece.
	Name string `json:"name"`
	// Date of the document.
	At time.Time `json:"at"`
	// Version of the document.
	Version string `json:"version"`
}

var pieces = stream.Register(&stream.Stream{
	Name: "pieces", Record: piece{}, Key: []string{"id", "name"}, Cursor: "at", Parent: []string{"id"}, Version: "version",
	Project: func(doc *feed.Document, emit stream.Emit) error {
		for _, name := range []string{"a", "b", "c"} {
			if err := emit(&piece{ID: doc.ID, Name: name, At: doc.ReadAt, Version: "v"}); err != nil {
				return err
			}
		}
		return nil
	},
	Marker: func(*feed.Document, stream.Emit) error { return nil },
})

// noted is a sink that notes its calls, and is slow.
type noted struct{ calls []string }

func (n *noted) Begin(record.Info) error { return nil }
func (n *noted) Holds() record.Format    { return record.Format{} }
func (n *noted) Record(_ string, row record.Row) error {
	n.calls = append(n.calls, fmt.Sprintf("%s/%s", row.Cell(0), row.Cell(1)))
	time.Sleep(2 * time.Millisecond) // long enough that a lock goes to whoever waits for it
	return nil
}

func (n *noted) State(string, []byte) error {
	n.calls = append(n.calls, "state")
	return nil
}
func (n *noted) Status(string, record.Status) error { return nil }
func (n *noted) End(string, *record.Failure) error  { return nil }

// Rows of one document adjoin, whatever other partitions deliver meanwhile.
func TestDocument_NothingComesBetweenItsRows(t *testing.T) {
	t.Parallel()
	sink := &noted{}
	e := New(Options{Sink: sink, Changes: &Changes{}, Progress: progress.New()})
	state, err := newState("pieces", "brand", nil, false)
	if err != nil {
		t.Fatal(err)
	}
	s := &selected{stream: pieces, state: state}
	var partitions sync.WaitGroup
	const documents = 5
	for _, key := range []string{"P_1", "P_2", "P_3"} {
		partitions.Go(func() {
			out := &partitionOut{engine: e, partition: feed.Partition{Key: key}, streams: []*selected{s}}
			for i := range documents {
				err := out.Document(&feed.Document{Partition: out.partition, ID: fmt.Sprintf("%s-%d", key, i), ReadAt: time.Unix(int64(i), 0)})
				if err == nil {
					err = out.Announce(fmt.Appendf(nil, `{"n":%d}`, i))
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	partitions.Wait()
	rows := slices.DeleteFunc(slices.Clone(sink.calls), func(call string) bool { return call == "state" })
	if len(rows) != 3*3*documents || len(sink.calls) == len(rows) {
		t.Fatalf("got %d rows and %d calls", len(rows), len(sink.calls))
	}
	for i := 0; i < len(sink.calls); i++ {
		id, isFirst := strings.CutSuffix(sink.calls[i], "/a")
		if !isFirst {
			continue
		}
		if got := sink.calls[i : i+3]; !slices.Equal(got, []string{id + "/a", id + "/b", id + "/c"}) {
			t.Fatalf("got the calls %v", got)
		}
	}
}
