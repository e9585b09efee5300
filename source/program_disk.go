package source

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/birdie-ai/source-qualtrics/source/failures"
	"github.com/birdie-ai/source-qualtrics/source/landing"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// maxInput caps configuration, catalog and state files.
const maxInput = 16 << 20

// disk is the real file system.
type disk struct{}

func (disk) ReadFile(name string) (content []byte, err error) {
	file, err := os.Open(name) //nolint:gosec // the user names the file
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, fmt.Errorf("%s is a folder, where a file is needed", name)
	}
	if info.Mode()&(os.ModeDevice|os.ModeSocket) != 0 {
		return nil, fmt.Errorf("%s is neither a file nor a pipe", name)
	}
	content, err = io.ReadAll(io.LimitReader(file, maxInput+1))
	if err == nil && len(content) > maxInput {
		return nil, fmt.Errorf("%s is larger than %d MiB", name, maxInput>>20)
	}
	return content, err
}

// Names returns the names in a folder.
func (disk) Names(folder string) (names []string, err error) {
	entries, err := os.ReadDir(folder)
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names, err
}

// Exposed reports whether other users may read a file of this user. Files of others,
// such as mounted secrets, are not ours to protect. A pipe has no other reader.
func (disk) Exposed(name string) bool {
	info, err := os.Stat(name)
	return err == nil && runtime.GOOS != "windows" && info.Mode().IsRegular() && info.Mode().Perm()&0o044 != 0 && mayProtect(info)
}

func (disk) Spool() (qualtrics.Spool, error) {
	file, err := os.CreateTemp("", "source-qualtrics-*.spool")
	if err != nil {
		return nil, &failures.SpoolError{Err: fmt.Errorf("creating a temporary file: %w", err)}
	}
	// Unlinked at once: nothing stays behind, however the process ends.
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(fmt.Errorf("unlinking a temporary file: %w", err), file.Close())
	}
	return file, nil
}

func (disk) Publish(pattern string, content []byte) (Published, error) {
	file, err := os.CreateTemp("", pattern)
	if err != nil {
		return Published{}, err
	}
	published := Published{file.Name(), func() error { return os.Remove(file.Name()) }}
	_, err = file.Write(content)
	if err = errors.Join(err, file.Chmod(0o644), file.Close()); err != nil {
		return Published{}, errors.Join(err, published.Remove())
	}
	return published, nil
}

func (disk) TempDir() (string, error) {
	return os.MkdirTemp("", "source-qualtrics-demo-")
}

func (disk) Root(dir string) (landing.FS, error) {
	return landing.OpenRoot(dir)
}
