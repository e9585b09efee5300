package integration_tests_test

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

// The folder of the figures is a part of the repository: with -scoreboard the
// tests that come to figures keep them there, and the table made of them.
const scoreFolder = "scoreboard"

var keepScore = flag.Bool("scoreboard", false, "keep the figures of this run in "+scoreFolder)

// score is what one kind of test came to.
type score struct {
	Title   string       `json:"title"`
	Command string       `json:"command"` // from the root of the repository
	Date    string       `json:"date"`
	Commit  string       `json:"commit"`
	Facts   [][2]string  `json:"facts,omitempty"` // what, how much
	Tables  []scoreTable `json:"tables,omitempty"`
}

// scoreTable is a table with a headline.
type scoreTable struct {
	Title string     `json:"title"`
	Head  []string   `json:"head"`
	Rows  [][]string `json:"rows"`
}

// fact adds a figure.
func (s *score) fact(what string, much any) {
	s.Facts = append(s.Facts, [2]string{what, fmt.Sprint(much)})
}

// keep writes the score as name, and the table of all of them, if that is
// wanted. One of a test that failed says so by its figures.
func (s *score) keep(t *testing.T, name string) {
	t.Helper()
	if !*keepScore {
		return
	}
	s.Date, s.Commit = time.Now().UTC().Format(time.DateOnly), commit(t)
	text, err := json.MarshalIndent(s, "", "  ")
	if err == nil {
		err = os.MkdirAll(scoreFolder, 0o750)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(scoreFolder, name+".json"), append(text, '\n'), 0o600)
	}
	if err == nil {
		err = os.WriteFile(scoreFile, []byte(scoreboard(t)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// commit is that of the code that runs; a star stands for changes to it.
func commit(t *testing.T) string {
	t.Helper()
	hash, err := exec.CommandContext(t.Context(), "git", "rev-parse", "--short=12", "HEAD").Output()
	if err != nil {
		t.Fatal(err)
	}
	changes, err := exec.CommandContext(t.Context(), "git", "status", "--porcelain", "--", "..", ":!"+scoreFolder).Output()
	if err != nil {
		t.Fatal(err)
	}
	if len(changes) > 0 {
		return strings.TrimSpace(string(hash)) + "*"
	}
	return strings.TrimSpace(string(hash))
}

// markdown is the table as such.
func (s scoreTable) markdown() string {
	var text strings.Builder
	line := func(cells []string) { fmt.Fprintf(&text, "| %s |\n", strings.Join(cells, " | ")) }
	line(s.Head)
	line(strings.Split(strings.Repeat("---,", len(s.Head)-1)+"---", ","))
	for _, row := range s.Rows {
		line(row)
	}
	return text.String()
}

var scoreFile = filepath.Join(scoreFolder, "SCOREBOARD.md")

// scoreboard is made of all figures that are kept.
func scoreboard(t *testing.T) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(scoreFolder, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	text.WriteString("<!-- Made by the tests, with -scoreboard. Do not edit. -->\n\n# Scoreboard\n\nWhat the tests came to when they last ran with `-scoreboard`. A star behind a commit: with changes on top.\n")
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var s score
		if err := json.Unmarshal(content, &s); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		fmt.Fprintf(&text, "\n## %s\n\n%s, commit `%s`: `%s`\n", s.Title, s.Date, s.Commit, s.Command)
		facts := scoreTable{Head: []string{"what", "how much"}}
		for _, fact := range s.Facts {
			facts.Rows = append(facts.Rows, fact[:])
		}
		if len(facts.Rows) > 0 {
			text.WriteString("\n" + facts.markdown())
		}
		for _, table := range s.Tables {
			fmt.Fprintf(&text, "\n**%s**\n\n%s", table.Title, table.markdown())
		}
	}
	return text.String()
}

func TestScoreboard_IsMadeOfTheFigures(t *testing.T) {
	if *keepScore {
		t.Skip("it is being made")
	}
	found, err := os.ReadFile(scoreFile)
	if err != nil {
		t.Fatal(err)
	}
	if want := scoreboard(t); string(found) != want {
		t.Errorf("%s is not made of the figures beside it: keep them again with -scoreboard\ngot\n%s\nwant\n%s", scoreFile, found, want)
	}
}
