package integration_tests_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// exhibit is a planted defect: functions of the code with other bodies.
type exhibit struct {
	name    string
	about   string
	profile string // of the histories that have to catch it
	bodies  []replacement
}

// parseExhibit reads an exhibit:
//
//	The look-back is 0: …                            the defect in one sentence
//	@ profile audits                                 where it is not swarm
//	@ function responseFetch.from(f)                 see [replacement]
//		return original().Add(f.env.Lookback)
//	@ declare                                        beside that function, where needed
//	var …
func parseExhibit(name, text string) (exhibit, error) {
	e := exhibit{name: name, profile: profileSwarm}
	sections := strings.Split("\n"+text, "\n@ ")
	e.about = strings.TrimSpace(sections[0])
	for _, section := range sections[1:] {
		head, body, _ := strings.Cut(section, "\n")
		keyword, value, _ := strings.Cut(head, " ")
		switch {
		case keyword == "profile":
			e.profile = value
		case keyword == "function":
			e.bodies = append(e.bodies, replacement{function: value, body: body, when: fmt.Sprintf("exhibited == %q", name)})
		case keyword == "declare" && len(e.bodies) > 0:
			e.bodies[len(e.bodies)-1].declares = body
		default:
			return e, fmt.Errorf("%q is not profile, function, or declare after a function", head)
		}
	}
	if e.about == "" || len(e.bodies) == 0 {
		return e, errors.New("it has no description or changes no function")
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

// exhibitVariable names the defect that the built program has.
const exhibitVariable = "EXHIBIT"

// withExhibits puts all defects into the code: building it once is much faster than
// building it for each of them. The environment turns one of them on.
func (c productCode) withExhibits(all []exhibit) error {
	index, err := c.index()
	if err != nil {
		return err
	}
	var bodies []replacement
	beside := make(map[string]*codeFile) // a file of each folder
	for _, e := range all {
		for _, body := range e.bodies {
			f, err := body.target(index)
			if err != nil {
				return fmt.Errorf("the exhibit testdata/museum/%s.txt: %w", e.name, err)
			}
			beside[f.file.folder()] = f.file
		}
		bodies = append(bodies, e.bodies...)
	}
	if err := c.replace(bodies); err != nil {
		return err
	}
	for _, file := range beside {
		if err := c.add(index, file, "exhibited.go", fmt.Sprintf("var exhibited = os.Getenv(%q)\n", exhibitVariable)); err != nil {
			return err
		}
	}
	return nil
}

// Every exhibit names functions that exist once, with the parameters that they have.
func TestExhibits_FitTheCode(t *testing.T) {
	t.Parallel()
	index := productIndex(t)
	for _, e := range exhibits(t) {
		for _, body := range e.bodies {
			f, err := body.target(index)
			if err == nil {
				_, err = body.write(f, f.decl.Name.Name)
			}
			if err != nil {
				t.Errorf("testdata/museum/%s.txt: %v", e.name, err)
			}
		}
	}
}
