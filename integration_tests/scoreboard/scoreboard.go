// Package scoreboard keeps the figures of tests, and the table made of them, in its
// own folder of the repository.
package scoreboard

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var keep = flag.Bool("scoreboard", false, "keep the figures of this run in integration_tests/scoreboard")

// Score holds the figures of one kind of test.
type Score struct {
	Title   string      `json:"title"`
	Command string      `json:"command"` // from the root of the repository
	Date    string      `json:"date"`
	Commit  string      `json:"commit"`
	Facts   [][2]string `json:"facts,omitempty"` // name and value
	Tables  []Table     `json:"tables,omitempty"`
}

// Table is a table with a headline.
type Table struct {
	Title string     `json:"title"`
	Head  []string   `json:"head"`
	Rows  [][]string `json:"rows"`
}

// Fact adds a figure.
func (s *Score) Fact(what string, much any) {
	s.Facts = append(s.Facts, [2]string{what, fmt.Sprint(much)})
}

// Kept reports whether the figures of a test are to be kept.
func Kept(t *testing.T) bool { return *keep && !t.Failed() }

// Read returns the score that is kept as name in a folder.
func Read(folder, name string) (score Score, err error) {
	text, err := os.ReadFile(filepath.Join(folder, name+".json")) //nolint:gosec // a folder of this repository
	if err == nil {
		err = json.Unmarshal(text, &score)
	}
	return score, err
}

// Keep writes the score as name, and the table of all of them, if -scoreboard
// wants it and the test has not failed.
func (s *Score) Keep(t *testing.T, name string) {
	t.Helper()
	if !Kept(t) {
		return
	}
	folder := filepath.Join(git(t, "rev-parse", "--show-toplevel"), "integration_tests", "scoreboard")
	s.Date, s.Commit = time.Now().UTC().Format(time.DateOnly), commit(t)
	text, err := json.MarshalIndent(s, "", "  ")
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, name+".json"), append(text, '\n'), 0o600)
	}
	var all string
	if err == nil {
		all, err = board(folder)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, file), []byte(all), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// commit returns the commit of the code that runs, with a star if the code was changed.
func commit(t *testing.T) string {
	t.Helper()
	hash := git(t, "rev-parse", "--short=12", "HEAD")
	if git(t, "status", "--porcelain", "--", ":/", ":(top,exclude)integration_tests/scoreboard/*.json", ":(top,exclude)integration_tests/scoreboard/"+file) != "" {
		return hash + "*"
	}
	return hash
}

func git(t *testing.T, args ...string) string {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), "git", args...).Output() //nolint:gosec // its own commands
	if err != nil {
		t.Fatalf("git %s: %v", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(output))
}

// Markdown is the table as such.
func (s Table) Markdown() string {
	var text strings.Builder
	line := func(cells []string) { fmt.Fprintf(&text, "| %s |\n", strings.Join(cells, " | ")) }
	line(s.Head)
	line(strings.Split(strings.Repeat("---,", len(s.Head)-1)+"---", ","))
	for _, row := range s.Rows {
		line(row)
	}
	return text.String()
}

const file = "SCOREBOARD.md"

// board is made of all figures that are kept.
func board(folder string) (string, error) {
	names, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return "", err
	}
	var text strings.Builder
	text.WriteString("<!-- Made by the tests, with -scoreboard. Do not edit. -->\n\n# Scoreboard\n\nWhat the tests came to when they last ran with `-scoreboard`. A star behind a commit: with changes on top.\n")
	for _, name := range names {
		s, err := Read(folder, strings.TrimSuffix(filepath.Base(name), ".json"))
		if err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		fmt.Fprintf(&text, "\n## %s\n\n%s, commit `%s`: `%s`\n", s.Title, s.Date, s.Commit, s.Command)
		facts := Table{Head: []string{"what", "how much"}}
		for _, fact := range s.Facts {
			facts.Rows = append(facts.Rows, fact[:])
		}
		if len(facts.Rows) > 0 {
			text.WriteString("\n" + facts.Markdown())
		}
		for _, table := range s.Tables {
			fmt.Fprintf(&text, "\n**%s**\n\n%s", table.Title, table.Markdown())
		}
	}
	return text.String(), nil
}
