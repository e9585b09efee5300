package source_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/xitongsys/parquet-go/reader"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
	"github.com/birdie-ai/source-qualtrics/source/landing"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// batchMessage is a BATCH message. A target of the SDK takes no other members
// of the encoding.
type batchMessage struct {
	Type     string            `json:"type"`
	Stream   string            `json:"stream"`
	Encoding map[string]string `json:"encoding"`
	Manifest []string          `json:"manifest"`
}

// rows reads the files that the message names, as the SDK's targets do.
func (m *batchMessage) rows(t testing.TB, schema map[string]any) (rows []map[string]any) {
	t.Helper()
	if len(m.Manifest) != 1 {
		t.Fatalf("a message names %d files", len(m.Manifest))
	}
	name, ok := strings.CutPrefix(m.Manifest[0], "file://")
	content, err := os.ReadFile(name)
	if err != nil || !ok || !filepath.IsAbs(name) {
		t.Fatalf("%s: %v", m.Manifest[0], err)
	}
	switch {
	case maps.Equal(m.Encoding, map[string]string{"format": "parquet"}):
		return parquetRows(t, content, schema)
	case maps.Equal(m.Encoding, map[string]string{"format": "jsonl", "compression": "gzip"}):
		unpacked, err := gzip.NewReader(bytes.NewReader(content))
		if err == nil {
			content, err = io.ReadAll(unpacked)
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	case !maps.Equal(m.Encoding, map[string]string{"format": "jsonl"}):
		t.Fatalf("the encoding is %v", m.Encoding)
	}
	for line := range bytes.Lines(content) {
		rows = append(rows, parseRow(t, line))
	}
	return rows
}

// parquetRows reads a Parquet file as JSON: times are texts in it, and so are
// objects.
func parquetRows(t testing.TB, content []byte, schema map[string]any) []map[string]any {
	t.Helper()
	columns, err := reader.NewParquetColumnReader(parquetFile{bytes.NewReader(content), content}, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer columns.ReadStop()
	rows := make([]map[string]any, columns.GetNumRows())
	for i := range rows {
		rows[i] = make(map[string]any)
	}
	for i := range columns.SchemaHandler.GetColumnNum() {
		name := columns.SchemaHandler.Infos[i+1].ExName
		property, _ := schema[name].(map[string]any)
		values, _, _, err := columns.ReadColumnByIndex(i, columns.GetNumRows())
		if err != nil || len(values) != len(rows) {
			t.Fatalf("column %s has %d values of %d: %v", name, len(values), len(rows), err)
		}
		for at, value := range values {
			if micros, ok := value.(int64); ok && property["format"] == "date-time" {
				value = time.UnixMicro(micros).UTC().Format(time.RFC3339Nano)
			}
			rows[at][name] = value
		}
	}
	return rows
}

// batchSettings are the settings for files of a format in a folder.
func batchSettings(format, folder string) map[string]any {
	return map[string]any{
		"encoding": map[string]any{"format": format}, "storage": map[string]any{"root": "file://" + folder, "prefix": "p_"}, "batch_size": 50,
	}
}

// plainRows makes rows of messages and of files comparable: numbers are
// numbers, and what is text in files is text.
func plainRows(t *testing.T, rows []map[string]any) map[string]map[string]any {
	t.Helper()
	made := make(map[string]map[string]any)
	for _, row := range rows {
		plain := make(map[string]any)
		for name, value := range row {
			switch value := value.(type) {
			case json.Number:
				number, err := value.Float64()
				if err != nil {
					t.Fatal(err)
				}
				plain[name] = number
			case int64:
				plain[name] = float64(value)
			case string:
				plain[name] = normal(value)
			default:
				plain[name] = value
			}
		}
		made[string(testkit.Encode([]any{row["survey_id"], row["response_id"], row["directory_id"], row["contact_id"]}))] = plain
	}
	return made
}

// The rows of files are those that messages would have, and what exists. Parquet
// is not written inside a bubble: the compression keeps channels for the process.
func TestTap_WritesBatches(t *testing.T) {
	t.Parallel()
	tn, folder := newTenant(t, sandbox.Options{Seed: 71, Surveys: 3, Responses: 200, Contacts: 70, ExportDelay: time.Millisecond}), t.TempDir()
	tn.jitter = func(time.Duration) time.Duration { return 0 }
	tn.config["nested_as_text"] = true
	messages := tn.tap(t, "--config", "config.json")
	for _, encoding := range []string{"jsonl", "jsonl gzip", "jsonl none", "parquet"} {
		format, compression, _ := strings.Cut(encoding, " ")
		settings := batchSettings(format, folder)
		if compression != "" {
			settings["encoding"].(map[string]any)["compression"] = compression
		}
		tn.config["batch_config"] = settings
		got := tn.tap(t, "--config", "config.json")
		if got.result.code != 0 || slices.Contains(got.types, "RECORD") {
			t.Fatalf("%s: code %d, messages %v: %s", encoding, got.result.code, got.types, got.stderr)
		}
		if n := len(got.batches); n < 220/50 {
			t.Errorf("%s: %d files, want those of 50 rows", encoding, n)
		}
		for _, stream := range []string{"surveys", "responses", "contacts"} {
			want, have := plainRows(t, messages.records[stream]), plainRows(t, got.records[stream])
			if diff := cmp.Diff(want, have); diff != "" {
				t.Errorf("%s: %s (-messages +files): %.2000s", encoding, stream, diff)
			}
		}
	}
	onlyBatches(t, folder)
}

// onlyBatches demands that a folder holds files that are complete, and no more.
func onlyBatches(t *testing.T, folder string) {
	t.Helper()
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if name := file.Name(); !strings.HasPrefix(name, "p_tap-qualtrics--") || strings.HasSuffix(name, ".tmp") || strings.HasSuffix(name, ".lock") {
			t.Errorf("%s is left", name)
		}
	}
}

// What a target holds after a full and some incremental runs is what exists.
func TestTap_BatchesDeliverEverything(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 72, Surveys: 4, Responses: 200, Contacts: 40})
		tn.config["batch_config"] = batchSettings("jsonl", t.TempDir())
		tn.files["state.json"] = nil
		var tables map[string]table
		for range 4 {
			got := tn.tap(t, "--config", "config.json", "--state", "state.json")
			if got.result.code != 0 {
				t.Fatalf("code %d: %s", got.result.code, got.stderr)
			}
			tables, tn.files["state.json"] = merge(tables, got.reading), got.state
			tn.Advance(6*time.Hour, false)
			tn.Advance(20*time.Minute, true)
		}
		got := tn.tap(t, "--config", "config.json", "--state", "state.json")
		tables = merge(tables, got.reading)
		for _, stream := range []string{"surveys", "responses", "contacts"} {
			tn.compareTruth(t, stream, tables[stream])
		}
	})
}

