package response

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func canonicalOf(t *testing.T, raw string) string {
	t.Helper()
	var r Response
	if err := parse(&r, raw); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	canonical, err := r.Canonical(nil)
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return string(canonical)
}

func TestCanonical_KnowsWhichOrderMatters(t *testing.T) {
	t.Parallel()
	base := `{"responseId":"R_1","values":{"QID1":1.0,"a":{"x":1,"y":[1,2]}},"displayedFields":["QID1","QID2","QID3"],"displayedValues":{"QID1":[1,2,3]},"labels":{}}`
	for name, test := range map[string]struct {
		from, to string
		equal    bool
	}{
		"members of the record": {`"responseId":"R_1","values":{"QID1":1.0,"a":{"x":1,"y":[1,2]}}`, `"values":{"QID1":1.0,"a":{"x":1,"y":[1,2]}},"responseId":"R_1"`, true},
		"members of values":     {`"QID1":1.0,"a":{"x":1,"y":[1,2]}`, `"a":{"y":[1,2],"x":1},"QID1":1.0`, true},
		"white space":           {`:1.0,`, ` : 1.0 , `, true},
		"displayed fields":      {`["QID1","QID2","QID3"]`, `["QID3","QID1","QID2"]`, true},
		"a displayed field":     {`["QID1","QID2","QID3"]`, `["QID1","QID2"]`, false},
		"one field twice":       {`["QID1","QID2","QID3"]`, `["QID1","QID2","QID2"]`, false},
		"displayed values":      {`[1,2,3]`, `[1,3,2]`, false},
		"elements of an answer": {`[1,2]`, `[2,1]`, false},
		"digits":                {`1.0`, `1`, false},
		"a type":                {`1.0`, `"1.0"`, false},
		"null and absence":      {`"QID1":1.0,`, `"QID1":1.0,"QID2":null,`, false},
		"a name":                {`"a":`, `"A":`, false},
		"an unknown member":     {`"labels":{}`, `"labels":{},"new":1`, false},
		"the id":                {`R_1`, `R_2`, false},
	} {
		changed := strings.Replace(base, test.from, test.to, 1)
		if changed == base {
			t.Fatalf("%s: nothing was changed", name)
		}
		if got := canonicalOf(t, base) == canonicalOf(t, changed); got != test.equal {
			t.Errorf("%s: got equal %t, want %t", name, got, test.equal)
		}
	}
}

// ordered keeps the order of its members.
type ordered []member

type member struct {
	name  string
	value any
}

func (o ordered) MarshalJSON() ([]byte, error) {
	var text bytes.Buffer
	text.WriteByte('{')
	for i, m := range o {
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			text.WriteByte(',')
		}
		fmt.Fprintf(&text, "%q:%s", m.name, value)
	}
	text.WriteByte('}')
	return text.Bytes(), nil
}

// shuffled changes the order of members at every level, and of the displayed
// fields, and nothing else.
func shuffled(random *rand.Rand, value any, name string) any {
	switch value := value.(type) {
	case ordered:
		copied := make(ordered, 0, len(value))
		for _, m := range value {
			copied = append(copied, member{m.name, shuffled(random, m.value, m.name)})
		}
		random.Shuffle(len(copied), func(i, j int) { copied[i], copied[j] = copied[j], copied[i] })
		return copied
	case []any:
		copied := slices.Clone(value)
		if name == "displayedFields" {
			random.Shuffle(len(copied), func(i, j int) { copied[i], copied[j] = copied[j], copied[i] })
		}
		return copied
	default:
		return value
	}
}

// randomValue is small, so that two of them are often equal.
func randomValue(random *rand.Rand, depth int) any {
	switch kind := random.IntN(7); {
	case kind == 0 && depth > 0:
		var o ordered
		for _, name := range []string{"a", "b", "A"} {
			if random.IntN(2) == 0 {
				o = append(o, member{name, randomValue(random, depth-1)})
			}
		}
		return o
	case kind == 1 && depth > 0:
		list := []any{}
		for range random.IntN(3) {
			list = append(list, randomValue(random, depth-1))
		}
		return list
	default:
		return []any{json.Number("1"), json.Number("1.0"), "1", "", "a\"\\\n", true, false, nil}[random.IntN(8)]
	}
}

func randomRecord(random *rand.Rand) ordered {
	fields := []any{}
	for range random.IntN(3) {
		fields = append(fields, []string{"QID1", "QID2"}[random.IntN(2)])
	}
	values := ordered{{"QID1", randomValue(random, 2)}}
	if random.IntN(2) == 0 {
		values = append(values, member{"plan", randomValue(random, 0)})
	}
	return ordered{{"responseId", "R_1"}, {"values", values}, {"displayedFields", fields}, {"displayedValues", ordered{{"QID1", randomValue(random, 1)}}}}
}

// content is what a record says, for comparing.
func content(t *testing.T, raw string) any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(raw))
	decoder.UseNumber()
	var value map[string]any
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	fields := value["displayedFields"].([]any)
	slices.SortFunc(fields, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
	return value
}

func TestCanonical_IsEqualWhereTheContentIs(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	const pairs = 3000
	equal := 0
	for range pairs {
		first := randomRecord(random)
		second := any(randomRecord(random))
		if random.IntN(4) == 0 {
			second = first
		}
		second = shuffled(random, second, "")
		a, err := json.Marshal(first)
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(second)
		if err != nil {
			t.Fatal(err)
		}
		want := reflect.DeepEqual(content(t, string(a)), content(t, string(b)))
		if want {
			equal++
		}
		if got := canonicalOf(t, string(a)) == canonicalOf(t, string(b)); got != want {
			t.Fatalf("got equal %t, want %t:\n%s\n%s", got, want, a, b)
		}
	}
	if equal < pairs/5 || equal > pairs*4/5 {
		t.Errorf("%d of %d pairs were equal: too few or too many to tell anything", equal, pairs)
	}
}
