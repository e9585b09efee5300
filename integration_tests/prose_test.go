package integration_tests

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// proseFile lists the folders whose texts are not rewritten yet, with the number
// of findings in each. A folder that is not listed must have no finding.
const proseFile = "testdata/prose.txt"

var lowerProse = flag.Bool("prose", false, "write the lower numbers of findings into "+proseFile)

// A proseRule is a pattern in a sentence that readers have to read twice.
type proseRule struct {
	advice  string
	pattern *regexp.Regexp
	goOnly  bool // Markdown may have such a sentence, for example a question
}

const mostWords = 25 // in a sentence

var proseRules = []proseRule{
	{`name the thing: "what is missing" → "missing responses"`, regexp.MustCompile(`(?i)\b(what|whatever)\b`), true},
	{`name the thing or the person instead of two clauses`, regexp.MustCompile(`(?i)\b(what|whatever|that which|whoever)\b.*\b(what|whatever|that which|whoever)\b`), false},
	{`name the thing or the person: "whoever reads" → "readers"`, regexp.MustCompile(`(?i)\b(that which|whoever)\b`), false},
	{`begin with a noun and a verb: "size is how many bytes it has" → "size returns its bytes"`, regexp.MustCompile(`^\S+ (is|are) (what|that|those|who|whoever|where|when|how|why)\b`), true},
	{`name the mistake: "a state that is none" → "an invalid state"`, regexp.MustCompile(`(?i)\b(it|that|which|they) (is|are) none\b`), false},
	{`use the standard term of the table of names`, regexp.MustCompile(`(?i)\b(seal(s|ed|ing)?|tall(y|ies)|ledger|lacking|misfiled|strays?|stretch(es)?|sunk|sane|anew|owe[sd]?|settle[sd]?|settling|meets?|(hand(s|ing)?|handed) (it |them )?over|(tells?|told) of|(come|comes|came) to light)\b`), false},
}

// A finding is a sentence that breaks a rule.
type finding struct{ place, advice, sentence string }

// The test reads comments, errors and log lines of all Go files but tests, the
// README and the documents. It finds sentences of more than 25 words, clauses in
// the place of nouns, and terms that are used in this repository only.
//
// The number of findings in a listed folder may only fall. After a folder became
// better, write the lower numbers:
//
//	go test ./integration_tests -run Prose -prose
func TestProse_IsPlain(t *testing.T) {
	t.Parallel()
	found := make(map[string][]finding)
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		name := filepath.ToSlash(strings.TrimPrefix(path, ".."+string(filepath.Separator)))
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "testdata" || len(name) > 2 && strings.HasPrefix(entry.Name(), ".")):
			return fs.SkipDir
		case entry.IsDir():
			return nil
		case strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go"):
			findings, err := goFindings(path, name)
			found[area(name)] = append(found[area(name)], findings...)
			return err
		case name == "README.md" || strings.HasPrefix(name, "docs/") && strings.HasSuffix(name, ".md"):
			text, err := os.ReadFile(path)
			found[name] = append(found[name], markdownFindings(name, string(text))...)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 10 {
		t.Fatalf("read %d folders only", len(found))
	}
	allowed := readProse(t)
	for _, folder := range slices.Sorted(maps.Keys(found)) {
		n, most := len(found[folder]), allowed[folder]
		switch {
		case n > most:
			t.Errorf("%s has %d findings, at most %d are allowed:", folder, n, most)
			for _, f := range found[folder] {
				t.Errorf("%s: %s\n\t%s", f.place, f.advice, f.sentence)
			}
		case n < most && *lowerProse:
			allowed[folder] = n
		case n < most:
			t.Errorf("%s has %d findings, fewer than the %d in %s: run the test with -prose", folder, n, most, proseFile)
		}
	}
	for folder := range allowed {
		switch _, read := found[folder]; {
		case read:
		case *lowerProse:
			delete(allowed, folder)
		default:
			t.Errorf("%s is in %s, but does not exist: run the test with -prose", folder, proseFile)
		}
	}
	if *lowerProse {
		writeProse(t, allowed)
	}
}

