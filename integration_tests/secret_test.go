package integration_tests

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// revealing are the functions that may see the bytes of a secret: what puts
// them into requests, masks them, and checks what the user wrote.
var revealing = []string{
	"source.(*invocation).network",          // key and proxy of the transport
	"source/config.(*Config).secrets",       // the lines of a key, the password of a proxy
	"source/config.(*NetworkConfig).check",  // the form of a proxy
	"source/config.(*PrivacyConfig).check",  // for the hashes
	"source/config.(*configWalk).value",     // writes one
	"source/config.(*findings).secret",      // its length and its characters
	"source/qualtrics.(*oauthClient).apply", // a header
	"source/qualtrics.(apiToken).apply",     // a header
	"source/qualtrics.newOAuth",             // the client of the token endpoint
	"source/redact.(*Redactor).Add",         // what is searched for
	"source/redact.(Secret).Reveal",         // the one way to them
}

// typed is our code with its types.
type typed struct {
	files   *token.FileSet
	imports types.Importer
}

// typedPackages are our packages with the files of what they import.
func typedPackages(t *testing.T) (typed, []string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "list", "-export", "-deps", "-json=ImportPath,Export,Dir", "./cmd/...", "./source/...", "./schemas/...")
	command.Dir = ".."
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	exports := make(map[string]string)
	var ours []string
	decoder := json.NewDecoder(strings.NewReader(string(output)))
	for {
		var one struct{ ImportPath, Export, Dir string }
		if err := decoder.Decode(&one); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		exports[one.ImportPath] = one.Export
		if strings.HasPrefix(one.ImportPath, module) {
			ours = append(ours, one.ImportPath)
		}
	}
	files := token.NewFileSet()
	lookup := func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) }
	return typed{files, importer.ForCompiler(files, "gc", lookup)}, ours
}

// check returns the functions of a package that come at the bytes of a secret.
func (c typed) check(t *testing.T, path string, files []*ast.File) []string {
	t.Helper()
	info := &types.Info{Types: make(map[ast.Expr]types.TypeAndValue), Selections: make(map[*ast.SelectorExpr]*types.Selection)}
	if _, err := (&types.Config{Importer: c.imports}).Check(path, c.files, files, info); err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, file := range files {
		for _, declared := range file.Decls {
			name := strings.TrimPrefix(path, module+"/") + ".(outside of functions)"
			if function, ok := declared.(*ast.FuncDecl); ok {
				name = strings.TrimPrefix(path, module+"/") + "." + nameOf(function)
			}
			ast.Inspect(declared, func(node ast.Node) bool {
				if reveals(info, node) && !slices.Contains(found, name) {
					found = append(found, name)
				}
				return true
			})
		}
	}
	return found
}

func nameOf(function *ast.FuncDecl) string {
	if function.Recv == nil {
		return function.Name.Name
	}
	return fmt.Sprintf("(%s).%s", types.ExprString(function.Recv.List[0].Type), function.Name.Name)
}

// reveals reports whether a node calls Reveal, converts a secret or a pointer
// to one to another type, or takes it apart.
func reveals(info *types.Info, node ast.Node) bool {
	secret := func(e ast.Expr) bool { return isSecret(info.TypeOf(e)) }
	switch node := node.(type) {
	case *ast.SelectorExpr:
		chosen := info.Selections[node]
		return chosen != nil && isSecret(chosen.Recv()) && node.Sel.Name == "Reveal"
	case *ast.CallExpr:
		into, isType := info.Types[node.Fun]
		return isType && into.IsType() && secret(node.Args[0]) && !isSecret(into.Type)
	case *ast.IndexExpr:
		return secret(node.X)
	case *ast.SliceExpr:
		return secret(node.X)
	case *ast.RangeStmt:
		return secret(node.X)
	case *ast.BinaryExpr:
		return node.Op == token.ADD && (secret(node.X) || secret(node.Y))
	case *ast.FuncDecl:
		return nameOf(node) == "(Secret).Reveal"
	}
	return false
}

