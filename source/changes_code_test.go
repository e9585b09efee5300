package source_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A value is altered where the change is told, and nowhere else: streams tell what a
// column cannot hold, Row.Fit what an output cannot hold. This test finds code that
// makes changes, or replaces parts of texts, in other places.
func TestCode_AltersValuesOnlyWhereTheChangeIsTold(t *testing.T) {
	t.Parallel()
	makers := []string{"Null", "Repair", "Round", "Shorten", "Rename", "Replace", "Invent", "Mask"}
	mayMake := []string{"record", "stream"}
	mayReplace := map[string]string{
		"record/fit.go":        "Row.Fit itself",
		"jsonsafe/jsonsafe.go": "for Row.Fit",
		"log.go":               "lines of a log",
		"singer/singer.go":     "states, which are our own",
	}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (path == "sandbox" || entry.Name() == "testdata"):
			return fs.SkipDir
		case entry.IsDir(), !strings.HasSuffix(path, ".go"), strings.HasSuffix(path, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, text, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		makes := slices.Contains(mayMake, filepath.Dir(path))
		ast.Inspect(file, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.CompositeLit:
				if isName(node.Type, "record", "Change") {
					t.Errorf("%s makes a record.Change by hand: its functions say what stands in the column", files.Position(node.Pos()))
				}
			case *ast.CallExpr:
				for _, maker := range makers {
					if isName(node.Fun, "record", maker) && !makes {
						t.Errorf("%s makes a change outside of %v", files.Position(node.Pos()), mayMake)
					}
				}
				replaces := isName(node.Fun, "strings", "ToValidUTF8") || isName(node.Fun, "bytes", "ToValidUTF8") || isName(node.Fun, "jsonsafe", "Clean") || isName(node.Fun, "jsonsafe", "CleanText")
				if replaces && mayReplace[filepath.ToSlash(path)] == "" {
					t.Errorf("%s replaces parts of a text: of a value only Row.Fit does so", files.Position(node.Pos()))
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// isName reports whether an expression is a name of a package.
func isName(expression ast.Expr, pkg, name string) bool {
	selector, ok := expression.(*ast.SelectorExpr)
	if !ok || selector.Sel.Name != name {
		return false
	}
	of, ok := selector.X.(*ast.Ident)
	return ok && of.Name == pkg
}
