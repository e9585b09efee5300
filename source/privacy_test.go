package source_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

const (
	hashKey      = "0123456789abcdef0123456789abcdef"
	otherHashKey = "fedcba9876543210fedcba9876543210"
)

// personal is a tenant whose surveys ask for personal data.
var personal = sandbox.Options{Seed: 5, Surveys: 4, Responses: 120, Contacts: 40, Personal: true}

// fewPersonal is a smaller one.
var fewPersonal = sandbox.Options{Seed: 5, Surveys: 2, Responses: 40, Contacts: 5, Personal: true}

// strictPrivacy leaves out all personal data of such a tenant. Its last two settings name data
// that has no telling name.
func strictPrivacy() map[string]any {
	return map[string]any{"preset": "strict", "exclude_questions": []string{"QID7"}, "exclude_embedded_data": []string{"contact_*"}}
}

// excludedKeys are the keys of a response's values that strictPrivacy leaves out.
var excludedKeys = regexp.MustCompile(`^(ipAddress|location.*|recipient.*|externalDataReference|QID[2347](_.*)?|email|Customer Phone|contact_ref)$`)

// personalPatterns match everything in the tenant that identifies a person: texts, addresses and
// coordinates of responses, and the fields of contacts.
var personalPatterns = []string{
	sandbox.PersonalMark, `192\.0\.2\.[0-9]`, `2001:db8::`, `-111\.[0-9]{9}`, `40\.[0-9]{9}`, `person[0-9]+\.d[0-9]`, `\+1555[0-9]`, `CRM-[0-9]`,
	`"(?:Aldra|Bexor|Cinda|Orlen|Kessa|Grelda|Ilvar|Jorun)`, `(?:Ashbrindle|Birkhollow|Inkwater|Crowmere|Grimstead)"`,
}

var personalData = regexp.MustCompile("(?i)" + strings.Join(personalPatterns, "|"))

// exportBody is the body of a request that starts an export.
type exportBody struct {
	Questions *[]string `json:"questionIds"`
	Embedded  *[]string `json:"embeddedDataIds"`
	Metadata  *[]string `json:"surveyMetadataIds"`
}

// watchful records the exports that are started, and the bytes of temporary files.
type watchful struct {
	lock    sync.Mutex
	exports []exportBody
	spooled [][]byte
	deaf    bool // Qualtrics ignores the lists of a request
}

// watch makes a tenant's requests and temporary files known.
func watch(tn *tenant) *watchful {
	w := &watchful{}
	next := tn.transport
	tn.transport = tripper(func(r *http.Request) (*http.Response, error) {
		if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/export-responses") {
			return next.RoundTrip(r)
		}
		text, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		if err := r.Body.Close(); err != nil {
			return nil, err
		}
		var body exportBody
		if err := json.Unmarshal(text, &body); err != nil {
			return nil, err
		}
		w.lock.Lock()
		w.exports = append(w.exports, body)
		w.lock.Unlock()
		if w.deaf {
			var members map[string]any
			if err := json.Unmarshal(text, &members); err != nil {
				return nil, err
			}
			for _, list := range []string{"questionIds", "embeddedDataIds", "surveyMetadataIds"} {
				delete(members, list)
			}
			text = testkit.Encode(members)
		}
		r = r.Clone(r.Context())
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
		return next.RoundTrip(r)
	})
	tn.spool = func() (qualtrics.Spool, error) { return &watchedSpool{watchful: w}, nil }
	return w
}

// watchedSpool is a temporary file whose bytes are kept.
type watchedSpool struct {
	*watchful
	bytes.Buffer
}

func (s *watchedSpool) ReadAt(p []byte, offset int64) (int, error) {
	return bytes.NewReader(s.Bytes()).ReadAt(p, offset)
}

func (s *watchedSpool) Close() error {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.spooled = append(s.spooled, bytes.Clone(s.Bytes()))
	return nil
}

// files returns the text in all temporary files.
func (w *watchful) files(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, file := range w.spooled {
		archive, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range archive.File {
			content, err := entry.Open()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(&all, content); err != nil {
				t.Fatal(err)
			}
		}
	}
	return all.String()
}

// nothingPersonal checks that a text holds no personal data.
func nothingPersonal(t *testing.T, where, text string) {
	t.Helper()
	if at := personalData.FindStringIndex(text); at != nil {
		t.Errorf("%s holds personal data: …%s…", where, text[max(0, at[0]-120):min(len(text), at[1]+40)])
	}
}

