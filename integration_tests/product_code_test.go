package integration_tests_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/source"
)

// moduleName is the import path of the folder above.
var moduleName = path.Dir(reflect.TypeFor[source.Program]().PkgPath())

// productCode is the Go code of the program under source/, without tests and the
// sandbox, by file name such as "source/feed/window.go". It can be changed in
// memory and built from there.
type productCode map[string]string

// readProductCode reads the code from disk.
func readProductCode() (productCode, error) {
	code := make(productCode)
	root := os.DirFS("..")
	err := fs.WalkDir(root, "source", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains([]string{"sandbox", "airbytetest", "testdata"}, entry.Name()):
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		text, err := fs.ReadFile(root, name)
		code[name] = string(text)
		return err
	})
	return code, err
}

// overlay writes the files of the code that differ from those on disk, and the list
// of them for the -overlay flag of the go command.
func (c productCode) overlay(folder string) (list string, err error) {
	onDisk, err := readProductCode()
	if err != nil {
		return "", err
	}
	root, err := filepath.Abs("..")
	if err != nil {
		return "", err
	}
	replaced := make(map[string]string)
	for name, text := range c {
		if onDisk[name] == text {
			continue
		}
		file := filepath.Join(folder, fmt.Sprintf("overlay-%d.go", len(replaced)))
		replaced[filepath.Join(root, filepath.FromSlash(name))] = file
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		return "", err
	}
	list = filepath.Join(folder, "overlay.json")
	return list, os.WriteFile(list, text, 0o600)
}

// index parses all files, so that functions are found by name.
func (c productCode) index() (*codeIndex, error) {
	index := &codeIndex{functions: make(map[string][]*codeFunction), imports: make(map[string]map[string]string)}
	for _, name := range slices.Sorted(maps.Keys(c)) {
		file := &codeFile{name: name, text: c[name], set: token.NewFileSet()}
		var err error
		if file.parsed, err = parser.ParseFile(file.set, name, file.text, parser.SkipObjectResolution); err != nil {
			return nil, err
		}
		index.files = append(index.files, file)
		index.addImports(file)
		for _, decl := range file.parsed.Decls {
			if decl, is := decl.(*ast.FuncDecl); is {
				f := &codeFunction{file, decl}
				index.functions[decl.Name.Name] = append(index.functions[decl.Name.Name], f)
			}
		}
	}
	return index, nil
}

// codeIndex finds functions by name and packages by the name of their import.
type codeIndex struct {
	files     []*codeFile
	functions map[string][]*codeFunction
	// imports holds import paths by name: for each file, for each folder (the
	// imports of its files), and under "" for all of the code.
	imports map[string]map[string]string
}

type codeFile struct {
	name, text string
	set        *token.FileSet
	parsed     *ast.File
}

func (f *codeFile) folder() string { return path.Dir(f.name) }

// source is the text of a node.
func (f *codeFile) source(node ast.Node) string {
	return f.text[f.set.Position(node.Pos()).Offset:f.set.Position(node.End()).Offset]
}

func (i *codeIndex) addImports(file *codeFile) {
	for _, spec := range file.parsed.Imports {
		imported := strings.Trim(spec.Path.Value, `"`)
		name := path.Base(imported)
		if strings.HasPrefix(name, "v") && strings.Trim(name[1:], "0123456789") == "" { // the version of a module
			name = path.Base(path.Dir(imported))
		}
		if spec.Name != nil {
			name = spec.Name.Name
		}
		for _, of := range []string{file.name, file.folder(), ""} {
			if i.imports[of] == nil {
				i.imports[of] = make(map[string]string)
			}
			if i.imports[of][name] == "" {
				i.imports[of][name] = imported
			}
		}
	}
}

// importPath is the package that an identifier of a file means, "" for none.
func (i *codeIndex) importPath(file *codeFile, name string) string {
	for _, of := range []string{file.name, file.folder(), ""} {
		if imported := i.imports[of][name]; imported != "" {
			return imported
		}
	}
	return ""
}

// codeFunction is a function or method of the code.
type codeFunction struct {
	file *codeFile
	decl *ast.FuncDecl
}

// name is "type.name" of a method, and the name of a function.
func (f *codeFunction) name() string {
	return strings.TrimPrefix(f.receiver()+"."+f.decl.Name.Name, ".")
}

// receiver is the name of the receiver's type, "" for a function.
func (f *codeFunction) receiver() string {
	if f.decl.Recv == nil {
		return ""
	}
	of := f.decl.Recv.List[0].Type
	for {
		switch inner := of.(type) {
		case *ast.StarExpr:
			of = inner.X
		case *ast.IndexExpr:
			of = inner.X
		case *ast.IndexListExpr:
			of = inner.X
		case *ast.Ident:
			return inner.Name
		default:
			return ""
		}
	}
}

// place says where the function is declared.
func (f *codeFunction) place() string {
	return fmt.Sprint(f.file.set.Position(f.decl.Pos()))
}

// function finds a method by "type.name" and a function by its name. The name alone
// also finds a method where no function and no other method is named so. The file
// and the package do not matter.
func (i *codeIndex) function(name string) (*codeFunction, error) {
	receiver, plain, isMethod := strings.Cut(name, ".")
	if !isMethod {
		receiver, plain = "", name
	}
	all := i.functions[plain]
	found := slices.DeleteFunc(slices.Clone(all), func(f *codeFunction) bool { return f.receiver() != receiver })
	if !isMethod && len(found) == 0 {
		found = all
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return nil, fmt.Errorf("no function under source/ is named %s: if it has another name now, use that", name)
	default:
		places := make([]string, len(found))
		for n, f := range found {
			places[n] = f.place()
		}
		return nil, fmt.Errorf("%d functions under source/ are named %s (%s): name the type of the receiver, too, or give the function a name of its own", len(found), name, strings.Join(places, ", "))
	}
}

// productIndex is the index of the code on disk.
func productIndex(t *testing.T) *codeIndex {
	t.Helper()
	code, err := readProductCode()
	if err != nil {
		t.Fatal(err)
	}
	index, err := code.index()
	if err != nil {
		t.Fatal(err)
	}
	return index
}
