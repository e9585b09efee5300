package source_test

import (
	"os"
	"runtime/debug"
	"testing"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
)

func TestMain(m *testing.M) {
	// Simulated tenants are short-lived garbage: collecting it less often saves a
	// tenth of the time.
	debug.SetGCPercent(800)
	testkit.RunAtOnce(4)
	os.Exit(m.Run())
}