// area returns the folder of a Go file, but not deeper than three levels, so that
// files may move within a package: source/feed/responses/window/window.go is in source/feed/responses.
func area(name string) string {
	elements := strings.Split(filepath.ToSlash(filepath.Dir(name)), "/")
	return strings.Join(elements[:min(len(elements), 3)], "/")
}

// The rules find the sentences that they are made for, and no plain ones.
func TestProse_RulesFindTheirSentences(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("word ", mostWords) + "word."
	for text, want := range map[string]int{
		"date is the date by which what was read last is known.":     1,
		"What is missing is what nobody knows.":                      1,
		"Whoever reads the folder takes the last row.":               1,
		"size is how many bytes it has.":                             1,
		"The seal is gone. A tally of rows.":                         2,
		long:                                                         1,
		"Size returns the bytes of the row.":                         0,
		strings.Repeat("word ", mostWords-1) + "word. Another word.": 0,
		"It quotes \"what `whoever` wrote\" only.":                   0,
	} {
		if got := sentenceFindings("x", text, true); len(got) != want {
			t.Errorf("%q: got %v, want %d findings", text, got, want)
		}
	}
	markdown := "# What to expect\n\nA row of `what` is\nnot lost.\n\n```\nwhat whoever\n```\n\n| a | whoever |\n|---|---|\n\n* whoever\n* x\n"
	if got := markdownFindings("x", markdown); len(got) != 2 {
		t.Errorf("got %v, want 2 findings", got)
	}
}

func readProse(t *testing.T) map[string]int {
	t.Helper()
	text, err := os.ReadFile(proseFile)
	if err != nil {
		t.Fatal(err)
	}
	allowed := make(map[string]int)
	for line := range strings.Lines(string(text)) {
		folder, count, ok := strings.Cut(strings.TrimSpace(line), " ")
		if strings.HasPrefix(folder, "#") || !ok {
			continue
		}
		if allowed[folder], err = strconv.Atoi(count); err != nil {
			t.Fatalf("%s: %q: %v", proseFile, line, err)
		}
	}
	return allowed
}

func writeProse(t *testing.T, allowed map[string]int) {
	t.Helper()
	text := "# Folders with sentences that are not plain yet, and how many. The numbers only fall:\n# go test ./integration_tests -run Prose -prose\n"
	for _, folder := range slices.Sorted(maps.Keys(allowed)) {
		if allowed[folder] > 0 {
			text += fmt.Sprintf("%s %d\n", folder, allowed[folder])
		}
	}
	if err := os.WriteFile(proseFile, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// writesText are the functions whose first text is an error or a log line.
var writesText = []string{"New", "Errorf", "Config", "Usage", "Debug", "Info", "Warn", "Error", "Sprintf"}

// holdsText are the fields of errors with a text.
var holdsText = []string{"Detail", "Message", "What"}

// goFindings checks the comments, errors and log lines of a Go file.
func goFindings(path, name string) (findings []finding, err error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	place := func(pos token.Pos) string { return fmt.Sprintf("%s:%d", name, files.Position(pos).Line) }
	for _, group := range file.Comments {
		for _, paragraph := range paragraphs(group.Text()) {
			findings = append(findings, sentenceFindings(place(group.Pos()), paragraph, true)...)
		}
	}
	ast.Inspect(file, func(node ast.Node) bool {
		text := ""
		switch node := node.(type) {
		case *ast.CallExpr:
			if len(node.Args) > 0 && slices.Contains(writesText, calledName(node.Fun)) {
				text = literal(node.Args[0])
			}
		case *ast.KeyValueExpr:
			if key, ok := node.Key.(*ast.Ident); ok && slices.Contains(holdsText, key.Name) {
				text = literal(node.Value)
			}
		}
		if !strings.Contains(text, " ") {
			return true
		}
		// The parts of an error are short sentences of their own.
		for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ':' || r == ';' }) {
			findings = append(findings, sentenceFindings(place(node.Pos()), part, true)...)
		}
		return true
	})
	return findings, nil
}

