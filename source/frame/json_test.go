package frame_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/frame"
)

func TestValidMembersAndElements(t *testing.T) {
	t.Parallel()
	var got []string
	collect := func(name string, value []byte) error {
		got = append(got, name+"="+string(value))
		return nil
	}
	object := ` {"a" : 1 , "A":"x", "a":{"b": [1,2]}, "\u00e9/\"":null}`
	if err := frame.ValidMembers([]byte(object), collect); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a=1", `A="x"`, `a={"b": [1,2]}`, `é/"=null`}, got); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	if err := frame.ValidMembers([]byte("[]"), collect); err != nil || len(got) != 4 {
		t.Errorf("an empty array: %v", err)
	}
	for _, wrong := range []string{"", " ", "1", "[1]", "[", "null"} {
		if err := frame.ValidMembers([]byte(wrong), collect); !errors.As(err, new(*frame.Error)) || len(got) != 4 {
			t.Errorf("%q: got %v and %q", wrong, err, got[4:])
		}
	}
	var elements []string
	err := frame.Elements([]byte(`[1, {"a":2} ,"x"]`), func(value []byte) error {
		elements = append(elements, string(value))
		return nil
	})
	if diff := cmp.Diff([]string{"1", `{"a":2}`, `"x"`}, elements); diff != "" || err != nil {
		t.Errorf("elements: %v (-want +got):\n%s", err, diff)
	}
}

func TestElements_RefuseEverythingButArrays(t *testing.T) {
	t.Parallel()
	for _, wrong := range []string{"", "{}", "null", "[1", "[1,]", "[1]2"} {
		err := frame.Elements([]byte(wrong), func([]byte) error { return nil })
		if !errors.As(err, new(*frame.Error)) {
			t.Errorf("%q: got %v", wrong, err)
		}
	}
}

func TestValidMembersAndElements_ReturnTheErrorOfTheCaller(t *testing.T) {
	t.Parallel()
	stop := errors.New("stop")
	calls := 0
	err := frame.ValidMembers([]byte(`{"a":1,"b":2}`), func(string, []byte) error { calls++; return stop })
	if err != stop || calls != 1 { //nolint:errorlint // the very same error
		t.Errorf("members: %v after %d calls", err, calls)
	}
	err = frame.Elements([]byte(`[1,2]`), func([]byte) error { calls++; return stop })
	if err != stop || calls != 2 { //nolint:errorlint // the very same error
		t.Errorf("elements: %v after %d calls", err, calls)
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
