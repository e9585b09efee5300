//go:build unix

package integration_tests

import "testing"

// Binary returns the path of the program, which is built once.
func Binary(t testing.TB) string {
	t.Helper()
	return binary(t)
}

// BuildFolder is a folder for programs that are built once. [Binary] makes it,
// and it is removed when all tests have ended.
func BuildFolder() string { return built.folder }
