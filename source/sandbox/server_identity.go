package sandbox

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"sync"
)

// fingerprint is a hash of a seed and some words. IDs in answers come from it,
// so that the same requests get the same answers in every run.
type fingerprint [sha256.Size]byte

func fingerprintOf(seed uint64, words ...string) fingerprint {
	hash := sha256.New()
	var number [8]byte
	binary.BigEndian.PutUint64(number[:], seed)
	hash.Write(number[:])
	for _, word := range words {
		binary.BigEndian.PutUint64(number[:], uint64(len(word)))
		hash.Write(number[:])
		hash.Write([]byte(word))
	}
	return fingerprint(hash.Sum(nil))
}

// number returns one of four independent numbers.
func (f fingerprint) number(i int) uint64 { return binary.BigEndian.Uint64(f[8*(i%4):]) }

func (f fingerprint) hex(length int) string { return hex.EncodeToString(f[:])[:length] }

func (f fingerprint) uuid() string {
	f[6] = f[6]&0x0f | 0x40
	f[8] = f[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", f[:4], f[4:6], f[6:8], f[8:10], f[10:16])
}

// text returns letters and digits.
func (f fingerprint) text(length int) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	out := make([]byte, 0, length)
	for block := f; ; block = sha256.Sum256(block[:]) {
		for _, b := range block {
			if len(out) == length {
				return string(out)
			}
			out = append(out, alphabet[int(b)%len(alphabet)])
		}
	}
}

// visits numbers equal requests. The number decides ids and faults, not the
// order of all requests. So parallel clients get the same answers in every run.
type visits struct {
	seed uint64
	lock sync.Mutex
	seen map[uint64]uint32
}

func newVisits(seed uint64) *visits { return &visits{seed: seed, seen: make(map[uint64]uint32)} }

// next returns the identity of a request among equal ones.
func (v *visits) next(method, path, query string, body []byte) visit {
	key := fingerprintOf(v.seed, "request", method, path, query, string(body)).number(0)
	v.lock.Lock()
	defer v.lock.Unlock()
	v.seen[key]++
	return visit{key, fingerprintOf(v.seed, "visit", strconv.FormatUint(key, 16), strconv.FormatUint(uint64(v.seen[key]), 10))}
}

// visit is one request, with the key of all equal requests and a fingerprint of
// its own.
type visit struct {
	key uint64
	fingerprint
}

// derive returns the id of an object that the request created.
func (v visit) derive(kind string) fingerprint {
	return fingerprintOf(v.key, kind, string(v.fingerprint[:]))
}
