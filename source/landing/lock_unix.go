//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package landing

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// maxPID exceeds the digits of any process id.
const maxPID = 32

// Lock acquires an advisory lock on a file, which contains the process id. The
// kernel releases the lock at any end of the process. A process id alone is not
// enough: in containers every run may have the same one.
func (r *rooted) Lock(name string) (io.Closer, error) {
	for {
		file, err := r.root.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, err
		}
		current, err := r.lock(name, file)
		if err != nil {
			return nil, errors.Join(err, file.Close())
		}
		if current {
			return &lock{r, name, file}, nil
		}
		if err := file.Close(); err != nil {
			return nil, err
		}
	}
}

// lock reports whether the locked file still has that name: the previous holder may
// have removed it.
func (r *rooted) lock(name string, file *os.File) (current bool, err error) {
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK):
		content, readErr := io.ReadAll(io.LimitReader(file, maxPID))
		pid := strings.TrimSpace(string(content))
		if _, err := strconv.Atoi(pid); err != nil || readErr != nil {
			pid = ""
		}
		return false, &LockedError{PID: pid}
	case err != nil:
		return false, fmt.Errorf("locking %s (the folder has to be on a file system with locks): %w", name, err)
	}
	ours, err := file.Stat()
	if err != nil {
		return false, err
	}
	named, err := r.root.Lstat(name)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil || !os.SameFile(ours, named) {
		return false, err
	}
	if err := file.Truncate(0); err != nil {
		return false, err
	}
	_, err = file.WriteString(strconv.Itoa(os.Getpid()) + "\n")
	return true, err
}

type lock struct {
	folder *rooted
	name   string
	file   *os.File
}

// Close removes the file while the lock is still held.
func (l *lock) Close() error {
	return errors.Join(l.folder.root.Remove(l.name), l.file.Close())
}
