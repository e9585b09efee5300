//go:build unix

package speed

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/template"

	"github.com/birdie-ai/source-qualtrics/integration_tests/scoreboard"
)

// The columns of the table that the chart reads.
const (
	columnWhat    = "what"
	columnMB      = "MB"
	columnCPU     = "CPU"
	columnBefore  = "before"
	columnInflate = "inflate only"
	columnLoop    = "loop in Python"
)

const chartFile = "../../docs/speed.svg"

// bar is one line of the chart.
type bar struct {
	Label string
	MB    float64 // of records, by a second of one processor
	Y     int
	Width int
	Ours  bool
}

// bars returns the lines of the chart, from the rows of records of about 2 KB.
func bars(table scoreboard.Table) ([]bar, error) {
	var found []bar
	for _, of := range []struct{ label, row, column string }{
		{"unzip only, no output", "Airbyte lines", columnInflate},
		{"Airbyte messages", "Airbyte lines", columnCPU},
		{"Singer messages", "Singer lines", columnCPU},
		{"Parquet files", "Parquet", columnCPU},
		{"Airbyte, an earlier version", "Airbyte lines", columnBefore},
		{"a loop of 20 lines in Python", "Airbyte lines", columnLoop},
	} {
		at := slices.IndexFunc(table.Rows, func(row []string) bool {
			return strings.HasSuffix(row[0], of.row+", 2.2 KB")
		})
		cell := func(column string) float64 {
			parts := strings.Split(table.Rows[at][slices.Index(table.Head, column)], " · ")
			number, _ := strconv.ParseFloat(parts[len(parts)/2], 64) // the median
			return number
		}
		if at < 0 || cell(of.column) == 0 || cell(columnMB) == 0 {
			return nil, fmt.Errorf("the table has no %s of %s", of.column, of.row)
		}
		found = append(found, bar{Label: of.label, MB: cell(columnMB) / cell(of.column), Ours: of.column == columnCPU})
	}
	most := slices.MaxFunc(found, func(a, b bar) int { return int(a.MB - b.MB) }).MB
	for i := range found {
		found[i].Y, found[i].Width = 52+34*i, max(2, int(found[i].MB*360/most))
	}
	return found, nil
}

var chart = template.Must(template.New("").Funcs(template.FuncMap{"plus": func(a, b int) int { return a + b }}).Parse(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 274" role="img" aria-label="MB of records by a second of one processor">
<style>
text { font: 14px system-ui, sans-serif; fill: #24292f } .title { font-weight: 600 } .note { font-size: 12px; fill: #57606a }
rect { fill: #8c959f } .ours { fill: #0969da }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .note { fill: #9198a1 } rect { fill: #656c76 } .ours { fill: #4493f8 } }
</style>
<text class="title" x="10" y="26">MB of records by a second of one processor</text>
{{- range .Bars}}
<text x="250" y="{{plus .Y 16}}" text-anchor="end">{{.Label}}</text><rect{{if .Ours}} class="ours"{{end}} x="260" y="{{.Y}}" width="{{.Width}}" height="22" rx="2"/><text x="{{plus .Width 268}}" y="{{plus .Y 16}}">{{printf "%.0f" .MB}}</text>
{{- end}}
<text class="note" x="10" y="266">{{.Date}}, commit {{.Commit}}: one survey, records of 2.2 KB, median of several runs</text>
</svg>
`))

// draw returns the chart of a score.
func draw(score scoreboard.Score) (string, error) {
	lines, err := bars(score.Tables[0])
	var svg strings.Builder
	if err == nil {
		err = chart.Execute(&svg, map[string]any{"Bars": lines, "Date": score.Date, "Commit": score.Commit})
	}
	return svg.String(), err
}

func keepChart(t *testing.T, score scoreboard.Score) {
	t.Helper()
	if !scoreboard.Kept(t) {
		return
	}
	svg, err := draw(score)
	if err == nil {
		err = os.WriteFile(chartFile, []byte(svg), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestChart_ShowsTheFiguresOfTheScoreboard(t *testing.T) {
	score, err := scoreboard.Read("../scoreboard", "speed")
	if err != nil {
		t.Fatal(err)
	}
	want, err := draw(score)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(chartFile); err != nil || string(got) != want {
		t.Errorf("%s does not show the figures that are kept (%v): keep them again with -scoreboard", chartFile, err)
	}
}
