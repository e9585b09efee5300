package testkit

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"sync"

	"github.com/birdie-ai/source-qualtrics/source"
	"github.com/birdie-ai/source-qualtrics/source/landing"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// Ended holds the exit code and the outputs of a run in this process.
type Ended struct {
	Code           int
	Stdout, Stderr []byte
}

// Run runs a command in this process. It fills in the outputs and the environment
// that the program does not have yet.
func Run(ctx context.Context, program *source.Program, sizes source.Sizes, env map[string]string, args ...string) Ended {
	var stdout, stderr Buffer
	if program.Stdout == nil {
		program.Stdout = &stdout
	}
	if program.Stderr == nil {
		program.Stderr = &stderr
	}
	program.Getenv = func(name string) string { return env[name] }
	program.Environ = func() (all []string) {
		for name, value := range env {
			all = append(all, name+"="+value)
		}
		return all
	}
	code := program.Run(ctx, args, sizes)
	return Ended{code, stdout.Bytes(), stderr.Bytes()}
}

// Buffer is an output that can be read while it is written.
type Buffer struct {
	lock   sync.Mutex
	buffer bytes.Buffer
}

func (b *Buffer) Write(p []byte) (int, error) {
	b.lock.Lock()
	defer b.lock.Unlock()
	return b.buffer.Write(p)
}

// Bytes returns a copy of the text so far.
func (b *Buffer) Bytes() []byte {
	b.lock.Lock()
	defer b.lock.Unlock()
	return bytes.Clone(b.buffer.Bytes())
}

func (b *Buffer) String() string { return string(b.Bytes()) }

// Files is a file system of the program: the files that it reads are in memory.
type Files struct {
	Content   map[string][]byte
	MakeSpool func() (qualtrics.Spool, error)      // nil: in memory
	OpenRoot  func(dir string) (landing.FS, error) // nil: on the disk
}

// ReadFile returns the content of a file.
func (f *Files) ReadFile(name string) ([]byte, error) {
	content, ok := f.Content[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return content, nil
}

// Names returns the names of the files in a folder.
func (f *Files) Names(folder string) (names []string, err error) {
	for name := range f.Content {
		if path.Dir(name) == path.Clean(folder) {
			names = append(names, path.Base(name))
		}
	}
	if names == nil {
		return nil, &fs.PathError{Op: "open", Path: folder, Err: fs.ErrNotExist}
	}
	return names, nil
}

// Spool returns an empty temporary file.
func (f *Files) Spool() (qualtrics.Spool, error) {
	if f.MakeSpool != nil {
		return f.MakeSpool()
	}
	return new(spool), nil
}

// Publish is not supported: it is for the command that serves a sandbox.
func (f *Files) Publish(string, []byte) (source.Published, error) {
	return source.Published{}, errors.ErrUnsupported
}

// TempDir makes a new, empty folder.
func (f *Files) TempDir() (string, error) { return os.MkdirTemp("", "test-*") }

// Root opens a folder for landing files.
func (f *Files) Root(dir string) (landing.FS, error) {
	if f.OpenRoot != nil {
		return f.OpenRoot(dir)
	}
	return landing.OpenRoot(dir)
}

// spool is a temporary file in memory.
type spool struct{ content []byte }

func (s *spool) Write(p []byte) (int, error) {
	s.content = append(s.content, p...)
	return len(p), nil
}

func (s *spool) ReadAt(p []byte, offset int64) (int, error) {
	return bytes.NewReader(s.content).ReadAt(p, offset)
}

func (s *spool) Close() error { return nil }
