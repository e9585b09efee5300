//go:build clients && unix

package integration_tests_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/birdie-ai/source-qualtrics/integration_tests"
)

// The matrix of what real clients did is a part of the repository. Each test
// holds its rows against it, so that a test that is skipped leaves its own.
var matrixFile = filepath.Join(clientFolder, "INTEROPERABILITY.md")

const matrixHead = `<!-- Made by the tests: go test -tags clients ./integration_tests -run TestClient -update. Do not edit. -->

# Real clients

Programs of others that read this connector in our tests, against the sandbox. Rows are those that were compared with
the truth, column by column, when the table was made; each test runs again in ` + "`.ci/run`" + `.

| client | version | what was run | rows | result and known limits | test |
|---|---|---|---|---|---|
`

// interoperation is what a client did.
type interoperation struct {
	client, version string
	what            string // was run
	rows            int    // compared with the truth, over all reads; 0: none
	result          string
}

// matrixRow is a row of the matrix, cell by cell.
type matrixRow [6]string

func (r matrixRow) of(client, what string) bool { return r[0] == client && r[2] == what }

var (
	matrixLock sync.Mutex
	matrixSeen = make(map[string][]string) // what a test has run so far
)

// interoperates holds what a client did against the matrix, or writes it there.
// A test that failed says nothing.
func interoperates(t *testing.T, did interoperation) {
	t.Helper()
	if t.Failed() {
		return
	}
	matrixLock.Lock()
	defer matrixLock.Unlock()
	test, _, _ := strings.Cut(t.Name(), "/")
	row := matrixRow{did.client, did.version, did.what, strconv.Itoa(did.rows), did.result, test}
	if matrixSeen[test] == nil {
		t.Cleanup(func() { dropRows(t, test) })
	}
	matrixSeen[test] = append(matrixSeen[test], did.client+"|"+did.what)
	t.Logf("%s %s, %s: %d rows, %s", did.client, did.version, did.what, did.rows, did.result)
	rows := readMatrix(t)
	at := slices.IndexFunc(rows, func(r matrixRow) bool { return r.of(did.client, did.what) })
	switch {
	case at >= 0 && sameRow(rows[at], row):
	case integration_tests.Update() && at >= 0:
		rows[at] = row
		writeMatrix(t, rows)
	case integration_tests.Update():
		writeMatrix(t, append(rows, row))
	case at >= 0:
		t.Errorf("%s is of another run: run with -update\ngot  %q\nwant %q", matrixFile, row, rows[at])
	default:
		t.Errorf("%s does not know of %q: run with -update", matrixFile, row)
	}
}

// dropRows takes out what a test that has ended does not run any more.
func dropRows(t *testing.T, test string) {
	t.Helper()
	matrixLock.Lock()
	defer matrixLock.Unlock()
	seen := matrixSeen[test]
	delete(matrixSeen, test)
	if t.Failed() || t.Skipped() {
		return
	}
	rows := readMatrix(t)
	kept := slices.DeleteFunc(slices.Clone(rows), func(r matrixRow) bool {
		return r[5] == test && !slices.Contains(seen, r[0]+"|"+r[2])
	})
	switch {
	case len(kept) == len(rows):
	case integration_tests.Update():
		writeMatrix(t, kept)
	default:
		t.Errorf("%s has %d rows of %s that it does not run: run with -update", matrixFile, len(rows)-len(kept), test)
	}
}

// sameRow compares rows of the matrix. How many rows are compared varies a
// little: while the sandbox is read its clock goes on.
func sameRow(known, row matrixRow) bool {
	before, err := strconv.Atoi(known[3])
	now, err2 := strconv.Atoi(row[3])
	known[3], row[3] = "", ""
	return err == nil && err2 == nil && known == row && now >= before-before/5 && now <= before+before/5
}

func readMatrix(t *testing.T) (rows []matrixRow) {
	t.Helper()
	text, err := os.ReadFile(matrixFile)
	if os.IsNotExist(err) && integration_tests.Update() {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	body, ok := strings.CutPrefix(string(text), matrixHead)
	if !ok {
		if integration_tests.Update() {
			_, body, ok = strings.Cut(string(text), "|---|---|---|---|---|---|\n")
		}
		if !ok {
			t.Fatalf("%s does not begin as it should: run with -update", matrixFile)
		}
	}
	for line := range strings.Lines(body) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != len(matrixRow{}) {
			t.Fatalf("%s has a row that is none: %q", matrixFile, line)
		}
		var row matrixRow
		for i, cell := range cells {
			row[i] = strings.TrimSpace(cell)
		}
		row[5] = strings.Trim(row[5], "`")
		rows = append(rows, row)
	}
	return rows
}

func writeMatrix(t *testing.T, rows []matrixRow) {
	t.Helper()
	slices.SortFunc(rows, func(a, b matrixRow) int { return strings.Compare(a[0]+"|"+a[5]+"|"+a[2], b[0]+"|"+b[5]+"|"+b[2]) })
	var text strings.Builder
	text.WriteString(matrixHead)
	for _, row := range rows {
		if strings.ContainsAny(strings.Join(row[:], ""), "|\n") {
			t.Fatalf("a cell has a bar or a line break: %q", row)
		}
		fmt.Fprintf(&text, "| %s | %s | %s | %s | %s | `%s` |\n", row[0], row[1], row[2], row[3], row[4], row[5])
	}
	if err := os.WriteFile(matrixFile, []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// A row whose test is gone would stay for ever.
func TestClientMatrix_NamesTestsThatExist(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("client_*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	tests := make(map[string]bool)
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, declared := range parsed.Decls {
			if function, ok := declared.(*ast.FuncDecl); ok {
				tests[function.Name.Name] = true
			}
		}
	}
	matrixLock.Lock()
	defer matrixLock.Unlock()
	for _, row := range readMatrix(t) {
		if !tests[row[5]] {
			t.Errorf("%s has a row of %s, which is no test: take it out", matrixFile, row[5])
		}
	}
}