// Files are only for whoever asks for them, in words that are understood.
func TestTap_BatchesAreAskedFor(t *testing.T) {
	encoding, storage := map[string]any{"format": "jsonl"}, map[string]any{"root": "file:///data"}
	for name, test := range map[string]struct {
		config, more map[string]any
		want         []string // none: there are no files
	}{
		"what a platform fills in":  {config: map[string]any{"batch_size": 10_000}},
		"nothing":                   {config: map[string]any{"encoding": nil, "storage": map[string]any{"root": nil}}},
		"no format, no folder":      {map[string]any{"storage": map[string]any{"prefix": "p"}}, nil, []string{"batch_config.encoding.format is missing", "batch_config.storage.root is missing"}},
		"another format":            {map[string]any{"encoding": map[string]any{"format": "arrow"}, "storage": storage}, nil, []string{"batch_config.encoding.format must be jsonl or parquet"}},
		"another compression":       {map[string]any{"encoding": map[string]any{"format": "jsonl", "compression": "zstd"}, "storage": storage}, nil, []string{"compression must be gzip or none"}},
		"compressed Parquet":        {map[string]any{"encoding": map[string]any{"format": "parquet", "compression": "gzip"}, "storage": storage}, nil, []string{"Parquet files are compressed within"}},
		"a bucket":                  {map[string]any{"encoding": encoding, "storage": map[string]any{"root": "s3://bucket/x"}}, nil, []string{"a folder of this machine"}},
		"a relative folder":         {map[string]any{"encoding": encoding, "storage": map[string]any{"root": "file://data"}}, nil, []string{"a folder of this machine"}},
		"a folder to be escaped":    {map[string]any{"encoding": encoding, "storage": map[string]any{"root": "file:///my data"}}, nil, []string{"a folder of this machine"}},
		"a prefix that is a folder": {map[string]any{"encoding": encoding, "storage": map[string]any{"root": "/data", "prefix": "../x"}}, nil, []string{"batch_config.storage.prefix"}},
		"too large":                 {map[string]any{"encoding": encoding, "storage": storage, "batch_size": 1_000_000}, nil, []string{"batch_config.batch_size must be from 1 to 100000"}},
		"of a wrong type":           {map[string]any{"encoding": "jsonl", "storage": storage}, nil, []string{"batch_config.encoding must be an object"}},
		"versions":                  {map[string]any{"encoding": encoding, "storage": storage}, map[string]any{"emit_activate_version_messages": true}, []string{"exclude each other"}},
		"with other mistakes":       {map[string]any{"encoding": encoding}, map[string]any{"lookback_minutes": 0}, []string{"2 problems", "batch_config.storage.root is missing", "lookback_minutes"}},
	} {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, small)
				tn.config["batch_config"] = test.config
				maps.Copy(tn.config, test.more)
				got := tn.run(t, "tap", "--config", "config.json")
				if len(test.want) == 0 {
					if got.code != 0 || strings.Contains(got.stdout, "BATCH") || !strings.Contains(got.stdout, `"RECORD"`) {
						t.Errorf("code %d: %s", got.code, got.stderr)
					}
					return
				}
				for _, want := range test.want {
					if got.code != 1 || got.stdout != "" || !strings.Contains(got.stderr, want) {
						t.Errorf("code %d, stdout %.100q, want %q: %s", got.code, got.stdout, want, got.stderr)
					}
				}
			})
		})
	}
}

