package source

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/landing"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/stream"
)

func (r *invocation) exportCommand(ctx context.Context, flags *flag.FlagSet, args []string) (int, error) {
	file := flags.String("config", "", "configuration `file`")
	to := flags.String("to", "", "`folder` for the files; it also keeps the state")
	format := flags.String("format", string(landing.Parquet), "file `format`: parquet or ndjson")
	names := flags.String("streams", "", "`streams` to read, such as surveys,responses; default: all that the account can read")
	if err := parse(flags, args, "config", "to"); err != nil {
		return 0, err
	}
	s, err := r.configure(*file)
	if err != nil {
		return 0, err
	}
	chosen, err := streamsNamed(*names)
	if err != nil {
		return 0, err
	}
	tally := newTally(nil)
	code, err := r.export(ctx, s, exportTo{folder: *to, format: landing.Format(*format), streams: chosen, tally: tally})
	if err != nil {
		return 0, err
	}
	if _, err := r.print(tally.table() + "\nThe files are in " + record.OneLine(*to) + "\n"); err != nil {
		return 0, err
	}
	return code, nil
}

// streamsNamed finds the streams of a list with commas; nil means all.
func streamsNamed(names string) ([]*stream.Stream, error) {
	var chosen []*stream.Stream
	for name := range strings.SplitSeq(names, ",") {
		name = strings.TrimSpace(name)
		if name == "" {
			continue
		}
		s, ok := stream.ByName(name)
		if !ok {
			var known []string
			for _, s := range stream.All() {
				known = append(known, s.Name)
			}
			return nil, configErrorf("export: there is no stream %.40q; there are %s", name, strings.Join(known, ", "))
		}
		if !slices.Contains(chosen, s) {
			chosen = append(chosen, s)
		}
	}
	return chosen, nil
}

// exportTo says what an export writes, and where.
type exportTo struct {
	folder  string
	format  landing.Format
	streams []*stream.Stream // nil: all that the account can read
	tally   *tally
}

// export reads streams into files, from the state in the folder.
func (r *invocation) export(ctx context.Context, s *settings, to exportTo) (code int, err error) {
	if to.format != landing.Parquet && to.format != landing.NDJSON {
		return 0, configErrorf("export: the format is parquet or ndjson, not %.40q", string(to.format))
	}
	folder, err := r.Files.Root(to.folder)
	if err != nil {
		return 0, configErrorf("export: opening %s: %w", to.folder, err)
	}
	writer, err := landing.Open(landing.Options{
		FS: folder, Format: to.format, Run: runID(time.Now()), Now: time.Now, Version: Version, Mask: r.redactor, Changed: r.changes.add,
	})
	if err != nil {
		return 0, configErrorf("export: %w", err)
	}
	defer func() {
		if closeErr := writer.Close(); closeErr != nil && err == nil {
			err = &sinkError{closeErr}
		}
	}()
	states, err := writer.States()
	if err != nil {
		return 0, configErrorf("export: %w", err)
	}
	to.tally.Sink = writer
	e, client, err := r.newEngine(s, to.tally, 0)
	if err != nil {
		return 0, err
	}
	if to.streams == nil {
		if to.streams, err = r.readable(ctx, s, client); err != nil {
			return 0, hinted(client, err)
		}
	}
	wants := make([]want, 0, len(to.streams))
	for _, each := range to.streams {
		wants = append(wants, want{stream: each, refresh: !each.Incremental()})
	}
	code, err = r.run(ctx, s, e, client, wants, states)
	return code, err
}

// readable lists the streams that the account can read.
func (r *invocation) readable(ctx context.Context, s *settings, client *qualtrics.Client) ([]*stream.Stream, error) {
	denied, err := r.access(ctx, s, client)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(stream.All(), func(each *stream.Stream) bool { return denied[each.Name] != nil }), nil
}

// runID names a run by its time in UTC: runs sort by it.
func runID(now time.Time) string {
	return strings.ReplaceAll(now.UTC().Format("20060102-150405.000"), ".", "-")
}

// tally counts what goes into a sink.
type tally struct {
	Sink
	order  []string
	counts map[string]*streamCount
	// see is told of every row; it may be nil.
	see func(stream string, row record.Row)
}

type streamCount struct {
	rows    int64
	failure *record.Failure
}

func newTally(see func(stream string, row record.Row)) *tally {
	return &tally{counts: make(map[string]*streamCount), see: see}
}

func (t *tally) Begin(info record.Info) error {
	t.order = append(t.order, info.Stream)
	t.counts[info.Stream] = &streamCount{}
	return t.Sink.Begin(info)
}

func (t *tally) Record(stream string, row record.Row) error {
	t.counts[stream].rows++
	if t.see != nil {
		t.see(stream, row)
	}
	return t.Sink.Record(stream, row)
}

func (t *tally) End(stream string, failure *record.Failure) error {
	t.counts[stream].failure = failure
	return t.Sink.End(stream, failure)
}

// table shows the counts.
func (t *tally) table() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%-18s %10s  %s\n", "STREAM", "ROWS", "RESULT")
	for _, name := range t.order {
		result := "complete"
		if failure := t.counts[name].failure; failure != nil {
			result = record.OneLine("not complete: " + failure.Message)
		}
		fmt.Fprintf(&text, "%-18s %10s  %s\n", name, thousands(t.counts[name].rows), result)
	}
	return text.String()
}
