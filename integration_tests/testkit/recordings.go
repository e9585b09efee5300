package testkit

import (
	"os"
	"testing"
)

// Recordings returns the folder of recorded API answers. It skips the test where there are
// none.
func Recordings(t testing.TB) string {
	t.Helper()
	folder := os.Getenv("QUALTRICS_PAYLOADS")
	if folder == "" {
		t.Skip("QUALTRICS_PAYLOADS names no folder of recorded API answers")
	}
	return folder
}