// What is not understood is said, as of every other setting.
func TestTap_BatchesTellOfUnknownSettings(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 75, Surveys: 1, Responses: 1, Contacts: 1})
		settings := batchSettings("jsonl", t.TempDir())
		settings["storage"].(map[string]any)["params"] = map[string]any{"x": 1}
		tn.config["batch_config"] = settings
		got := tn.tap(t, "--config", "config.json")
		if got.result.code != 0 || !strings.Contains(got.stderr, `the configuration key "batch_config.storage.params" is unknown and ignored`) {
			t.Errorf("code %d: %s", got.result.code, got.stderr)
		}
	})
}

// Settings in the environment, a selection and the switches for columns hold
// for files as for messages; a trial writes none.
func TestTap_BatchesHaveTheColumnsThatAreSelected(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn, folder := newTenant(t, sandbox.Options{Seed: 73, Surveys: 2, Responses: 60, Contacts: 5}), t.TempDir()
		tn.env["TAP_QUALTRICS_BATCH_CONFIG"] = string(testkit.Encode(batchSettings("jsonl", folder)))
		tn.config["sdc_deleted_at"] = true
		tn.files["catalog.json"] = []byte(`{"streams":[{"tap_stream_id":"responses","metadata":[{"breadcrumb":["properties","answer_values"],"metadata":{"selected":false}}]}]}`)
		args := []string{"--config", "config.json", "--config", "ENV", "--catalog", "catalog.json"}
		got := tn.tap(t, args...)
		if got.result.code != 0 || len(got.batches) == 0 {
			t.Fatalf("code %d, %d files: %s", got.result.code, len(got.batches), got.stderr)
		}
		row := got.records["responses"][0]
		_, hasValues := row["answer_values"]
		_, hasDeleted := row["_sdc_deleted_at"]
		if _, hasForeign := row["_ab_cdc_deleted_at"]; hasValues || !hasDeleted || hasForeign {
			t.Errorf("the columns are %v", slices.Sorted(maps.Keys(row)))
		}
		for _, test := range []string{"--test", "--test=schema", "--discover"} {
			if out := tn.run(t, append([]string{"tap", test}, args...)...); out.code != 0 || strings.Contains(out.stdout, "BATCH") {
				t.Errorf("%s: code %d, %.300s, %s", test, out.code, out.stdout, out.stderr)
			}
		}
		if files, err := os.ReadDir(folder); err != nil || len(files) != len(got.batches) {
			t.Errorf("%d files, want the %d of the run: %v", len(files), len(got.batches), err)
		}
	})
}

