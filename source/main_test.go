package source_test

import (
	"flag"
	"os"
	"runtime/debug"
	"testing"
)

func TestMain(m *testing.M) {
	// Simulated tenants are short-lived garbage: collecting it less often saves a
	// tenth of the time.
	debug.SetGCPercent(800)
	// Some tests wait for sockets: more tests at once than processors. A number on
	// the command line wins.
	flag.Parse()
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == parallel.DefValue {
		_ = parallel.Value.Set("4")
	}
	os.Exit(m.Run())
}
