package source

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/config"
	"github.com/birdie-ai/source-qualtrics/source/failures"
	"github.com/birdie-ai/source-qualtrics/source/landing"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
	"github.com/birdie-ai/source-qualtrics/source/stream"
	"github.com/birdie-ai/source-qualtrics/source/wording"
)

// demoDays is the time that passes in the tenant between the two exports.
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
	if d.settings, err = d.loader().Load(demoConfig); err != nil {
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
			"auth_type": config.OAuth, "client_id": credentials.ClientID, "client_secret": credentials.ClientSecret,
		},
		"limits":  unlimited(),
		"privacy": map[string]any{"exclude_metadata": []string{"ipAddress"}},
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
	settings *config.Settings
	folder   string
	newest   map[string]map[string]string // stream → key → newest cursor that was written
}

func (d *demo) say(format string, args ...any) error {
	_, err := d.print(fmt.Sprintf(format, args...))
	return err
}

// show runs through the steps.
func (d *demo) show(ctx context.Context) (int, error) {
	steps := []func(context.Context) error{d.introduce, d.try, d.list, d.first, d.second, d.third, d.compare, d.feedback}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return 0, err
		}
	}
	return failures.ExitOK, d.say(`
The files are in %s
  They hold every version of a response. What exists now is the newest version of
  each, unless it is deleted; with DuckDB:
%s

Next:
  source-qualtrics sandbox --help    serve such a tenant to other programs
  source-qualtrics spec              what a configuration holds
  source-qualtrics export --config config.json --to DIR     the same on your own account
`, record.OneLine(d.folder), existsNow(d.folder))
}

// existsNow is a query for the responses that exist. Of two versions with the same
// date the one of the later run is newer.
func existsNow(folder string) string {
	const query = `
    SELECT %[3]s, count(*) AS %[2]s
    FROM (FROM read_parquet('%[1]s/%[2]s/*/*.parquet', union_by_name = true)
          QUALIFY row_number() OVER (PARTITION BY %[4]s
                                     ORDER BY %[5]s DESC, run DESC) = 1)
    WHERE %[6]s IS NULL
    GROUP BY ALL;`
	of, _ := stream.ByName("responses")
	folder = strings.ReplaceAll(record.OneLine(folder), "'", "''")
	return fmt.Sprintf(query, folder, of.Name, of.Key[0], strings.Join(of.Key, ", "), of.Cursor, of.Table().Deletion())
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
	const columns = "   %10s  %-6s  %s\n"
	if err := d.say("2. surveys: what does the account see?\n\n"+columns, "RESPONSES", "ACTIVE", "NAME"); err != nil {
		return err
	}
	client, err := d.client(d.settings, nil)
	if err != nil {
		return err
	}
	_, err = d.surveys(ctx, d.settings, client, func(line surveyLine) error {
		return d.say(columns, line.counted(), yesNo(line.IsActive), wording.Shorten(record.OneLine(line.Name), 60))
	})
	return err
}

func (d *demo) first(ctx context.Context) error {
	if err := d.say(`
3. export: the first run reads everything and remembers how far it came. It does
   not ask for IP addresses, because privacy.exclude_metadata names them.

`); err != nil {
		return err
	}
	return d.land(ctx, d.note)
}

func (d *demo) second(ctx context.Context) error {
	d.tenant.Advance(demoDays*24*time.Hour, false)
	if err := d.say(`
4. %d days pass in the tenant: responses arrive, some late; others are edited.
   The second run reads only what changed.

`, demoDays); err != nil {
		return err
	}
	return d.land(ctx, d.note)
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
	return d.land(ctx, d.note)
}

// land exports once and shows the counts. Without streams it exports all that are not read by
// name only.
func (d *demo) land(ctx context.Context, note func(string, record.Row), streams ...*stream.Stream) error {
	tally := newRowCounter(note)
	code, err := d.export(ctx, d.settings, exportTo{folder: d.folder, format: landing.Parquet, streams: streams, tally: tally})
	if err != nil {
		return err
	}
	if err := d.say("%s", indent(tally.table())); err != nil {
		return err
	}
	if code != failures.ExitOK {
		return fmt.Errorf("the export ended with code %d", code)
	}
	return nil
}

func indent(text string) string {
	return "   " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n   ") + "\n"
}

// demoStreams are the streams whose rows are compared with the tenant's.
var demoStreams = []string{"surveys", "responses", "contacts"}

// note remembers the newest version of a row.
func (d *demo) note(name string, row record.Row) {
	of, ok := stream.ByName(name)
	if !ok || !slices.Contains(demoStreams, name) {
		return
	}
	cells := make(map[string]any)
	for i, column := range row.Table().Columns {
		cells[column.Name] = row.Cell(i)
	}
	key, cursor := identity(of, func(column string) string {
		if at, ok := cells[column].(time.Time); ok {
			return at.Format(time.RFC3339)
		}
		return fmt.Sprint(cells[column])
	})
	if d.newest[name] == nil {
		d.newest[name] = make(map[string]string)
	}
	d.newest[name][key] = max(d.newest[name][key], cursor)
}

// identity returns the key and the cursor of a row.
func identity(of *stream.Stream, cell func(column string) string) (key, cursor string) {
	parts := make([]string, 0, len(of.Key))
	for _, column := range of.Key {
		parts = append(parts, cell(column))
	}
	return strings.Join(parts, "/"), cell(of.Cursor)
}

// compare compares the written rows with the rows that exist in the tenant.
func (d *demo) compare(context.Context) error {
	if err := d.say("\n6. Is anything missing? The tenant knows what exists now:\n\n"); err != nil {
		return err
	}
	for _, name := range demoStreams {
		of, known := stream.ByName(name)
		truth, ok := d.tenant.Truth(name)
		if !known || !ok {
			return fmt.Errorf("the sandbox has no truth of %s", name)
		}
		var exist, held int
		for line := range truth {
			var row map[string]any
			if err := json.Unmarshal(line, &row); err != nil {
				return fmt.Errorf("reading the truth of %s: %w", name, err)
			}
			key, cursor := identity(of, func(column string) string {
				if at, err := time.Parse(time.RFC3339, fmt.Sprint(row[column])); err == nil {
					return at.UTC().Format(time.RFC3339)
				}
				return fmt.Sprint(row[column])
			})
			exist++
			if d.newest[name][key] == cursor {
				held++
			}
		}
		if err := d.say("   %-10s %6s exist, %6s of them are in the files in their newest version\n", name, wording.Thousands(int64(exist)), wording.Thousands(int64(held))); err != nil {
			return err
		}
		if held != exist {
			return fmt.Errorf("%d %s are missing", exist-held, name)
		}
	}
	return nil
}
