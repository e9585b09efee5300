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

// FS is the file system of an output folder. Names are slash-separated and relative
// to the folder.
type FS interface {
	// Create creates a file with mode 0600; an existing file is an error.
	Create(name string) (File, error)
	// Mkdir creates a folder with mode 0700; the error of an existing one is
	// [fs.ErrExist].
	Mkdir(name string) error
	// Rename renames a file and replaces an existing one.
	Rename(from, to string) error
	// Remove removes a file or an empty folder.
	Remove(name string) error
	ReadFile(name string) ([]byte, error)
	ReadDir(name string) ([]fs.DirEntry, error)
	// SyncDir makes the names in a folder durable.
	SyncDir(name string) error
	// Lock acquires a lock, which ends with its Close or with the process. If a
	// running process holds it, the error is a [LockedError].
	Lock(name string) (io.Closer, error)
	// Close closes the folder.
	Close() error
}

// File is an open file for writing.
type File interface {
	io.Writer
	// Sync makes the content durable.
	Sync() error
	Close() error
}

// LockedError reports that another run uses the folder.
type LockedError struct {
	PID string // process id of the other run; "" if unknown
}

// Error names the process and the solution.
func (e *LockedError) Error() string {
	owner := "another process"
	if e.PID != "" {
		owner = "process " + e.PID
	}
	return "the folder is in use by " + owner + ": wait for it to end, or choose another folder"
}

// OpenRoot opens a folder, and creates it with mode 0700 if it does not exist. It
// refuses a folder that is a symbolic link. Names that lead out of the folder by
// a symbolic link are refused, too.
func OpenRoot(dir string) (FS, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("creating the output folder: %w", err)
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

// noLink refuses a folder whose name is a symbolic link, or became another folder
// while it was opened.
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
		return nil // Windows cannot sync folders
	}
	dir, err := r.root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
