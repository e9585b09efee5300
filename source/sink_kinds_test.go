package source_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/airbyte"
	"github.com/birdie-ai/source-qualtrics/source/engine"
	"github.com/birdie-ai/source-qualtrics/source/landing"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/singer"
)

// contractSink is a sink that is closed at the end of a run.
type contractSink interface {
	engine.Sink
	Close() error
}

// sinkUnderTest is a kind of sink. A field after open is a difference between sinks,
// each with its reason.
type sinkUnderTest struct {
	open func(t *testing.T, to *sinkOutput) contractSink

	// Airbyte's catalog holds the schema, so that read does not repeat it.
	noSchema bool
	// A platform wants a failure for each stream of its catalog, also for one that
	// does not exist: that one fails without a beginning.
	failsUnbegun bool
	// Airbyte counts records by state: an equal state after records, and a
	// complete stream without a state for its last records, look like lost data.
	countsByState bool
	// Singer has no message for the end of a stream.
	noEnd bool
	// A state is stored with the data file that it covers, so that neither exists
	// before the other.
	stateWaits bool
	// Targets may forget a state that another message follows: Close repeats it, also
	// after an error of a file.
	repeatsState bool
	// A run that did not follow the order of calls is not stored as a complete one.
	// Messages are different: the failure goes out on the same pipe.
	anyErrorSticks bool
	// Targets and databases refuse NUL; Parquet has its own limits, see landing.
	holdsNUL bool
	// Targets delete rows by a column of Singer's. They get no columns of other
	// protocols.
	ownDeletion bool
}

var sinks = map[string]sinkUnderTest{
	"airbyte": {
		open:     func(_ *testing.T, to *sinkOutput) contractSink { return airbyte.NewWriter(to, time.Now) },
		noSchema: true, failsUnbegun: true, countsByState: true, holdsNUL: true,
	},
	"singer": {
		open: func(_ *testing.T, to *sinkOutput) contractSink {
			return singer.NewWriter(to, singer.Options{Now: time.Now, DeletedColumn: true})
		},
		noEnd: true, ownDeletion: true,
	},
	"singer with files": {
		open: func(t *testing.T, to *sinkOutput) contractSink {
			batches, err := landing.OpenBatches(to.options(t), "")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = batches.Close() })
			begin := func(info record.Info) (singer.BatchFile, error) { return batches.Begin(info) }
			return singer.NewWriter(to, singer.Options{Now: time.Now, DeletedColumn: true, Batching: &singer.Batching{Holds: landing.PlainNDJSON.Holds(), Begin: begin}})
		},
		noEnd: true, repeatsState: true, ownDeletion: true,
	},
	"files": {
		open: func(t *testing.T, to *sinkOutput) contractSink {
			w, err := landing.Open(to.options(t))
			if err != nil {
				t.Fatal(err)
			}
			return w
		},
		stateWaits: true, anyErrorSticks: true,
	},
}

// sinkOutput is where a sink writes: messages, a folder, or both. It can fail.
type sinkOutput struct {
	folder   string
	messages bytes.Buffer
	failing  bool
	attempts int      // to write, since it fails
	rows     []string // as JSON: the records that shown found
	files    []int    // of them, in each data file
	perFile  int64    // rows of a data file that is full; 0: the default
}

var errOutput = errors.New("the output is broken")

func (o *sinkOutput) err() error {
	if o.failing {
		o.attempts++
		return errOutput
	}
	return nil
}

func (o *sinkOutput) Write(text []byte) (int, error) {
	if err := o.err(); err != nil {
		return 0, err
	}
	return o.messages.Write(text)
}

func (o *sinkOutput) options(t *testing.T) landing.Options {
	t.Helper()
	folder, err := landing.OpenRoot(o.folder)
	if err != nil {
		t.Fatal(err)
	}
	return landing.Options{FS: failingFolder{folder, o}, Format: landing.PlainNDJSON, Run: "run", Now: time.Now, RotateRows: o.perFile}
}

// failingFolder fails where it would change a file, except by removing one.
type failingFolder struct {
	landing.FS
	output *sinkOutput
}

func (f failingFolder) Create(name string) (landing.File, error) {
	if err := f.output.err(); err != nil {
		return nil, err
	}
	file, err := f.FS.Create(name)
	return failingFile{file, f.output}, err
}

func (f failingFolder) Rename(from, to string) error {
	return errors.Join(f.output.err(), f.FS.Rename(from, to))
}

type failingFile struct {
	landing.File
	output *sinkOutput
}

func (f failingFile) Write(text []byte) (int, error) {
	if err := f.output.err(); err != nil {
		return 0, err
	}
	return f.File.Write(text)
}

// shown is the content of an output, of the stream "things".
type shown struct {
	Schema  bool
	Records []string // their ids
	State   string   // the last one
	Covered int      // records before the last state
	End     string   // complete, incomplete or nothing
}