// keptEqualsTruth checks that responses hold all values that are not excluded, and no excluded one.
func (tn *tenant) keptEqualsTruth(t *testing.T, held table) {
	t.Helper()
	truth, err := testkit.Truth(tn.Sandbox, "responses")
	if err != nil || len(truth) == 0 {
		t.Fatalf("%d responses exist: %v", len(truth), err)
	}
	for id, want := range truth {
		row, exported := held[id], parseRow(t, want.Data)
		if row == nil {
			t.Errorf("%s was not read", id)
			continue
		}
		values, got := exported["answer_values"].(map[string]any), make(map[string]any)
		for _, column := range []string{"answer_values", "embedded_data"} {
			for name, value := range row[column].(map[string]any) {
				got[name] = value
			}
		}
		for name, value := range values {
			if column, ok := testkit.MetadataColumns[name]; ok && name != "finished" && name != "_lastModifiedDate" && !excludedKeys.MatchString(name) {
				if fmt.Sprint(normal(row[column])) != fmt.Sprint(normal(value)) {
					t.Errorf("%s: %s is %v, not %v", id, column, row[column], value)
				}
			} else if !ok && !excludedKeys.MatchString(name) {
				if fmt.Sprint(got[name]) != fmt.Sprint(value) {
					t.Errorf("%s: %s is %v, not %v", id, name, got[name], value)
				}
				delete(got, name)
			}
		}
		if len(got) > 0 {
			t.Errorf("%s has more values than it should: %v", id, got)
		}
	}
	for id := range held {
		if truth[id] == nil {
			t.Errorf("%s is gone and was not reported", id)
		}
	}
}

// Without settings the tenant delivers everything that the other tests look for.
func TestPrivacy_ATenantWithoutSettingsDeliversPersonalData(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, personal)
		w := watch(tn)
		r := tn.readComplete(t, nil, "responses", "contacts")
		for _, one := range personalPatterns {
			if !regexp.MustCompile("(?i)" + one).MatchString(r.output) {
				t.Errorf("the output has no %s", one)
			}
		}
		if !personalData.MatchString(w.files(t)) {
			t.Error("the temporary files hold no personal data")
		}
	})
}

var privateStreams = []string{
	"responses", "response_deletions", "answers", "feedback", "response_embedded_data", "response_files", "responses_in_progress",
	"contacts", "mailing_list_memberships", "sync_audit",
}

func TestPrivacy_StrictNeitherAsksForPersonalDataNorKeepsAny(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, personal)
		tn.config["privacy"], tn.config["deletions"] = strictPrivacy(), map[string]any{"audit_days": 1}
		w := watch(tn)
		tables, state := map[string]table(nil), []byte(nil)
		for run, pause := range []time.Duration{0, 26 * time.Hour, time.Hour, 26 * time.Hour, time.Hour, time.Hour} {
			if pause > 0 {
				tn.Advance(pause, run > 3)
			}
			if run == 1 || run == 3 {
				for _, survey := range tn.surveyIDs(t) {
					tn.DeleteResponses(survey, 2)
				}
			}
			tn.files["catalog.json"] = testkit.Catalog(privateStreams...)
			args := []string{"read", "--config", "config.json", "--catalog", "catalog.json", "--debug"}
			if state != nil {
				tn.files["state.json"] = state
				args = append(args, "--state", "state.json")
			}
			got := tn.run(t, args...)
			r := collectReading(t, got, state)
			if r.code != 0 {
				t.Fatalf("run %d ended with code %d: %v", run, r.code, r.errors)
			}
			tables, state = merge(tables, r), r.states
			nothingPersonal(t, "the output", got.stdout)
			nothingPersonal(t, "the log", got.stderr)
			nothingPersonal(t, "the state", string(state))
		}
		tn.Advance(time.Hour, true)
		tn.keptEqualsTruth(t, tables["responses"])
		nothingPersonal(t, "a temporary file", w.files(t))
		if len(tables["response_deletions"]) != 0 || len(tables["contacts"]) == 0 || len(tables["mailing_list_memberships"]) == 0 || len(tables["answers"]) == 0 ||
			len(tables["feedback"]) == 0 || len(tables["responses_in_progress"]) == 0 {
			t.Error("a stream has no rows")
		}
		tn.ignored = []string{"first_name", "last_name", "email", "phone", "external_data_reference", "ext_ref"}
		tn.compareTruth(t, "contacts", tables["contacts"])
		tn.compareTruth(t, "mailing_list_memberships", tables["mailing_list_memberships"])
		for _, column := range tn.ignored {
			for _, name := range []string{"contacts", "mailing_list_memberships"} {
				for id, row := range tables[name] {
					if row[column] != nil {
						t.Errorf("%s %s has %s", name, id, column)
					}
				}
			}
		}
		asked := 0
		for _, body := range w.exports {
			if body.Metadata == nil || body.Questions == nil && len(*body.Metadata) < 5 {
				t.Fatalf("an export asked for all metadata: %+v", body)
			}
			for _, list := range []*[]string{body.Metadata, body.Questions, body.Embedded} {
				if list == nil {
					continue
				}
				asked += len(*list)
				if i := slices.IndexFunc(*list, excludedKeys.MatchString); i >= 0 {
					t.Errorf("an export asked for %s", (*list)[i])
				}
			}
		}
		if asked == 0 {
			t.Error("no export asked for anything")
		}
	})
}

func TestPrivacy_TheLandingFolderHoldsNoPersonalData(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"ndjson", "parquet"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			tn, folder := newTenant(t, personal), filepath.Join(t.TempDir(), "data")
			tn.config["privacy"] = strictPrivacy()
			got := tn.run(t, "export", "--config", "config.json", "--to", folder, "--format", format, "--streams", "responses,contacts")
			landed := landedIn(t, folder)
			if got.code != 0 || !strings.Contains(landed, "R_") {
				t.Fatalf("got exit code %d: %s", got.code, got.stderr)
			}
			nothingPersonal(t, "the folder", landed)
		})
	}
}
