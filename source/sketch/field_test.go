package sketch

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func randomElement(random *rand.Rand) element {
	e := element{random.Uint64(), random.Uint64()}
	for range random.IntN(3) { // some of them small
		e.high &= random.Uint64() & random.Uint64()
		e.low >>= random.IntN(64)
	}
	return e
}

// product multiplies bit by bit.
func product(a, b element) element {
	var p element
	for bit := 127; bit >= 0; bit-- {
		overflow := p.high >> 63
		p = element{p.high<<1 | p.low>>63, p.low << 1}
		p.low ^= overflow * 0x87
		word := b.low
		if bit >= 64 {
			word = b.high
		}
		if word>>(bit%64)&1 == 1 {
			p = p.plus(a)
		}
	}
	return p
}

func TestField_MultipliesSquaresAndInverts(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	all := ^uint64(0)
	some := []element{{}, one, {low: 2}, {high: 1 << 63}, {all, all}, {high: all}, {low: all}}
	for range 500 {
		some = append(some, randomElement(random))
	}
	for i, a := range some {
		b := some[random.IntN(len(some))]
		var octets octets
		octets.of(a)
		if got, want := octets.times(b), product(a, b); got != want {
			t.Fatalf("%x·%x by octets = %x, want %x", a, b, got, want)
		}
		if got, want := a.times(b), product(a, b); got != want {
			t.Fatalf("%x · %x: got %x, want %x", a, b, got, want)
		}
		if got, want := a.squared(), product(a, a); got != want {
			t.Fatalf("%x squared: got %x, want %x", a, got, want)
		}
		want := one
		if a == (element{}) {
			want = a
		}
		if got := a.times(a.inverse()); got != want {
			t.Fatalf("element %d, %x, by its inverse: got %x", i, a, got)
		}
	}
	// The test vectors of GHASH do not apply: it has the opposite order of bits.
	if got, want := (element{high: 1 << 63}).times(element{low: 2}), (element{low: 0x87}); got != want {
		t.Errorf("x^127 · x: got %x, want %x", got, want)
	}
}

func TestPolynomial_FindsAllRootsOrNone(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	for _, degree := range []int{0, 1, 2, 3, 7, 20, 60} {
		f, want := polynomial{one}, []element(nil)
		for range degree {
			root := randomElement(random)
			for slices.Contains(want, root) {
				root = randomElement(random)
			}
			want = append(want, root)
			f = f.timesRoot(root)
		}
		got, ok := f.roots()
		if !ok || len(got) != degree {
			t.Fatalf("degree %d: %d roots, %t", degree, len(got), ok)
		}
		for _, root := range want {
			if !slices.Contains(got, root) {
				t.Errorf("degree %d: %x was not found", degree, root)
			}
		}
		if degree == 0 {
			continue
		}
		if got, ok := f.timesRoot(want[0]).roots(); ok {
			t.Errorf("degree %d with a double root: %d roots", degree, len(got))
		}
		stranger := append(polynomial(nil), f...)
		stranger[0] = stranger[0].plus(one)
		if got, ok := stranger.roots(); ok && degree > 5 {
			t.Errorf("degree %d with another constant: %d roots", degree, len(got))
		}
	}
}

// timesRoot returns f·(x - root).
func (f polynomial) timesRoot(root element) polynomial {
	p := make(polynomial, len(f)+1)
	for i, coefficient := range f {
		p[i+1] = p[i+1].plus(coefficient)
		p[i] = p[i].plus(coefficient.times(root))
	}
	return p
}
