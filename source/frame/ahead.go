package frame

import (
	"context"
	"errors"
	"io"
	"sync"
)

// Inflating runs on its own goroutine, up to 4 blocks ahead of the parser. More would not
// be faster, and eight surveys at once would take more memory.
const (
	blockBytes = 64 << 10
	blocks     = 4
)

var blockPool = sync.Pool{New: func() any { return new([blockBytes]byte) }}

// ahead reads a source ahead of its consumer.
type ahead struct {
	body       io.ReadCloser
	ctx        context.Context //nolint:containedctx // lives as long as one iteration
	full, free chan block
	quit, done chan struct{}
	current    block
	err        error // the error that ended reading; io.EOF at the end of the source
}

// block is a buffer and the bytes read into it; err came after data.
type block struct {
	buffer *[blockBytes]byte
	data   []byte
	err    error

	panicked any // value of a panic while reading
}

var errPanicked = errors.New("reading panicked")

// readAhead starts reading; the caller has to call stop.
func readAhead(ctx context.Context, source io.ReadCloser) *ahead {
	a := &ahead{
		body: source,
		ctx:  ctx,
		full: make(chan block, blocks), free: make(chan block, blocks),
		quit: make(chan struct{}), done: make(chan struct{}),
	}
	for range blocks {
		a.free <- block{buffer: blockPool.Get().(*[blockBytes]byte)}
	}
	go a.run(source)
	return a
}

func (a *ahead) run(source io.Reader) {
	defer close(a.done)
	for {
		select {
		case <-a.quit:
			return
		case b := <-a.free:
			b.fill(source)
			a.full <- b // never blocks: the channel has room for all blocks
			if b.err != nil {
				return
			}
		}
	}
}

// fill reads until the block is full or the source ends.
func (b *block) fill(source io.Reader) {
	n := 0
	defer func() {
		// A panic on this goroutine would end the process. It is repeated on
		// the goroutine of the parser.
		if b.panicked = recover(); b.panicked != nil {
			b.err = errPanicked
		}
		b.data = b.buffer[:n]
	}()
	for n < blockBytes && b.err == nil {
		var read int
		read, b.err = source.Read(b.buffer[n:])
		n += read
	}
}

// next returns at least one byte, valid until the next call, or the error that
// ended reading.
func (a *ahead) next() ([]byte, error) {
	for a.err == nil {
		if a.current.buffer != nil {
			a.free <- block{buffer: a.current.buffer}
			a.current = block{}
		}
		select {
		case <-a.ctx.Done():
		case a.current = <-a.full:
			a.err = a.current.err
			if a.current.panicked != nil {
				panic(a.current.panicked)
			}
		}
		if a.ctx.Err() != nil {
			a.err = context.Cause(a.ctx)
			return nil, a.err
		}
		if len(a.current.data) > 0 {
			return a.current.data, nil
		}
	}
	return nil, a.err
}

// failure returns the error of reading, or nil if the source ended with io.EOF.
func (a *ahead) failure() error {
	switch {
	case a.err == nil || errors.Is(a.err, io.EOF):
		return nil
	case a.ctx.Err() != nil:
		return context.Cause(a.ctx)
	default:
		return damaged(a.err)
	}
}

// stop ends the goroutine, closes the source and returns the blocks to the pool.
func (a *ahead) stop() {
	close(a.quit)
	<-a.done
	_ = a.body.Close() // its error adds nothing: reading to the end checked the member
	close(a.full)
	close(a.free)
	for _, queue := range []chan block{a.full, a.free} {
		for b := range queue {
			blockPool.Put(b.buffer)
		}
	}
	if a.current.buffer != nil {
		blockPool.Put(a.current.buffer)
		a.current = block{}
	}
}
