package stream

import (
	"crypto/sha256"
	"encoding/base32"
	"regexp"
	"strings"
)

// Names of wide streams and of their columns depend on ids alone, so that no run needs a
// memory of names: discover is given none. A renamed tag, or a new question, cannot change
// the name of another column.

// widePrefix begins the name of each wide stream. The survey id follows in lower case.
const widePrefix = "responses_wide__"

const longestName = 63 // bytes; PostgreSQL cuts longer names

var (
	wideName   = regexp.MustCompile(`^` + widePrefix + `[a-z0-9_]{1,47}$`)
	otherBytes = regexp.MustCompile(`[^a-z0-9]+`)
)

// IsWide reports whether a stream of that name would be one of [Wide].
func IsWide(name string) bool { return wideName.MatchString(name) }

// WideNames returns the names of the wide streams of some surveys, in the same order. Ids that
// differ in their case only would have one name: theirs end with a hash of the id.
func WideNames(surveys []string) []string {
	same := make(map[string]int)
	for _, id := range surveys {
		same[plainWideName(id)]++
	}
	names := make([]string, len(surveys))
	for i, id := range surveys {
		if names[i] = plainWideName(id); same[names[i]] > 1 {
			names[i] = hashedWideName(id)
		}
	}
	return names
}

func plainWideName(survey string) string {
	name := widePrefix + strings.Trim(otherBytes.ReplaceAllString(strings.ToLower(survey), "_"), "_")
	if len(name) > longestName || !IsWide(name) {
		return hashedWideName(survey)
	}
	return name
}

func hashedWideName(survey string) string {
	return widePrefix + hashed(strings.ToLower(survey), survey, longestName-len(widePrefix))
}

// hashLength is the length of a hash in a name: 60 bits.
const hashLength = 12

// hashed returns a name that is made of a text, with a hash of an id.
func hashed(text, id string, longest int) string {
	sum := sha256.Sum256([]byte(id))
	suffix := "x" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:hashLength])
	text = strings.Trim(otherBytes.ReplaceAllString(text, "_"), "_")
	if text == "" || text[0] < 'a' {
		text = "key_" + text
	}
	text = strings.TrimRight(text[:min(len(text), longest-len(suffix)-1)], "_")
	return text + "_" + suffix
}

// plainKey is a value key that its name shows completely: 2_QID13_x4_TEXT, QID8#1_2. A part of
// its own, such as C1, that could be taken for another one makes a key not plain.
var (
	plainKey  = regexp.MustCompile(`^(?:[0-9]+_)*(?:QID[0-9]+|SC|FL|BL|Q)(?:#[0-9]+)?(?:_(?:[A-Z0-9]+|x[0-9]{1,9}))*$`)
	takenPart = regexp.MustCompile(`_(?:C[0-9]+|X[A-Z0-9]*)(?:_|$)`)
)

// keyName returns the name of a column by its value key. Two keys never have the same name:
// names of plain keys can be read back, and the others have a hash of the key.
//
//	QID13_x4_TEXT → qid13_x4_text    2_QID3 → loop2_qid3    QID8#1_2 → qid8_c1_2
//	SC_0aB → sc_0ab_xk3j5h2abcdef
func keyName(key string) string {
	name := strings.ToLower(key)
	if name != "" && name[0] >= '0' && name[0] <= '9' {
		name = "loop" + name
	}
	if plainKey.MatchString(key) && !takenPart.MatchString(key) {
		if plain := strings.ReplaceAll(name, "#", "_c"); len(plain) <= longestName {
			return plain
		}
	}
	return hashed(name, key, longestName)
}

// ofKey matches the names that keyName makes.
var ofKey = regexp.MustCompile(`^(?:(?:loop[0-9]+_(?:[0-9]+_)*)?(?:qid[0-9]+|sc|fl|bl|q)(?:_[a-z0-9]+)*|[a-z][a-z0-9]*(?:_[a-z0-9]+)*_x[a-z2-7]{12})$`)

// tagMark separates a tag from the name of the key. Neither has two underscores.
const tagMark = "__"

// taggedName returns a column name that begins with an export tag: nps_score__qid7. A tag that
// says nothing more, or for which there is no room, is left out.
func taggedName(tag, key string) string {
	name := keyName(key)
	tag = strings.Trim(otherBytes.ReplaceAllString(strings.ToLower(tag), "_"), "_")
	if tag != "" && (tag[0] < 'a' || tag[0] > 'z') {
		tag = "t_" + tag
	}
	const least = 3
	room := longestName - len(tagMark) - len(name)
	if tag == "" || tag == name || room < least {
		return name
	}
	return strings.TrimRight(tag[:min(len(tag), room)], "_") + tagMark + name
}

// keyPart returns the name of the key in a column name; "": the column has no value key.
func keyPart(column string) string {
	name := column
	if at := strings.LastIndex(column, tagMark); at >= 0 {
		name = column[at+len(tagMark):]
	}
	if !ofKey.MatchString(name) {
		return ""
	}
	return name
}
