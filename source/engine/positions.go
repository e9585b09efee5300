package engine

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"hash/crc32"
	"maps"
	"slices"
	"sort"
	"sync"

	"github.com/birdie-ai/source-qualtrics/source/feed"
)

// form is one of the texts that positions have in a state.
type form int

const (
	plainForm  form = iota // a JSON object
	quotedForm             // that text as a JSON string
	packedForm             // that text in gzip and base64, as a JSON string
	forms
)

// positionText keeps the text of positions in groups of neighboring keys. A state is
// their concatenation, and only groups that changed are encoded again.
//
// A group begins at each key that [beginsGroup] selects, so that equal positions have
// equal texts. In packedForm each group is a gzip member: readers of gzip read the
// members of a file as one text.
type positionText struct {
	entries map[string][]byte // a member of the JSON object by key
	groups  []*group          // the first one has the keys before all that begin a group
	end     [forms][]byte     // nil: not made yet
}

// group is a part of the text.
type group struct {
	keys []string      // sorted
	lead string        // before the first position
	text [forms][]byte // nil: not made since the last change
}

// groupKeys is the mean number of keys of a group. Larger groups are packed better,
// and smaller ones faster.
const groupKeys = 64

func beginsGroup(key string) bool {
	return key != "" && crc32.ChecksumIEEE([]byte(key))%groupKeys == 0
}

func newPositionText(positions map[string]feed.Position) *positionText {
	t := &positionText{entries: make(map[string][]byte), groups: []*group{{}}}
	for _, key := range slices.Sorted(maps.Keys(positions)) {
		if beginsGroup(key) {
			t.groups = append(t.groups, &group{})
		}
		last := t.groups[len(t.groups)-1]
		last.keys = append(last.keys, key)
	}
	return t
}

// changed notes that a position changed, and whether it is there.
func (t *positionText) changed(key string, there bool) {
	at := sort.Search(len(t.groups)-1, func(i int) bool { return t.groups[i+1].keys[0] > key })
	g := t.groups[at]
	g.text = [forms][]byte{}
	delete(t.entries, key)
	i, known := slices.BinarySearch(g.keys, key)
	switch {
	case known == there:
	case there:
		g.keys = slices.Insert(g.keys, i, key)
		if beginsGroup(key) {
			t.groups = slices.Insert(t.groups, at+1, &group{keys: slices.Clone(g.keys[i:])})
			g.keys = g.keys[:i]
		}
	default:
		g.keys = slices.Delete(g.keys, i, i+1)
		if beginsGroup(key) {
			before := t.groups[at-1]
			before.keys, before.text = append(before.keys, g.keys...), [forms][]byte{}
			t.groups = slices.Delete(t.groups, at, at+1)
		}
	}
}

// update encodes the positions that changed, and returns the length of the JSON object.
func (t *positionText) update(positions map[string]feed.Position) (length int, err error) {
	lead := "{"
	for _, g := range t.groups {
		if g.text[plainForm] == nil || g.lead != lead {
			text := []byte(lead)
			for i, key := range g.keys {
				if i > 0 {
					text = append(text, ',')
				}
				entry, known := t.entries[key]
				if !known {
					if entry, err = json.Marshal(map[string]feed.Position{key: positions[key]}); err != nil {
						return 0, err
					}
					entry = entry[1 : len(entry)-1] // without the braces
					t.entries[key] = entry
				}
				text = append(text, entry...)
			}
			g.lead, g.text = lead, [forms][]byte{plainForm: text}
		}
		length += len(g.text[plainForm])
		if lead = ","; len(g.keys) == 0 { // of the first group only
			lead = ""
		}
	}
	return length + len("}"), nil
}

// append appends the text in a form. All groups are up to date.
func (t *positionText) append(dst []byte, f form) (_ []byte, err error) {
	if f != plainForm {
		dst = append(dst, '"')
	}
	for _, g := range t.groups {
		if g.text[f] == nil {
			if g.text[f], err = encode(g.text[plainForm], f); err != nil {
				return dst, err
			}
		}
		dst = append(dst, g.text[f]...)
	}
	if t.end[f] == nil {
		if t.end[f], err = encode([]byte("}"), f); err != nil {
			return dst, err
		}
	}
	if dst = append(dst, t.end[f]...); f != plainForm {
		dst = append(dst, '"')
	}
	return dst, nil
}

// encode returns a part of the JSON object in a form.
func encode(plain []byte, f form) ([]byte, error) {
	switch f {
	case plainForm:
		return plain, nil
	case packedForm:
		return pack(plain)
	}
	quoted, err := json.Marshal(string(plain))
	if err != nil {
		return nil, err
	}
	return quoted[1 : len(quoted)-1], nil
}

// packers are writers to use again: each takes a megabyte.
var packers packerPool

type packerPool struct{ sync.Pool }

func (p *packerPool) get() (*gzip.Writer, error) {
	if packer, ok := p.Get().(*gzip.Writer); ok {
		return packer, nil
	}
	return gzip.NewWriterLevel(nil, gzip.BestSpeed)
}

// pack returns a gzip member in base64. An empty comment in the member's header, or one
// of a space, makes its length a multiple of three. Base64 then needs no padding, and
// such texts can be concatenated.
func pack(plain []byte) ([]byte, error) {
	const (
		flags, hasComment = 3, 1 << 4
		header            = 10
	)
	packer, err := packers.get()
	if err != nil {
		return nil, err
	}
	defer packers.Put(packer)
	var packed bytes.Buffer
	packer.Reset(&packed)
	if _, err := packer.Write(plain); err != nil {
		return nil, err
	}
	if err := packer.Close(); err != nil {
		return nil, err
	}
	member := packed.Bytes()
	if over := len(member) % 3; over > 0 {
		member[flags] |= hasComment
		member = slices.Insert(member, header, []byte(" \x00")[over-1:]...)
	}
	return base64.StdEncoding.AppendEncode(nil, member), nil
}
