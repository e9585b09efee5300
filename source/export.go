package source

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/config"
	"github.com/birdie-ai/source-qualtrics/source/engine"
	"github.com/birdie-ai/source-qualtrics/source/failures"
	"github.com/birdie-ai/source-qualtrics/source/landing"
	"github.com/birdie-ai/source-qualtrics/source/pasted"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/stream"
	"github.com/birdie-ai/source-qualtrics/source/wording"
)

func (r *invocation) exportCommand(ctx context.Context, flags *flag.FlagSet, args []string) (int, error) {
	file := flags.String("config", "", "configuration `file`")
	to := flags.String("to", "", "`folder` for the files; it also keeps the state")
	format := flags.String("format", string(landing.Parquet), "file `format`: parquet or ndjson")
	compression := flags.String("compression", zstdCompression, "`compression` of ndjson files: zstd or none; Parquet files are always compressed")
	names := flags.String("streams", "", "`streams` to read, such as surveys,responses; default: all that the account can read; users and tables of survey structure have to be named")
	if err := parse(flags, args, "config", "to"); err != nil {
		return 0, err
	}
	files, err := exportFormat(*format, *compression)
	if err != nil {
		return 0, err
	}
	s, err := r.loader().Load(*file)
	if err != nil {
		return 0, err
	}
	chosen, err := streamsNamed(*names)
	if err != nil {
		return 0, err
	}
	tally := newRowCounter(nil)
	code, err := r.export(ctx, s, exportTo{folder: *to, format: files, streams: chosen, tally: tally})
	if err != nil {
		return 0, err
	}
	if _, err := r.print(tally.table() + "\n" + tally.comparisons.Text() + "The files are in " + record.OneLine(*to) + "\n"); err != nil {
		return 0, err
	}
	return code, nil
}

// The values of --compression.
const (
	zstdCompression = "zstd"
	noCompression   = "none"
)

// exportFormat is the format of files by its two flags.
func exportFormat(format, compression string) (landing.Format, error) {
	if compression != zstdCompression && compression != noCompression {
		return "", failures.Usage("export: the compression is zstd or none, not %.40q", compression)
	}
	switch landing.Format(format) {
	case landing.Parquet:
		if compression == noCompression {
			return "", failures.Usage("export: --compression none is for --format ndjson: Parquet files are always compressed; leave it out")
		}
		return landing.Parquet, nil
	case landing.NDJSON:
		if compression == noCompression {
			return landing.PlainNDJSON, nil
		}
		return landing.NDJSON, nil
	default:
		return "", failures.Usage("export: the format is parquet or ndjson, not %.40q", format)
	}
}

// formatFlags are the flags that ask for a format of files, defaults included, so
// that two formats never have the same ones.
func formatFlags(format landing.Format) string {
	switch format {
	case landing.PlainNDJSON:
		return "--format ndjson --compression none"
	case landing.NDJSON:
		return "--format ndjson --compression " + zstdCompression
	default:
		return "--format " + string(format)
	}
}

// opened words why a folder cannot be written to.
func opened(folder string, err error) error {
	var other *landing.FormatError
	if errors.As(err, &other) {
		return failures.Config("export: the files in %s were written with %s: go on with that, or export into another folder", folder, formatFlags(other.Have))
	}
	return failures.Config("export: %w", err)
}

// streamsNamed finds the streams of a list with commas; nil means all.
func streamsNamed(names string) ([]*stream.Stream, error) {
	var chosen []*stream.Stream
	for name := range strings.SplitSeq(names, ",") {
		name = pasted.Text(name)
		if name == "" {
			continue
		}
		s, ok := stream.ByName(name)
		if !ok {
			var known []string
			for _, s := range stream.All() {
				known = append(known, s.Name)
			}
			return nil, failures.Config("export: there is no stream %.40q; there are %s", name, strings.Join(known, ", "))
		}
		if !slices.Contains(chosen, s) {
			chosen = append(chosen, s)
		}
	}
	return chosen, nil
}

// exportTo holds the streams, the format and the folder of an export.
type exportTo struct {
	folder  string
	format  landing.Format
	streams []*stream.Stream // nil: all that the account can read
	tally   *rowCounter
}

