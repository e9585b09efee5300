package source

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/landing"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// demoDays is how much time passes in the tenant between the two exports.
const demoDays = 3

// demoCommand shows the program on a simulated tenant in this process.
func (r *invocation) demoCommand(ctx context.Context, flags *flag.FlagSet, args []string) (int, error) {
	folder := flags.String("dir", "", "`folder` for the files; default: a new temporary one")
	if err := parse(flags, args); err != nil {
		return 0, err
	}
	tenant, err := sandbox.New(sandbox.Options{Seed: 7})
	if err != nil {
		return 0, err
	}
	if *folder == "" {
		if *folder, err = r.Files.TempDir(); err != nil {
			return 0, err
		}
	}
	d := &demo{tenant: tenant, folder: *folder, newest: make(map[string]map[string]string)}
	d.invocation, err = r.inside(tenant)
	if err != nil {
		return 0, err
	}
	if d.settings, err = d.configure(demoConfig); err != nil {
		return 0, err
	}
	return d.show(ctx)
}

// demoConfig is the name under which the demo finds its configuration.
const demoConfig = "demo-config.json"

// demoFiles gives the demo its configuration beside the real files.
type demoFiles struct {
	Files
	config []byte
}

func (f demoFiles) ReadFile(name string) ([]byte, error) {
	if name == demoConfig {
		return f.config, nil
	}
	return f.Files.ReadFile(name)
}

// inside is the same program with the tenant as its whole network.
func (r *invocation) inside(tenant *sandbox.Sandbox) (*invocation, error) {
	credentials := tenant.Credentials()
	config, err := json.Marshal(map[string]any{
		"data_center": "sandbox1",
		"credentials": map[string]any{
			"auth_type": authOAuth, "client_id": credentials.ClientID, "client_secret": credentials.ClientSecret,
		},
		"limits": unlimited(),
	})
	if err != nil {
		return nil, err
	}
	inner := *r
	inner.Program = &Program{
		Stdout: r.Stdout, Stderr: r.Stderr, Getenv: func(string) string { return "" },
		Transport: tenant.RoundTripper(), Clock: tenant.Now, Files: demoFiles{r.Files, config},
	}
	return &inner, nil
}

// demo is a running demonstration.
type demo struct {
	*invocation
	tenant   *sandbox.Sandbox
	settings *settings
	folder   string
	newest   map[string]map[string]string // stream → key → newest cursor that was written
}

func (d *demo) say(format string, args ...any) error {
	_, err := d.print(fmt.Sprintf(format, args...))
	return err
}

// show runs through the steps.
func (d *demo) show(ctx context.Context) (int, error) {
	steps := []func(context.Context) error{d.introduce, d.try, d.list, d.first, d.second, d.third, d.compare}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return 0, err
		}
	}
	return ExitOK, d.say(`
The files are in %s
  Read them with any Parquet reader, for instance DuckDB:
    SELECT survey_id, count(*) FROM '%[1]s/responses/*/*.parquet' GROUP BY ALL;

Next:
  source-qualtrics sandbox --help    serve such a tenant to other programs
  source-qualtrics spec              what a configuration holds
  source-qualtrics export --config config.json --to DIR     the same on your own account
`, record.OneLine(d.folder))
}

func (d *demo) introduce(context.Context) error {
	return d.say(`This is source-qualtrics on a simulated Qualtrics tenant, inside this process:
no account and no network are needed. The tenant is made of a seed, its clock
stands at %s.

`, d.tenant.Now().Format(time.DateTime))
}

func (d *demo) try(ctx context.Context) error {
	if err := d.say("1. check: do the credentials work, and what can they read?\n\n"); err != nil {
		return err
	}
	found, err := d.check(ctx, demoConfig)
	if err != nil {
		return err
	}
	if found == "" {
		found = "the OAuth client works and can read every stream"
	}
	return d.say("   %s\n\n", found)
}

func (d *demo) list(ctx context.Context) error {
	if err := d.say("2. surveys: what does the account see?\n\n   %10s  %-6s  %s\n", "RESPONSES", "ACTIVE", "NAME"); err != nil {
		return err
	}
	client, err := d.client(d.settings, nil)
	if err != nil {
		return err
	}
	_, err = d.surveys(ctx, d.settings, client, func(line surveyLine) error {
		responses := "no access"
		if line.Responses != nil {
			responses = thousands(*line.Responses)
		}
		return d.say("   %10s  %-6s  %s\n", responses, yesNo(line.IsActive), shorten(record.OneLine(line.Name), 60))
	})
	return err
}

