package sandbox_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

var update = flag.Bool("update", false, "write the table of what the sandbox covers")

// coverageFile is where the table stands, for authors of other clients.
const coverageFile = "../../integration_tests/COVERAGE.md"

func TestCoverage_TableIsUpToDate(t *testing.T) {
	t.Parallel()
	want := coverageTable()
	got, err := os.ReadFile(coverageFile)
	if string(got) == want {
		return
	}
	if !*update {
		t.Fatalf("%s is out of date (%v): run go test ./source/sandbox -run Coverage -update", coverageFile, err)
	}
	if err := os.WriteFile(coverageFile, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

func coverageTable() string {
	counts := make(map[sandbox.Certainty]int)
	var tables strings.Builder
	for _, covered := range sandbox.Coverage() {
		fmt.Fprintf(&tables, "\n## %s\n\n| behavior | how sure | § | switched on by | test |\n|---|---|---|---|---|\n", covered.Endpoint)
		for _, b := range covered.Behaviors {
			by := ""
			if b.Switch != "" {
				by = "`" + b.Switch + "`"
			}
			fmt.Fprintf(&tables, "| %s | %s | %s | %s | `%s` |\n", b.Does, b.Sure, b.Section, by, b.Test)
			counts[b.Sure]++
		}
	}
	var missing strings.Builder
	for _, what := range sandbox.NotSimulated() {
		fmt.Fprintf(&missing, "* %s\n", what)
	}
	return fmt.Sprintf(`<!-- Generated from the sandbox's code: go test ./source/sandbox -run Coverage -update -->

# What the sandbox covers

What the simulated tenant does, and how sure it is that Qualtrics does the same:

* **recorded** (%d): seen in a real answer,
* **documented** (%d): stated by Qualtrics, or relied on by clients in use,
* **assumed** (%d): a guess; where the guess matters, %[4]s--doubt%[4]s switches to another.

Endpoints are below %[4]s/API/v3%[4]s. § is the section of the API reference that the sandbox is written from. Each test is shown by
%[4]sgo test ./source/sandbox -run NAME -v%[4]s; those that compare with recordings skip without them, which are no
part of this repository. A fault strikes by %[4]s--faults%[4]s, %[4]s--fault-rates%[4]s or
%[4]sPOST /sandbox/faults%[4]s.
%[5]s
## Not simulated

Paths that no endpoint has answer 404.

%[6]s`, counts[sandbox.Recorded], counts[sandbox.Documented], counts[sandbox.Assumed], "`", tables.String(), missing.String())
}

// testSources returns the text of each test of this package, by its name.
func testSources(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	sources := make(map[string]string)
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files := gotoken.NewFileSet()
		file, err := parser.ParseFile(files, name, text, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, declared := range file.Decls {
			if function, ok := declared.(*ast.FuncDecl); ok && function.Recv == nil && strings.HasPrefix(function.Name.Name, "Test") {
				sources[function.Name.Name] = string(text[files.Position(function.Pos()).Offset:files.Position(function.End()).Offset])
			}
		}
	}
	return sources
}

// Every endpoint says what it does, every guess that has a switch and every
// fault is there, and each of it is shown by a test that exists.
func TestCoverage_IsWholeAndShown(t *testing.T) {
	t.Parallel()
	tests := testSources(t)
	switches, clauses := make(map[string]bool), make(map[string]bool)
	flags := []string{"--foreign-hosts", "--limits published", "--tls", "--export-delay"}
	for _, covered := range sandbox.Coverage() {
		if len(covered.Behaviors) == 0 {
			t.Errorf("%s: nothing is said of what it does", covered.Endpoint)
		}
		for _, b := range covered.Behaviors {
			if clause := covered.Endpoint + " " + b.Does; clauses[clause] || b.Does == "" {
				t.Errorf("%s: %q is said twice, or is nothing", covered.Endpoint, b.Does)
			} else {
				clauses[clause] = true
			}
			if !slices.Contains([]sandbox.Certainty{sandbox.Recorded, sandbox.Documented, sandbox.Assumed}, b.Sure) || b.Section == "" || strings.Contains(b.Does, "|") {
				t.Errorf("%s: %q has the certainty %q and the section %q", covered.Endpoint, b.Does, b.Sure, b.Section)
			}
			source, ok := tests[b.Test]
			if !ok {
				t.Errorf("%s: %q is shown by no test: there is no %s", covered.Endpoint, b.Does, b.Test)
			}
			kind, name, _ := strings.Cut(b.Switch, " ")
			switch {
			case b.Switch == "" || slices.Contains(flags, b.Switch):
			case kind == "--doubt" && slices.Contains(sandbox.DoubtNames(), name) && b.Sure == sandbox.Assumed:
				if !strings.Contains(source, name) {
					t.Errorf("%s does not switch %s", b.Test, name)
				}
			case kind == "fault" && slices.Contains(sandbox.FaultClasses(), name):
				if !strings.Contains(source, `"`+name+`"`) {
					t.Errorf("%s does not meet the fault %s", b.Test, name)
				}
			default:
				t.Errorf("%s: %q has the certainty %s and the switch %q, which is none", covered.Endpoint, b.Does, b.Sure, b.Switch)
			}
			switches[b.Switch] = true
		}
	}
	for _, name := range sandbox.DoubtNames() {
		if !switches["--doubt "+name] {
			t.Errorf("nothing is said of the doubt %s", name)
		}
	}
	for _, class := range sandbox.FaultClasses() {
		if !switches["fault "+class] {
			t.Errorf("nothing is said of the fault %s", class)
		}
	}
}
