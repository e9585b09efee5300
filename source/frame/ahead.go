package frame

import (
	"context"
	"io"
)

// Inflating is the slower half of reading an export, so it runs on a
// goroutine of its own, a few blocks ahead.
const (
	blockBytes = 128 << 10
	blocks     = 4
)

// ahead reads a source ahead of its consumer.
type ahead struct {
	full, free chan block
	quit, done chan struct{}
	current    block
	at         int
	err        error
	ctx        context.Context //nolint:containedctx // lives as long as one iteration
}

type block struct {
	data []byte
	n    int
	err  error
}

// readAhead starts reading; stop has to be called.
func readAhead(ctx context.Context, source io.Reader) *ahead {
	a := &ahead{
		full: make(chan block, blocks), free: make(chan block, blocks),
		quit: make(chan struct{}), done: make(chan struct{}), ctx: ctx,
	}
	for range blocks {
		a.free <- block{data: make([]byte, blockBytes)}
	}
	go func() {
		defer close(a.done)
		for {
			select {
			case <-a.quit:
				return
			case b := <-a.free:
				b.n, b.err = io.ReadFull(source, b.data)
				if b.err == io.ErrUnexpectedEOF && b.n > 0 { //nolint:errorlint // ReadFull's own, not the source's
					b.err = nil
				}
				a.full <- b // never blocks: there are no more blocks than room
				if b.err != nil {
					return
				}
			}
		}
	}()
	return a
}

// Read returns what was read ahead.
func (a *ahead) Read(p []byte) (int, error) {
	for a.at == a.current.n {
		if a.err != nil {
			return 0, a.err
		}
		if a.current.data != nil {
			a.free <- block{data: a.current.data}
		}
		select {
		case a.current = <-a.full:
		case <-a.ctx.Done():
			a.current = block{}
			a.err = context.Cause(a.ctx)
			return 0, a.err
		}
		a.at, a.err = 0, a.current.err
	}
	n := copy(p, a.current.data[a.at:a.current.n])
	a.at += n
	return n, nil
}

// stop ends the goroutine.
func (a *ahead) stop() {
	close(a.quit)
	<-a.done
}
