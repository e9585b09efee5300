//go:build unix

package source

import (
	"os"
	"syscall"
)

// mayProtect reports whether we may change the permissions of a file.
func mayProtect(info os.FileInfo) bool {
	of, ok := info.Sys().(*syscall.Stat_t)
	return ok && (os.Geteuid() == 0 || int(of.Uid) == os.Geteuid())
}
