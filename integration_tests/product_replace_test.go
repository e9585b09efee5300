package integration_tests_test

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// replacement is another body for one function of the code. The function keeps its
// types; only its name, and names for its parameters, are given:
//
//	function: "ledger.note(l, id, _, recorded)"    the receiver comes first
//	function: "list[T](ctx, c, first, each)"       type parameters in brackets
//
// In the body, original(…) calls the function as it was, on the same receiver.
type replacement struct {
	function string
	body     string // statements
	declares string // declarations beside the function, such as types
	when     string // the expression under which it replaces the function; "" means always
}

// replace puts the replacements into the code. A file that is added to the folder of
// each function holds them, and the function itself is renamed.
func (c productCode) replace(all []replacement) error {
	index, err := c.index()
	if err != nil {
		return err
	}
	targets := make(map[*codeFunction]*replacedFunction)
	for n, r := range all {
		f, err := r.target(index)
		if err != nil {
			return err
		}
		if targets[f] == nil {
			targets[f] = &replacedFunction{codeFunction: f}
		}
		text, err := r.write(f, targets[f].variant(n))
		if err != nil {
			return err
		}
		if err := c.add(index, f.file, fmt.Sprintf("replaced_%d.go", n), text); err != nil {
			return fmt.Errorf("the replacement of %s: %w", r.function, err)
		}
		targets[f].cases = append(targets[f].cases, replacedCase{r.when, targets[f].variant(n)})
	}
	ordered := slices.SortedFunc(maps.Values(targets), func(a, b *replacedFunction) int {
		return cmp.Or(cmp.Compare(a.file.name, b.file.name), cmp.Compare(b.decl.Pos(), a.decl.Pos()))
	})
	for n, target := range ordered { // from the end of each file to its beginning
		text, at := c[target.file.name], target.file.set.Position(target.decl.Name.End()).Offset
		c[target.file.name] = text[:at] + originalSuffix + text[at:]
		if err := c.add(index, target.file, fmt.Sprintf("replacing_%d.go", n), target.write()); err != nil {
			return err
		}
	}
	return nil
}

const originalSuffix = "Original"

// target finds the function and compares the number of its parameters.
func (r replacement) target(index *codeIndex) (*codeFunction, error) {
	name, _, names, err := r.signature()
	if err != nil {
		return nil, err
	}
	f, err := index.function(name)
	if err != nil {
		return nil, err
	}
	want := len(parameterTypes(f.decl.Type.Params))
	of := "parameters"
	if f.decl.Recv != nil {
		want++
		of = "a receiver and parameters"
	}
	if len(names) != want {
		return nil, fmt.Errorf("%s names %d parameters, and the function in %s has %d (%s)", r.function, len(names), f.place(), want, of)
	}
	return f, nil
}

// signature reads the name of the function, its type parameters and its parameters.
func (r replacement) signature() (name string, types, names []string, err error) {
	call, err := parser.ParseExpr(r.function)
	if err != nil {
		return "", nil, nil, fmt.Errorf("%s is not of the form type.name(receiver, parameters): %w", r.function, err)
	}
	parsed, is := call.(*ast.CallExpr)
	if !is {
		return "", nil, nil, fmt.Errorf("%s is not of the form type.name(receiver, parameters)", r.function)
	}
	of := parsed.Fun
	switch generic := of.(type) {
	case *ast.IndexExpr:
		of, types = generic.X, namesOf(generic.Index)
	case *ast.IndexListExpr:
		of, types = generic.X, namesOf(generic.Indices...)
	}
	return printed(of), types, namesOf(parsed.Args...), nil
}

func namesOf(list ...ast.Expr) []string {
	names := make([]string, len(list))
	for i, one := range list {
		names[i] = printed(one)
	}
	return names
}

func printed(node any) string {
	var text bytes.Buffer
	if err := printer.Fprint(&text, token.NewFileSet(), node); err != nil {
		return err.Error()
	}
	return text.String()
}

// write is the function with the new body, under another name.
func (r replacement) write(f *codeFunction, as string) (string, error) {
	_, types, names, err := r.signature()
	if err != nil {
		return "", err
	}
	receiver := ""
	if f.decl.Recv != nil {
		receiver, names = names[0], names[1:]
	}
	head, err := f.head(as, receiver, types, names)
	if err != nil {
		return "", fmt.Errorf("%s: %w", r.function, err)
	}
	body, err := callsOf(r.body, "original", f.calledOn(receiver, types, f.decl.Name.Name+originalSuffix))
	if err != nil {
		return "", fmt.Errorf("the body of %s: %w", r.function, err)
	}
	return head + "{\n" + body + "\n}\n\n" + r.declares, nil
}

// callsOf gives calls of one function in a body another name.
func callsOf(body, from, to string) (string, error) {
	const before = "package p\nfunc _() {\n"
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, "", before+body+"\n}", parser.SkipObjectResolution)
	if err != nil {
		return "", err
	}
	var calls []int
	ast.Inspect(parsed, func(node ast.Node) bool {
		if call, is := node.(*ast.CallExpr); is {
			if name, is := call.Fun.(*ast.Ident); is && name.Name == from {
				calls = append(calls, set.Position(name.Pos()).Offset-len(before))
			}
		}
		return true
	})
	for _, at := range slices.Backward(calls) {
		body = body[:at] + to + body[at+len(from):]
	}
	return body, nil
}

