//go:build clients && unix

package integration_tests_test

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/integration_tests"
	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// total adds up the second column of rows.
func (u *clientUser) total(sql string) string {
	u.t.Helper()
	const program = "import duckdb, sys; db = duckdb.connect(); db.execute(sys.argv[1]); print(sum(row[1] for row in db.fetchall()))"
	return strings.TrimSpace(string(u.succeeds(u.program("python", "-c", program, sql))))
}

// The demo ends with a query. It has to find as many responses as the demo says
// that there are, of whose edits and deletions the files have every version.
func TestClientReader_TheDemosQueryFindsWhatExists(t *testing.T) {
	t.Parallel()
	u := newClientUser(t, "readers")
	folder := filepath.Join(t.TempDir(), "it's here")
	output, err := exec.Command(testkit.Binary(t), "demo", "--dir", folder).Output()
	if err != nil {
		t.Fatal(err)
	}
	exist := regexp.MustCompile(`responses +([0-9,]+) exist`).FindSubmatch(output)
	_, query, ok := bytes.Cut(output, []byte("with DuckDB:\n"))
	query, _, ended := bytes.Cut(query, []byte(";\n"))
	if exist == nil || !ok || !ended {
		t.Fatalf("the demo shows no query:\n%s", output)
	}
	want := strings.ReplaceAll(string(exist[1]), ",", "")
	if got := u.total(string(query)); got != want {
		t.Errorf("the query finds %s responses, want %s:\n%s", got, want, query)
	}
	files := strings.ReplaceAll(folder, "'", "''")
	if all := u.total("SELECT 0, count(*) FROM '" + files + "/responses/*/*.parquet'"); all == want {
		t.Error("the files hold no version but the newest: the query shows nothing")
	}
}

// queryPages are the pages with queries. Those of a page may use the views of the
// page that it names.
var queryPages = map[string]string{"README.md": "", "docs/export-folder.md": "", "docs/guarantees.md": "docs/export-folder.md"}

// printed runs SQL in DuckDB and returns the rows of its last statement, a line each.
func (u *clientUser) printed(sql string) string {
	u.t.Helper()
	const program = "import duckdb, sys; db = duckdb.connect(); db.execute(sys.argv[1]); [print(*row, sep='  ') for row in db.fetchall()]"
	return string(u.succeeds(u.program("python", "-c", program, sql)))
}

// The queries of the documentation find rows in files of the tenant that its examples
// come from. The rows that a page shows below a query are those that it finds.
func TestClientReader_TheReadmesQueriesRun(t *testing.T) {
	t.Parallel()
	u, s := newClientUser(t, "readers"), serveTenant(t, sandbox.Options{Seed: 1, Surveys: 12, Responses: 2000, Contacts: 500})
	config, owner := testkit.Encode(s.config(nil)), newUser(t)
	for _, format := range []string{"parquet", "ndjson"} {
		args := []string{"export", "--config", owner.file("config.json", config), "--to", filepath.Join(owner.folder, format), "--format", format}
		for _, selected := range [][]string{nil, {"--streams", "answers,feedback"}} {
			if end := owner.silent(owner.command(slices.Concat(args, selected)...)); end.code != 0 {
				t.Fatalf("the export ended with code %d: %s", end.code, end.stderr)
			}
		}
	}
	for page, views := range queryPages {
		earlier, queries, shown := "", 0, 0
		if views != "" {
			for _, block := range integration_tests.Blocks(t, views) {
				if block.Language == "sql" && strings.HasPrefix(block.Text, "CREATE VIEW") {
					earlier += owner.inFolder(block.Text)
				}
			}
		}
		blocks := integration_tests.Blocks(t, page)
		for i, block := range blocks {
			if block.Language != "sql" {
				continue
			}
			sql := owner.inFolder(block.Text)
			rows := u.printed(earlier + sql)
			if strings.HasPrefix(sql, "CREATE VIEW") {
				earlier += sql
			}
			if queries++; strings.Contains(sql, "SELECT") && strings.TrimSpace(rows) == "" && !strings.HasSuffix(strings.TrimSpace(sql), "deleted_at IS NULL;") {
				t.Errorf("%s: no rows:\n%s", page, sql)
			}
			if i+1 < len(blocks) && blocks[i+1].Language == "text" {
				if shown++; rows != blocks[i+1].Text {
					t.Errorf("%s shows\n%s\nbut the query finds\n%s", page, blocks[i+1].Text, rows)
				}
			}
		}
		if queries == 0 || page == "README.md" && shown == 0 {
			t.Errorf("%s has %d queries, and shows the rows of %d", page, queries, shown)
		}
	}
}

// inFolder is SQL with the folders of this user's exports.
func (u *user) inFolder(sql string) string {
	format := "parquet"
	if strings.Contains(sql, ".ndjson") {
		format = "ndjson"
	}
	return strings.ReplaceAll(sql, "'data/", "'"+filepath.Join(u.folder, format)+"/")
}
