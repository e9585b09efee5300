//go:build unix

package integration_tests_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// kubernetesFolder holds manifests that users take as they are.
const kubernetesFolder = "../docs/examples/kubernetes"

// kubernetesJobs are the manifests of what runs, and the shards of each.
var kubernetesJobs = map[string]int{"job.yaml": 1, "cronjob.yaml": 1, "indexed-job.yaml": 4}

// jobManifest is a Job, or a CronJob, as far as the tests need it.
type jobManifest struct {
	Kind string
	Spec struct {
		jobSpec     `yaml:",inline"`
		JobTemplate struct{ Spec jobSpec } `yaml:"jobTemplate"`
	}
}

type jobSpec struct {
	CompletionMode string `yaml:"completionMode"`
	Completions    int
	Template       struct{ Spec podSpec }
}

type podSpec struct {
	RestartPolicy   string `yaml:"restartPolicy"`
	SecurityContext struct {
		RunAsNonRoot bool `yaml:"runAsNonRoot"`
		RunAsUser    int  `yaml:"runAsUser"`
		RunAsGroup   int  `yaml:"runAsGroup"`
		FSGroup      int  `yaml:"fsGroup"`
	} `yaml:"securityContext"`
	Containers []struct {
		Image           string
		Command, Args   []string
		Env             []map[string]any
		Resources       struct{ Requests, Limits map[string]string }
		SecurityContext struct {
			AllowPrivilegeEscalation *bool `yaml:"allowPrivilegeEscalation"`
			ReadOnlyRootFilesystem   bool  `yaml:"readOnlyRootFilesystem"`
			Capabilities             struct{ Drop []string }
		} `yaml:"securityContext"`
		VolumeMounts []struct {
			Name      string
			MountPath string `yaml:"mountPath"`
			ReadOnly  bool   `yaml:"readOnly"`
		} `yaml:"volumeMounts"`
	}
	Volumes []podVolume
}

type podVolume struct {
	Name   string
	Secret *struct {
		SecretName  string `yaml:"secretName"`
		DefaultMode int    `yaml:"defaultMode"`
	}
	Claim *struct {
		Name string `yaml:"claimName"`
	} `yaml:"persistentVolumeClaim"`
	EmptyDir map[string]string `yaml:"emptyDir"`
}