func calledName(function ast.Expr) string {
	switch function := function.(type) {
	case *ast.SelectorExpr:
		return function.Sel.Name
	case *ast.Ident:
		return function.Name
	}
	return ""
}

// literal returns the text of a string literal, or of a sum of them.
func literal(expression ast.Expr) string {
	switch expression := expression.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(expression.Value); err == nil && expression.Kind == token.STRING {
			return text
		}
	case *ast.BinaryExpr:
		return literal(expression.X) + literal(expression.Y)
	}
	return ""
}

// paragraphs splits the text of a comment. It skips indented lines, which are
// code, and makes a paragraph of each list item.
func paragraphs(text string) (all []string) {
	var current []string
	end := func() {
		if len(current) > 0 {
			all = append(all, strings.Join(current, " "))
		}
		current = nil
	}
	for line := range strings.Lines(text) {
		trimmed := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "\t"), trimmed == "":
			end()
			continue
		case strings.HasPrefix(trimmed, "- "):
			end()
		}
		current = append(current, strings.TrimPrefix(trimmed, "- "))
	}
	end()
	return all
}

var (
	markdownItem = regexp.MustCompile(`^\s*([*+-]|[0-9]+\.)\s+`)
	markdownURL  = regexp.MustCompile(`\]\([^)]*\)`)
)

// markdownFindings checks paragraphs, list items and table cells. It skips code
// and headings.
func markdownFindings(name, text string) (findings []finding) {
	var current []string
	begun, number, code := 0, 0, false
	end := func() {
		paragraph := markdownURL.ReplaceAllString(strings.Join(current, " "), "]")
		findings = append(findings, sentenceFindings(fmt.Sprintf("%s:%d", name, begun), paragraph, false)...)
		current = nil
	}
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimRight(line, "\n")
		trimmed := strings.TrimSpace(line)
		fence := strings.HasPrefix(trimmed, "```")
		if fence || code || trimmed == "" || strings.HasPrefix(trimmed, "#") || strings.HasPrefix(trimmed, "<!--") {
			end()
			code = code != fence
			continue
		}
		if strings.HasPrefix(trimmed, "|") {
			end()
			for cell := range strings.SplitSeq(strings.Trim(trimmed, "|"), "|") {
				current, begun = []string{strings.TrimSpace(cell)}, number
				end()
			}
			continue
		}
		if item := markdownItem.FindString(line); item != "" {
			end()
			line = line[len(item):]
		}
		if len(current) == 0 {
			begun = number
		}
		current = append(current, strings.TrimSpace(line))
	}
	end()
	return findings
}

var (
	quotedText  = regexp.MustCompile("`[^`]*`|\"[^\"]*\"|“[^”]*”")
	sentenceEnd = regexp.MustCompile(`[.!?][)\]*_]*\s+`)
)

// sentenceFindings checks the sentences of a text. Quoted text counts as one word.
func sentenceFindings(place, text string, inGo bool) (findings []finding) {
	text = quotedText.ReplaceAllString(text, "quoted")
	for _, sentence := range sentenceEnd.Split(text+" ", -1) {
		words := 0
		for _, word := range strings.Fields(sentence) {
			if strings.ContainsFunc(word, func(r rune) bool {
				return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r > 127
			}) {
				words++
			}
		}
		if words > mostWords {
			findings = append(findings, finding{place, fmt.Sprintf("%d words: make two sentences", words), sentence})
		}
		for _, rule := range proseRules {
			if (inGo || !rule.goOnly) && rule.pattern.MatchString(sentence) {
				findings = append(findings, finding{place, rule.advice, sentence})
				break
			}
		}
	}
	return findings
}
