package landing_test

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"testing/fstest"

	"github.com/birdie-ai/source-qualtrics/source/landing"
)

// memory is a file system that can simulate a crash. Synced content survives, under
// names whose folder was synced. It counts its operations, which fail from a given
// one on.
type memory struct {
	mu      sync.Mutex
	names   map[string]*node // as a process sees them
	durable map[string]*node // as they are after a crash
	locked  bool

	operations int
	failAt     int  // the operation that fails; 0: none
	dead       bool // whether all later ones fail too
	log        []string
}

type node struct {
	dir     bool
	content []byte
	synced  []byte
}

func newMemory() *memory {
	root := &node{dir: true}
	return &memory{names: map[string]*node{".": root}, durable: map[string]*node{".": root}}
}

var errPlanted = errors.New("planted error")

// step counts an operation; the caller holds the lock.
func (m *memory) step(what, name string) error {
	m.operations++
	m.log = append(m.log, what+" "+name)
	if m.failAt > 0 && (m.operations == m.failAt || m.dead && m.operations > m.failAt) {
		return &fs.PathError{Op: what, Path: name, Err: errPlanted}
	}
	return nil
}

// survivor is a possible state of the disk after a crash.
type survivor string

const (
	nothingUnsynced survivor = "only what was synced"
	namesOnly       survivor = "all names, synced content"
	everything      survivor = "everything"
)

// crash returns the file system after a crash and a restart.
func (m *memory) crash(how survivor) *memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	after := newMemory()
	names := m.names
	if how == nothingUnsynced {
		names = m.durable
	}
	for name, n := range names {
		if lost(names, name) {
			continue
		}
		content := n.synced
		if how == everything {
			content = n.content
		}
		kept := &node{dir: n.dir, content: slices.Clone(content), synced: slices.Clone(content)}
		after.names[name], after.durable[name] = kept, kept
	}
	return after
}

// lost reports whether a parent folder of a name did not survive.
func lost(names map[string]*node, name string) bool {
	for ; name != "."; name = path.Dir(name) {
		if names[name] == nil {
			return true
		}
	}
	return false
}

func (m *memory) Create(name string) (landing.File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.step("create", name); err != nil {
		return nil, err
	}
	if m.names[name] != nil || m.names[path.Dir(name)] == nil {
		return nil, &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
	}
	n := &node{}
	m.names[name] = n
	return &memoryFile{m, name, n}, nil
}

type memoryFile struct {
	m    *memory
	name string
	node *node
}

// Write stores half of its argument when it fails, like a full disk.
func (f *memoryFile) Write(content []byte) (int, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if err := f.m.step("write", f.name); err != nil {
		half := len(content) / 2
		f.node.content = append(f.node.content, content[:half]...)
		return half, err
	}
	f.node.content = append(f.node.content, content...)
	return len(content), nil
}

func (f *memoryFile) Sync() error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if err := f.m.step("sync", f.name); err != nil {
		return err
	}
	f.node.synced = slices.Clone(f.node.content)
	return nil
}

func (f *memoryFile) Close() error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	return f.m.step("close", f.name)
}

func (m *memory) Mkdir(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.step("mkdir", name); err != nil {
		return err
	}
	if m.names[name] != nil {
		return &fs.PathError{Op: "mkdir", Path: name, Err: fs.ErrExist}
	}
	m.names[name] = &node{dir: true}
	return nil
}

func (m *memory) Rename(from, to string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.step("rename", from); err != nil {
		return err
	}
	n := m.names[from]
	if n == nil {
		return &fs.PathError{Op: "rename", Path: from, Err: fs.ErrNotExist}
	}
	delete(m.names, from)
	m.names[to] = n
	return nil
}

func (m *memory) Remove(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.step("remove", name); err != nil {
		return err
	}
	if m.names[name] == nil {
		return &fs.PathError{Op: "remove", Path: name, Err: fs.ErrNotExist}
	}
	delete(m.names, name)
	return nil
}

func (m *memory) ReadFile(name string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.step("read", name); err != nil {
		return nil, err
	}
	if n := m.names[name]; n != nil && !n.dir {
		return slices.Clone(n.content), nil
	}
	return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrNotExist}
}

func (m *memory) ReadDir(name string) ([]fs.DirEntry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.step("readdir", name); err != nil {
		return nil, err
	}
	files := make(fstest.MapFS)
	for name, n := range m.names {
		mode := fs.FileMode(0o600)
		if n.dir {
			mode = fs.ModeDir | 0o700
		}
		files[name] = &fstest.MapFile{Data: n.content, Mode: mode}
	}
	return fs.ReadDir(files, name)
}

func (m *memory) SyncDir(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.step("syncdir", name); err != nil {
		return err
	}
	inside := func(candidate string, _ *node) bool { return candidate != "." && path.Dir(candidate) == name }
	maps.DeleteFunc(m.durable, inside)
	for candidate, n := range m.names {
		if inside(candidate, n) {
			m.durable[candidate] = n
		}
	}
	return nil
}

func (m *memory) Lock(name string) (io.Closer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.step("lock", name); err != nil {
		return nil, err
	}
	if m.locked {
		return nil, &landing.LockedError{}
	}
	m.locked = true
	return memoryLock{m}, nil
}

type memoryLock struct{ m *memory }

func (l memoryLock) Close() error {
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	l.m.locked = false
	return l.m.step("unlock", "")
}

func (m *memory) Close() error { return nil }

// files returns the names of all files with a prefix and a suffix.
func (m *memory) files(prefix, suffix string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []string
	for name, n := range m.names {
		if !n.dir && strings.HasPrefix(name, prefix) && strings.HasSuffix(name, suffix) {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return found
}

func (m *memory) content(name string) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := m.names[name]; n != nil {
		return n.content
	}
	return nil
}
