//go:build museum

package integration_tests_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/integration_tests/scoreboard"
)

// museumSeeds is within how many histories each defect has to be caught.
const museumSeeds = 200

var caught = regexp.MustCompile(`seed (\d+), profile \w+, (\w+) at ([^:]*): (.*)`)

// Each planted defect is caught. A simulator that stops catching one has
// become blind.
func TestMuseum(t *testing.T) {
	all := exhibits(t)
	code, err := readProductCode()
	if err != nil {
		t.Fatal(err)
	}
	if err := code.withExhibits(all); err != nil {
		t.Fatal(err)
	}
	overlay, err := code.overlay(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(t.TempDir(), "simulation.test")
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", binary, ".")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, output)
	}
	table := make([][]string, len(all))
	t.Run("exhibits", func(t *testing.T) {
		for i, shown := range all {
			t.Run(shown.name, func(t *testing.T) {
				t.Parallel()
				run := exec.CommandContext(t.Context(), binary, "-test.run=^TestSimulation$", fmt.Sprint("-seeds=", museumSeeds), "-profile="+shown.profile, "-shrink=false")
				// One worker plays the seeds in order: the first one is told.
				run.Env = append(os.Environ(), exhibitVariable+"="+shown.name, "GOMAXPROCS=1")
				output, err := run.CombinedOutput()
				found := caught.FindSubmatch(output)
				if err == nil || found == nil {
					t.Fatalf("%s\nwas not caught within %d histories: %v\n%.2000s", shown.about, museumSeeds, err, output)
				}
				seed, _ := strconv.ParseUint(string(found[1]), 10, 64)
				if h := simulate(t, simCase{Seed: seed, Profile: shown.profile}); h.failure != nil {
					t.Fatalf("seed %d fails without the defect, too: %v", seed, h.failure)
				}
				table[i] = []string{strings.ReplaceAll(shown.name, "_", " "), shown.about, shown.profile, string(found[1]), string(found[2])}
			})
		}
	})
	uncaught := 0
	for i, row := range table {
		if row == nil {
			uncaught++
			table[i] = []string{all[i].name, all[i].about, all[i].profile, "not caught", ""}
		}
	}
	figures := scoreboard.Table{
		Title: "Planted defects, and the invariants (`I1`: nothing lost, `I2`: no false tombstones and no ghosts, `I3`: no promise that is not kept, …) that caught them",
		Head:  []string{"defect", "what it is", "profile", "seeds needed", "broken"}, Rows: table,
	}
	t.Logf("\n%s", figures.Markdown())
	s := &scoreboard.Score{Title: "Museum of defects", Command: "go test -tags museum -run Museum ./integration_tests -scoreboard", Tables: []scoreboard.Table{figures}}
	s.Fact("defects", len(all))
	s.Fact("not caught within "+strconv.Itoa(museumSeeds)+" histories", uncaught)
	s.Keep(t, "museum")
}
