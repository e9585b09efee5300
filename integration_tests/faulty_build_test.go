//go:build unix

package integration_tests_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/birdie-ai/source-qualtrics/integration_tests"
)

// faultyBinary is the program as the go command builds it over replaced files:
// its file operations fail, and its functions panic, when the environment says
// so. The code itself knows nothing of that.
var faultyBinary = sync.OnceValues(func() (string, error) {
	folder := integration_tests.BuildFolder()
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

// faultyOverlay writes the files and the list of them that the go command takes.
func faultyOverlay(folder string) (list string, err error) {
	root, err := filepath.Abs("..")
	if err != nil {
		return "", err
	}
	replaced := make(map[string]string)
	put := func(name, content string) error {
		file := filepath.Join(folder, fmt.Sprintf("overlay-%d.go", len(replaced)))
		replaced[filepath.Join(root, filepath.FromSlash(name))] = file
		return os.WriteFile(file, []byte(content), 0o600)
	}
	for from, to := range map[string]string{"planted.go.txt": "source/planted/planted.go", "program_faults.go.txt": "source/program_faults.go"} {
		text, err := os.ReadFile(filepath.Join("testdata", "faults", from))
		if err != nil {
			return "", err
		}
		if err := put(to, string(text)); err != nil {
			return "", err
		}
	}
	err = filepath.WalkDir(filepath.Join(root, "source"), func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains([]string{"sandbox", "airbytetest", "testdata"}, entry.Name()):
			return filepath.SkipDir
		case entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		content, err := faultyCode(filepath.ToSlash(name), string(text))
		if err != nil {
			return err
		}
		return put(filepath.ToSlash(name), content)
	})
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		return "", err
	}
	list = filepath.Join(folder, "overlay.json")
	return list, os.WriteFile(list, text, 0o600)
}

// faultyCode plants a call at the start of every function of a file, and puts
// the faulty file system in. Lines stay where they are.
func faultyCode(name, text string) (string, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
	if err != nil {
		return "", err
	}
	type planting struct {
		at   int
		text string
	}
	plantings := []planting{{int(parsed.Name.End()) - 1, `; import planted "github.com/birdie-ai/source-qualtrics/source/planted"`}}
	plant := func(body *ast.BlockStmt, of string) {
		if body == nil {
			return
		}
		at := int(body.Lbrace)
		line := 1 + strings.Count(text[:at], "\n")
		code := fmt.Sprintf(" planted.At(%q);", fmt.Sprintf("%s:%d %s", name, line, of))
		if of == "command" && name == "source/command.go" {
			code = " planted.Arm();" + code
		}
		plantings = append(plantings, planting{at, code})
	}
	within := "init"
	ast.Inspect(parsed, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.FuncDecl:
			within = node.Name.Name
			plant(node.Body, within)
		case *ast.FuncLit:
			plant(node.Body, "in "+within)
		}
		return true
	})
	if len(plantings) == 1 {
		return text, nil
	}
	slices.SortStableFunc(plantings, func(a, b planting) int { return b.at - a.at })
	for _, p := range plantings {
		text = text[:p.at] + p.text + text[p.at:]
	}
	if name == "source/program_disk.go" {
		const opened = "return landing.OpenRoot(dir)"
		if strings.Count(text, opened) != 1 {
			return "", errors.New("the place where the output folder is opened has moved")
		}
		text = strings.Replace(text, opened, "return faulty(landing.OpenRoot(dir))", 1)
	}
	return text, nil
}
