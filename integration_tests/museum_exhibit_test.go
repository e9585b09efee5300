package integration_tests_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// exhibit is a planted defect: what it is, and the text that it replaces.
type exhibit struct {
	name    string
	about   string
	profile string // of the histories that have to catch it
	edits   []exhibitEdit
}

type exhibitEdit struct{ file, find, replace string }

// parseExhibit reads an exhibit: what it is, then "@ profile" if it is not
// swarm, then for each edit the lines "@ file", "@ find" and "@ replace", the
// last two followed by their text.
func parseExhibit(name, text string) (exhibit, error) {
	e := exhibit{name: name, profile: profileSwarm}
	sections := strings.Split("\n"+text, "\n@ ")
	e.about = strings.TrimSpace(sections[0])
	for _, section := range sections[1:] {
		head, body, _ := strings.Cut(section, "\n")
		body = strings.TrimSuffix(body, "\n")
		what, name, _ := strings.Cut(head, " ")
		switch {
		case what == "profile":
			e.profile = name
		case what == "file":
			e.edits = append(e.edits, exhibitEdit{file: name})
		case len(e.edits) == 0:
			return e, fmt.Errorf("%q comes before any file", head)
		case what == "find":
			if last := e.edits[len(e.edits)-1]; last.find != "" {
				e.edits = append(e.edits, exhibitEdit{file: last.file})
			}
			e.edits[len(e.edits)-1].find = body
		case what == "replace":
			e.edits[len(e.edits)-1].replace = body
		default:
			return e, fmt.Errorf("%q is no section", head)
		}
	}
	if e.about == "" || len(e.edits) == 0 {
		return e, errors.New("it says nothing or changes nothing")
	}
	return e, nil
}

// exhibits reads all of them.
func exhibits(t *testing.T) []exhibit {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "museum", "*.txt"))
	if err != nil || len(files) < 12 {
		t.Fatalf("the museum has %d exhibits: %v", len(files), err)
	}
	all := make([]exhibit, 0, len(files))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		e, err := parseExhibit(strings.TrimSuffix(filepath.Base(file), ".txt"), string(text))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all = append(all, e)
	}
	return all
}

// defective returns the files that the exhibit changes, as it changes them. A
// text that is not there exactly once means that the code has moved on: the
// exhibit has to follow.
func (e exhibit) defective(t *testing.T, original func(file string) string) map[string]string {
	t.Helper()
	content := make(map[string]string)
	for _, edit := range e.edits {
		if content[edit.file] == "" {
			content[edit.file] = original(edit.file)
		}
		if times := strings.Count(content[edit.file], edit.find); times != 1 {
			t.Fatalf("%s: %s has the text %d times, want once:\n%s", e.name, edit.file, times, edit.find)
		}
		content[edit.file] = strings.Replace(content[edit.file], edit.find, edit.replace, 1)
	}
	return content
}

// The exhibits follow the code, also where nobody visits the museum.
func TestExhibits_FitTheCode(t *testing.T) {
	t.Parallel()
	for _, e := range exhibits(t) {
		e.defective(t, func(name string) string {
			text, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(name)))
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		})
	}
}
