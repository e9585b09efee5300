package frame_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/birdie-ai/source-qualtrics/source/frame"
)

// members lists the members of a record and of its objects by the walk of jsontext, each
// as path and raw value.
func members(t *testing.T, raw []byte) (listed []string) {
	t.Helper()
	decoder := jsontext.NewDecoder(bytes.NewReader(raw), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	var walk func(path string, depth int)
	walk = func(path string, depth int) {
		if _, err := decoder.ReadToken(); err != nil {
			t.Fatal(err)
		}
		for decoder.PeekKind() != '}' {
			token, err := decoder.ReadToken()
			if err != nil {
				t.Fatal(err)
			}
			name := path + "/" + token.String()
			if depth == 1 && decoder.PeekKind() == '{' {
				walk(name, 2)
				continue
			}
			value, err := decoder.ReadValue()
			if err != nil {
				t.Fatal(err)
			}
			listed = append(listed, name+"="+string(value))
		}
		if _, err := decoder.ReadToken(); err != nil {
			t.Fatal(err)
		}
	}
	walk("", 1)
	return listed
}

// taken lists the same by an object of this package.
func taken(object *frame.Object) (listed []string) {
	for i := range object.Members {
		m := &object.Members[i]
		path := "/" + string(m.Name)
		if m.Value[0] != '{' {
			listed = append(listed, path+"="+string(m.Value))
			continue
		}
		for _, inner := range object.Of(m) {
			listed = append(listed, path+"/"+string(inner.Name)+"="+string(inner.Value))
		}
	}
	return listed
}

// A record is accepted when jsontext accepts it, and has the same members with the same
// values.
func FuzzRecord(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"a":1,"a":{"b":[{"c":{}}],"":-0.5e+10}}`, `{"values":{"QID1":3,"\u00e9\/\"":"\ud83d\ude00"},"labels":{}}`,
		`{"a":01}`, `{"a":1.}`, `{"a":-}`, `{"a":1e}`, `{"a":"` + "\x1f" + `"}`, `{"a":"\u12g4"}`, `{"a":tru}`, `{"a":1,}`, `{"a":[1,]}`, `{"a" "b"}`,
		`{"a":"0123456\"0123456\\","b":"éééééééééé"}`, ` { "a" : [ 1 , 2 ] } `, `{"a":"x`, `{"a":"\ud800","\udc00":1}`, "{\"\xff\":\"\xff\"}", `{"a":{"b":1}}{}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		given := bytes.Clone(raw)
		value, err := frame.Record(raw)
		valid := jsontext.Value(raw).IsValid(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) && frame.Kind(raw) == '{'
		switch {
		case !bytes.Equal(raw, given):
			t.Fatalf("%q became %q", given, raw)
		case valid != (err == nil):
			t.Fatalf("%q is valid: %t, but: %v", raw, valid, err)
		case !valid:
			return
		}
		want, got := strings.Join(members(t, value.Raw), "\n"), strings.Join(taken(value.Object), "\n")
		if want != got {
			t.Fatalf("%q has the members\n%s\nwant\n%s", value.Raw, got, want)
		}
	})
}

func TestRecord_NestsAsDeepAsJSONTextAllows(t *testing.T) {
	t.Parallel()
	for _, depth := range []int{9_998, 9_999, 10_000, 10_001} {
		for _, inner := range []string{"[]", "{}"} {
			open, end := "[", "]"
			if inner == "{}" {
				open, end = `{"b":`, "}"
			}
			raw := []byte(`{"a":` + strings.Repeat(open, depth-2) + inner + strings.Repeat(end, depth-2) + "}")
			_, err := frame.Record(raw)
			if want := jsontext.Value(raw).IsValid(); want != (err == nil) {
				t.Errorf("%d levels: jsontext accepts them: %t, but: %v", depth, want, err)
			}
		}
	}
}

func TestObject_KeepsTheTextOfItsMembers(t *testing.T) {
	t.Parallel()
	value, err := frame.Record([]byte(`{"a":1, "b" : {"x":2,"y":"\u00e9"},"c":3}`))
	if err != nil {
		t.Fatal(err)
	}
	object := value.Object
	inner := object.Of(&object.Members[1])
	if got := string(object.Run(&inner[0], &inner[1])); got != `"x":2,"y":"\u00e9"` {
		t.Errorf("the run is %s", got)
	}
	if inner[0].Follows(&inner[1]) || !inner[1].Follows(&inner[0]) {
		t.Error("a member does not know which one it follows")
	}
}
