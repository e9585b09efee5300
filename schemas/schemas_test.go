package schemas_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/birdie-ai/source-qualtrics/schemas"
	"github.com/birdie-ai/source-qualtrics/source/airbyte/airbytetest"
)

const here = "github.com/birdie-ai/source-qualtrics/schemas_test"

type row struct {
	ID     string          `json:"id"`
	At     time.Time       `json:"at"`
	Name   *string         `json:"name"`
	Count  *int64          `json:"count"`
	Score  *json.Number    `json:"score"`
	Done   *bool           `json:"done"`
	Later  *time.Time      `json:"later"`
	Values json.RawMessage `json:"values"`
	List   json.RawMessage `json:"list" jsonschema:"type=array"`
	Hidden string          `json:"-"`
}

func valid(t *testing.T, schema *jsonschema.Schema, text string) bool {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(value) == nil
}

func TestRecord_IsWhatPlatformsUnderstand(t *testing.T) {
	t.Parallel()
	got, err := schemas.Record(row{}, schemas.Comments{here + ".row.ID": "Id of\nthe <row>."})
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{` +
		`"id":{"type":"string","description":"Id of the <row>."},` +
		`"at":{"type":"string","format":"date-time","airbyte_type":"timestamp_with_timezone"},` +
		`"name":{"type":["null","string"]},"count":{"type":["null","integer"]},"score":{"type":["null","number"]},"done":{"type":["null","boolean"]},` +
		`"later":{"type":["null","string"],"format":"date-time","airbyte_type":"timestamp_with_timezone"},` +
		`"values":{"type":["null","object"],"additionalProperties":true},"list":{"type":["null","array"],"items":{}}},"additionalProperties":true}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("schema (-want +got):\n%s", diff)
	}
	schema := airbytetest.CompileSchema(t, got)
	if !valid(t, schema, `{"id":"1","at":"2026-01-01T00:00:00Z","name":null,"count":1,"score":1.5,"values":{"x":[1]},"list":[1],"more":1}`) {
		t.Error("a good row does not validate")
	}
	for _, wrong := range []string{`{"id":null}`, `{"at":"yesterday"}`, `{"count":1.5}`, `{"values":[]}`, `{"list":{}}`, `{"done":"true"}`} {
		if valid(t, schema, wrong) {
			t.Errorf("%s validates", wrong)
		}
	}
}

type node struct {
	Name string `json:"name"`
	Next *node  `json:"next"`
}

func TestRecord_RefusesWhatNoColumnCanHold(t *testing.T) {
	t.Parallel()
	for want, record := range map[string]any{
		"contains itself": node{},
		"field Bad": struct {
			Bad []string `json:"bad"`
		}{},
		"field Float": struct {
			Float float64 `json:"float"`
		}{},
		"not a struct": 7,
		"no record":    nil,
	} {
		if _, err := schemas.Record(record, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%T: got %v, want %q", record, err, want)
		}
	}
}

