//go:build clients && unix

package integration_tests_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// clientFolder holds what real clients need: for each Python environment NAME.in,
// which names its packages, and NAME.txt, made from it, which pins them by hash.
const clientFolder = "clients"

// installPatience is how long the packages of an environment may take.
const installPatience = 10 * time.Minute

// clientEnvironment is a Python environment of this run.
type clientEnvironment struct {
	sync.Once
	bin string
	err error
}

var clientEnvironments struct {
	sync.Mutex
	byName map[string]*clientEnvironment
}

// environment returns the folder of the programs of the Python environment that
// clients/NAME.txt describes. It is made once and kept in the user's cache. The
// test is skipped where it cannot be made.
func environment(t *testing.T, name string) (bin string) {
	t.Helper()
	bin, err := makeEnvironment(name)
	if err != nil {
		t.Skipf("the Python environment %s cannot be had here: %v", name, err)
	}
	return bin
}

func makeEnvironment(name string) (bin string, err error) {
	clientEnvironments.Lock()
	e := clientEnvironments.byName[name]
	if e == nil {
		if clientEnvironments.byName == nil {
			clientEnvironments.byName = make(map[string]*clientEnvironment)
		}
		e = &clientEnvironment{}
		clientEnvironments.byName[name] = e
	}
	clientEnvironments.Unlock()
	e.Do(func() {
		var cache string
		if cache, e.err = clientCache(); e.err == nil {
			e.bin, e.err = cachedEnvironment(cache, name, filepath.Join(clientFolder, name+".txt"))
		}
	})
	return e.bin, e.err
}

// clientCache is where environments, and what else a client needs, are kept.
func clientCache() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	cache = filepath.Join(cache, "source-qualtrics-ci", "clients")
	return cache, os.MkdirAll(cache, 0o755)
}

// cachedEnvironment makes an environment in the cache unless it is there, whole.
// Another process that makes the same is waited for.
func cachedEnvironment(cache, name, requirements string) (bin string, err error) {
	requirements, err = filepath.Abs(requirements)
	if err != nil {
		return "", err
	}
	pins, err := os.ReadFile(requirements)
	if err != nil {
		return "", err
	}
	python, err := findPython()
	if err != nil {
		return "", err
	}
	folder := filepath.Join(cache, fmt.Sprintf("%s-%.6x", name, sha256.Sum256(append(pins, python...))))
	lock, err := os.OpenFile(folder+".lock", os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", err
	}
	bin, whole := filepath.Join(folder, "bin"), filepath.Join(folder, "complete")
	if _, err := os.Stat(whole); err == nil {
		return bin, nil
	}
	if err := os.RemoveAll(folder); err != nil {
		return "", err
	}
	if err := install(name, python, folder, requirements); err != nil {
		return "", errors.Join(err, os.RemoveAll(folder))
	}
	return bin, os.WriteFile(whole, nil, 0o644)
}

// findPython returns the path of a Python that is new enough.
func findPython() (string, error) {
	for _, name := range []string{"python3.11", "python3", "python3.12", "python3.13"} {
		output, err := exec.Command(name, "-c", "import sys; sys.version_info >= (3, 11) and print(sys.executable)").Output()
		if path := strings.TrimSpace(string(output)); err == nil && path != "" {
			return path, nil
		}
	}
	return "", errors.New("there is no Python 3.11 or newer")
}

// installer is the environment of the program that fills the others.
const installer = "uv"

// install fills a folder with the pins: they are all that is needed, and some of
// them are not what a package asks for. uv is much the quicker, and knows nothing
// of how pip is set up here, which is the next to be tried.
func install(name, python, folder, requirements string) error {
	if name == installer {
		return installWithPip(python, folder, requirements)
	}
	failed := installWithUV(python, folder, requirements)
	if failed == nil {
		return nil
	}
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	if err := installWithPip(python, folder, requirements); err != nil {
		return errors.Join(failed, err)
	}
	return nil
}

func installWithPip(python, folder, requirements string) error {
	if err := quietly(python, "-m", "venv", folder); err != nil {
		return err
	}
	return quietly(filepath.Join(folder, "bin", "pip"), "install", "--require-hashes", "--no-deps", "-r", requirements)
}

func installWithUV(python, folder, requirements string) error {
	bin, err := makeEnvironment(installer)
	if err != nil {
		return err
	}
	uv := filepath.Join(bin, "uv")
	if err := quietly(uv, "venv", "--python", python, folder); err != nil {
		return err
	}
	return quietly(uv, "pip", "install", "--python", filepath.Join(folder, "bin", "python"), "--require-hashes", "--no-deps", "-r", requirements)
}

// quietly runs a step of an installation; only its failure is worth reading.
func quietly(program string, args ...string) error {
	cache, err := clientCache()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), installPatience)
	defer cancel()
	command := exec.CommandContext(ctx, program, args...)
	command.Env = append(os.Environ(), "UV_CACHE_DIR="+filepath.Join(cache, "uv-cache"), "UV_PYTHON_DOWNLOADS=never", "UV_NO_PROGRESS=1", "UV_NO_CONFIG=1")
	output, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", filepath.Base(program), args[0], err, lastLines(output, 5))
	}
	return nil
}

// lastLines are the last few lines of a text.
func lastLines(text []byte, count int) string {
	lines := strings.Split(string(bytes.TrimSpace(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-count):], "\n")
}

// A package that is not the one that was pinned is not used, and nothing of its
// environment stays.
func TestClientEnvironment_IsWholeOrNotThere(t *testing.T) {
	t.Parallel()
	environment(t, installer) // or it cannot be known what was wrong
	cache, requirements := t.TempDir(), filepath.Join(t.TempDir(), "requirements.txt")
	if err := os.WriteFile(requirements, []byte("six==1.17.0 --hash=sha256:"+strings.Repeat("0", 64)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	bin, err := cachedEnvironment(cache, "other", requirements)
	if err == nil || !strings.Contains(err.Error(), "pip install: exit status") {
		t.Errorf("an environment of other packages than those pinned: %q %v", bin, err)
	}
	left, err := filepath.Glob(filepath.Join(cache, "other-*"))
	if err != nil || len(left) != 1 || !strings.HasSuffix(left[0], ".lock") {
		t.Errorf("of an environment that could not be made are left %v %v", left, err)
	}
}
