package sandbox

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// The digits of an id after its prefix: eleven hold 64 bits, four are a
// checksum.
const (
	idDigits    = 15
	valueDigits = 11
)

// identifiers converts numbers into ids such as R_ + 15 base-62 characters, and
// back. It is a keyed permutation: ids look random, never collide, and need no
// table.
type identifiers struct {
	prefix string
	key    uint64
}

func newIdentifiers(prefix string, seed, kind uint64) identifiers {
	return identifiers{prefix, hash(seed, kind)}
}

// appendTo appends the id of (owner, index). Owner must be below 2^24, index
// below 2^40.
func (d identifiers) appendTo(b []byte, owner, index int) []byte {
	value := mix((uint64(owner)<<40|uint64(index))^d.key) + d.key
	check := hash2(d.key, value)
	b = append(b, d.prefix...)
	for range valueDigits {
		b = append(b, base62[value%62])
		value /= 62
	}
	for range idDigits - valueDigits {
		b = append(b, base62[check%62])
		check /= 62
	}
	return b
}

func (d identifiers) format(owner, index int) string {
	return string(d.appendTo(nil, owner, index))
}

// parse is the inverse of appendTo. It returns false for texts that appendTo
// cannot produce.
func (d identifiers) parse(id string) (owner, index int, ok bool) {
	if len(id) != len(d.prefix)+idDigits || id[:len(d.prefix)] != d.prefix {
		return 0, 0, false
	}
	var value uint64
	for i := valueDigits - 1; i >= 0; i-- {
		digit := base62Digit(id[len(d.prefix)+i])
		if digit < 0 {
			return 0, 0, false
		}
		value = value*62 + uint64(digit)
	}
	plain := unmix(value-d.key) ^ d.key
	owner, index = int(plain>>40), int(plain&(1<<40-1))
	return owner, index, d.format(owner, index) == id
}

func base62Digit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'A' <= c && c <= 'Z':
		return int(c-'A') + 10
	case 'a' <= c && c <= 'z':
		return int(c-'a') + 36
	}
	return -1
}

// token returns n base-62 characters that depend on parts only.
func token(n int, parts ...uint64) string {
	r := newRandom(parts...)
	b := make([]byte, n)
	for i := range b {
		b[i] = base62[r.intn(62)]
	}
	return string(b)
}
