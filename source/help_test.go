package source_test

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// helpCommand is a command in the list of the help.
var helpCommand = regexp.MustCompile(`(?m)^  ([a-z]+) +[a-z]`)

// Every command's help fits a terminal, and ends with an example and the next step.
// Both name commands and flags that exist.
func TestHelp_EndsWithAnExampleAndTheNextStep(t *testing.T) {
	t.Parallel()
	tn := newTenant(t, sandbox.Options{})
	list, _, _ := strings.Cut(tn.run(t, "help").stdout, "\nEvery command")
	helps := make(map[string]string)
	for _, found := range helpCommand.FindAllStringSubmatch(list, -1) {
		name := found[1]
		got := tn.run(t, name, "--help")
		if got.code != 0 || got.stderr != "" {
			t.Fatalf("%s --help: code %d, %s", name, got.code, got.stderr)
		}
		helps[name] = got.stdout
	}
	if len(helps) < 11 {
		t.Fatalf("the help lists %d commands:\n%s", len(helps), list)
	}
	for name, help := range helps {
		for line := range strings.Lines(help) {
			if line = strings.TrimSuffix(line, "\n"); utf8.RuneCountInString(line) > 80 || strings.HasSuffix(line, " ") {
				t.Errorf("%s --help: a line has more than 80 columns, or ends with a space: %q", name, line)
			}
		}
		_, rest, ok := strings.Cut(help, "\nExample:\n")
		example, next, both := strings.Cut(rest, "\nNext, ")
		_, next, then := strings.Cut(next, ":\n")
		if !ok || !both || !then || strings.Contains(next, "\n\n") {
			t.Errorf("%s --help ends without an example and the next step:\n%s", name, help)
			continue
		}
		if used := commandsIn(example); len(used) == 0 || used[0].name != name {
			t.Errorf("%s --help: the example is of another command:\n%s", name, example)
		}
		for _, used := range append(commandsIn(example), commandsIn(next)...) {
			if helps[used.name] == "" {
				t.Errorf("%s --help names the command %q, which does not exist", name, used.name)
			}
			for _, flag := range used.flags {
				if !strings.Contains(helps[used.name], " "+flag+" ") && flag != "--help" {
					t.Errorf("%s --help uses %s of %s, which does not exist", name, flag, used.name)
				}
			}
		}
	}
}

// usedCommand is a command of the program in a line of a shell.
type usedCommand struct {
	name  string
	flags []string
}

var programInShell = regexp.MustCompile(`(?:source-qualtrics ([a-z]+)|(tap)-qualtrics)([^|>&]*)`)

// commandsIn finds the commands of the program in lines of a shell.
func commandsIn(shell string) (used []usedCommand) {
	for _, found := range programInShell.FindAllStringSubmatch(shell, -1) {
		one := usedCommand{name: found[1] + found[2]}
		for _, word := range strings.Fields(found[3]) {
			if strings.HasPrefix(word, "--") {
				one.flags = append(one.flags, word)
			}
		}
		used = append(used, one)
	}
	return used
}
