package schemas_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"strings"
	"testing"

	reflector "github.com/invopop/jsonschema"

	"github.com/birdie-ai/source-qualtrics/schemas"
	"github.com/birdie-ai/source-qualtrics/source"
	"github.com/birdie-ai/source-qualtrics/source/stream"
)

var update = flag.Bool("update", false, "write the published files")

// What is published is what the structs and their comments say.
func TestPublished_IsUpToDate(t *testing.T) {
	comments := parsed(t)
	publish(t, "comments.json", indented(t, withMark(comments)))
	if t.Failed() {
		return // the schemas would be made of old comments
	}
	if *update {
		t.Log("comments.json is embedded when the test is built: run the command once more if it changed")
	}
	want := map[string]bool{"comments.json": true, "spec.json": true}
	for _, s := range stream.All() {
		schema, err := schemas.Record(s.Record, comments)
		if err != nil {
			t.Fatal(err)
		}
		publish(t, s.Name+".json", indentedText(t, schema))
		want[s.Name+".json"] = true
		columns, err := schemas.Columns(s.Record, comments)
		if err != nil {
			t.Fatal(err)
		}
		for _, column := range columns {
			if column.Description == "" {
				t.Errorf("column %s of stream %s has no comment", column.Name, s.Name)
			}
		}
	}
	spec, err := source.SpecOf(comments)
	if err != nil {
		t.Fatal(err)
	}
	publish(t, "spec.json", indentedText(t, spec))
	names, err := fs.Glob(schemas.Files(), "*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if !want[name] {
			t.Errorf("%s is published and belongs to no stream: remove it", name)
		}
	}
}

// parsed reads the comments of the record and configuration structs.
func parsed(t *testing.T) schemas.Comments {
	t.Helper()
	reader := &reflector.Reflector{}
	t.Chdir("..")
	for _, folder := range []string{"./source/stream", "./source/config"} {
		if err := reader.AddGoComments("github.com/birdie-ai/source-qualtrics", folder, reflector.WithFullComment()); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir("schemas")
	comments := make(schemas.Comments)
	for key, comment := range reader.CommentMap {
		typ := strings.TrimPrefix(key, "github.com/birdie-ai/source-qualtrics/source")
		if strings.HasPrefix(typ, "/stream.") || typ == "/config.Config" || strings.Contains(typ, "Config.") || strings.Contains(typ, "Credentials.") {
			comments[key] = strings.TrimSpace(comment)
		}
	}
	return comments
}

func withMark(comments schemas.Comments) map[string]string {
	marked := map[string]string{"_generated": "written by go test ./schemas -update"}
	for key, comment := range comments {
		marked[key] = comment
	}
	return marked
}

// publish compares a file with what it has to hold, or writes it.
func publish(t *testing.T, name string, want []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(name)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is out of date: run go test ./schemas -update", name)
	}
}

func indented(t *testing.T, value any) []byte {
	t.Helper()
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}

func indentedText(t *testing.T, text []byte) []byte {
	t.Helper()
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, text, "", "  "); err != nil {
		t.Fatal(err)
	}
	pretty.WriteByte('\n')
	return pretty.Bytes()
}