func TestColumns_DescribeARecord(t *testing.T) {
	t.Parallel()
	got, err := schemas.Columns(row{}, schemas.Comments{here + ".row.Later": "When."})
	if err != nil {
		t.Fatal(err)
	}
	want := []schemas.Column{
		{"id", "string", false, ""},
		{"at", "timestamp", false, ""},
		{"name", "string", true, ""},
		{"count", "integer", true, ""},
		{"score", "number", true, ""},
		{"done", "boolean", true, ""},
		{"later", "timestamp", true, "When."},
		{"values", "object", true, ""},
		{"list", "array", true, ""},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
}

type settings struct {
	Host   string   `json:"host" jsonschema:"title=Host,example=a,pattern=^[a-z]+$" spec:"required,group=main,pattern_descriptor=letters"`
	Auth   choice   `json:"auth" jsonschema:"title=Auth" spec:"required,group=main"`
	Names  []string `json:"names" jsonschema:"title=Names,example=x"`
	Tuning tuning   `json:"tuning" jsonschema:"title=Tuning"`
}

type tuning struct {
	Speed int    `json:"speed" jsonschema:"title=Speed,default=3,minimum=1,maximum=9"`
	Mode  string `json:"mode" jsonschema:"title=Mode,enum=a,enum=b,default=a"`
	On    bool   `json:"on" jsonschema:"title=On,default=false"`
	Key   string `json:"key" jsonschema:"title=Key" spec:"secret,multiline,always_show"`
}

type choice struct{ Kind string }

func (choice) SpecVariants() []any { return []any{byToken{}, byName{}} }

type byToken struct {
	Kind  string `json:"kind" jsonschema:"const=token" spec:"variant=Token"`
	Token string `json:"token" jsonschema:"title=Token" spec:"required,secret"`
}

type byName struct {
	Kind string `json:"kind" jsonschema:"const=name" spec:"variant=Name"`
	Name string `json:"name" jsonschema:"title=Name" spec:"required"`
}

func TestSpec_IsTheFormOfAStruct(t *testing.T) {
	t.Parallel()
	got, err := schemas.Spec(settings{}, "Things", []schemas.Group{{ID: "main", Title: "Main"}}, schemas.Comments{here + ".tuning.Speed": "How fast."})
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"$schema":"http://json-schema.org/draft-07/schema#","title":"Things","type":"object","required":["host","auth"],"properties":{` +
		`"host":{"type":"string","title":"Host","pattern":"^[a-z]+$","pattern_descriptor":"letters","examples":["a"],"group":"main","order":0},` +
		`"auth":{"type":"object","oneOf":[` +
		`{"title":"Token","type":"object","required":["kind","token"],"properties":{"kind":{"type":"string","const":"token","order":0},"token":{"type":"string","title":"Token","airbyte_secret":true,"order":1}},"additionalProperties":true},` +
		`{"title":"Name","type":"object","required":["kind","name"],"properties":{"kind":{"type":"string","const":"name","order":0},"name":{"type":"string","title":"Name","order":1}},"additionalProperties":true}],` +
		`"title":"Auth","group":"main","order":1},` +
		`"names":{"type":"array","items":{"type":"string"},"examples":["x"],"title":"Names","order":2},` +
		`"tuning":{"type":"object","properties":{` +
		`"speed":{"type":"integer","title":"Speed","description":"How fast.","default":3,"minimum":1,"maximum":9,"order":0},` +
		`"mode":{"type":"string","title":"Mode","default":"a","enum":["a","b"],"order":1},` +
		`"on":{"type":"boolean","title":"On","default":false,"order":2},` +
		`"key":{"type":"string","title":"Key","airbyte_secret":true,"multiline":true,"always_show":true,"order":3}},"additionalProperties":true,"title":"Tuning","order":3}},` +
		`"additionalProperties":true,"groups":[{"id":"main","title":"Main"}]}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("specification (-want +got):\n%s", diff)
	}
	schema := airbytetest.CompileSchema(t, got)
	if !valid(t, schema, `{"host":"a","auth":{"kind":"token","token":"x"},"more":1}`) {
		t.Error("a good configuration does not validate")
	}
	for _, wrong := range []string{`{"host":"a"}`, `{"host":"A","auth":{"kind":"token","token":"x"}}`, `{"host":"a","auth":{"kind":"name","token":"x"}}`} {
		if valid(t, schema, wrong) {
			t.Errorf("%s validates", wrong)
		}
	}
}

func TestSpec_RefusesWhatTheFormCannotShow(t *testing.T) {
	t.Parallel()
	for want, config := range map[string]any{
		"marked as a secret": struct {
			Token string `json:"token"`
		}{},
		`knows no "sercet"`: struct {
			Name string `json:"name" spec:"sercet"`
		}{},
		"only hold texts": struct {
			Numbers []int `json:"numbers"`
		}{},
		"contains itself": node{},
	} {
		if _, err := schemas.Spec(config, "", nil, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%T: got %v, want %q", config, err, want)
		}
	}
}
