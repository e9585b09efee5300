//go:build clients && unix

package integration_tests_test

import (
	"bytes"
	"regexp"
	"strconv"
	"testing"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
)

// What singer-tools demands of a tap's output, of a first read and of one that
// goes on.
func TestClientSinger_CheckTapFindsTheOutputValid(t *testing.T) {
	t.Parallel()
	s, u := clientSite(t), newClientUser(t, "targets-singer")
	rows := 0
	var state []byte
	for range 2 {
		written := u.succeeds(u.tap(s.config(nil), nil, state))
		check := u.program("singer-check-tap")
		check.Stdin = bytes.NewReader(written)
		said := u.succeeds(check)
		if !bytes.HasPrefix(said, []byte("Checking stdin for valid Singer-formatted data\nThe output is valid.\n")) {
			t.Errorf("it says %s", said)
		}
		found := regexp.MustCompile(`(?m)^ *(\d+) record messages$`).FindSubmatch(said)
		if found == nil {
			t.Fatalf("it says of records nothing: %s", said)
		}
		read, err := strconv.Atoi(string(found[1]))
		if want := bytes.Count(written, []byte(`{"type":"RECORD"`)); err != nil || read != want || read == 0 {
			t.Errorf("it read %d records of %d: %v", read, want, err)
		}
		rows += read
		state = lastState(t, written)
		s.lives()
	}
	interoperates(t, interoperation{
		client: "singer-check-tap", version: u.version("singer-tools"), what: "the output of a first read, and of one that goes on", rows: rows,
		result: "the output is valid; with its own `--tap` it looks at its findings before it has them all",
	})
}

// The rules that Meltano's SDK tests its own taps by.
func TestClientSinger_TheTestsOfMeltanosSDKPass(t *testing.T) {
	t.Parallel()
	s, u := clientSite(t), newClientUser(t, "targets-sdk")
	suite := u.file("test_sdk.py", fileText(t, "clients/sdk_suite.py"))
	command := u.program("pytest", "-q", "-p", "no:cacheprovider", suite)
	command.Env = append(command.Env, "TAP_CONFIG="+u.file("tap.json", testkit.Encode(s.config(nil))))
	said := u.succeeds(command)
	found := regexp.MustCompile(`(\d+) passed`).FindSubmatch(said)
	if found == nil || bytes.Contains(said, []byte(" failed")) {
		t.Fatalf("it says %s", lastLines(said, 20))
	}
	passed, err := strconv.Atoi(string(found[1]))
	if err != nil || passed < 90 {
		t.Errorf("%d tests passed, want at least one for each column: %s", passed, lastLines(said, 20))
	}
	t.Logf("%s", lastLines(said, 3))
	interoperates(t, interoperation{
		client: "Meltano's SDK", version: u.version("singer-sdk"), what: "its tests of a tap, of every stream and column", rows: 0,
		result: string(found[0]) + "; `response_deletions` may be empty at first",
	})
}
