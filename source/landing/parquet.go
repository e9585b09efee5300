package landing

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xitongsys/parquet-go/common"
	"github.com/xitongsys/parquet-go/parquet"
	"github.com/xitongsys/parquet-go/writer"

	"github.com/birdie-ai/source-qualtrics/source/record"
)

// Sizes in raw bytes. The library counts rows, not bytes, before it encodes
// what it holds; by our own count memory stays at a few row groups whatever the
// width of a row.
const (
	pageBytes     = 64 << 10
	encodeBytes   = 2 << 20
	rowGroupBytes = 32 << 20
	parallel      = 2
	// cellBytes is what a cell of any kind costs at least.
	cellBytes = 16
)

// parquetFile writes a Parquet file.
type parquetFile struct {
	writer   *writer.CSVWriter
	columns  []record.Column
	required []bool
	mask     Masker
	nulled   func(column string)
	waiting  int64 // raw bytes of rows not encoded yet
	group    int64 // raw bytes of the row group
}

func newParquet(out io.Writer, info record.Info, o *Options) (*parquetFile, error) {
	columns := info.Table.Columns
	p := &parquetFile{columns: columns, required: make([]bool, len(columns)), mask: o.Mask}
	p.nulled = func(column string) {
		o.Changed(info.Stream, record.Change{Column: column, Kind: record.Nulled, Reason: record.Unfit})
	}
	tags := make([]string, len(columns))
	for i, column := range columns {
		p.required[i] = slices.Contains(info.Key, column.Name)
		tags[i] = tag(i, column, p.required[i], p.required[i] || column.Name == info.Cursor)
	}
	w, err := writer.NewCSVWriterFromWriter(tags, out, parallel)
	if err != nil {
		return nil, fmt.Errorf("starting a Parquet file: %w", err)
	}
	w.PageSize = pageBytes
	w.RowGroupSize = math.MaxInt64 // row groups end by our count
	w.CompressionType = parquet.CompressionCodec_ZSTD
	createdBy := "source-qualtrics version " + o.Version
	w.Footer.CreatedBy = &createdBy
	rename(w, columns)
	p.writer = w
	return p, nil
}

// tag describes a column to the library. The internal name C<i> keeps it from
// mixing up names that differ in case only, and from reading commas and equal
// signs of a name.
func tag(i int, column record.Column, required, statistics bool) string {
	attributes := []string{"name=C" + strconv.Itoa(i), "fieldid=" + strconv.Itoa(i+1)}
	if required {
		attributes = append(attributes, "repetitiontype=REQUIRED")
	} else {
		attributes = append(attributes, "repetitiontype=OPTIONAL")
	}
	switch column.Kind {
	case record.Integer:
		attributes = append(attributes, "type=INT64")
	case record.Number:
		attributes = append(attributes, "type=DOUBLE")
	case record.Boolean:
		attributes = append(attributes, "type=BOOLEAN")
	case record.Timestamp:
		attributes = append(attributes, "type=INT64", "logicaltype=TIMESTAMP", "logicaltype.isadjustedtoutc=true", "logicaltype.unit=MICROS")
	case record.String:
		attributes = append(attributes, "type=BYTE_ARRAY", "convertedtype=UTF8")
		// Statistics hold the longest texts in full, once a page.
		if !statistics && !strings.HasSuffix(column.Name, "_id") {
			attributes = append(attributes, "omitstats=true")
		}
	default:
		attributes = append(attributes, "type=BYTE_ARRAY", "convertedtype=JSON", "omitstats=true")
	}
	return strings.Join(attributes, ", ")
}

// rename gives the columns their own names in the file.
func rename(w *writer.CSVWriter, columns []record.Column) {
	const root = "schema"
	handler := w.SchemaHandler
	internal := handler.GetRootInName()
	handler.Infos[0].ExName = root
	for i, column := range columns {
		info := handler.Infos[i+1]
		info.ExName = column.Name
		handler.InPathToExPath[common.PathToStr([]string{internal, info.InName})] = common.PathToStr([]string{root, column.Name})
	}
}

func (p *parquetFile) encode(row record.Row) (int64, error) {
	cells := make([]any, len(p.columns))
	for i := range p.columns {
		cell := row.Cell(i)
		cells[i] = p.cell(cell)
		switch {
		case cells[i] != nil:
		case p.required[i]:
			return 0, fmt.Errorf("the key column %s has no value that fits it", p.columns[i].Name)
		case cell != nil:
			p.nulled(p.columns[i].Name)
		}
	}
	if err := p.writer.Write(cells); err != nil {
		return 0, fmt.Errorf("encoding rows: %w", err)
	}
	raw := int64(row.Size() + cellBytes*len(cells))
	p.waiting += raw
	p.group += raw
	switch {
	case p.group >= rowGroupBytes:
		p.waiting, p.group = 0, 0
		return raw, p.flush(true)
	case p.waiting >= encodeBytes:
		p.waiting = 0
		return raw, p.flush(false)
	}
	return raw, nil
}

func (p *parquetFile) flush(group bool) error {
	if err := p.writer.Flush(group); err != nil {
		return fmt.Errorf("encoding rows: %w", err)
	}
	return nil
}

// close writes the footer. The page index stays out: the library fills it with
// empty bounds for columns without statistics, by which readers would skip
// pages that have what they look for.
func (p *parquetFile) close() error {
	if err := p.flush(true); err != nil {
		return err
	}
	p.writer.ColumnIndexes, p.writer.OffsetIndexes = nil, nil
	if err := p.writer.WriteStop(); err != nil {
		return fmt.Errorf("completing a Parquet file: %w", err)
	}
	return nil
}

// cell converts a cell to the Go type that the library takes. A value
// that does not fit its Parquet type is null: a number beyond the range of a
// double, a time outside the years 0 to 9999.
func (p *parquetFile) cell(cell any) any {
	switch value := cell.(type) {
	case string:
		return record.CleanText(p.mask.String(value))
	case json.Number:
		number, err := strconv.ParseFloat(string(value), 64)
		if err != nil {
			return nil
		}
		return number
	case time.Time:
		if !writable(value) {
			return nil
		}
		return value.UnixMicro()
	case json.RawMessage:
		return string(record.CleanJSON(p.mask.Bytes(value)))
	default:
		return value
	}
}

// writable reports whether RFC 3339, and so most readers, can write a time.
func writable(at time.Time) bool {
	return at.Year() >= 0 && at.Year() <= 9999
}
