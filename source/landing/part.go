package landing

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/record"
)

// encoder writes rows in a format.
type encoder interface {
	// encode writes a row and returns its approximate raw bytes.
	encode(record.Row) (raw int64, err error)
	// close completes the content, but does not close the file.
	close() error
}

// part is an incomplete data file.
type part struct {
	folder  FS
	dir     string
	name    string // final path
	file    File
	hash    hash.Hash
	buffer  *bufio.Writer
	encoder encoder
	began   time.Time
	renamed bool // the file has its final name

	rows, raw, bytes int64
	cursor           int // column index; -1 without a cursor
	least, greatest  any // cursors of the rows
}

// newPart begins a data file with the path name in the folder dir.
func newPart(o *Options, info record.Info, dir, name string) (*part, error) {
	p := &part{
		folder: o.FS,
		dir:    dir,
		name:   name,
		hash:   sha256.New(),
		began:  o.Now(),
		cursor: info.Table.Index(info.Cursor),
	}
	file, err := o.FS.Create(p.name + temporary)
	if err != nil {
		return nil, err
	}
	p.file = file
	p.buffer = bufio.NewWriterSize((*counter)(p), 256<<10)
	if o.Format == Parquet {
		p.encoder, err = newParquet(p.buffer, info, o)
	} else {
		p.encoder, err = newLines(p.buffer, o.Format, o.Mask)
	}
	if err != nil {
		return nil, errors.Join(err, p.discard())
	}
	return p, nil
}

// counter counts and hashes the bytes of a part.
type counter part

func (c *counter) Write(content []byte) (int, error) {
	n, err := c.file.Write(content)
	c.bytes += int64(n)
	c.hash.Write(content[:n])
	return n, err
}

func (p *part) write(row record.Row) error {
	raw, err := p.encoder.encode(row)
	if err != nil {
		return err
	}
	p.rows++
	p.raw += raw
	if p.cursor >= 0 {
		p.extend(row.Cell(p.cursor))
	}
	return nil
}

// extend adds a cursor to the range of cursors.
func (p *part) extend(value any) {
	if at, ok := value.(time.Time); value == nil || ok && !writable(at) {
		return
	}
	if p.least == nil || compare(value, p.least) < 0 {
		p.least = value
	}
	if p.greatest == nil || compare(value, p.greatest) > 0 {
		p.greatest = value
	}
}

// compare orders two cells of a column. Cells of a kind that cursors do not have
// count as equal.
func compare(a, b any) int {
	switch a := a.(type) {
	case time.Time:
		return a.Compare(b.(time.Time))
	case string:
		return cmp.Compare(a, b.(string))
	case int64:
		return cmp.Compare(a, b.(int64))
	default:
		return 0
	}
}

// finish completes the file under its final name. After an error the caller can
// still discard the part.
func (p *part) finish() (ManifestFile, error) {
	if err := p.encoder.close(); err != nil {
		return ManifestFile{}, err
	}
	if err := p.buffer.Flush(); err != nil {
		return ManifestFile{}, err
	}
	if err := p.file.Sync(); err != nil {
		return ManifestFile{}, err
	}
	file := p.file
	p.file = nil
	if err := file.Close(); err != nil {
		return ManifestFile{}, err
	}
	if err := p.folder.Rename(p.name+temporary, p.name); err != nil {
		return ManifestFile{}, err
	}
	p.renamed = true
	if err := p.folder.SyncDir(p.dir); err != nil {
		return ManifestFile{}, err
	}
	return ManifestFile{
		Path: p.name, Rows: p.rows, Bytes: p.bytes, SHA256: hex.EncodeToString(p.hash.Sum(nil)),
		MinCursor: p.least, MaxCursor: p.greatest,
	}, nil
}

// discard removes the temporary file. A file with its final name stays, but no
// manifest lists it.
func (p *part) discard() error {
	var err error
	if p.file != nil {
		err = p.file.Close()
		p.file = nil
	}
	if p.renamed {
		return err
	}
	return errors.Join(err, p.folder.Remove(p.name+temporary))
}
