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

// Sizes in raw bytes. The library encodes after a number of rows. We count bytes, so
// that memory stays at a few row groups for rows of any width.
const (
	pageBytes     = 64 << 10
	encodeBytes   = 1 << 20
	rowGroupBytes = 32 << 20
	parallel      = 2
	// cellBytes is the least memory of a cell of any kind.
	cellBytes = 16
)

// parquetFile writes a Parquet file.
type parquetFile struct {
	writer     *writer.CSVWriter
	columns    []record.Column
	required   []bool
	statistics []*statistics // of the current row group, by column
	mask       Masker
	waiting    int64 // raw bytes of rows that are not encoded yet
	group      int64 // raw bytes of the current row group
}

func newParquet(out io.Writer, info record.Info, o *Options) (*parquetFile, error) {
	columns := info.Table.Columns
	p := &parquetFile{columns: columns, required: make([]bool, len(columns)), mask: o.Mask}
	tags := make([]string, len(columns))
	for i, column := range columns {
		p.required[i] = slices.Contains(info.Key, column.Name)
		tags[i] = tag(i, column, p.required[i])
	}
	p.beginGroup()
	w, err := writer.NewCSVWriterFromWriter(tags, out, parallel)
	if err != nil {
		return nil, fmt.Errorf("starting a Parquet file: %w", err)
	}
	w.PageSize = pageBytes
	w.RowGroupSize = math.MaxInt64 // we end row groups by bytes
	w.CompressionType = parquet.CompressionCodec_ZSTD
	createdBy := "source-qualtrics version " + o.Version
	w.Footer.CreatedBy = &createdBy
	describe(w, columns)
	p.writer = w
	return p, nil
}

// tag describes a column to the library. The internal name is C<i>, because the
// library confuses names that differ in case only, and parses commas and equal
// signs. Objects and arrays are texts without the annotation JSON: some readers
// refuse a file with it.
func tag(i int, column record.Column, required bool) string {
	attributes := []string{"name=C" + strconv.Itoa(i), "omitstats=true"}
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
	default:
		attributes = append(attributes, "type=BYTE_ARRAY", "convertedtype=UTF8")
	}
	return strings.Join(attributes, ", ")
}

// describe corrects the schema of the library. Columns get their own names. Field
// ids are removed, because some readers match columns by id although a table has
// other ids. Lengths and scales of 0 are removed. Column orders are added, without
// which readers ignore bounds.
func describe(w *writer.CSVWriter, columns []record.Column) {
	const root = "schema"
	handler := w.SchemaHandler
	internal := handler.GetRootInName()
	handler.Infos[0].ExName = root
	for i, column := range columns {
		info, element := handler.Infos[i+1], w.Footer.Schema[i+1]
		info.ExName = column.Name
		handler.InPathToExPath[common.PathToStr([]string{internal, info.InName})] = common.PathToStr([]string{root, column.Name})
		element.FieldID, element.TypeLength, element.Scale, element.Precision = nil, nil, nil, nil
		w.Footer.ColumnOrders = append(w.Footer.ColumnOrders, &parquet.ColumnOrder{TYPE_ORDER: parquet.NewTypeDefinedOrder()})
	}
}

func (p *parquetFile) encode(row record.Row) (int64, error) {
	cells := make([]any, len(p.columns))
	for i := range p.columns {
		cell := row.Cell(i)
		if cells[i] = p.cell(cell); cells[i] == nil && (p.required[i] || cell != nil) {
			return 0, fmt.Errorf("the column %s has no value that fits it", p.columns[i].Name)
		}
		p.statistics[i].add(cells[i])
	}
	if err := p.writer.Write(cells); err != nil {
		return 0, fmt.Errorf("encoding rows: %w", err)
	}
	raw := int64(row.Size() + cellBytes*len(cells))
	p.waiting += raw
	p.group += raw
	switch {
	case p.group >= rowGroupBytes:
		return raw, p.endGroup()
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

func (p *parquetFile) beginGroup() {
	p.waiting, p.group = 0, 0
	p.statistics = make([]*statistics, len(p.columns))
	for i, column := range p.columns {
		p.statistics[i] = newStatistics(column.Kind)
	}
}

// endGroup writes the current row group with our statistics. The library writes no
// row group without rows.
func (p *parquetFile) endGroup() error {
	before := len(p.writer.Footer.RowGroups)
	if err := p.flush(true); err != nil {
		return err
	}
	for _, group := range p.writer.Footer.RowGroups[before:] {
		for i, chunk := range group.Columns {
			chunk.MetaData.Statistics = p.statistics[i].footer()
		}
	}
	p.beginGroup()
	return nil
}

// close writes the footer without a page index. The library would write empty
// bounds for pages without statistics, so that readers skip pages with matching
// rows.
func (p *parquetFile) close() error {
	if err := p.endGroup(); err != nil {
		return err
	}
	p.writer.ColumnIndexes, p.writer.OffsetIndexes = nil, nil
	if err := p.writer.WriteStop(); err != nil {
		return fmt.Errorf("completing a Parquet file: %w", err)
	}
	return nil
}

// cell converts a cell to the Go type of the library. It returns nil for a value
// that the Parquet type cannot hold. Rows from [record.Row.Fit] have no such value.
func (p *parquetFile) cell(cell any) any {
	switch value := cell.(type) {
	case string:
		return p.mask.String(value)
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
		return string(p.mask.Bytes(value))
	default:
		return value
	}
}

// writable reports whether RFC 3339 can represent a time. Most readers need that.
func writable(at time.Time) bool {
	return at.Year() >= 0 && at.Year() <= 9999
}
