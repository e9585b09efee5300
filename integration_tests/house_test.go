// Package integration_tests holds what concerns the repository as a whole:
// its layout, who may import whom, its packaging, and runs at full size.
package integration_tests

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/birdie-ai/source-qualtrics"

// mayImport lists which of our packages each of them may import. What is not
// listed imports nothing of ours.
var mayImport = map[string][]string{
	"cmd/source-qualtrics": {"cmd/internal/process"},
	"cmd/tap-qualtrics":    {"cmd/internal/process"},
	"cmd/internal/process": {"source"},
	"source": {
		"schemas", "source/airbyte", "source/config", "source/engine", "source/failures", "source/feed", "source/feedback", "source/landing", "source/pasted", "source/progress",
		"source/qualtrics", "source/record", "source/redact", "source/sandbox", "source/singer", "source/stream", "source/wire", "source/wording",
	},
	"source/config":   {"schemas", "source/dates", "source/failures", "source/feed", "source/feedback", "source/pasted", "source/privacy", "source/qualtrics", "source/redact", "source/wording"},
	"source/engine":   {"source/failures", "source/feed", "source/progress", "source/qualtrics", "source/record", "source/stream", "source/wording"},
	"source/progress": {"source/failures", "source/feed", "source/qualtrics", "source/wording"},
	"source/failures": {"source/feed", "source/feed/responses", "source/frame", "source/qualtrics", "source/record"},
	"source/stream": {
		"schemas", "source/answers", "source/dates", "source/feed", "source/feed/contacts", "source/feed/responses", "source/feedback", "source/frame", "source/privacy", "source/qualtrics",
		"source/record", "source/response",
	},
	"source/feed":                  {"source/answers", "source/feed/reconcile", "source/feedback", "source/jsonsafe", "source/pasted", "source/privacy", "source/qualtrics", "source/record", "source/sketch", "source/wording"},
	"source/feed/responses":        {"source/feed", "source/feed/reconcile", "source/frame", "source/privacy", "source/qualtrics", "source/record", "source/response", "source/sketch", "source/wording"},
	"source/feed/contacts":         {"source/feed", "source/feed/reconcile", "source/frame", "source/privacy", "source/qualtrics", "source/record", "source/wording"},
	"source/feed/reconcile":        {"source/sketch", "source/wording"},
	"source/feed/feedtest":         nil,
	"source/answers":               {"source/dates", "source/frame", "source/qualtrics", "source/response"},
	"source/feedback":              {"source/answers", "source/frame", "source/jsonsafe", "source/qualtrics", "source/response"},
	"source/privacy":               {"source/frame", "source/pasted", "source/wording"},
	"source/response":              {"source/dates", "source/frame", "source/jsonsafe", "source/privacy", "source/sketch"},
	"source/airbyte":               {"source/jsonsafe", "source/record", "source/wire"},
	"source/singer":                {"source/jsonsafe", "source/record", "source/wire"},
	"source/wire":                  {"source/record"},
	"source/airbyte/airbytetest":   nil,
	"source/landing":               {"source/record"},
	"source/qualtrics":             {"source/dates", "source/frame", "source/redact"},
	"source/frame":                 {"source/inflate", "source/jsonsafe"},
	"source/inflate":               nil,
	"source/dates":                 nil,
	"source/jsonsafe":              nil,
	"source/pasted":                nil,
	"source/record":                {"source/jsonsafe"},
	"source/redact":                nil,
	"source/sketch":                nil,
	"source/wording":               nil,
	"source/sandbox":               nil,
	"schemas":                      nil,
	"integration_tests":            nil,
	"integration_tests/scoreboard": nil,
	"integration_tests/speed":      {"integration_tests/scoreboard", "integration_tests/testkit", "source"},
	"integration_tests/thorough":   nil,
	"integration_tests/testkit": {
		"source", "source/airbyte/airbytetest", "source/feed", "source/frame", "source/jsonsafe", "source/landing", "source/qualtrics", "source/record", "source/response",
		"source/sandbox", "source/stream",
	},
}

// goPackage is what go list says of a package.
type goPackage struct {
	ImportPath string
	Imports    []string
	Standard   bool
}

func packages(t *testing.T) []goPackage {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports,Standard", "./...")
	command.Dir = ".."
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(output)))
	var all []goPackage
	for {
		var one goPackage
		if err := decoder.Decode(&one); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
}

// forTests tells packages that no program holds.
func forTests(path string) bool {
	return strings.HasSuffix(path, "/airbytetest") || strings.HasSuffix(path, "/feedtest") || strings.Contains(path, "/integration_tests/")
}

