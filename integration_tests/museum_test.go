//go:build museum

package integration_tests_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// exhibit is a planted defect: what it is, and the text that it replaces.
type exhibit struct {
	about string
	edits []exhibitEdit
}

type exhibitEdit struct{ file, find, replace string }

// parseExhibit reads an exhibit: what it is, then for each edit the lines
// "@ file", "@ find" and "@ replace", each followed by its text.
func parseExhibit(text string) (exhibit, error) {
	var e exhibit
	sections := strings.Split("\n"+text, "\n@ ")
	e.about = strings.TrimSpace(sections[0])
	for _, section := range sections[1:] {
		head, body, _ := strings.Cut(section, "\n")
		body = strings.TrimSuffix(body, "\n")
		what, file, _ := strings.Cut(head, " ")
		switch {
		case what == "file":
			e.edits = append(e.edits, exhibitEdit{file: file})
			continue
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

// overlay writes the defective files and the list that the go command takes.
// A text that is not there exactly once means that the code has moved on: the
// exhibit has to follow.
func (e exhibit) overlay(t *testing.T) string {
	t.Helper()
	folder, replaced, content := t.TempDir(), make(map[string]string), make(map[string]string)
	for _, edit := range e.edits {
		name, err := filepath.Abs(filepath.Join("..", filepath.FromSlash(edit.file)))
		if err != nil {
			t.Fatal(err)
		}
		if content[name] == "" {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			content[name] = string(text)
		}
		if times := strings.Count(content[name], edit.find); times != 1 {
			t.Fatalf("%s has the text %d times, want once:\n%s", edit.file, times, edit.find)
		}
		content[name] = strings.Replace(content[name], edit.find, edit.replace, 1)
	}
	for name, text := range content {
		replaced[name] = filepath.Join(folder, fmt.Sprintf("%d.go", len(replaced)))
		if err := os.WriteFile(replaced[name], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	list, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "overlay.json")
	if err := os.WriteFile(file, list, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// museumSeeds is within how many histories each defect has to be caught.
const museumSeeds = 200

var caught = regexp.MustCompile(`seed (\d+), profile \w+, (.*)`)

// Each planted defect is caught. A simulator that stops catching one has
// become blind.
func TestMuseum(t *testing.T) {
	names, err := filepath.Glob(filepath.Join("testdata", "museum", "*.txt"))
	if err != nil || len(names) < 12 {
		t.Fatalf("the museum has %d exhibits: %v", len(names), err)
	}
	table := make([]string, len(names))
	t.Run("exhibits", func(t *testing.T) {
		for i, name := range names {
			t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
				t.Parallel()
				text, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				shown, err := parseExhibit(string(text))
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				binary := filepath.Join(t.TempDir(), "simulation.test")
				build := exec.CommandContext(t.Context(), "go", "test", "-c", "-vet=off", "-overlay", shown.overlay(t), "-o", binary, ".")
				if output, err := build.CombinedOutput(); err != nil {
					t.Fatalf("building: %v\n%s", err, output)
				}
				run := exec.CommandContext(t.Context(), binary, "-test.run=^TestSimulation$", fmt.Sprint("-seeds=", museumSeeds), "-shrink=false")
				output, err := run.CombinedOutput()
				found := caught.FindSubmatch(output)
				if err == nil || found == nil {
					t.Fatalf("%s\nwas not caught within %d histories: %v\n%.2000s", shown.about, museumSeeds, err, output)
				}
				seed, _ := strconv.ParseUint(string(found[1]), 10, 64)
				if h := simulate(t, simCase{Seed: seed, Profile: profileSwarm}); h.failure != nil {
					t.Fatalf("seed %d fails without the defect, too: %v", seed, h.failure)
				}
				table[i] = fmt.Sprintf("%-28s %5s  %.100s", strings.TrimSuffix(filepath.Base(name), ".txt"), found[1], found[2])
			})
		}
	})
	t.Logf("defect, seeds needed, how it was caught:\n%s", strings.Join(table, "\n"))
}
