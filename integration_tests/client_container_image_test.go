//go:build clients && linux

package integration_tests_test

import (
	"bytes"
	"context"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
)

// buildPatience is how long a step of building the image may take.
const buildPatience = 5 * time.Minute

// containerImage is the image of the Dockerfile, on stand-ins for its bases.
type containerImage struct {
	id     string
	root   string // where its files are mounted, writable
	size   int64  // of its layers, compressed
	base   int64  // of those of them that are the base's
	Config struct {
		User       string
		Env        []string
		Entrypoint []string
		WorkingDir string
		Labels     map[string]string
	}
}

var container struct {
	sync.Once
	image containerImage
	err   error
}

// image returns the image, which is built once. The test is skipped where
// images cannot be built.
func image(t *testing.T) *containerImage {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can build images and enter them here")
	}
	for _, program := range []string{"buildah", "busybox", "unshare", "chroot"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%v: see packages in .ci/run", err)
		}
	}
	if shell, err := elf.Open(busybox()); err != nil || slices.ContainsFunc(shell.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }) {
		t.Skipf("busybox is not a static one (%v): see packages in .ci/run", err)
	}
	if output, err := exec.Command("unshare", "--mount", "--pid", "--fork", "true").CombinedOutput(); err != nil {
		t.Skipf("a container cannot be made here: %v: %s", err, output)
	}
	testkit.Binary(t) // its folder, and the packages that both need
	container.Do(func() {
		container.err = container.image.build(filepath.Join(testkit.BuildFolder(), "container"))
	})
	if container.err != nil {
		t.Fatal(container.err)
	}
	return &container.image
}

// standIns are what the Dockerfile's bases are where none can be pulled: a
// shell; and Go, whose files are mounted while it builds.
var standIns = map[string]string{
	"run":   "FROM scratch\nCOPY root /\nENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n",
	"build": "FROM localhost/run\nENV PATH=/usr/local/go/bin:$PATH GOTOOLCHAIN=local GOPROXY=off GOMODCACHE=/cache/mod GOCACHE=/cache/build\n",
}

func (i *containerImage) build(folder string) error {
	if err := makeRoot(filepath.Join(folder, "root")); err != nil {
		return err
	}
	for _, name := range []string{"run", "build"} {
		file := filepath.Join(folder, name+".Dockerfile")
		if err := os.WriteFile(file, []byte(standIns[name]), 0o644); err != nil {
			return err
		}
		if _, err := buildah(folder, "build", "--isolation", "chroot", "--timestamp", "0", "--file", file, "--tag", "localhost/"+name, folder); err != nil {
			return err
		}
	}
	var err error
	if i.id, err = buildImage(folder); err != nil {
		return err
	}
	again, err := buildImage(folder)
	if err != nil {
		return err
	}
	if again != i.id {
		return fmt.Errorf("two builds made two images: %s and %s", i.id, again)
	}
	if err := i.inspect(folder); err != nil {
		return err
	}
	from, err := buildah(folder, "from", "--pull-never", i.id)
	if err != nil {
		return err
	}
	i.root, err = buildah(folder, "mount", from)
	return err
}

// buildImage builds the Dockerfile and returns the image's id. Nothing is kept
// between two builds but what the Go command knows to be the same.
func buildImage(folder string) (id string, err error) {
	args := []string{
		"build", "--isolation", "chroot", "--timestamp", "0", "--pull-never", "--quiet", "--platform", "linux/" + runtime.GOARCH,
		"--build-arg", "BUILD_BASE=localhost/build", "--build-arg", "RUN_BASE=localhost/run",
	}
	for variable, at := range map[string]string{"GOROOT": "/usr/local/go", "GOMODCACHE": "/cache/mod", "GOCACHE": "/cache/build"} {
		path, err := exec.Command("go", "env", variable).Output()
		if err != nil {
			return "", err
		}
		args = append(args, "--volume", strings.TrimSpace(string(path))+":"+at)
	}
	return buildah(folder, append(args, "..")...)
}

// buildah runs a command on a storage of its own.
func buildah(folder string, args ...string) (output string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), buildPatience)
	defer cancel()
	storage := []string{"--root", filepath.Join(folder, "storage"), "--runroot", filepath.Join(folder, "run"), "--storage-driver", "vfs"}
	command := exec.CommandContext(ctx, "buildah", append(storage, args...)...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	text, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("buildah %s: %w\n%s%s", args[0], err, text, stderr.Bytes())
	}
	return strings.TrimSpace(string(text)), nil
}

// busybox is the path of the shell.
func busybox() string {
	path, _ := exec.LookPath("busybox")
	return path
}

// makeRoot makes the files of a base with a shell.
func makeRoot(root string) error {
	for _, name := range []string{"bin", "dev", "etc/ssl/certs", "proc", "tmp"} {
		if err := os.MkdirAll(filepath.Join(root, name), 0o755); err != nil {
			return err
		}
	}
	applets, err := exec.Command("busybox", "--list").Output()
	if err != nil {
		return err
	}
	for from, to := range map[string]string{busybox(): "bin/busybox", "/etc/ssl/certs/ca-certificates.crt": "etc/ssl/certs/ca-certificates.crt"} {
		content, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(filepath.Join(root, to), content, 0o755)
		}
		if err != nil {
			return err
		}
	}
	for applet := range strings.FieldsSeq(string(applets)) {
		if err := os.Symlink("busybox", filepath.Join(root, "bin", applet)); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	for name, line := range map[string]string{"passwd": "root:x:0:0:root:/root:/bin/sh\n", "group": "root:x:0:\n"} {
		if err := os.WriteFile(filepath.Join(root, "etc", name), []byte(line), 0o644); err != nil {
			return err
		}
	}
	return os.Chmod(filepath.Join(root, "tmp"), 0o777|os.ModeSticky)
}

// inspect reads the image as a registry would get it.
func (i *containerImage) inspect(folder string) error {
	pushed := filepath.Join(folder, "pushed")
	if _, err := buildah(folder, "push", "--compression-format", "gzip", i.id, "dir:"+pushed); err != nil {
		return err
	}
	var manifest struct {
		Config struct{ Digest string }
		Layers []struct{ Size int64 }
	}
	if err := readJSON(filepath.Join(pushed, "manifest.json"), &manifest); err != nil {
		return err
	}
	for _, layer := range manifest.Layers {
		i.size += layer.Size
	}
	i.base = manifest.Layers[0].Size
	return readJSON(filepath.Join(pushed, strings.TrimPrefix(manifest.Config.Digest, "sha256:")), i)
}

func readJSON(file string, into any) error {
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}
