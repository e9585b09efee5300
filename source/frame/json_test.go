package frame_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/frame"
)

func TestValidElements(t *testing.T) {
	t.Parallel()
	for array, want := range map[string][]string{
		`[1, {"a":2} ,"x"]`: {"1", `{"a":2}`, `"x"`}, `[]`: nil, ` [ ] `: nil, `[[],["]"]]`: {"[]", `["]"]`},
	} {
		var got []string
		frame.ValidElements([]byte(array), func(value []byte) { got = append(got, string(value)) })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", array, diff)
		}
	}
}

func TestKind(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]byte{
		"": 0, " ": 0, " {}": '{', "[]": '[', `"a"`: '"', "-1": '0', "7": '0', "true": 't', "false": 'f', "null": 'n',
	} {
		if got := frame.Kind([]byte(value)); got != want {
			t.Errorf("%q: got %q, want %q", value, got, want)
		}
	}
}

func TestString(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{`"a"`: "a", `""`: "", `"\u00e9\n"`: "é\n", `"\ud800"`: "\ufffd", ` "x" `: "x", "\"\xff\xff\"": "\ufffd\ufffd", `"\ud83c\udf89🎉"`: "🎉🎉"} {
		if got, ok := frame.String([]byte(value)); !ok || got != want {
			t.Errorf("%s: got %q, %v", value, got, ok)
		}
	}
	for _, value := range []string{"", "1", `"`, `"a`, `"a"b"`, `"\x"`, "\"a\nb\"", `"a\"`, "null"} {
		if got, ok := frame.String([]byte(value)); ok {
			t.Errorf("%s: got %q", value, got)
		}
	}
}

func TestCanonical_IsEqualForEqualContent(t *testing.T) {
	t.Parallel()
	want := `{"a":[1.0,{"x":"\u0085","y":2}],"b":1e2,"é":null}`
	for _, value := range []string{
		"{\"b\": 1e2, \"a\":[1.0,{\"y\":2,\"x\":\"\u0085\"}],\"é\":null}",
		"{\"é\":null,\n\"a\":[1.0, {\"x\":\"\u0085\",\"y\":2}],\"b\":1e2}",
	} {
		got, err := frame.Canonical(nil, []byte(value))
		if err != nil || string(got) != want {
			t.Errorf("got %s, %v; want %s", got, err, want)
		}
	}
	if got, err := frame.Canonical([]byte("x"), []byte(`{"a":`)); err == nil || string(got) != "x" {
		t.Errorf("half an object: got %q, %v", got, err)
	}
}

func TestCanonical_SortsAtEveryLevelAndKeepsTheOrderOfDuplicates(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		`{"b":{"z":1,"y":[{"d":1,"c":2}]},"a":{}}`: `{"a":{},"b":{"y":[{"c":2,"d":1}],"z":1}}`,
		`{"b":0,"a":2,"a":1,"b":9}`:                `{"a":2,"a":1,"b":0,"b":9}`,
		`{"\u0062":1,"a":2}`:                       `{"a":2,"\u0062":1}`,
		`{"a":1,"A":2}`:                            `{"A":2,"a":1}`,
		` [ -0.0 , 1E5, 10000000000000000000001 ]`: `[-0.0,1E5,10000000000000000000001]`,
		`{"":[],"\\\"":"}{,"}`:                     `{"":[],"\\\"":"}{,"}`,
		`"\ud800"`:                                 "\"\ufffd\"",
		` null `:                                   `null`,
	} {
		got, err := frame.Canonical([]byte("before "), []byte(value))
		if err != nil || string(got) != "before "+want {
			t.Errorf("%s: got %s, %v; want %s", value, got, err, want)
		}
	}
}

func TestCanonical_ReadsDeepNesting(t *testing.T) {
	t.Parallel()
	value := strings.Repeat(`{"b":1,"a":`, 5000) + "0" + strings.Repeat("}", 5000)
	want := strings.Repeat(`{"a":`, 5000) + "0" + strings.Repeat(`,"b":1}`, 5000)
	if got, err := frame.Canonical(nil, []byte(value)); err != nil || string(got) != want {
		t.Errorf("got %d bytes, %v; want %d", len(got), err, len(want))
	}
}

func TestCanonical_KeepsTheOrderOfManyDuplicates(t *testing.T) {
	t.Parallel()
	var a, b, mixed []string
	for i := range 50 {
		a, b = append(a, fmt.Sprintf(`"a":%d`, i)), append(b, fmt.Sprintf(`"b":%d`, i))
		mixed = append(mixed, b[i], a[i])
	}
	want := "{" + strings.Join(append(a, b...), ",") + "}"
	if got, err := frame.Canonical(nil, []byte("{"+strings.Join(mixed, ",")+"}")); err != nil || string(got) != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
}
