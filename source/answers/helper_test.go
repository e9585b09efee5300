package answers_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/birdie-ai/source-qualtrics/source/answers"
	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/jsonsafe"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/redact"
	"github.com/birdie-ai/source-qualtrics/source/response"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// memory is a spool in memory.
type memory struct{ bytes.Buffer }

func (m *memory) ReadAt(p []byte, at int64) (int, error) {
	return bytes.NewReader(m.Bytes()).ReadAt(p, at)
}

func (*memory) Close() error { return nil }

func client(t testing.TB, transport http.RoundTripper, token string) *qualtrics.Client {
	t.Helper()
	origin, _, err := qualtrics.ParseDataCenter("sandbox1")
	if err != nil {
		t.Fatal(err)
	}
	c, err := qualtrics.New(qualtrics.Options{
		Origin: origin, Transport: transport, Credentials: qualtrics.Credentials{APIToken: redact.Secret(token)}, Redactor: redact.New(),
		Spool: func() (qualtrics.Spool, error) { return &memory{}, nil }, UserAgent: "test",
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// survey is a survey of the sandbox, with its records as exported.
type survey struct {
	name       string
	definition *qualtrics.SurveyDefinition
	schema     map[string]qualtrics.Property
	embedded   []string
	questions  []string
	records    [][]byte
}

// everyKind reads the surveys of a tenant that has every question type.
func everyKind(t testing.TB, responses int) (all []survey) {
	t.Helper()
	tenant, err := sandbox.New(sandbox.Options{Seed: 7, Surveys: 10, Responses: responses, Contacts: 10, KeepSurveys: 10})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	c := client(t, tenant.RoundTripper(), tenant.Credentials().APIToken)
	listed, err := c.AllSurveys(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range listed {
		definition, err := c.Definition(ctx, one.ID)
		if err != nil {
			t.Fatal(err)
		}
		schema, err := c.ResponseSchema(ctx, one.ID)
		if err != nil {
			t.Fatal(err)
		}
		detail, err := c.Survey(ctx, one.ID)
		if err != nil {
			t.Fatal(err)
		}
		export, err := c.Export(ctx, qualtrics.ExportRequest{Survey: one.ID})
		if err != nil {
			t.Fatal(err)
		}
		file, err := frame.Open(export, export.Size(), frame.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		of := survey{string(one.ID), &definition, schema, detail.EmbeddedData, detail.QuestionIDs, nil}
		for value, err := range file.Values(ctx) {
			if err != nil {
				t.Fatal(err)
			}
			of.records = append(of.records, bytes.Clone(value.Raw))
		}
		all = append(all, of)
	}
	return all
}

// keys tells answers and embedded data apart.
func (s *survey) keys() *response.Keys {
	return response.NewKeys(s.embedded, s.questions, func() (map[string]string, error) {
		types := make(map[string]string)
		for key, property := range s.schema {
			types[key] = property.DataType
		}
		return types, nil
	})
}

func parsed(t testing.TB, record []byte, keys *response.Keys) *response.Response {
	t.Helper()
	value, err := frame.Record(record)
	if err != nil {
		t.Fatal(err)
	}
	var r response.Response
	if err := r.Parse(value.Object, keys); err != nil {
		t.Fatal(err)
	}
	return &r
}

// answered is a record whose answers and labels are these.
func answered(values, labels string) *response.Response {
	return &response.Response{ID: "R_1", Answers: []byte(values), Labels: []byte(labels)}
}

// defined reads a survey's definition with these questions, by the client.
func defined(t testing.TB, questions string) *qualtrics.SurveyDefinition {
	t.Helper()
	definition, err := client(t, result(`{"SurveyID":"SV_1","Questions":`+questions+`}`), "token-of-the-test").Definition(t.Context(), "SV_1")
	if err != nil {
		t.Fatal(err)
	}
	return &definition
}

// result answers every call with a result.
type result string

func (r result) RoundTrip(request *http.Request) (*http.Response, error) {
	body := io.NopCloser(strings.NewReader(`{"result":` + string(r) + `,"meta":{"httpStatus":"200 - OK"}}`))
	return &http.Response{StatusCode: http.StatusOK, Header: make(http.Header), Body: body, Request: request}, nil
}

// encoded writes the values and the labels of a record again from its answers, and nothing
// else. The answers of a key follow each other.
func encoded(b *answers.Codebook, r *response.Response) (values, labels string) {
	type object struct {
		strings.Builder
		key  string
		list bool
	}
	var into [2]object
	end := func(o *object) {
		if o.list {
			o.WriteByte(']')
		}
		o.list = false
	}
	for a := range b.Answers(r) {
		for i, raw := range [][]byte{a.Raw, a.RecordLabel} {
			o := &into[i]
			switch {
			case raw == nil:
				continue
			case o.list && o.key == a.Key && a.Element > 0:
				o.WriteByte(',')
			default:
				end(o)
				separator := ","
				if o.Len() == 0 {
					separator = ""
				}
				o.WriteString(separator + string(jsonsafe.AppendString(nil, a.Key)) + ":")
				if o.list, o.key = a.Element != answers.Whole, a.Key; o.list {
					o.WriteByte('[')
				}
			}
			o.Write(raw)
		}
	}
	for i := range into {
		end(&into[i])
	}
	return "{" + into[0].String() + "}", "{" + into[1].String() + "}"
}

// sorted writes an object with its members sorted, digits as they were.
func sorted(t testing.TB, object string) string {
	t.Helper()
	if !json.Valid([]byte(object)) {
		t.Fatalf("%s is not valid JSON", object)
	}
	canonical, err := frame.Canonical(nil, []byte(object))
	if err != nil {
		t.Fatal(err)
	}
	return string(canonical)
}

// sameAgain checks that the answers of a record have all of it, and keys that differ.
func sameAgain(t testing.TB, b *answers.Codebook, r *response.Response) {
	t.Helper()
	values, labels := encoded(b, r)
	if got, want := sorted(t, values), sorted(t, string(r.Answers)); got != want {
		t.Fatalf("values of %s: got\n%s, want\n%s", r.ID, got, want)
	}
	if got, want := sorted(t, labels), sorted(t, string(r.Labels)); got != want {
		t.Fatalf("labels of %s: got\n%s, want\n%s", r.ID, got, want)
	}
	seen := make(map[string]bool)
	for a := range b.Answers(r) {
		key := string(a.AppendKey(nil))
		if seen[key] || key == "" || key == "*" {
			t.Fatalf("%s: the key %q is empty, that of a marker, or comes twice", r.ID, key)
		}
		seen[key] = true
	}
}