func readManifest(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(kubernetesFolder, name))
	if err == nil {
		err = yaml.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// jobOf reads what a manifest runs.
func jobOf(t *testing.T, name string) jobSpec {
	t.Helper()
	var manifest jobManifest
	readManifest(t, name, &manifest)
	if manifest.Kind == "CronJob" {
		return manifest.Spec.JobTemplate.Spec
	}
	return manifest.Spec.jobSpec
}

func TestKubernetes_PodsMayDoWhatTheyNeedAndNoMore(t *testing.T) {
	t.Parallel()
	var claim struct{ Metadata struct{ Name string } }
	readManifest(t, "volume.yaml", &claim)
	for name, shards := range kubernetesJobs {
		job := jobOf(t, name)
		pod := job.Template.Spec
		if len(pod.Containers) != 1 || pod.RestartPolicy != "Never" {
			t.Fatalf("%s: %d containers, restarts %q", name, len(pod.Containers), pod.RestartPolicy)
		}
		if indexed := job.CompletionMode == "Indexed"; indexed != (shards > 1) || indexed && job.Completions != shards {
			t.Errorf("%s: %d completions, %q, want %d shards", name, job.Completions, job.CompletionMode, shards)
		}
		c, user := pod.Containers[0], pod.SecurityContext
		if want := "birdie-ai/source-qualtrics:" + source.Version; c.Image != want || len(c.Command) > 0 || len(c.Env) > 0 {
			t.Errorf("%s: the image is %q, want %q with its own entry point and nothing in the environment", name, c.Image, want)
		}
		if !user.RunAsNonRoot || user.RunAsUser != 1000 || user.RunAsGroup != 1000 || user.FSGroup != 1000 {
			t.Errorf("%s: it runs as %+v", name, user)
		}
		if may := c.SecurityContext; may.AllowPrivilegeEscalation == nil || *may.AllowPrivilegeEscalation || !may.ReadOnlyRootFilesystem || !slices.Equal(may.Capabilities.Drop, []string{"ALL"}) {
			t.Errorf("%s: it may %+v", name, may)
		}
		if c.Resources.Requests["cpu"] == "" || c.Resources.Requests["memory"] == "" || c.Resources.Limits["memory"] == "" {
			t.Errorf("%s: it takes %v, at most %v", name, c.Resources.Requests, c.Resources.Limits)
		}
		for _, mount := range c.VolumeMounts {
			at := slices.IndexFunc(pod.Volumes, func(v podVolume) bool { return v.Name == mount.Name })
			if at < 0 {
				t.Fatalf("%s: there is no volume %s", name, mount.Name)
			}
			volume := pod.Volumes[at]
			secret := volume.Secret != nil && volume.Secret.DefaultMode == 0o440 && mount.ReadOnly
			data := volume.Claim != nil && volume.Claim.Name == claim.Metadata.Name
			if want := map[string]bool{"/config": secret, "/data": data, "/tmp": volume.EmptyDir["sizeLimit"] != ""}; !want[mount.MountPath] {
				t.Errorf("%s: at %s is %+v", name, mount.MountPath, volume)
			}
		}
	}
}

// podRun is one pod of a job: what it runs, and the folders that are mounted.
type podRun struct {
	args    []string
	index   string            // in an Indexed Job
	volumes map[string]string // path in the pod → folder
}

// runJob runs all pods of a manifest, with run for each, twice. What they write
// has to be what exists, and nothing the second time.
func runJob(t *testing.T, s *site, name string, run func(podRun) finished) (rows int) {
	t.Helper()
	job, shards := jobOf(t, name), kubernetesJobs[name]
	config := s.config(nil)
	if shards > 1 {
		config["shard"] = map[string]any{"count": shards}
	}
	pod := podRun{volumes: map[string]string{"/config": secretFolder(t, testkit.Encode(config)), "/data": t.TempDir(), "/tmp": t.TempDir()}}
	reader := newUser(t)
	for again := range 2 {
		for index := range shards {
			if pod.index = ""; shards > 1 {
				pod.index = fmt.Sprint(index)
			}
			pod.args = nil
			for _, arg := range job.Template.Spec.Containers[0].Args {
				pod.args = append(pod.args, strings.ReplaceAll(arg, "$(JOB_COMPLETION_INDEX)", pod.index))
			}
			if end := run(pod); end.code != 0 {
				t.Fatalf("%s: pod %d ended with code %d: %s%s", name, index, end.code, end.stderr, end.all)
			}
		}
		rows = 0
		for _, folder := range exportFolders(t, pod.volumes["/data"]) {
			wholeFolder(t, folder)
			reader.readFolder(folder)
			for _, m := range manifests(t, folder) {
				for _, stream := range m.Streams {
					if slices.Contains(killedStreams, stream.Name) {
						rows += int(stream.Rows)
					}
				}
			}
		}
		exist := 0
		for _, table := range s.truth(t) {
			exist += len(table)
		}
		short, problem := reader.compare(s.truth(t), newComparer())
		if problem != "" || short.extra > 0 || rows != exist {
			t.Fatalf("%s, run %d: %d rows of %d: %+v: %s", name, again+1, rows, exist, short, problem)
		}
	}
	return rows
}

// secretFolder is a Secret as it is mounted: its files are links into a folder
// that is exchanged as a whole.
func secretFolder(t *testing.T, config []byte) string {
	t.Helper()
	folder := t.TempDir()
	version := filepath.Join(folder, "..2026_01_15")
	if err := os.Mkdir(version, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(version, "config.json"), config, 0o440); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{"..data": "..2026_01_15", "config.json": "..data/config.json"} {
		if err := os.Symlink(to, filepath.Join(folder, link)); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// exportFolders are the folder of an export, or those of its shards.
func exportFolders(t *testing.T, data string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(data, "*", "_manifest"))
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		return []string{data}
	}
	for i := range found {
		found[i] = filepath.Dir(found[i])
	}
	return found
}

func kubernetesSite(t *testing.T) *site {
	t.Helper()
	s := serveSite(t, sandbox.Options{Seed: 10, Surveys: 12, Responses: 300, Contacts: 100})
	s.tenant.Advance(2*time.Hour, true)
	return s
}

// The commands of the manifests write what exists, here as processes of this
// machine.
func TestKubernetes_TheCommandsExportEverything(t *testing.T) {
	t.Parallel()
	s := kubernetesSite(t)
	for name := range kubernetesJobs {
		t.Run(name, func(t *testing.T) {
			runJob(t, s, name, func(pod podRun) finished {
				u := newUser(t)
				if pod.index != "" {
					u.variable = []string{"JOB_COMPLETION_INDEX=" + pod.index}
				}
				for i, arg := range pod.args {
					for path, folder := range pod.volumes {
						if rest, ok := strings.CutPrefix(arg, path); ok && (rest == "" || rest[0] == '/') {
							pod.args[i] = folder + rest
						}
					}
				}
				return u.silent(u.command(pod.args...))
			})
		})
	}
}
