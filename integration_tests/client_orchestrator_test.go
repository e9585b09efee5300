//go:build clients && unix

package integration_tests_test

import (
	"os/exec"
	"testing"
)

// orchestrated runs the snippet for an orchestrator, which is a package
// of an environment. What it leaves has to be what exists.
func orchestrated(t *testing.T, name, environmentName, packageName string, run func(u *clientUser, folder, file string)) {
	t.Helper()
	t.Parallel()
	u, s, owner := newClientUser(t, environmentName), kubernetesSite(t), newUser(t)
	run(u, owner.folder, owner.file("snippet.py", []byte(owner.places(s.config(nil)).Replace(snippet(t, name)))))
	interoperates(t, interoperation{
		client: name, version: u.version(packageName), what: "the snippet of docs/orchestrators.md, as a run of its own", rows: owner.exported(s),
		result: "the files hold every row",
	})
}

func TestClientAirflow_RunsTheSnippet(t *testing.T) {
	orchestrated(t, "Airflow", "airflow", "apache-airflow", func(u *clientUser, folder, _ string) {
		airflow := func(args ...string) *exec.Cmd {
			command := u.program("airflow", args...)
			command.Env = append(command.Env, "AIRFLOW_HOME="+u.folder, "AIRFLOW__CORE__DAGS_FOLDER="+folder, "AIRFLOW__CORE__LOAD_EXAMPLES=False")
			return command
		}
		u.succeeds(airflow("db", "migrate"))
		u.succeeds(airflow("dags", "test", "qualtrics"))
	})
}

func TestClientDagster_RunsTheSnippet(t *testing.T) {
	orchestrated(t, "Dagster", "dagster", "dagster", func(u *clientUser, _, file string) {
		command := u.program("dagster", "asset", "materialize", "-f", file, "--select", "qualtrics")
		command.Env = append(command.Env, "DAGSTER_HOME="+u.folder, "DAGSTER_DISABLE_TELEMETRY=1")
		u.succeeds(command)
	})
}
