package frame

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
)

// longRecord returns a random record of about size bytes, with values of every
// kind and some long texts.
func longRecord(random *rand.Rand, size int) string {
	var value func(depth int) any
	text := func(most int) string {
		pieces := []string{"x", `\`, `"`, "é", "\n", "🎉", `\"`, ":", "{", "\u2028", "a:\"b"}
		var b strings.Builder
		for length := random.IntN(most); b.Len() < length; {
			b.WriteString(pieces[random.IntN(len(pieces))])
		}
		return b.String()
	}
	value = func(depth int) any {
		switch kind := random.IntN(12); {
		case kind < 4:
			return text(20)
		case kind < 6:
			return text(size / 3)
		case kind < 7 && depth < 3:
			return []any{value(depth + 1), text(size / 6), value(depth + 1)}
		case kind < 9 && depth < 3:
			return map[string]any{text(9): value(depth + 1), "b": value(depth + 1)}
		case kind < 10:
			return nil
		default:
			return random.IntN(1e6)
		}
	}
	record := map[string]any{"responseId": "R_1"}
	for i := 0; ; i++ {
		record[fmt.Sprint("QID", i, text(5))] = value(0)
		encoded, err := json.Marshal(record)
		if err != nil {
			panic(err)
		}
		if len(encoded) >= size {
			return string(encoded)
		}
	}
}

// compareShort compares a shortened value with the original and counts the texts
// that became null.
func compareShort(t *testing.T, was, is any, member bool, least int) (nulls int) {
	t.Helper()
	switch was := was.(type) {
	case map[string]any:
		now, _ := is.(map[string]any)
		if len(now) != len(was) {
			t.Fatalf("%d members are %v", len(was), is)
		}
		for name := range was {
			nulls += compareShort(t, was[name], now[name], true, least)
		}
	case []any:
		now, _ := is.([]any)
		if len(now) != len(was) {
			t.Fatalf("%d elements are %v", len(was), is)
		}
		for i := range was {
			nulls += compareShort(t, was[i], now[i], false, least)
		}
	case string:
		if is == nil && member && len(was)*6 > least { // escaped it is longer
			return 1
		}
		if is != was {
			t.Fatalf("%.60q is %v", was, is)
		}
	default:
		if !reflect.DeepEqual(was, is) {
			t.Fatalf("%v is %v", was, is)
		}
	}
	return nulls
}

// In a shortened record only long texts differ from the original: they are null.
// The result does not depend on the pieces in which the line is added.
func TestShortened_HasNullForItsLongestTexts(t *testing.T) {
	t.Parallel()
	const limit = 1 << 13
	random := rand.New(rand.NewPCG(49, 49))
	shortenedOnes, refused := 0, 0
	for range thorough.Number(3000, 300) {
		record := longRecord(random, limit/2+random.IntN(5*limit))
		whole := shortened{limit: limit}
		fits := whole.add([]byte(record))
		pieces := shortened{limit: limit, kept: []byte("of the line before"), cut: true, skips: true, half: true}
		pieces.reset()
		fit := true
		for rest := record; rest != "" && fit; {
			n := 1 + random.IntN(min(len(rest), 1+random.IntN(limit)))
			fit = pieces.add([]byte(rest[:n]))
			rest = rest[n:]
		}
		if fit != fits || fits && string(pieces.kept) != string(whole.kept) {
			t.Fatalf("in pieces it fits: %t, whole: %t; %q and %q", fit, fits, pieces.kept, whole.kept)
		}
		switch {
		case !fits:
			refused++
			continue
		case len(whole.kept) > limit, whole.cut != (len(record) > limit), whole.skips:
			t.Fatalf("of %d bytes %d are left, cut: %t, in a text: %t", len(record), len(whole.kept), whole.cut, whole.skips)
		}
		var was, is any
		if err := json.Unmarshal([]byte(record), &was); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(whole.kept, &is); err != nil {
			t.Fatalf("%v: %q became %q", err, record, whole.kept)
		}
		nulls := compareShort(t, was, is, false, limit/longShare)
		if whole.cut != (nulls > 0) {
			t.Fatalf("%d texts are null, cut: %t", nulls, whole.cut)
		}
		if whole.cut {
			shortenedOnes++
		}
	}
	if shortenedOnes < thorough.Number(500, 40) || refused == 0 {
		t.Errorf("%d were shortened and %d refused, too few to test both", shortenedOnes, refused)
	}
}
