//go:build clients && linux

package integration_tests_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// The manifests' pods run in the image, with their volumes and nothing else to
// write to.
func TestClientContainer_RunsAsThePodsOfKubernetes(t *testing.T) {
	t.Parallel()
	image(t)
	s := kubernetesSite(t)
	for name := range kubernetesJobs {
		t.Run(name, func(t *testing.T) {
			rows := runJob(t, s, name, func(pod podRun) finished {
				u := &containerUser{user: newUser(t), image: image(t), volumes: pod.volumes}
				command := u.runs(pod.args...)
				ofRoot(t, pod.volumes["/config"])
				if pod.index != "" {
					command.Env = append(command.Env, "JOB_COMPLETION_INDEX="+pod.index)
				}
				end := u.silent(command)
				if bytes.Contains(end.stderr, []byte("chmod")) {
					t.Errorf("it minds how the secret is mounted: %s", end.stderr)
				}
				return end
			})
			t.Logf("%s: %d rows", name, rows)
		})
	}
}

// ofRoot makes a folder one of root's that the image's group can read, as it is
// with a Secret of a pod that has an fsGroup.
func ofRoot(t *testing.T, folder string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, 0, uid)
	})
	if err != nil {
		t.Fatal(err)
	}
}
