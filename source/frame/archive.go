package frame

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/inflate"
)

// member is one file of the archive; members are read in order.
type member struct {
	open func() (io.ReadCloser, error)
	// zeroSum is set if the directory gives a CRC-32 of zero, because
	// archive/zip does not check a zero.
	zeroSum bool
	size    uint64 // inflated
}

const encryptedFlag = 1 // bit 0 of the general purpose flags

func openArchive(r io.ReaderAt, size int64, limits Limits) (*File, error) {
	if err := checkMembers(r, size); err != nil {
		return nil, err
	}
	bounded := &directoryReader{ReaderAt: r, left: directoryBytes}
	archive, err := zip.NewReader(bounded, size)
	bounded.left = -1
	switch {
	case err == nil && len(archive.File) > mostMembers:
		return nil, tooManyMembers(uint64(len(archive.File)))
	case err == nil, errors.Is(err, zip.ErrInsecurePath): // names are not used
	case errors.Is(err, zip.ErrFormat):
		return nil, &Error{Kind: Truncated, Detail: "the archive's directory is missing or damaged", Err: err}
	default:
		return nil, damaged(err)
	}
	archive.RegisterDecompressor(zip.Deflate, inflate.NewReader)
	file := &File{limits: limits}
	left := uint64(limits.InflatedBytes) //nolint:gosec // positive by withDefaults
	for _, entry := range archive.File {
		switch {
		case entry.Flags&encryptedFlag != 0:
			return nil, &Error{Kind: Encrypted}
		case entry.Method != zip.Deflate && entry.Method != zip.Store:
			return nil, &Error{Kind: Unsupported, Detail: fmt.Sprintf("compression method %d", entry.Method)}
		case strings.HasSuffix(entry.Name, "/"):
			// archive/zip treats it as a folder and returns none of its data.
			if entry.UncompressedSize64 != 0 {
				return nil, &Error{Kind: Corrupt, Detail: "a folder of the archive has content"}
			}
			continue
		}
		// The sizes are not verified yet: a sum of two may exceed 64 bits.
		if entry.UncompressedSize64 > left {
			return nil, &Error{Kind: TooLarge, Detail: fmt.Sprintf("it inflates to more than %d bytes", limits.InflatedBytes)}
		}
		left -= entry.UncompressedSize64
		file.members = append(file.members, member{
			open: entry.Open, zeroSum: entry.CRC32 == 0 && entry.UncompressedSize64 > 0, size: entry.UncompressedSize64,
		})
	}
	if len(file.members) == 0 {
		return nil, &Error{Kind: Corrupt, Detail: "the archive holds no file"}
	}
	if err := checkOverlap(archive.File); err != nil {
		return nil, err
	}
	return file, nil
}

// Verify inflates every member once and checks its lengths and CRC-32 against
// the archive's directory. A caller can thus refuse a damaged archive before it
// delivers a record. Verify does not parse the data. It does nothing if all values
// were read once. Errors are of type [*Error] unless the context ended or the disk
// failed.
func (f *File) Verify(ctx context.Context) error {
	if f.verified {
		return nil
	}
	buffer := make([]byte, 64<<10)
	for i := range f.members {
		if err := f.members[i].verify(ctx, buffer); err != nil {
			return err
		}
	}
	f.verified = true
	return nil
}

func (m *member) verify(ctx context.Context, buffer []byte) (err error) {
	body, err := m.open()
	if err != nil {
		return damaged(err)
	}
	defer func() {
		if closeErr := body.Close(); err == nil && closeErr != nil {
			err = damaged(closeErr)
		}
	}()
	var sum uint32
	for ctx.Err() == nil {
		n, err := body.Read(buffer)
		if m.zeroSum {
			sum = crc32.Update(sum, crc32.IEEETable, buffer[:n])
		}
		switch {
		case err == nil:
		case !errors.Is(err, io.EOF):
			return damaged(err)
		case sum != 0:
			return damaged(zip.ErrChecksum)
		default:
			return nil
		}
	}
	return context.Cause(ctx)
}