func TestImports_OnlyGoWhereTheyMay(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		name := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		allowed, known := mayImport[name]
		if !known {
			t.Errorf("package %s is not listed: say what it may import", name)
		}
		for _, imported := range p.Imports {
			if ours, ok := strings.CutPrefix(imported, module+"/"); ok && !slices.Contains(allowed, ours) {
				t.Errorf("%s imports %s", name, ours)
			}
		}
	}
}

// Each third-party module is known to one package only, so that replacing it
// is a matter of that package.
func TestImports_EachDependencyBelongsToOnePackage(t *testing.T) {
	t.Parallel()
	owners := make(map[string][]string)
	for _, p := range packages(t) {
		if forTests(p.ImportPath) {
			continue
		}
		for _, imported := range p.Imports {
			if first, _, _ := strings.Cut(imported, "/"); !strings.Contains(first, ".") || strings.HasPrefix(imported, module) {
				continue
			}
			if owner := strings.TrimPrefix(p.ImportPath, module+"/"); !slices.Contains(owners[imported], owner) {
				owners[imported] = append(owners[imported], owner)
			}
		}
	}
	if len(owners) == 0 {
		t.Fatal("no dependency was found")
	}
	for dependency, by := range owners {
		if len(by) > 1 {
			t.Errorf("%s is imported by %s", dependency, strings.Join(by, " and "))
		}
	}
}

func TestLayout_TheTopLevelIsAsAgreed(t *testing.T) {
	t.Parallel()
	agreed := []string{"cmd", "source", "schemas", "integration_tests", "docs", "findings", "Dockerfile", "metadata.yaml", "go.mod", "go.sum", "README.md", "LICENSE"}
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if name := entry.Name(); !strings.HasPrefix(name, ".") && !slices.Contains(agreed, name) {
			t.Errorf("%s does not belong there", name)
		}
	}
	for _, name := range agreed {
		if _, err := os.Stat(filepath.Join("..", name)); err != nil {
			t.Error(err)
		}
	}
}

// forbidden are calls that would tie a package to the process it runs in.
var forbidden = map[string][]string{
	"os":   {"Stdout", "Stderr", "Stdin", "Getenv", "LookupEnv", "Environ", "Exit", "Args", "Open", "OpenFile", "Create", "ReadFile", "WriteFile", "Remove", "RemoveAll", "Mkdir", "MkdirAll", "MkdirTemp", "CreateTemp", "Getwd", "Chdir"},
	"http": {"DefaultClient", "DefaultTransport", "Get", "Post", "PostForm", "Head"},
	"fmt":  {"Print", "Printf", "Println"},
	"log":  {"Print", "Printf", "Println", "Fatal", "Fatalf", "Fatalln", "Panic", "Panicf"},
}

// excepted are the files whose task it is.
func excepted(file, name string) bool {
	switch {
	case strings.HasPrefix(file, "cmd/"), strings.HasPrefix(file, "source/program"), forTests(path.Dir("/" + file)):
		return true
	case strings.HasPrefix(file, "source/landing/"): // its FS is made on a rooted handle
		return name == "OpenFile" || name == "Open" || name == "Mkdir" || name == "MkdirAll" || name == "Remove"
	case strings.HasPrefix(file, "source/sandbox/"): // large exports are spooled
		return name == "CreateTemp" || name == "Remove"
	}
	return false
}

func TestCode_TouchesTheProcessOnlyInItsPlaces(t *testing.T) {
	t.Parallel()
	files := 0
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		files++
		name := filepath.ToSlash(strings.TrimPrefix(path, ".."+string(filepath.Separator)))
		parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		imported := make(map[string]bool)
		for _, spec := range parsed.Imports {
			if path, err := strconv.Unquote(spec.Path.Value); err == nil && spec.Name == nil {
				imported[path[strings.LastIndex(path, "/")+1:]] = path == "os" || path == "fmt" || path == "log" || path == "net/http"
			}
		}
		ast.Inspect(parsed, func(node ast.Node) bool {
			selector, ok := node.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if of, ok := selector.X.(*ast.Ident); ok && of.Obj == nil && imported[of.Name] &&
				slices.Contains(forbidden[of.Name], selector.Sel.Name) && !excepted(name, selector.Sel.Name) {
				t.Errorf("%s uses %s.%s", name, of.Name, selector.Sel.Name)
			}
			return true
		})
		return nil
	})
	if err != nil || files == 0 {
		t.Fatal(files, err)
	}
}
