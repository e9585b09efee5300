package frame

import (
	"archive/zip"
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
)

// An export has one member. An entry of 46 bytes in the directory takes a few
// hundred bytes of memory, so the directory is bounded before it is read.
const (
	mostMembers    = 100
	directoryBytes = 1 << 20 // bytes read to parse a directory
)

// checkMembers refuses an archive whose ZIP64 directory states too many members,
// because archive/zip allocates all of them before it reads the first. The plain
// directory can state at most 65,535. If there is no directory, archive/zip
// returns the error.
func checkMembers(r io.ReaderAt, size int64) error {
	const (
		within   = 65 << 10 // bytes at the end of a file that archive/zip searches
		endBytes = 22       // size of the end record, without its comment
	)
	tail := make([]byte, min(size, within))
	if n, err := r.ReadAt(tail, size-int64(len(tail))); n < len(tail) {
		return damaged(err)
	}
	last := bytes.LastIndex(tail[:max(0, len(tail)-endBytes+4)], []byte("PK\x05\x06"))
	locator := size - int64(len(tail)-last) - 20
	if last < 0 || locator < 0 {
		return nil
	}
	end := make([]byte, 56)
	if n, err := r.ReadAt(end[:20], locator); n < 20 {
		return damaged(err)
	}
	if !bytes.HasPrefix(end, []byte("PK\x06\x07")) {
		return nil
	}
	at := int64(binary.LittleEndian.Uint64(end[8:])) //nolint:gosec // the reader refuses a negative offset
	if n, err := r.ReadAt(end, at); n < len(end) {
		return damaged(err)
	}
	if members := binary.LittleEndian.Uint64(end[32:]); members > mostMembers {
		return tooManyMembers(members)
	}
	return nil
}

func tooManyMembers(n uint64) error {
	return &Error{Kind: TooLarge, Detail: fmt.Sprintf("the archive has %d members, more than %d", n, mostMembers)}
}

// checkOverlap refuses entries that share data, because a small file could
// inflate to the same large member many times.
func checkOverlap(entries []*zip.File) error {
	type extent struct{ start, end uint64 }
	extents := make([]extent, 0, len(entries))
	for _, entry := range entries {
		start, err := entry.DataOffset()
		if err != nil {
			return damaged(err)
		}
		at := uint64(start) //nolint:gosec // an offset is not negative
		extents = append(extents, extent{at, at + entry.CompressedSize64})
	}
	slices.SortFunc(extents, func(a, b extent) int { return cmp.Compare(a.start, b.start) })
	for i := 1; i < len(extents); i++ {
		if extents[i].start < extents[i-1].end {
			return &Error{Kind: Corrupt, Detail: "members of the archive overlap"}
		}
	}
	return nil
}

// directoryReader bounds the bytes read for the directory, because its end
// record may state a smaller size than the directory has.
type directoryReader struct {
	io.ReaderAt
	left int // bytes left; negative: no bound
}

func (d *directoryReader) ReadAt(p []byte, offset int64) (int, error) {
	if d.left < 0 {
		return d.ReaderAt.ReadAt(p, offset)
	}
	if len(p) > d.left {
		return 0, &Error{Kind: TooLarge, Detail: fmt.Sprintf("the archive's directory is longer than %d bytes", directoryBytes)}
	}
	n, err := d.ReaderAt.ReadAt(p, offset)
	d.left -= n
	return n, err
}
