package integration_tests

import "syscall"

// peakBytes reads the peak of resident memory, which Linux gives in KiB.
func peakBytes(usage *syscall.Rusage) int64 { return usage.Maxrss << 10 }
