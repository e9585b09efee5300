//go:build clients && unix

package integration_tests_test

import (
	"path/filepath"
	"testing"
)

// kubernetesVersions are those of which the API's schemas are asked: the oldest
// that knows all that an Indexed Job here needs, and a new one.
var kubernetesVersions = []string{"1.33", "1.37"}

func TestClientKubernetes_TakesTheManifests(t *testing.T) {
	t.Parallel()
	u := newClientUser(t, "kubernetes")
	files, err := filepath.Glob(filepath.Join(kubernetesFolder, "*.yaml"))
	if err != nil || len(files) != len(kubernetesJobs)+1 {
		t.Fatalf("got %v, %v, want the jobs and a volume", files, err)
	}
	for i, file := range files {
		if files[i], err = filepath.Abs(file); err != nil {
			t.Fatal(err)
		}
	}
	for _, version := range kubernetesVersions {
		output := u.succeeds(u.program("kubernetes-validate", append([]string{"--strict", "--kubernetes-version", version}, files...)...))
		t.Logf("%s", output)
	}
	interoperates(t, interoperation{
		client: "kubernetes-validate", version: u.version("kubernetes-validate"), what: "the Jobs and the volume of docs/examples/kubernetes",
		result: "valid for Kubernetes " + kubernetesVersions[0] + " and " + kubernetesVersions[1],
	})
}
