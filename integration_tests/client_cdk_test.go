//go:build clients && unix

package integration_tests_test

import (
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
)

// cdkConfig says which configuration is run how. A first read finds no deletions.
const cdkConfig = `connector_image: birdie-ai/source-qualtrics:dev
test_strictness_level: high
acceptance_tests:
  spec:
    tests: [{config_path: config.json}, {config_path: oauth.json}]
  connection:
    tests:
      - {config_path: config.json, status: succeed}
      - {config_path: oauth.json, status: succeed}
      - {config_path: wrong_token.json, status: failed}
      - {config_path: invalid.json, status: failed}
  discovery:
    tests: [{config_path: config.json}, {config_path: oauth.json}]
  basic_read: &read
    tests:
      - {config_path: config.json, empty_streams: [{name: response_deletions, bypass_reason: none yet}, {name: scoring_categories, bypass_reason: no survey has scores}]}
      - {config_path: oauth.json, empty_streams: [{name: response_deletions, bypass_reason: none yet}, {name: scoring_categories, bypass_reason: no survey has scores}]}
  full_refresh: *read
`

// cdkReport is what pytest says in the form that others read.
type cdkReport struct {
	Cases []struct {
		Name    string     `xml:"name,attr"`
		Skipped *cdkReason `xml:"skipped"`
		Failure *cdkReason `xml:"failure"`
		Error   *cdkReason `xml:"error"`
	} `xml:"testsuite>testcase"`
}

type cdkReason struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// cdkLeftOut asks Airbyte's registry, on the Internet, for a published version.
const cdkLeftOut = "test_docker_image_spec_backward_compatibility"

func TestClientCDK_StandardTestsPass(t *testing.T) {
	t.Parallel()
	s, u := clientSite(t), newClientUser(t, "airbyte")
	root := filepath.Join(u.folder, "source-qualtrics") // the suite calls a connector by its folder
	bin := filepath.Join(u.folder, "bin")
	for _, folder := range []string{root, bin} {
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write := func(path string, content []byte, mode os.FileMode) {
		if err := os.WriteFile(path, content, mode); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(bin, "docker"), fileText(t, filepath.Join(clientFolder, "docker.py")), 0o755)
	write(filepath.Join(root, "test_standard.py"), fileText(t, filepath.Join(clientFolder, "cdk_suite.py")), 0o644)
	write(filepath.Join(root, "metadata.yaml"), fileText(t, filepath.Join("..", "metadata.yaml")), 0o644)
	write(filepath.Join(root, "acceptance-test-config.yml"), []byte(cdkConfig), 0o644)
	secrets := s.tenant.Credentials()
	for name, config := range map[string]map[string]any{
		"config.json":      s.valid(nil),
		"oauth.json":       s.valid(map[string]any{"credentials": map[string]any{"auth_type": "oauth2_client_credentials", "client_id": secrets.ClientID, "client_secret": secrets.ClientSecret}}),
		"wrong_token.json": s.valid(map[string]any{"credentials": map[string]any{"auth_type": "api_token", "api_token": "a-token-of-nobody"}}),
		"invalid.json":     s.valid(map[string]any{"lookback_minutes": "many"}),
	} {
		write(filepath.Join(root, name), testkit.Encode(config), 0o644)
	}
	report := filepath.Join(u.folder, "report.xml")
	command := u.program("python", "-m", "pytest", "-p", "airbyte_cdk.test.standard_tests.pytest_hooks", "-p", "no:cacheprovider",
		"-W", "error::airbyte_cdk.test.standard_tests.DiscoveredCatalogWarning", // what will be a failure is one
		"--connector-image", "birdie-ai/source-qualtrics:dev", "--read-from-streams", "all", "--read-scenarios", "config,oauth",
		"-k", "not "+cdkLeftOut, "--junitxml", report, "--tb=short", "test_standard.py")
	command.Dir = root
	command.Env = append(command.Env, "PATH="+bin+string(os.PathListSeparator)+pathOf(command.Env))
	end := u.run(command)
	var result cdkReport
	if text, err := os.ReadFile(report); err != nil {
		t.Fatalf("pytest ended with code %d: %v\n%s\n%s", end.code, err, lastLines(end.stdout, 30), lastLines(end.stderr, 10))
	} else if err := xml.Unmarshal(text, &result); err != nil {
		t.Fatal(err)
	}
	passed := 0
	for _, one := range result.Cases {
		switch {
		case one.Failure != nil:
			t.Errorf("%s: %s\n%s", one.Name, one.Failure.Message, lastLines([]byte(one.Failure.Text), 30))
		case one.Error != nil:
			t.Errorf("%s: %s\n%s", one.Name, one.Error.Message, lastLines([]byte(one.Error.Text), 30))
		case one.Skipped == nil:
			passed++
		case !strings.Contains(one.Skipped.Message, "its config is listed under"): // and has other commands
			t.Errorf("%s is skipped: %s", one.Name, one.Skipped.Message)
		}
	}
	if end.code != 0 && !t.Failed() || passed == 0 {
		t.Fatalf("pytest ended with code %d: %s", end.code, lastLines(end.stdout, 30))
	}
	interoperates(t, interoperation{
		client: "Airbyte CDK", version: u.version("airbyte-cdk"), what: "standard tests of a source, and of its image with a stand-in for docker",
		result: fmt.Sprintf("%d passed; left out: the comparison with a published version", passed),
	})
}

// pathOf is the PATH of an environment.
func pathOf(environ []string) (path string) {
	for _, variable := range environ {
		if value, ok := strings.CutPrefix(variable, "PATH="); ok {
			path = value
		}
	}
	return path
}
