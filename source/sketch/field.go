package sketch

// element is an element of the field with 2^128 elements. It is a polynomial over
// bits modulo x^128 + x^7 + x^2 + x + 1, as in NIST SP 800-38D. Bit i is the
// coefficient of x^i. Addition is the exclusive or.
type element struct{ high, low uint64 }

var one = element{low: 1}

func (a element) plus(b element) element { return element{a.high ^ b.high, a.low ^ b.low} }

// folded reduces the bits above the 128th by the modulus.
func folded(overflow uint64) uint64 {
	return overflow ^ overflow<<1 ^ overflow<<2 ^ overflow<<7
}

// multiples are the products of an element with all polynomials of four bits.
type multiples [16]element

func (a element) multiples() (m multiples) {
	for i, power := 1, a; i < len(m); i *= 2 {
		for j := range i {
			m[i+j] = m[j].plus(power)
		}
		power = element{power.high<<1 | power.low>>63, power.low<<1 ^ folded(power.high>>63)}
	}
	return m
}

// times multiplies, four bits of b at a time.
func (m *multiples) times(b element) element {
	var p element
	for _, half := range [2]uint64{b.high, b.low} {
		for shift := 60; shift >= 0; shift -= 4 {
			row := &m[half>>uint(shift)&15]
			p.high, p.low = p.high<<4^p.low>>60^row.high, p.low<<4^folded(p.high>>60)^row.low
		}
	}
	return p
}

// octets are the products of an element with all polynomials of eight bits. They take longer
// to make than [multiples], and multiply in half of the time.
type octets [256]element

func (o *octets) of(a element) {
	for i, power := 1, a; i < len(o); i *= 2 {
		for j := range i {
			o[i+j] = o[j].plus(power)
		}
		power = element{power.high<<1 | power.low>>63, power.low<<1 ^ folded(power.high>>63)}
	}
}

// times multiplies, eight bits of b at a time.
func (o *octets) times(b element) element {
	var p element
	for _, half := range [2]uint64{b.high, b.low} {
		for shift := 56; shift >= 0; shift -= 8 {
			row := &o[half>>uint(shift)&255]
			p.high, p.low = p.high<<8^p.low>>56^row.high, p.low<<8^folded(p.high>>56)^row.low
		}
	}
	return p
}

func (a element) times(b element) element {
	m := a.multiples()
	return m.times(b)
}

// spread[b] holds the bits of the byte b with a zero after each.
var spread = func() (table [256]uint64) {
	for i := range uint64(256) {
		for bit := range 8 {
			table[i] |= i >> bit & 1 << (2 * bit)
		}
	}
	return table
}()

func spreadWord(word uint64) (high, low uint64) {
	for i := range 4 {
		low |= spread[word>>(8*i)&0xff] << (16 * i)
		high |= spread[word>>(8*i+32)&0xff] << (16 * i)
	}
	return high, low
}

// squared returns the square: the bits of a with zeros in between, reduced.
func (a element) squared() element {
	above3, above2 := spreadWord(a.high)
	high, low := spreadWord(a.low)
	// The upper half is multiplied by x^7 + x^2 + x + 1. Bits shifted beyond the
	// 128th are folded once more.
	beyond := above3>>63 ^ above3>>62 ^ above3>>57
	high ^= above3 ^ (above3<<1 | above2>>63) ^ (above3<<2 | above2>>62) ^ (above3<<7 | above2>>57)
	low ^= folded(above2) ^ folded(beyond)
	return element{high, low}
}

// inverse returns 1/a, which is a to the power of 2^128 - 2, and zero for zero.
func (a element) inverse() element {
	product, square := one, a
	for range 127 {
		square = square.squared()
		product = product.times(square)
	}
	return product
}

// polynomial is a polynomial over the field, its constant first. The last
// coefficient is not zero; the zero polynomial has no coefficients.
type polynomial []element

func (f polynomial) trimmed() polynomial {
	for len(f) > 0 && f[len(f)-1] == (element{}) {
		f = f[:len(f)-1]
	}
	return f
}

func (f polynomial) degree() int { return len(f) - 1 }

// monic returns f divided by its last coefficient.
func (f polynomial) monic() polynomial {
	if len(f) == 0 || f[len(f)-1] == one {
		return f
	}
	by := f[len(f)-1].inverse().multiples()
	scaled := make(polynomial, len(f))
	for i, coefficient := range f {
		scaled[i] = by.times(coefficient)
	}
	return scaled
}

// divided returns quotient and rest of the division by a monic polynomial. It
// overwrites f.
func (f polynomial) divided(by polynomial) (quotient, rest polynomial) {
	n := by.degree()
	for top := len(f) - 1; top >= n; top-- {
		if f[top] == (element{}) {
			continue
		}
		factor := f[top].multiples()
		for i, coefficient := range by[:n] {
			f[top-n+i] = f[top-n+i].plus(factor.times(coefficient))
		}
	}
	if len(f) <= n {
		return nil, f.trimmed()
	}
	return f[n:], f[:n].trimmed()
}

// squaredModulo returns f·f modulo a monic polynomial.
func (f polynomial) squaredModulo(modulus polynomial) polynomial {
	if len(f) == 0 {
		return nil
	}
	square := make(polynomial, 2*len(f)-1)
	for i, coefficient := range f {
		square[2*i] = coefficient.squared()
	}
	_, rest := square.divided(modulus)
	return rest
}

func (f polynomial) plus(g polynomial) polynomial {
	if len(f) < len(g) {
		f, g = g, f
	}
	sum := append(polynomial(nil), f...)
	for i, coefficient := range g {
		sum[i] = sum[i].plus(coefficient)
	}
	return sum.trimmed()
}

// common returns the monic greatest common divisor.
func common(f, g polynomial) polynomial {
	for len(g) > 0 {
		g = g.monic()
		_, rest := append(polynomial(nil), f...).divided(g)
		f, g = g, rest
	}
	return f.monic()
}

// roots returns the roots of a monic polynomial; false unless it has as many
// different roots as its degree.
func (f polynomial) roots() ([]element, bool) {
	if f.degree() < 1 {
		return nil, f.degree() == 0
	}
	// Every element is a root of x^(2^128) - x.
	x := polynomial{{}, one}
	_, power := append(polynomial(nil), x...).divided(f)
	for range 128 {
		power = power.squaredModulo(f)
	}
	if _, same := x.plus(power).divided(f); len(same) > 0 {
		return nil, false
	}
	return f.split(nil, 0), true
}

// split returns the roots of a product of different monic factors of degree one
// by Berlekamp's trace algorithm ("Factoring polynomials over large finite
// fields", 1970). The trace of βx is 0 for about half of the roots and 1 for the
// others. A pseudorandom β separates two roots in half of the tries, even if ids
// follow a pattern. After 256 tries all roots are separated.
func (f polynomial) split(found []element, tried int) []element {
	if f.degree() == 1 {
		return append(found, f[0])
	}
	for ; tried < 256; tried++ {
		salt := uint64(tried) //nolint:gosec // not negative
		power := polynomial{{}, element{Mix(2*salt + 1), Mix(2*salt + 2)}}
		trace := power
		for range 127 {
			power = power.squaredModulo(f)
			trace = trace.plus(power)
		}
		part := common(f, trace)
		if n := part.degree(); n > 0 && n < f.degree() {
			rest, _ := append(polynomial(nil), f...).divided(part)
			return rest.split(part.split(found, tried+1), tried+1)
		}
	}
	return found // some roots are missing, which the checksums reveal
}
