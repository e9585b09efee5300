package landing

import (
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/birdie-ai/source-qualtrics/source/record"
)

// ndjson writes one JSON object per line.
type ndjson struct {
	compressor io.WriteCloser
	mask       Masker
	line       []byte
}

// newLines begins a file of lines in a format.
func newLines(out io.Writer, format Format, mask Masker) (*ndjson, error) {
	n := &ndjson{mask: mask}
	switch format {
	case PlainNDJSON, JSONLines:
		n.compressor = uncompressed{out}
	case JSONLinesGzip:
		n.compressor = gzip.NewWriter(out)
	default:
		// A file without lines has one empty frame, because some readers refuse a
		// file of no bytes.
		compressor, err := zstd.NewWriter(out, zstd.WithEncoderConcurrency(1), zstd.WithZeroFrames(true))
		if err != nil {
			return nil, fmt.Errorf("starting the compression: %w", err)
		}
		n.compressor = compressor
	}
	return n, nil
}

// uncompressed writes without compression.
type uncompressed struct{ io.Writer }

func (uncompressed) Close() error { return nil }

func (n *ndjson) encode(row record.Row) (int64, error) {
	line, err := row.AppendJSON(n.line[:0])
	n.line = line
	if err != nil {
		return 0, err
	}
	for i, c := range line {
		if c == '\n' || c == '\r' {
			line[i] = ' ' // white space between tokens; in strings it is escaped
		}
	}
	line = append(n.mask.Bytes(line), '\n')
	n.line = line
	if _, err := n.compressor.Write(line); err != nil {
		return 0, err
	}
	return int64(len(line)), nil
}

func (n *ndjson) close() error { return n.compressor.Close() }