// Nor does a secret land in such a file.
func TestTap_MasksSecretsInBatches(t *testing.T) {
	for form, text := range canaries(hardToken) {
		for _, format := range []string{"jsonl", "parquet"} {
			t.Run(form+" "+format, func(t *testing.T) {
				t.Parallel()
				tn, folder := named(t, hardToken, text), t.TempDir()
				settings := batchSettings(format, folder)
				if format == "jsonl" {
					settings["encoding"].(map[string]any)["compression"] = "none"
				}
				tn.config["batch_config"] = settings
				tn.files["catalog.json"] = []byte(`{"streams":[{"tap_stream_id":"surveys"}]}`)
				got := tn.run(t, "tap", "--config", "config.json", "--catalog", "catalog.json")
				landsMasked(t, got, folder)
			})
		}
	}
}

// fullDisk is a folder on a disk that has room for so many writes.
type fullDisk struct {
	landing.FS
	room *int
}

func (d fullDisk) Create(name string) (landing.File, error) {
	file, err := d.FS.Create(name)
	return fullFile{file, d.room}, err
}

type fullFile struct {
	landing.File
	room *int
}

func (f fullFile) Write(content []byte) (int, error) {
	if *f.room--; *f.room < 0 {
		return 0, &os.PathError{Op: "write", Path: "a file", Err: syscall.ENOSPC}
	}
	return f.File.Write(content)
}

// A disk that fills up ends the run, and no state covers what is not there.
func TestTap_BatchesOntoADiskThatFillsUp(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 74, Surveys: 3, Responses: 120, Contacts: 60})
		folder := t.TempDir()
		tn.config["batch_config"] = batchSettings("jsonl", folder)
		tn.config["limits"].(map[string]any)["parallel_exports"] = 1 // so that every run writes the same files
		whole := tn.tap(t, "--config", "config.json")
		if len(whole.batches) < 6 {
			t.Fatalf("%d files: they say little", len(whole.batches))
		}
		for room := 0; room < len(whole.batches); room += thorough.Number(2, 4) {
			folder := filepath.Join(folder, "full")
			tn.config["batch_config"] = batchSettings("jsonl", folder)
			left := room
			tn.root = func(dir string) (landing.FS, error) {
				opened, err := landing.OpenRoot(dir)
				return fullDisk{opened, &left}, err
			}
			first := tn.tap(t, "--config", "config.json")
			if first.result.code != 2 || !strings.Contains(first.stderr, "the disk is full") || len(first.batches) > room {
				t.Fatalf("room %d: code %d, %d files: %s", room, first.result.code, len(first.batches), first.stderr)
			}
			onlyBatches(t, folder)
			tn.root, tn.files["state.json"] = nil, first.state
			tables := merge(nil, first.reading)
			second := tn.tap(t, "--config", "config.json", "--state", "state.json")
			tables = merge(tables, second.reading)
			for _, stream := range []string{"surveys", "responses", "contacts"} {
				tn.compareTruth(t, stream, tables[stream])
			}
			if err := os.RemoveAll(folder); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// The settings are those of Meltano's SDK (its BATCH capability, release 0.54),
// by name and by what they take.
func TestTap_BatchSettingsAreThoseOfTheSDK(t *testing.T) {
	t.Parallel()
	tn := newTenant(t, small)
	about := tn.run(t, "tap", "--about", "--format", "json")
	var printed struct {
		Capabilities []string
		Settings     tapSetting
	}
	if err := json.Unmarshal([]byte(about.stdout), &printed); err != nil || !slices.Contains(printed.Capabilities, "batch") {
		t.Fatal(err, printed.Capabilities)
	}
	batch := printed.Settings.Properties["batch_config"]
	for path, want := range map[string][]string{
		"encoding.format": {"jsonl", "parquet"}, "encoding.compression": {"gzip", "none"}, "storage.root": nil, "storage.prefix": nil, "batch_size": nil,
	} {
		at := batch
		for name := range strings.SplitSeq(path, ".") {
			at = at.Properties[name]
		}
		if at.Type == "" || at.Description == "" || !reflect.DeepEqual(at.Enum, want) {
			t.Errorf("%s: %+v, want %v", path, at, want)
		}
	}
}