// head is the signature of a function with other names.
func (f *codeFunction) head(as, receiver string, typeNames, names []string) (string, error) {
	head, renamed := "func ", make(map[string]string)
	if f.decl.Recv != nil {
		head += "(" + receiver + " " + f.file.source(f.decl.Recv.List[0].Type) + ") "
	}
	head += as
	if list := f.decl.Type.TypeParams; list != nil {
		var types []string
		for _, field := range list.List {
			for _, name := range field.Names {
				if len(types) >= len(typeNames) {
					return "", fmt.Errorf("the function in %s has more type parameters", f.place())
				}
				renamed[name.Name] = typeNames[len(types)]
				types = append(types, typeNames[len(types)]+" "+f.file.source(field.Type))
			}
		}
		head += "[" + strings.Join(types, ", ") + "]"
	}
	parameters := parameterTypes(f.decl.Type.Params)
	for i, of := range parameters {
		parameters[i] = names[i] + " " + renameIn(of, renamed)
	}
	results := parameterTypes(f.decl.Type.Results)
	for i, of := range results {
		results[i] = renameIn(of, renamed)
	}
	return head + "(" + strings.Join(parameters, ", ") + ") (" + strings.Join(results, ", ") + ") ", nil
}

// renameIn gives type parameters in a type other names.
func renameIn(of string, names map[string]string) string {
	of, variadic := strings.CutPrefix(of, "...")
	parsed, err := parser.ParseExpr(of)
	if err != nil {
		return of
	}
	ast.Inspect(parsed, func(node ast.Node) bool {
		if name, is := node.(*ast.Ident); is && names[name.Name] != "" {
			name.Name = names[name.Name]
		}
		return true
	})
	if variadic {
		return "..." + printed(parsed)
	}
	return printed(parsed)
}

// parameterTypes are the types of parameters or results, one for each.
func parameterTypes(list *ast.FieldList) (types []string) {
	if list == nil {
		return nil
	}
	for _, field := range list.List {
		for range max(1, len(field.Names)) {
			types = append(types, printed(field.Type))
		}
	}
	return types
}

// calledOn is how another function of the same receiver and types is called.
func (f *codeFunction) calledOn(receiver string, types []string, name string) string {
	switch {
	case f.decl.Recv != nil:
		return receiver + "." + name
	case len(types) > 0:
		return name + "[" + strings.Join(types, ", ") + "]"
	default:
		return name
	}
}

// replacedFunction is a function with the replacements that it has.
type replacedFunction struct {
	*codeFunction
	cases []replacedCase
}

type replacedCase struct{ when, variant string }

// variant is the name of the function's n-th replacement.
func (f *replacedFunction) variant(n int) string {
	return f.decl.Name.Name + "Replaced" + strconv.Itoa(n)
}

// write is the function that calls the replacement whose condition holds, or the
// original.
func (f *replacedFunction) write() string {
	var types, names, passed []string
	if list := f.decl.Type.TypeParams; list != nil {
		for _, field := range list.List {
			for _, name := range field.Names {
				types = append(types, name.Name)
			}
		}
	}
	for i, of := range parameterTypes(f.decl.Type.Params) {
		names = append(names, fmt.Sprint("argument", i))
		passed = append(passed, names[i])
		if strings.HasPrefix(of, "...") {
			passed[i] += "..."
		}
	}
	head, err := f.head(f.decl.Name.Name, "receiver", types, names)
	if err != nil {
		return err.Error()
	}
	call := func(name string) string {
		text := f.calledOn("receiver", types, name) + "(" + strings.Join(passed, ", ") + ")\n"
		if f.decl.Type.Results != nil {
			return "return " + text
		}
		return text + "return\n"
	}
	text := head + "{\n"
	for _, one := range f.cases {
		text += "if " + cmp.Or(one.when, "true") + " {\n" + call(one.variant) + "}\n"
	}
	return text + call(f.decl.Name.Name+originalSuffix) + "}\n"
}

// add writes a new file into the folder of another one. Its imports are those that
// its code needs; the name of the folder's own package is left out.
func (c productCode) add(index *codeIndex, beside *codeFile, name, text string) error {
	set := token.NewFileSet()
	head := "package " + beside.parsed.Name.Name + "\n\n"
	parsed, err := parser.ParseFile(set, name, head+text, 0)
	if err != nil {
		return err
	}
	unresolved := make(map[*ast.Ident]bool)
	for _, identifier := range parsed.Unresolved {
		unresolved[identifier] = true
	}
	imports := make(map[string]string)
	var own [][2]int
	ast.Inspect(parsed, func(node ast.Node) bool {
		selector, is := node.(*ast.SelectorExpr)
		if !is {
			return true
		}
		of, is := selector.X.(*ast.Ident)
		if !is || !unresolved[of] {
			return true
		}
		switch imported := index.importPath(beside, of.Name); imported {
		case "":
		case path.Join(moduleName, beside.folder()):
			own = append(own, [2]int{set.Position(selector.Pos()).Offset, set.Position(selector.Sel.Pos()).Offset})
		default:
			imports[of.Name] = imported
		}
		return true
	})
	slices.SortFunc(own, func(a, b [2]int) int { return b[0] - a[0] })
	whole := head + text
	for _, span := range own {
		whole = whole[:span[0]] + whole[span[1]:]
	}
	var list strings.Builder
	for _, name := range slices.Sorted(maps.Keys(imports)) {
		fmt.Fprintf(&list, "import %s %q\n", name, imports[name])
	}
	c[path.Join(beside.folder(), name)] = head + list.String() + "\n" + whole[len(head):]
	return nil
}
