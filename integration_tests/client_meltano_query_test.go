//go:build clients && unix

package integration_tests_test

import (
	"fmt"
	"math"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/integration_tests"
)

// The query of docs/singer-and-meltano.md finds the average NPS by month in what Meltano
// loaded into PostgreSQL.
func TestClientMeltano_TheQueryOfPostgreSQLFindsTheScores(t *testing.T) {
	t.Parallel()
	s, server := clientSite(t), startPostgres(t)
	_, config := targetPostgres.place(&loading{server: server}, 1)
	m := newMeltano(t, s, packed(t, "targets-sdk", "target-postgres", config)).configured()
	for _, stream := range []string{"responses", "answers"} {
		m.succeeds(m.meltano("select", "tap-qualtrics", stream, "*"))
	}
	query := integration_tests.BlocksOf(t, "sql", integration_tests.Document(t, "docs/singer-and-meltano.md"))[0]
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/psql")
	if err != nil || len(found) == 0 {
		t.Fatalf("PostgreSQL is here without psql: %v", err)
	}
	m.succeeds(m.meltano("run", "tap-qualtrics", "target-postgres"))
	output, err := exec.Command(slices.Max(found), "--no-psqlrc", "--tuples-only", "--no-align", "--field-separator= ", "--host", server.folder,
		"--username", "qualtrics", "--dbname", "postgres", "--command", "SET search_path = qualtrics", "--command", query).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	want := []string{"SET"}
	for month, score := range scoresByMonth(t, s) {
		want = append(want, fmt.Sprintf("%s %.2f", month, math.Round(100*score)/100)) // PostgreSQL rounds up
	}
	slices.Sort(want[1:])
	if diff := cmp.Diff(want, strings.Split(strings.TrimSpace(string(output)), "\n")); diff != "" {
		t.Errorf("the rows of the query (-want +got):\n%s", diff)
	}
	months := len(want) - 1
	m.interoperates("answers in target-postgres, and the query of docs/singer-and-meltano.md", 0, fmt.Sprintf("the average NPS of %d months", months))
}