// export reads streams into files, from the state in the folder.
func (r *invocation) export(ctx context.Context, s *config.Settings, to exportTo) (code int, err error) {
	folder, err := r.Files.Root(to.folder)
	if err != nil {
		return 0, failures.Config("export: opening %s: %w", to.folder, err)
	}
	writer, err := landing.Open(landing.Options{
		FS: folder, Format: to.format, Run: runID(time.Now()), Now: time.Now, Version: Version, Mask: r.redactor,
	})
	if err != nil {
		return 0, opened(to.folder, err)
	}
	defer func() {
		if closeErr := writer.Close(); closeErr != nil && (err == nil || errors.Is(err, context.Canceled)) {
			err = failures.OfSink(closeErr)
		}
	}()
	states, err := writer.States()
	if err != nil {
		return 0, failures.Config("export: %w", err)
	}
	to.tally.Sink = writer
	// Rows of sync_audit name the folder of the run.
	run, err := r.newRun(s, engine.Options{Sink: to.tally, Folder: true, RunID: writer.Run()})
	if err != nil {
		return 0, err
	}
	r.saved = func() string { return run.SavedIn(to.folder) }
	before := func(name string) ([]stream.WideColumn, error) {
		schema, err := writer.Schema(name)
		if err != nil {
			return nil, failures.Config("export: %w", err)
		}
		return stream.WideColumnsIn(schema)
	}
	var wide []engine.Want
	if s.Files.Download {
		run.uploads = writer.Uploads()
		if !slices.ContainsFunc(to.streams, func(each *stream.Stream) bool { return each.Name == "response_files" }) {
			r.log.Warn("files.download has no effect: --streams does not name response_files")
		}
	}
	if to.streams == nil {
		if to.streams, wide, err = r.readable(ctx, s, run.client, states, before); err != nil {
			return 0, err
		}
	}
	var wants []engine.Want
	bare := make(map[string]bool)
	for _, each := range to.streams {
		wants = append(wants, engine.Want{Stream: each, Refresh: !each.Incremental()})
		bare[each.Name] = each.Takes != nil
	}
	if err := r.completeWide(ctx, s, wants, bare, states, before); err != nil {
		return 0, err
	}
	wants = append(wants, wide...)
	code, err = run.read(ctx, wants, states)
	to.tally.comparisons = run.Comparisons()
	return code, err
}

// withoutFolder refuses the download of files by a command that has no folder for them.
func withoutFolder(s *config.Settings) error {
	if !s.Files.Download {
		return nil
	}
	return failures.Config("files.download is for the command export, which stores the files in its folder: leave it out here, or read response_files with export")
}

// runID names a run by its time in UTC: runs sort by it.
func runID(now time.Time) string {
	return strings.ReplaceAll(now.UTC().Format("20060102-150405.000"), ".", "-")
}

// rowCounter counts the rows that go into a sink.
type rowCounter struct {
	engine.Sink
	order  []string
	counts map[string]*streamCount
	// see is called with every row; it may be nil.
	see func(stream string, row record.Row)

	comparisons engine.Comparisons // of the run, when it is over
}

type streamCount struct {
	rows    int64
	failure *record.Failure
	lacks   string // the parts that a complete stream could not read; "": none
}

func newRowCounter(see func(stream string, row record.Row)) *rowCounter {
	return &rowCounter{counts: make(map[string]*streamCount), see: see}
}

func (t *rowCounter) Begin(info record.Info) error {
	t.order = append(t.order, info.Stream)
	t.counts[info.Stream] = &streamCount{}
	return t.Sink.Begin(info)
}

func (t *rowCounter) Record(stream string, row record.Row) error {
	t.counts[stream].rows++
	if t.see != nil {
		t.see(stream, row)
	}
	return t.Sink.Record(stream, row)
}

func (t *rowCounter) End(stream string, failure *record.Failure) error {
	t.counts[stream].failure = failure
	return t.Sink.End(stream, failure)
}

// Lacks notes the parts that a stream could not read, although it ends as complete.
func (t *rowCounter) Lacks(stream, what string) { t.counts[stream].lacks = what }

// table shows the counts.
func (t *rowCounter) table() string {
	var text strings.Builder
	columns := tabwriter.NewWriter(&text, 19, 0, 1, ' ', 0)
	row := func(stream, rows, result string) { _, _ = fmt.Fprintf(columns, "%s\t%10s  %s\n", stream, rows, result) }
	row("STREAM", "ROWS", "RESULT")
	for _, name := range t.order {
		result := "complete"
		if failure := t.counts[name].failure; failure != nil {
			result = record.OneLine("not complete: " + failure.Message)
		} else if lacks := t.counts[name].lacks; lacks != "" {
			result = record.OneLine("not complete, which surveys.on_failed allows: " + lacks)
		}
		row(name, wording.Thousands(t.counts[name].rows), result)
	}
	_ = columns.Flush() // a builder takes everything
	return text.String()
}
