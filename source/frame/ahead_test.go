package frame_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/frame"
)

// panicking panics on each read while armed is set.
type panicking struct {
	io.ReaderAt
	armed bool
}

func (e *panicking) ReadAt(p []byte, at int64) (int, error) {
	if e.armed {
		panic("planted")
	}
	return e.ReaderAt.ReadAt(p, at)
}

func TestValues_RepeatAPanicOfInflatingForTheCaller(t *testing.T) {
	t.Parallel()
	content := archive(t, "{\"a\":1}\n")
	source := &panicking{ReaderAt: bytes.NewReader(content)}
	file, err := frame.Open(source, int64(len(content)), frame.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	source.armed = true
	defer func() {
		if cause := recover(); cause != "planted" {
			t.Errorf("got the panic %v", cause)
		}
	}()
	for value, err := range file.Values(t.Context()) {
		t.Errorf("got %s, %v", value.Raw, err)
	}
	t.Error("nothing panicked")
}
