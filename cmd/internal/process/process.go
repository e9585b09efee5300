// Package process runs the program as a process: with its arguments, its
// signals and its exit code.
package process

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/birdie-ai/source-qualtrics/source"
)

// grace is the longest time that an interrupted run may take to end.
const grace = 2 * time.Second

// Run runs the command line args, without the program's name, and ends the
// process.
func Run(args []string) {
	// A write to a closed pipe shall be an error with an exit code of its
	// own, not a death by signal.
	signal.Ignore(syscall.SIGPIPE)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	ctx, cancel := context.WithCancel(context.Background())
	code := make(chan int, 1)
	go func() { code <- source.Main(ctx, args) }()
	select {
	case code := <-code:
		os.Exit(code)
	case received := <-signals:
		cancel()
		select {
		case <-code:
		case <-time.After(grace): // a write that nobody reads any more
		}
		// The process dies by the signal, so that the sender sees it obeyed. The
		// kernel keeps such signals from process 1, for example in a container.
		if process, err := os.FindProcess(os.Getpid()); err == nil && process.Pid != 1 {
			signal.Reset(received)
			_ = process.Signal(received)
			time.Sleep(grace)
		}
		number, _ := received.(syscall.Signal)
		os.Exit(128 + int(number))
	}
}
