package landing

import (
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"

	"github.com/birdie-ai/source-qualtrics/source/record"
)

// ndjson writes one JSON object a line, compressed.
type ndjson struct {
	compressor *zstd.Encoder
	mask       Masker
	line       []byte
}

func newNDJSON(out io.Writer, mask Masker) (*ndjson, error) {
	compressor, err := zstd.NewWriter(out, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("starting the compression: %w", err)
	}
	return &ndjson{compressor: compressor, mask: mask}, nil
}

func (n *ndjson) encode(row record.Row) (int64, error) {
	line, err := row.AppendJSON(n.line[:0])
	n.line = line
	if err != nil {
		return 0, err
	}
	line = record.CleanJSON(line)
	for i, c := range line {
		if c == '\n' || c == '\r' {
			line[i] = ' ' // white space between tokens: strings have it escaped
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
