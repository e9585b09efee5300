package landing

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// FS is what the writer needs of a file system. Names are slash-separated and
// relative to the output folder.
type FS interface {
	// Create makes a new file of mode 0600; an existing one is an error.
	Create(name string) (File, error)
	// Mkdir makes a folder of mode 0700; an existing one is
	// [fs.ErrExist].
	Mkdir(name string) error
	// Rename moves a file, in place of another one if need be.
	Rename(from, to string) error
	// Remove removes a file or an empty folder.
	Remove(name string) error
	ReadFile(name string) ([]byte, error)
	ReadDir(name string) ([]fs.DirEntry, error)
	// SyncDir makes the names in a folder survive a crash.
	SyncDir(name string) error
	// Lock takes a lock that ends with its Close or with the process. When
	// a living process holds it the error is a [LockedError].
	Lock(name string) (io.Closer, error)
	// Close releases the folder itself.
	Close() error
}

// File is a file that is being written.
type File interface {
	io.Writer
	// Sync makes the content survive a crash.
	Sync() error
	Close() error
}

// LockedError says that another run works in the folder.
type LockedError struct {
	PID string // process id of the other run; "" when it is unknown
}

// Error names the process and what to do.
func (e *LockedError) Error() string {
	owner := "another process"
	if e.PID != "" {
		owner = "process " + e.PID
	}
	return "the folder is in use by " + owner + ": wait for it to end, or choose another folder"
}

// OpenRoot opens a folder, which it makes with mode 0700 if need be. All names
// stay inside: a symbolic link that leads out of the folder is refused,
// and so is a folder that is one.
func OpenRoot(dir string) (FS, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the output folder: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the output folder: %w", err)
	}
	if err := noLink(dir, root); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the output folder: %w", err), root.Close())
	}
	return &rooted{root}, nil
}

// noLink checks that an open folder is what its own name stands for, and not
// what somebody put a link to in its place.
func noLink(dir string, root *os.Root) error {
	named, err := os.Lstat(filepath.Clean(dir))
	if err != nil {
		return err
	}
	if named.Mode()&fs.ModeSymlink != 0 {
		return errors.New("it is a symbolic link: name the folder that it leads to")
	}
	opened, err := root.Stat(".")
	if err != nil {
		return err
	}
	if !os.SameFile(named, opened) {
		return errors.New("it was replaced while it was opened")
	}
	return nil
}

// rooted is a folder of the operating system.
type rooted struct{ root *os.Root }

func (r *rooted) Create(name string) (File, error) {
	file, err := r.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return file, nil
}

func (r *rooted) Mkdir(name string) error              { return r.root.Mkdir(name, 0o700) }
func (r *rooted) Rename(from, to string) error         { return r.root.Rename(from, to) }
func (r *rooted) Remove(name string) error             { return r.root.Remove(name) }
func (r *rooted) ReadFile(name string) ([]byte, error) { return r.root.ReadFile(name) }
func (r *rooted) Close() error                         { return r.root.Close() }

func (r *rooted) ReadDir(name string) ([]fs.DirEntry, error) {
	return fs.ReadDir(r.root.FS(), name)
}

func (r *rooted) SyncDir(name string) error {
	if runtime.GOOS == "windows" {
		return nil // folders cannot be synced there
	}
	dir, err := r.root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
