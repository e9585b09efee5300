//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package landing

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
)

// Lock creates a file with the process id. The lock is held as long as a process
// with that id runs.
func (r *rooted) Lock(name string) (io.Closer, error) {
	for {
		file, err := r.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err == nil {
			_, err = file.WriteString(strconv.Itoa(os.Getpid()) + "\n")
			if err = errors.Join(err, file.Close()); err != nil {
				return nil, err
			}
			return &lock{r, name}, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		content, err := r.root.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		pid := strings.TrimSpace(string(content))
		id, err := strconv.Atoi(pid)
		if err != nil {
			return nil, &LockedError{} // the other process is writing it
		}
		if process, err := os.FindProcess(id); err == nil {
			if err := process.Release(); err != nil {
				return nil, err
			}
			return nil, &LockedError{PID: pid}
		}
		if err := r.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
}

type lock struct {
	folder *rooted
	name   string
}

func (l *lock) Close() error { return l.folder.root.Remove(l.name) }
