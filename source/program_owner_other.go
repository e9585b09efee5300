//go:build !unix

package source

import "os"

// mayProtect reports whether we may change the permissions of a file.
func mayProtect(os.FileInfo) bool { return true }
