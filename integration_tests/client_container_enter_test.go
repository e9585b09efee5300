//go:build clients && linux

package integration_tests_test

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
)

// enter starts a program in a container: $1 is the image's root, which becomes
// read-only, $2 its work folder, and volumes come next, up to --, each as
// FOLDER:PATH. The mounts and the processes are those of a namespace, and end
// with it.
const enter = `set -e
root=$1 work=$2
shift 2
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
while [ "$1" != -- ]; do
	mount --bind "${1%%:*}" "$root${1#*:}"
	shift
done
shift
exec chroot --userspec=1000:1000 --groups=1000 "$root" /bin/sh -c 'cd "$0" && exec "$@"' "$work" "$@"
`

// containerPatience is the longest that a run in the container may take.
const containerPatience = 3 * time.Minute

// uid is the user and the group of the image.
const uid = 1000

// containerUser runs the program in the container. The folder of its files is
// one volume, its temporary files are on another.
type containerUser struct {
	*user
	image   *containerImage
	files   string            // the path of the folder of files, in the container
	volumes map[string]string // path in the container → folder
}

// newContainerUser mounts the folder of files at a path.
func newContainerUser(t *testing.T, files string) *containerUser {
	t.Helper()
	u := &containerUser{user: newUser(t), image: image(t), files: files}
	u.volumes = map[string]string{files: u.folder}
	u.temporary()
	return u
}

// temporary mounts a folder for temporary files, which has to be empty in the
// end.
func (u *containerUser) temporary() {
	folder := u.volume("/tmp")
	u.t.Cleanup(func() {
		if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
			u.t.Errorf("temporary files are left: %v %v", left, err)
		}
	})
}

// volume mounts an empty folder of the image's user.
func (u *containerUser) volume(path string) (folder string) {
	u.t.Helper()
	folder = u.t.TempDir()
	u.volumes[path] = folder
	return folder
}

// put writes a file and returns its path in the container.
func (u *containerUser) put(name string, content []byte) string {
	u.t.Helper()
	u.file(name, content)
	return filepath.Join(u.files, name)
}

// enters prepares a run in the container, as a runtime makes it of the image:
// its environment, its work folder, and nothing of ours.
func (u *containerUser) enters(args ...string) *exec.Cmd {
	u.t.Helper()
	line := []string{"--mount", "--pid", "--fork", "--kill-child", "/bin/sh", "-c", enter, "enter", u.image.root, cmp.Or(u.image.Config.WorkingDir, "/")}
	for _, path := range slices.Sorted(maps.Keys(u.volumes)) {
		folder := u.volumes[path]
		if err := os.MkdirAll(filepath.Join(u.image.root, path), 0o755); err != nil {
			u.t.Fatal(err)
		}
		if err := giveAway(folder); err != nil {
			u.t.Fatal(err)
		}
		line = append(line, folder+":"+path)
	}
	ctx, cancel := context.WithTimeout(u.t.Context(), containerPatience)
	u.t.Cleanup(cancel)
	command := exec.CommandContext(ctx, "unshare", append(append(line, "--"), args...)...)
	command.Env = append(slices.Clone(u.image.Config.Env), "QUALTRICS_SANDBOX=1")
	return command
}

// runs prepares a run of the image with arguments, by its entry point.
func (u *containerUser) runs(args ...string) *exec.Cmd {
	u.t.Helper()
	return u.enters(append(slices.Clone(u.image.Config.Entrypoint), args...)...)
}

// reads reads from the states that the user has.
func (u *containerUser) reads(config map[string]any, streams ...string) *exec.Cmd {
	u.t.Helper()
	return u.runs(u.readArguments(config, streams...)...)
}

func (u *containerUser) readArguments(config map[string]any, streams ...string) []string {
	u.t.Helper()
	args := []string{"read", "--config", u.put("config.json", testkit.Encode(config)), "--catalog", u.put("catalog.json", testkit.Catalog(streams...))}
	if state := u.platform.stateFile(); state != nil {
		args = append(args, "--state", u.put("state.json", state))
	}
	return args
}

// giveAway gives a folder to the image's user.
func giveAway(folder string) error {
	return filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, uid, uid)
	})
}

// stops sends SIGTERM to the first process of a running container, as runtimes
// do to stop one.
func stops(t *testing.T, command *exec.Cmd) {
	t.Helper()
	pid := command.Process.Pid
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", pid))
	if err != nil {
		t.Fatal(err)
	}
	first, err := strconv.Atoi(strings.TrimSpace(string(children)))
	if err == nil {
		err = syscall.Kill(first, syscall.SIGTERM)
	}
	if err != nil {
		t.Fatal(err)
	}
}
