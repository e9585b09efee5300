package sandbox

import "math/bits"

// random is a small deterministic generator (splitmix64). Each response and
// contact has its own, made from (seed, kind, index). So each can be generated
// alone, in any order, without stored state.
type random struct{ state uint64 }

// The kinds separate the random sequences of one seed.
const (
	kindWorld uint64 = iota + 1
	kindSurvey
	kindSurveyID
	kindResponse
	kindResponseID
	kindSession
	kindAnswer
	kindDirectory
	kindContact
	kindContactID
	kindListID
	kindLookupID
	kindMembership
	kindUserID
	kindFileID
	kindAdvance
	kindListOptOut
	kindListAdvance
	kindUser
	kindUserAdvance
	kindQuestionEdit
	kindStructureEdit
	kindSessionAdvance
	kindArrangement
)

const golden = 0x9e3779b97f4a7c15

// mix is the finalizer of splitmix64, a bijection on 64 bits.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// unmix is the inverse of mix.
func unmix(x uint64) uint64 {
	x = (x ^ x>>31 ^ x>>62) * 0x319642b2d24d8ec3
	x = (x ^ x>>27 ^ x>>54) * 0x96de1b173f119089
	return x ^ x>>30 ^ x>>60
}

// hash combines parts into one number. Equal parts give equal numbers.
func hash(parts ...uint64) uint64 {
	h := uint64(golden)
	for _, p := range parts {
		h = mix(h + golden ^ p)
	}
	return h
}

// hash2 returns hash for two parts, without a slice.
func hash2(a, b uint64) uint64 { return mix(mix(a+golden) + golden ^ b) }

func newRandom(parts ...uint64) random { return random{hash(parts...)} }

func (r *random) uint64() uint64 {
	r.state += golden
	return mix(r.state)
}

// intn returns a number in [0, n); n must be positive.
func (r *random) intn(n int) int {
	high, _ := bits.Mul64(r.uint64(), uint64(n))
	return int(high)
}

// between returns a number in [low, high].
func (r *random) between(low, high int) int { return low + r.intn(high-low+1) }

// chance returns true in percent of a hundred cases.
func (r *random) chance(percent int) bool { return r.intn(100) < percent }

// span returns a number in [0, n) for 64-bit durations; n must be positive.
func (r *random) span(n int64) int64 {
	high, _ := bits.Mul64(r.uint64(), uint64(n))
	return int64(high)
}

// count rounds an expected value at random: up with the probability of its
// fraction, else down.
func (r *random) count(expected float64) int {
	n := int(expected)
	if float64(r.intn(1<<20)) < (expected-float64(n))*(1<<20) {
		n++
	}
	return n
}

func pick[T any](r *random, of []T) T { return of[r.intn(len(of))] }
