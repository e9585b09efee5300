//go:build unix

package integration_tests_test

import (
	"fmt"
	"go/ast"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
)

// faultyBinary is the program as the go command builds it over replaced files:
// its file operations fail, and its functions panic, when the environment says
// so. The code itself knows nothing of that.
var faultyBinary = sync.OnceValues(func() (string, error) {
	folder := testkit.BuildFolder()
	overlay, err := faultyOverlay(folder)
	if err != nil {
		return "", err
	}
	path := filepath.Join(folder, "source-qualtrics-faulty")
	if output, err := exec.Command("go", "build", "-overlay", overlay, "-o", path, "../cmd/source-qualtrics").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, output)
	}
	return path, nil
})

// needsFaultyBuild skips a test of the faulty program where only a sample of the tests is
// asked for: building the program a second time takes a third of their time.
func needsFaultyBuild(t *testing.T) {
	t.Helper()
	if *kills == 0 && !thorough.Asked() {
		t.Skipf("skipped: it builds the program a second time; ask for it by %s=all or -kills", thorough.Variable)
	}
}

// newFaultyUser is a user of the program that can be made to fail.
func newFaultyUser(t *testing.T) *user {
	t.Helper()
	u := newUser(t)
	var err error
	if u.binary, err = faultyBinary(); err != nil {
		t.Fatal(err)
	}
	return u
}

// The functions that the faults depend on, see [codeIndex.function].
const (
	programBegins = "invocation.command"   // panics are planted from here on
	secretIsKnown = "invocation.client"    // and may hold the secret from here on
	opensOutput   = "disk.Root(d, folder)" // returns the file system of an export
)

// faultyOverlay writes the files and the list of them that the go command takes.
func faultyOverlay(folder string) (list string, err error) {
	code, err := readProductCode()
	if err != nil {
		return "", err
	}
	if err := code.plantFaults(); err != nil {
		return "", err
	}
	return code.overlay(folder)
}

// plantFaults lets every function call a function that may panic, and puts the faulty
// file system in.
func (c productCode) plantFaults() error {
	index, err := c.index()
	if err != nil {
		return err
	}
	output := replacement{function: opensOutput, body: "return faulty(original(folder))"}
	opens, err := output.target(index)
	if err != nil {
		return err
	}
	calls := make(map[*ast.FuncDecl]string)
	for name, call := range map[string]string{programBegins: "planted.Arm()", secretIsKnown: "planted.Reveal()"} {
		f, err := index.function(name)
		if err != nil {
			return err
		}
		calls[f.decl] = call
	}
	for _, file := range index.files {
		c[file.name] = file.withPanics(calls)
	}
	if err := c.replace([]replacement{output}); err != nil {
		return err
	}
	for from, to := range map[string]string{"planted.go.txt": "source/planted/planted.go", "program_faults.go.txt": opens.file.folder() + "/program_faults.go"} {
		text, err := os.ReadFile(filepath.Join("testdata", "faults", from))
		if err != nil {
			return err
		}
		c[to] = strings.Replace(string(text), "\npackage source\n", "\npackage "+opens.file.parsed.Name.Name+"\n", 1)
	}
	return nil
}

// withPanics is the file with a call at the start of every function, after those that
// single functions have. Lines stay where they are.
func (f *codeFile) withPanics(calls map[*ast.FuncDecl]string) string {
	type planting struct {
		at   int
		text string
	}
	plantings := []planting{{f.set.Position(f.parsed.Name.End()).Offset, fmt.Sprintf("; import planted %q", moduleName+"/source/planted")}}
	plant := func(body *ast.BlockStmt, site, call string) {
		if body != nil {
			at := f.set.Position(body.Lbrace)
			plantings = append(plantings, planting{at.Offset + 1, fmt.Sprintf(" %splanted.At(%q);", call, fmt.Sprintf("%s:%d %s", f.name, at.Line, site))})
		}
	}
	within := "init"
	ast.Inspect(f.parsed, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.FuncDecl:
			within = (&codeFunction{f, node}).name()
			call := ""
			if calls[node] != "" {
				call = calls[node] + "; "
			}
			plant(node.Body, within, call)
		case *ast.FuncLit:
			plant(node.Body, "in "+within, "")
		}
		return true
	})
	if len(plantings) == 1 {
		return f.text
	}
	slices.SortStableFunc(plantings, func(a, b planting) int { return b.at - a.at })
	text := f.text
	for _, p := range plantings {
		text = text[:p.at] + p.text + text[p.at:]
	}
	return text
}

// The functions that the faults depend on exist once.
func TestFaults_FitTheCode(t *testing.T) {
	t.Parallel()
	code, err := readProductCode()
	if err != nil {
		t.Fatal(err)
	}
	if err := code.plantFaults(); err != nil {
		t.Error(err)
	}
	index := productIndex(t)
	for _, name := range recovering {
		if _, err := index.function(strings.TrimPrefix(name, "in ")); err != nil {
			t.Errorf("a function that recovers from panics: %v", err)
		}
	}
}