// isSecret reports whether a type is a secret, or a pointer to one.
func isSecret(t types.Type) bool {
	if pointer, ok := t.(*types.Pointer); ok {
		t = pointer.Elem()
	}
	named, ok := types.Unalias(t).(*types.Named)
	return ok && named.Obj().Name() == "Secret" && named.Obj().Pkg().Path() == module+"/source/redact"
}

func TestCode_RevealsSecretsInItsPlacesOnly(t *testing.T) {
	t.Parallel()
	checker, ours := typedPackages(t)
	var found []string
	for _, path := range ours {
		names, err := filepath.Glob(filepath.Join("..", strings.TrimPrefix(path, module), "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		var files []*ast.File
		for _, name := range names {
			if matches, err := build.Default.MatchFile(filepath.Dir(name), filepath.Base(name)); err != nil || !matches || strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(checker.files, name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, file)
		}
		found = append(found, checker.check(t, path, files)...)
	}
	slices.Sort(found)
	if diff := cmp.Diff(revealing, found); diff != "" {
		t.Errorf("functions that reveal secrets (-known +found):\n%s", diff)
	}
}

// The test above sees every way to the bytes of a secret.
func TestCode_ARevealedSecretIsFound(t *testing.T) {
	t.Parallel()
	checker, _ := typedPackages(t)
	for body, reveals := range map[string]bool{
		"_ = s.Reveal()": true, "f := s.Reveal; _ = f": true, "f := redact.Secret.Reveal; _ = f(s)": true, "_ = string(s)": true, "_ = []byte(s)": true, "_ = []rune(s)": true,
		"type other string; _ = other(s)": true, "_ = (*string)(&s)": true, "_ = s[0]": true, "_ = s[1:]": true, "for range s {}": true, "_ = s + s": true,
		"_ = s": false, "_ = len(s)": false, `_ = s == ""`: false, "_ = s.String()": false, "_ = redact.Secret(s)": false, "_ = []redact.Secret{s}[0]": false,
	} {
		text := "package planted\nimport \"" + module + "/source/redact\"\nfunc f(s redact.Secret) {\n" + body + "\n}"
		file, err := parser.ParseFile(checker.files, "planted.go", text, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := checker.check(t, "planted", []*ast.File{file}); (len(got) > 0) != reveals {
			t.Errorf("%s: found %v, want it found: %v", body, got, reveals)
		}
	}
}

// avoided are packages that could carry secrets where nothing masks them.
var avoided = map[string]string{
	"os/exec":            "a child has arguments and an environment of its own",
	"net/http/httputil":  "its dumps hold credentials",
	"net/http/cookiejar": "cookies are credentials that nobody configured",
	"plugin":             "a child in this process",
	"log":                "it writes past the redactor",
	"unsafe":             "it reads what types hide",
}

func TestImports_NothingCarriesSecretsElsewhere(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		if forTests(p.ImportPath) {
			continue
		}
		for _, imported := range p.Imports {
			if reason := avoided[imported]; reason != "" {
				t.Errorf("%s imports %s: %s", p.ImportPath, imported, reason)
			}
		}
	}
}

// What would switch off the check of certificates, or start a child, is
// nowhere in the code.
func TestCode_HasNoSwitchThatWeakensIt(t *testing.T) {
	t.Parallel()
	checker, ours := typedPackages(t)
	seen := 0
	for _, path := range ours {
		names, err := filepath.Glob(filepath.Join("..", strings.TrimPrefix(path, module), "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(checker.files, name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			seen++
			ast.Inspect(file, func(node ast.Node) bool {
				if word, ok := node.(*ast.Ident); ok && slices.Contains([]string{"InsecureSkipVerify", "VerifyPeerCertificate", "StartProcess", "ForkExec", "KeyLogWriter"}, word.Name) {
					t.Errorf("%s holds %s", name, word.Name)
				}
				return true
			})
		}
	}
	if seen < 50 {
		t.Errorf("only %d files were seen", seen)
	}
}
