//go:build unix

package integration_tests

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

var update = flag.Bool("update", false, "write the parts of the README and of other files that show what a test has seen")

// documents are the pages for users, as paths from the root of the repository.
func documents(t *testing.T) []string {
	t.Helper()
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil || len(pages) < 10 {
		t.Fatalf("got the pages %v, %v", pages, err)
	}
	names := []string{"README.md"}
	for _, page := range pages {
		names = append(names, "docs/"+filepath.Base(page))
	}
	return names
}

// document is the text of a page.
func document(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// section is the text of a page below a heading, up to the next one of the same rank.
func section(t *testing.T, page, heading string) string {
	t.Helper()
	_, rest, found := strings.Cut(document(t, page), "\n## "+heading+"\n")
	if !found {
		t.Fatalf("%s has no section %q", page, heading)
	}
	text, _, _ := strings.Cut(rest, "\n## ")
	return text
}

// block is a fenced block of a page.
type block struct{ Language, Text string }

var fence = regexp.MustCompile("(?ms)^```([a-z]+)\n(.*?)^```$")

// blocks are the fenced blocks of a text, in order.
func blocks(text string) (all []block) {
	for _, found := range fence.FindAllStringSubmatch(text, -1) {
		all = append(all, block{found[1], found[2]})
	}
	return all
}

// blocksOf are the contents of the blocks of a language, at least one.
func blocksOf(t *testing.T, language, text string) (contents []string) {
	t.Helper()
	for _, b := range blocks(text) {
		if b.Language == language {
			contents = append(contents, b.Text)
		}
	}
	if len(contents) == 0 {
		t.Fatalf("there is no block of %s in:\n%.300s", language, text)
	}
	return contents
}

// writing keeps tests that write the same page apart.
var writing sync.Mutex

// shows fails unless the block below a marker of a page is a text. With -update it
// writes the text there. Parts that match differs may vary; nil means no part.
func shows(t *testing.T, page, marker, want string, differs *regexp.Regexp) {
	t.Helper()
	writing.Lock()
	defer writing.Unlock()
	text := document(t, page)
	before, rest, found := strings.Cut(text, "<!-- "+marker+":")
	comment, rest, commented := strings.Cut(rest, "-->\n\n```")
	language, rest, opened := strings.Cut(rest, "\n")
	got, after, closed := strings.Cut(rest, "\n```\n")
	if !found || !commented || !opened || !closed {
		t.Fatalf("%s has no block with the marker %q", page, marker)
	}
	same := func(text string) string {
		if differs == nil {
			return text
		}
		return differs.ReplaceAllString(text, "~")
	}
	if want = strings.TrimRight(want, "\n"); same(got) == same(want) {
		return
	}
	if !*update {
		t.Fatalf("%s shows below %q\n%s\nbut there is\n%s\nrun go test ./integration_tests -run README -update", page, marker, got, want)
	}
	text = before + "<!-- " + marker + ":" + comment + "-->\n\n```" + language + "\n" + want + "\n```\n" + after
	if err := os.WriteFile(filepath.Join("..", page), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

var (
	mdLink  = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
	noSlug  = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
)

// anchors are the fragments that a page's headings can be linked by.
func anchors(text string) map[string]bool {
	all := make(map[string]bool)
	for _, found := range heading.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		all[strings.ReplaceAll(noSlug.ReplaceAllString(strings.ToLower(found[1]), ""), " ", "-")] = true
	}
	return all
}

func TestDocs_LinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	links := 0
	for _, page := range documents(t) {
		text := document(t, page)
		for _, found := range mdLink.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
			link := found[1]
			if strings.Contains(link, "://") {
				continue
			}
			links++
			path, fragment, _ := strings.Cut(link, "#")
			target := page
			if path != "" {
				target = filepath.ToSlash(filepath.Join(filepath.Dir(page), path))
			}
			if _, err := os.Stat(filepath.Join("..", target)); err != nil {
				t.Errorf("%s links to %s, which does not exist", page, link)
				continue
			}
			if fragment != "" && !anchors(document(t, target))[fragment] {
				t.Errorf("%s links to %s, but %s has no such heading", page, link, target)
			}
		}
	}
	if links < 30 {
		t.Errorf("found %d links only", links)
	}
}

// Every page is reached from the README, and every example from a page.
func TestDocs_EveryPageAndExampleIsLinked(t *testing.T) {
	t.Parallel()
	linked := make(map[string]bool)
	for _, page := range documents(t) {
		for _, found := range mdLink.FindAllStringSubmatch(document(t, page), -1) {
			path, _, _ := strings.Cut(found[1], "#")
			target := filepath.ToSlash(filepath.Join(filepath.Dir(page), path))
			linked[target] = linked[target] || page == "README.md" || strings.HasPrefix(target, "docs/examples/")
		}
	}
	examples, err := filepath.Glob("../docs/examples/*/*")
	if err != nil || len(examples) == 0 {
		t.Fatal(examples, err)
	}
	wanted := documents(t)[1:]
	for _, example := range examples {
		if filepath.Base(example) != "tap-qualtrics.yml" { // Meltano reads it by its address
			wanted = append(wanted, strings.TrimPrefix(filepath.ToSlash(example), "../"))
		}
	}
	for _, name := range wanted {
		if !linked[name] {
			t.Errorf("no page that users begin with links to %s", name)
		}
	}
}

// sourceText is the code of the program.
func sourceText(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir("../source", func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		all.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// A message that the README explains is one that the program has.
func TestREADME_TroubleshootingNamesMessagesThatExist(t *testing.T) {
	t.Parallel()
	code, rows := sourceText(t), 0
	for line := range strings.Lines(section(t, "README.md", "Troubleshooting")) {
		message, ok := strings.CutPrefix(line, "| `")
		if !ok {
			continue
		}
		rows++
		message, _, _ = strings.Cut(message, "` |")
		for part := range strings.SplitSeq(message, "…") {
			for piece := range strings.SplitSeq(strings.TrimSpace(part), "; ") { // written apart in the code
				if !strings.Contains(code, piece) && !fromOutside[piece] {
					t.Errorf("the README explains the message %q, but the code has no %q", message, piece)
				}
			}
		}
	}
	if rows < 10 {
		t.Errorf("found %d messages only", rows)
	}
}

// fromOutside are parts of messages that the system writes.
var fromOutside = map[string]bool{"no such host": true}
