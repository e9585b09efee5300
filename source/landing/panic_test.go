package landing_test

import (
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/landing"
)

// bomb panics at its n-th use.
type bomb struct{ left int }

func (b *bomb) use() {
	if b.left--; b.left == 0 {
		panic("planted")
	}
}

func (b *bomb) String(text string) string {
	b.use()
	return text
}

func (b *bomb) Bytes(text []byte) []byte {
	b.use()
	return text
}

// After a panic Close lists no file of the call in a manifest and stores no state, so
// the next run delivers the rows again.
func TestWriter_APanicInAnyCallLosesNoRow(t *testing.T) {
	t.Parallel()
	for _, format := range formats {
		t.Run(string(format), func(t *testing.T) {
			t.Parallel()
			at, panicked := 1, true
			for ; panicked; at++ {
				folder := newMemory()
				panicked = deliverWithBomb(t, folder, format, &bomb{at})
				folder = folder.crash(everything) // the lock ends with the process if Close did not release it
				covered(t, folder)
				if err := deliver(t, folder, format, "second"); err != nil {
					t.Fatalf("the run after a panic at use %d: %v", at, err)
				}
				finished(t, folder)
				if t.Failed() {
					t.Fatalf("after a panic at use %d", at)
				}
			}
			if at < 20 {
				t.Errorf("only %d panics were tried", at)
			}
		})
	}
}

// deliverWithBomb delivers, and calls Close after a panic like the program.
func deliverWithBomb(t *testing.T, folder *memory, format landing.Format, b *bomb) (panicked bool) {
	t.Helper()
	o := options(folder, format, "first")
	o.RotateRows, o.CommitBytes, o.Mask = small, 100, b
	w, err := landing.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	panics := func(do func() error) (panicked bool, err error) {
		defer func() { panicked = recover() != nil }()
		return false, do()
	}
	panicked, err = panics(func() error { return deliverInto(t, w) })
	closing, closeErr := panics(w.Close)
	if !panicked && err != nil {
		t.Errorf("delivering: %v", err)
	}
	if panicked && closeErr == nil {
		t.Error("after a panic closing returns no error")
	}
	return panicked || closing
}