func (d *demo) first(ctx context.Context) error {
	if err := d.say("\n3. export: the first run reads everything and remembers how far it came.\n\n"); err != nil {
		return err
	}
	return d.land(ctx)
}

func (d *demo) second(ctx context.Context) error {
	d.tenant.Advance(demoDays*24*time.Hour, false)
	if err := d.say(`
4. %d days pass in the tenant: responses arrive, some late; others are edited.
   The second run reads only what changed.

`, demoDays); err != nil {
		return err
	}
	return d.land(ctx)
}

// confirmAfter is longer than the look-back, after which a response that was
// not found is asked for.
const confirmAfter = 30 * time.Minute

func (d *demo) third(ctx context.Context) error {
	d.tenant.Advance(confirmAfter, true)
	if err := d.say(`
5. Half an hour later: responses that the second run did not find are asked for
   one by one, and those that Qualtrics does not know any more are reported.

`); err != nil {
		return err
	}
	return d.land(ctx)
}

// land exports once and shows the counts.
func (d *demo) land(ctx context.Context) error {
	tally := newTally(d.note)
	code, err := d.export(ctx, d.settings, exportTo{folder: d.folder, format: landing.Parquet, tally: tally})
	if err != nil {
		return err
	}
	if err := d.say("%s", indent(tally.table())); err != nil {
		return err
	}
	if code != ExitOK {
		return fmt.Errorf("the export ended with code %d", code)
	}
	return nil
}

func indent(text string) string {
	return "   " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n   ") + "\n"
}

// demoKeys are the columns that identify a row of a stream, and its cursor.
var demoKeys = map[string][]string{
	"surveys":   {"survey_id", "last_modified"},
	"responses": {"survey_id", "response_id", "last_modified_date"},
	"contacts":  {"directory_id", "contact_id", "last_modified"},
}

// note remembers the newest version of a row.
func (d *demo) note(stream string, row record.Row) {
	if demoKeys[stream] == nil {
		return
	}
	cells := make(map[string]any)
	for i, column := range row.Table().Columns {
		cells[column.Name] = row.Cell(i)
	}
	key, cursor := identity(stream, func(name string) string {
		if at, ok := cells[name].(time.Time); ok {
			return at.Format(time.RFC3339)
		}
		return fmt.Sprint(cells[name])
	})
	if d.newest[stream] == nil {
		d.newest[stream] = make(map[string]string)
	}
	d.newest[stream][key] = max(d.newest[stream][key], cursor)
}

func identity(stream string, cell func(string) string) (key, cursor string) {
	columns := demoKeys[stream]
	parts := make([]string, 0, len(columns))
	for _, name := range columns[:len(columns)-1] {
		parts = append(parts, cell(name))
	}
	return strings.Join(parts, "/"), cell(columns[len(columns)-1])
}

// compare holds what was written against what exists in the tenant.
func (d *demo) compare(context.Context) error {
	if err := d.say("\n6. Is anything missing? The tenant knows what exists now:\n\n"); err != nil {
		return err
	}
	for _, stream := range []string{"surveys", "responses", "contacts"} {
		truth, ok := d.tenant.Truth(stream)
		if !ok {
			return fmt.Errorf("the sandbox has no truth of %s", stream)
		}
		var exist, held int
		for line := range truth {
			var row map[string]any
			if err := json.Unmarshal(line, &row); err != nil {
				return fmt.Errorf("reading the truth of %s: %w", stream, err)
			}
			key, cursor := identity(stream, func(name string) string {
				if at, err := time.Parse(time.RFC3339, fmt.Sprint(row[name])); err == nil {
					return at.UTC().Format(time.RFC3339)
				}
				return fmt.Sprint(row[name])
			})
			exist++
			if d.newest[stream][key] == cursor {
				held++
			}
		}
		if err := d.say("   %-10s %6s exist, %6s of them are in the files in their newest version\n", stream, thousands(int64(exist)), thousands(int64(held))); err != nil {
			return err
		}
		if held != exist {
			return fmt.Errorf("%d %s are missing", exist-held, stream)
		}
	}
	return nil
}
