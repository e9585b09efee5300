//go:build museum

package integration_tests_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// exhibitVariable names the defect that the built program has.
const exhibitVariable = "EXHIBIT"

// gallery is the code with all defects in it: building it once is much faster
// than building it for each of them. A function that a defect changes begins
// by asking whether the changed one is wanted.
type gallery struct {
	t     *testing.T
	files map[string]*galleryFile
}

// galleryFile is a file of the code and what is done to it.
type galleryFile struct {
	text    string
	parsed  *ast.File
	set     *token.FileSet
	changes []galleryChange
	added   map[string]string // name → declaration, behind the rest
}

type galleryChange struct {
	at, end int
	text    string
}

func newGalleryFile(t *testing.T, name, text string) *galleryFile {
	t.Helper()
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, name, text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return &galleryFile{text: text, parsed: parsed, set: set, added: make(map[string]string)}
}

// span is where a part of the file stands.
func (f *galleryFile) span(node ast.Node) (from, to int) {
	return f.set.Position(node.Pos()).Offset, f.set.Position(node.End()).Offset
}

func (f *galleryFile) source(node ast.Node) string {
	from, to := f.span(node)
	return f.text[from:to]
}

// declarations are the functions and types of the file by name; what has none
// goes by its text.
func (f *galleryFile) declarations() map[string]ast.Decl {
	all := make(map[string]ast.Decl)
	for _, decl := range f.parsed.Decls {
		all[f.name(decl)] = decl
	}
	return all
}

func (f *galleryFile) name(decl ast.Decl) string {
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		if decl.Recv != nil {
			return f.source(decl.Recv.List[0].Type) + "." + decl.Name.Name
		}
		return decl.Name.Name
	case *ast.GenDecl:
		if decl.Tok == token.TYPE && len(decl.Specs) == 1 {
			return "type " + decl.Specs[0].(*ast.TypeSpec).Name.Name
		}
	}
	return f.source(decl)
}

// file is a file of the code as it is.
func (g *gallery) file(name string) *galleryFile {
	if g.files[name] == nil {
		text, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(name)))
		if err != nil {
			g.t.Fatal(err)
		}
		g.files[name] = newGalleryFile(g.t, name, string(text))
	}
	return g.files[name]
}

// hang puts a defect into the code.
func (g *gallery) hang(number int, e exhibit) {
	for name, text := range e.defective(g.t, func(name string) string { return g.file(name).text }) {
		original, changed := g.file(name), newGalleryFile(g.t, name, text)
		before := original.declarations()
		for what, decl := range changed.declarations() {
			now := changed.source(decl)
			was, known := before[what]
			switch function, is := decl.(*ast.FuncDecl); {
			case known && original.source(was) == now:
			case known && is:
				g.turn(original, was.(*ast.FuncDecl), changed, function, number, e.name)
			case known || is || decl.(*ast.GenDecl).Tok == token.TYPE:
				if other := original.added[what]; other != "" && other != now {
					g.t.Fatalf("%s declares %q in another way than another exhibit", e.name, what)
				}
				original.added[what] = now
			default:
				g.t.Fatalf("%s changes what is no function: %s", e.name, now)
			}
		}
	}
}

// turn adds the changed function under another name, and a turn-off to it.
func (g *gallery) turn(original *galleryFile, was *ast.FuncDecl, changed *galleryFile, now *ast.FuncDecl, number int, exhibit string) {
	name := fmt.Sprintf("%sOfExhibit%d", was.Name.Name, number)
	from, _ := changed.span(now)
	at, end := changed.span(now.Name)
	text := changed.source(now)
	original.added[name+" "+original.name(was)] = text[:at-from] + name + text[end-from:]

	call := name
	if was.Recv != nil {
		if len(was.Recv.List[0].Names) == 0 {
			g.t.Fatalf("%s: the receiver of %s has no name", exhibit, was.Name.Name)
		}
		call = was.Recv.List[0].Names[0].Name + "." + name
	}
	if was.Type.TypeParams != nil {
		call += "[" + strings.Join(g.names(exhibit, was.Type.TypeParams), ", ") + "]"
	}
	call += "(" + strings.Join(g.names(exhibit, was.Type.Params), ", ") + ")"
	if was.Type.Results != nil {
		call = "return " + call
	} else {
		call += "; return"
	}
	opening, _ := original.span(was.Body)
	original.changes = append(original.changes, galleryChange{opening + 1, opening + 1, fmt.Sprintf(" if exhibit%d { %s };", number, call)})
}

// names are what a call hands on.
func (g *gallery) names(exhibit string, of *ast.FieldList) []string {
	var names []string
	for _, field := range of.List {
		dots := ""
		if _, rest := field.Type.(*ast.Ellipsis); rest {
			dots = "..."
		}
		if len(field.Names) == 0 {
			g.t.Fatalf("%s: a parameter has no name", exhibit)
		}
		for _, name := range field.Names {
			names = append(names, name.Name+dots)
		}
	}
	return names
}

// finish returns the text of a file with all that was done to it.
func (f *galleryFile) finish() string {
	before := f.declarations()
	text, behind := f.text, ""
	for _, what := range sortedKeys(f.added) {
		if was := before[what]; was != nil {
			from, to := f.span(was)
			f.changes = append(f.changes, galleryChange{from, to, f.added[what]})
		} else {
			behind += "\n\n" + f.added[what]
		}
	}
	slices.SortStableFunc(f.changes, func(a, b galleryChange) int { return cmp.Compare(b.at, a.at) })
	for _, change := range f.changes {
		text = text[:change.at] + change.text + text[change.end:]
	}
	return text + behind + "\n"
}

// overlay writes the files and the list that the go command takes.
func (g *gallery) overlay(of []exhibit) string {
	g.t.Helper()
	folder, replaced, switches := g.t.TempDir(), make(map[string]string), make(map[string]string)
	for i, e := range of {
		g.hang(i, e)
	}
	put := func(name, text string) {
		at, err := filepath.Abs(filepath.Join("..", filepath.FromSlash(name)))
		if err != nil {
			g.t.Fatal(err)
		}
		replaced[at] = filepath.Join(folder, fmt.Sprintf("%d.go", len(replaced)))
		if err := os.WriteFile(replaced[at], []byte(text), 0o600); err != nil {
			g.t.Fatal(err)
		}
	}
	for name, file := range g.files {
		put(name, file.finish())
		in := path.Join(path.Dir(name), "exhibits.go")
		switches[in] = fmt.Sprintf("package %s\n\nimport \"os\"\n\nvar (\n", file.parsed.Name.Name)
	}
	for in, text := range switches {
		for i, e := range of {
			text += fmt.Sprintf("exhibit%d = os.Getenv(%q) == %q\n", i, exhibitVariable, e.name)
		}
		put(in, text+")\n")
	}
	list, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		g.t.Fatal(err)
	}
	file := filepath.Join(folder, "overlay.json")
	if err := os.WriteFile(file, list, 0o600); err != nil {
		g.t.Fatal(err)
	}
	return file
}
