package integration_tests_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

// The exhibits do not depend on the files of their functions, nor on the names of
// local variables: all functions are moved to another file and all their locals and
// parameters renamed, and the code with all exhibits builds.
func TestExhibits_FitTheCodeAfterMovesAndRenames(t *testing.T) {
	t.Parallel()
	code, err := readProductCode()
	if err != nil {
		t.Fatal(err)
	}
	index, all := productIndex(t), exhibits(t)
	targets := make(map[string]*codeFunction)
	for _, e := range all {
		for _, body := range e.bodies {
			f, err := body.target(index)
			if err != nil {
				t.Fatal(err)
			}
			targets[f.place()] = f
		}
	}
	for n, place := range slices.Sorted(maps.Keys(targets)) {
		if err := code.move(targets[place], fmt.Sprintf("moved_%d.go", n)); err != nil {
			t.Fatal(err)
		}
	}
	if err := code.withExhibits(all); err != nil {
		t.Fatal(err)
	}
	overlay, err := code.overlay(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	// Without optimization the compiler is twice as fast.
	build := exec.CommandContext(t.Context(), "go", "build", "-gcflags=-N -l", "-overlay", overlay, "../source/...")
	if output, err := build.CombinedOutput(); err != nil {
		t.Errorf("building the code with moved functions: %v\n%s", err, output)
	}
}

// move puts a function into another file of its folder and renames its locals.
func (c productCode) move(f *codeFunction, to string) error {
	name := f.file.name
	index, err := productCode{name: c[name]}.index() // earlier moves have changed the file
	if err != nil {
		return err
	}
	if f, err = index.function(f.name()); err != nil {
		return err
	}
	text := f.file.source(f.decl)
	renamed, err := withLocalsRenamed(text)
	if err != nil {
		return err
	}
	at := strings.Index(c[name], text)
	rest, err := withoutUnusedImports(c[name][:at] + c[name][at+len(text):])
	if err != nil {
		return err
	}
	c[name] = rest
	return c.add(index, f.file, to, renamed)
}

// withLocalsRenamed gives the parameters and variables of a function other names.
func withLocalsRenamed(function string) (string, error) {
	const head = "package p\n"
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, "", head+function, 0)
	if err != nil {
		return "", err
	}
	kept := make(map[ast.Node]bool) // the names of fields
	var ends []int
	ast.Inspect(parsed.Decls[0], func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.StructType:
			return false
		case *ast.KeyValueExpr:
			kept[node.Key] = true
		case *ast.Ident:
			if node.Obj != nil && node.Obj.Kind == ast.Var && node.Name != "_" && !kept[node] {
				ends = append(ends, set.Position(node.End()).Offset-len(head))
			}
		}
		return true
	})
	slices.Sort(ends)
	for _, at := range slices.Backward(ends) {
		function = function[:at] + "Renamed" + function[at:]
	}
	return function, nil
}

// withoutUnusedImports drops the imports that a file does not need any more.
func withoutUnusedImports(text string) (string, error) {
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, "", text, parser.SkipObjectResolution)
	if err != nil {
		return "", err
	}
	used := make(map[string]bool)
	ast.Inspect(parsed, func(node ast.Node) bool {
		if selector, is := node.(*ast.SelectorExpr); is {
			if of, is := selector.X.(*ast.Ident); is {
				used[of.Name] = true
			}
		}
		return true
	})
	for _, spec := range slices.Backward(parsed.Imports) {
		if !used[path.Base(strings.Trim(spec.Path.Value, `"`))] {
			text = text[:set.Position(spec.Pos()).Offset] + text[set.Position(spec.End()).Offset:]
		}
	}
	return text, nil
}

// A replacement finds its function in any package, by receiver and name, and refuses
// a name that no function has, or that two have.
func TestReplacement_FindsAFunctionByName(t *testing.T) {
	t.Parallel()
	base := productCode{
		"source/a/a.go": "package a\n\nimport \"time\"\n\ntype T struct{}\n\nfunc (t *T) Wait(now time.Time, ids ...string) (n int, err error) { return 1, nil }\n",
		"source/b/b.go": "package b\n\nimport \"example.com/a\"\n\nfunc Two[K any](x K, y a.T) {}\n\nfunc once() {}\n",
		"source/c/c.go": "package c\n\nfunc once() {}\n\ntype Other struct{}\n\nfunc (Other) Two() {}\n",
	}
	tests := map[string]struct {
		replacement replacement
		file, want  string // a part of a file
		problem     string
	}{
		"a method": {
			replacement: replacement{function: "T.Wait(t, at, _)", body: "return original(at.Add(time.Hour))"},
			file:        "source/a/replaced_0.go",
			want:        "import time \"time\"\n\nfunc (t *T) WaitReplaced0(at time.Time, _ ...string) (int, error) {\nreturn t.WaitOriginal(at.Add(time.Hour))\n}",
		},
		"a method by its name alone": {
			replacement: replacement{function: "Wait(t, at, ids)", body: "return 2, errors.ErrUnsupported", when: "on"},
			file:        "source/a/replacing_0.go",
			want:        "if on {\nreturn receiver.WaitReplaced0(argument0, argument1...)\n}\nreturn receiver.WaitOriginal(argument0, argument1...)",
		},
		"a function before a method": {
			replacement: replacement{function: "Two[X](x, y)", body: "original(x, y)"},
			file:        "source/b/replaced_0.go",
			want:        "func TwoReplaced0[X any](x X, y a.T) () {\nTwoOriginal[X](x, y)\n}",
		},
		"no such function":     {replacement: replacement{function: "T.Sleep(t)"}, problem: "no function under source/ is named T.Sleep"},
		"two functions":        {replacement: replacement{function: "once()"}, problem: "2 functions under source/ are named once (source/b/b.go:7:1, source/c/c.go:3:1)"},
		"other parameters":     {replacement: replacement{function: "T.Wait(t)"}, problem: "names 1 parameters, and the function in source/a/a.go:7:1 has 3"},
		"not a signature":      {replacement: replacement{function: "T.Wait"}, problem: "T.Wait is not of the form type.name(receiver, parameters)"},
		"a body that is no Go": {replacement: replacement{function: "T.Wait(t, _, _)", body: "return ("}, problem: "the body of T.Wait(t, _, _)"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code := maps.Clone(base)
			err := code.replace([]replacement{test.replacement})
			if got := fmt.Sprint(err); test.problem != "" && !strings.Contains(got, test.problem) || test.problem == "" && err != nil {
				t.Fatalf("got the error %v, want %q", err, test.problem)
			}
			if !strings.Contains(code[test.file], test.want) {
				t.Errorf("%s is\n%s\nwant in it\n%s", test.file, code[test.file], test.want)
			}
		})
	}
}

// A body may name the package that its function was in before it moved.
func TestReplacement_LeavesOutTheNameOfItsOwnPackage(t *testing.T) {
	t.Parallel()
	code := productCode{
		"source/a/a.go": "package a\n\nimport \"" + moduleName + "/source/b\"\n\nvar _ b.T\n",
		"source/b/b.go": "package b\n\ntype T struct{}\n\nfunc Make() T { return T{} }\n",
	}
	if err := code.replace([]replacement{{function: "Make()", body: "return b.T{}"}}); err != nil {
		t.Fatal(err)
	}
	if got := code["source/b/replaced_0.go"]; !strings.Contains(got, "return T{}") || strings.Contains(got, "import") {
		t.Errorf("got\n%s\nwant no b in it", got)
	}
}
