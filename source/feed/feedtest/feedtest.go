// Package feedtest holds helpers for the tests of feeds. No program imports it.
package feedtest

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// IDs are so many random ids with a prefix, such as "R_".
func IDs(random *rand.Rand, prefix string, count int) []string {
	const all = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	ids := make([]string, count)
	for i := range ids {
		id := []byte(prefix)
		for range 15 {
			id = append(id, all[random.IntN(len(all))])
		}
		ids[i] = string(id)
	}
	return ids
}

// stateKeys lists the keys of a position, those of its parts behind a dot.
func stateKeys(typ reflect.Type, path string, plain []reflect.Type) (keys []string) {
	for i := range typ.NumField() {
		field := typ.Field(i)
		of := field.Type
		if of.Kind() == reflect.Pointer {
			of = of.Elem()
		}
		if field.Anonymous {
			keys = append(keys, stateKeys(of, path, plain)...)
			continue
		}
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" {
			continue
		}
		keys = append(keys, path+name)
		if of.Kind() == reflect.Struct && !slices.Contains(plain, of) {
			keys = append(keys, stateKeys(of, path+name+".", plain)...)
		}
	}
	return keys
}

var stateRow = regexp.MustCompile("(?m)^\\| ([a-z_]+) \\| `([a-z.]+)` \\| \\S")

// Documented checks that a table of a page on internals explains every key of a stream's position,
// and no other. Types that are plain are explained as a whole.
func Documented(t *testing.T, page, stream string, position reflect.Type, plain ...reflect.Type) {
	t.Helper()
	text, err := os.ReadFile(page) //nolint:gosec // a test names it
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(text), "<!-- state:")
	table, _, ended := strings.Cut(table, "<!-- state end -->")
	if !found || !ended {
		t.Fatal(page + " has no table of the state's keys")
	}
	var got []string
	for _, row := range stateRow.FindAllStringSubmatch(table, -1) {
		if row[1] == stream {
			got = append(got, row[2])
		}
	}
	if diff := cmp.Diff(stateKeys(position, "", plain), got); diff != "" {
		t.Errorf("keys of %s (-code +%s):\n%s", stream, page, diff)
	}
}

// ReadsAgain checks that a position that was understood is the same after it was written and read
// again, by the function that understands a position.
func ReadsAgain(t *testing.T, first, second any, understand func(raw []byte, into any) error) {
	t.Helper()
	written, err := json.Marshal(first)
	if err != nil {
		t.Fatal(err)
	}
	if err := understand(written, second); err != nil {
		t.Fatalf("%s cannot be read: %v", written, err)
	}
	again, err := json.Marshal(second)
	if err != nil || string(again) != string(written) {
		t.Errorf("%s was written again as %s, %v", written, again, err)
	}
}
