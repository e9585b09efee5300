package frame_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/frame"
)

func TestScanner_TakesTheObjectsOfAnArrayApartInOnePass(t *testing.T) {
	t.Parallel()
	var (
		scanner frame.Scanner
		got     []string
	)
	scanner.Elements([]byte("[ {\"a\":1 , \"\\u0062\":{\"c\":\"\xff\"}},7,\t\"]\",null, [{}] ,{}\n]"), func(value []byte, object *frame.Object) bool {
		line := string(value)
		if object != nil {
			line += " of"
			for i := range object.Members {
				m := &object.Members[i]
				line += " " + string(m.Name) + "=" + string(m.Value)
				for _, inner := range object.Of(m) {
					line += " " + string(m.Name) + "." + string(inner.Name) + "=" + string(inner.Value)
				}
			}
			if string(object.Raw) != string(value) {
				t.Errorf("%s: the object is %s", value, object.Raw)
			}
		}
		got = append(got, line)
		return true
	})
	want := []string{"{\"a\":1 , \"\\u0062\":{\"c\":\"\xff\"}} of a=1 b={\"c\":\"\xff\"} b.c=\"\xff\"", "7", `"]"`, "null", "[{}]", "{} of"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("elements (-want +got):\n%s", diff)
	}
	for _, none := range []string{"[]", "[ ]"} {
		scanner.Elements([]byte(none), func(value []byte, _ *frame.Object) bool {
			t.Errorf("%s has the element %s", none, value)
			return true
		})
	}
	calls := 0
	scanner.Elements([]byte("[{},{},{}]"), func([]byte, *frame.Object) bool { calls++; return calls < 2 })
	if calls != 2 {
		t.Errorf("%d calls, want 2", calls)
	}
}

func TestScanner_RefusesAllButOneObject(t *testing.T) {
	t.Parallel()
	var scanner frame.Scanner
	for text, want := range map[string]bool{
		`{"a":1}`: true, " {}\n": true, `{"a":1}{}`: false, `[]`: false, ``: false, `7`: false, `null`: false, `{"a":}`: false, `{"a":1`: false,
	} {
		object, ok := scanner.Object([]byte(text))
		if ok != want || !ok && len(object.Members) > 0 {
			t.Errorf("%q: got %t and %d members", text, ok, len(object.Members))
		}
	}
}