func (o *sinkOutput) shown(t *testing.T) (s shown) {
	t.Helper()
	o.rows, o.files = nil, nil
	record := func(text []byte) {
		o.rows = append(o.rows, strings.TrimSuffix(string(text), "\n"))
		var row struct{ ID string }
		if err := json.Unmarshal(text, &row); err != nil {
			t.Fatal(err)
		}
		s.Records = append(s.Records, row.ID)
	}
	rows := func(file string) {
		before := len(o.rows)
		for line := range bytes.Lines(o.read(t, file)) {
			record(line)
		}
		o.files = append(o.files, len(o.rows)-before)
	}
	for line := range bytes.Lines(o.messages.Bytes()) {
		var m struct {
			Type     string
			Manifest []string        // Singer
			Value    json.RawMessage // Singer
			Record   json.RawMessage
			State    struct {
				Stream struct {
					State json.RawMessage `json:"stream_state"`
				}
			}
			Trace struct {
				Status struct{ Status string } `json:"stream_status"`
			}
		}
		if err := json.Unmarshal(line, &m); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		switch m.Type {
		case "SCHEMA":
			s.Schema = len(s.Records) == 0
		case "RECORD":
			var airbyte struct{ Data json.RawMessage }
			if json.Unmarshal(m.Record, &airbyte) == nil && airbyte.Data != nil {
				m.Record = airbyte.Data
			}
			record(m.Record)
		case "BATCH":
			for _, name := range m.Manifest {
				rows(name)
			}
		case "STATE":
			var singer struct{ Bookmarks map[string]json.RawMessage }
			if json.Unmarshal(m.Value, &singer) == nil {
				m.State.Stream.State = singer.Bookmarks["things"]
			}
			s.State, s.Covered = string(m.State.Stream.State), len(s.Records)
		case "TRACE":
			if end := strings.ToLower(m.Trace.Status.Status); end == "complete" || end == "incomplete" {
				s.End = end
			}
		}
	}
	if text := o.read(t, "_manifest/run.json"); text != nil {
		var manifest landing.Manifest
		if err := json.Unmarshal(text, &manifest); err != nil {
			t.Fatal(err)
		}
		s.Schema, s.State = o.read(t, "_schema/things.json") != nil, string(o.read(t, "_state/things.json"))
		if s.End = string(manifest.Streams[0].Result); s.End == string(landing.Running) {
			s.End = ""
		}
		for _, file := range manifest.Streams[0].Files {
			rows(file.Path)
		}
		if s.State != "" {
			s.Covered = len(s.Records)
		}
	}
	return s
}

// read is a file of the folder, nil if there is none.
func (o *sinkOutput) read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(o.folder, name))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return text
}

type thing struct {
	ID     string          `json:"id"`
	Text   *string         `json:"text"`
	Number *json.Number    `json:"number"`
	At     *time.Time      `json:"at"`
	Nested json.RawMessage `json:"nested"`
}

// stage is a sink with the stream "things" that was not begun.
type sinkStage struct {
	contractSink
	t    *testing.T
	out  *sinkOutput
	info record.Info
}

func stageSink(t *testing.T, kind sinkUnderTest) *sinkStage {
	t.Helper()
	return stageSinkTo(t, kind, &sinkOutput{folder: t.TempDir()})
}

func stageSinkTo(t *testing.T, kind sinkUnderTest, out *sinkOutput) *sinkStage {
	t.Helper()
	table, err := record.NewTable(thing{})
	if err != nil {
		t.Fatal(err)
	}
	schema := `{"type":"object","properties":{"id":{"type":"string"},"text":{"type":["null","string"]},"number":{"type":["null","number"]},"at":{"type":["null","string"]},"nested":{"type":["null","object"]}}}`
	return &sinkStage{kind.open(t, out), t, out, record.Info{Stream: "things", Schema: []byte(schema), Table: table, Key: []string{"id"}, Cursor: "at"}}
}

func (s *sinkStage) row(of thing) record.Row {
	s.t.Helper()
	row, err := s.info.Table.Row(&of)
	if err != nil {
		s.t.Fatal(err)
	}
	return row.Fit(s.Holds())
}

// The calls that the cases are made of.
func (s *sinkStage) begin() error            { return s.Begin(s.info) }
func (s *sinkStage) record(id string) error  { return s.Record("things", s.row(thing{ID: id})) }
func (s *sinkStage) state(text string) error { return s.State("things", []byte(text)) }
func (s *sinkStage) end() error              { return s.End("things", nil) }
func (s *sinkStage) status() error           { return s.Status("things", record.Status{}) }
func (s *sinkStage) fail() error {
	return s.End("things", &record.Failure{Type: record.TransientError, Message: "it failed"})
}

// eachSink runs a test with every sink.
func eachSink(t *testing.T, test func(t *testing.T, kind sinkUnderTest, s *sinkStage)) {
	t.Parallel()
	for name, kind := range sinks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, kind, stageSink(t, kind))
		})
	}
}

// want is the content as this kind of sink shows it.
func (kind sinkUnderTest) want(s shown) shown {
	s.Schema = s.Schema && !kind.noSchema
	if kind.noEnd {
		s.End = ""
	}
	return s
}
