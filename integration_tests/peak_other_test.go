//go:build unix && !linux

package integration_tests

import "syscall"

// peakBytes reads the peak of resident memory.
func peakBytes(usage *syscall.Rusage) int64 { return int64(usage.Maxrss) }
