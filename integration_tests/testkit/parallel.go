package testkit

import (
	"flag"
	"strconv"
)

// RunAtOnce lets so many tests of this binary run at once, for tests that wait for sockets
// and processes: more than there are processors. A number on the command line wins. Call it
// in TestMain.
func RunAtOnce(tests int) {
	flag.Parse()
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == parallel.DefValue {
		_ = parallel.Value.Set(strconv.Itoa(tests))
	}
}
