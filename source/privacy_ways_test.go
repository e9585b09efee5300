package source_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// The ways of reading make different requests: of windows, of parts of a first load, of ids, and of
// all responses where exports cannot be sorted.
func TestPrivacy_HoldsInEveryWayOfReading(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*sandbox.Options, *tenant){
		"many surveys":          func(_ *sandbox.Options, tn *tenant) { tn.sizes.ExportAll = 1 },
		"a large first load":    func(_ *sandbox.Options, tn *tenant) { tn.sizes.ExportAll, tn.sizes.LoadRows = 1, 20 },
		"no sorted exports":     func(o *sandbox.Options, _ *tenant) { o.Doubt.RejectSort = true },
		"no modified date":      func(o *sandbox.Options, tn *tenant) { o.Doubt.ModifiedKey, tn.noModified = "none", true },
		"no lists of ids":       func(_ *sandbox.Options, _ *tenant) {},
		"no audits":             func(_ *sandbox.Options, tn *tenant) { tn.config["deletions"] = map[string]any{"mode": "off"} },
		"answers beside, later": func(_ *sandbox.Options, _ *tenant) {},
	} {
		if !thorough.Asked() && !slices.Contains([]string{"many surveys", "no sorted exports", "no lists of ids"}, name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				options, trial := fewPersonal, &tenant{config: map[string]any{"deletions": map[string]any{"audit_days": 1}}}
				change(&options, trial)
				tn := newTenant(t, options)
				tn.sizes, tn.noModified, tn.config["deletions"], tn.config["privacy"] = trial.sizes, trial.noModified, trial.config["deletions"], strictPrivacy()
				if name == "no lists of ids" {
					tn.transport = refusingIDLists(tn.transport)
				}
				w := watch(tn)
				streams, tables, state := []string{"responses"}, map[string]table(nil), []byte(nil)
				for run, pause := range []time.Duration{0, 27 * time.Hour, time.Hour, 27 * time.Hour, time.Hour, 27 * time.Hour} {
					if pause > 0 {
						tn.Advance(pause, run > 2)
					}
					if name == "answers beside, later" && run == 2 {
						streams = append(streams, "answers", "response_embedded_data")
					}
					r := tn.readPatiently(t, state, streams...)
					nothingPersonal(t, "the output", r.output)
					nothingPersonal(t, "the state", string(r.states))
					tables, state = merge(tables, r), r.states
				}
				if name == "no audits" {
					return // rows of deleted responses remain
				}
				tn.keptEqualsTruth(t, tables["responses"])
				nothingPersonal(t, "a temporary file", w.files(t))
			})
		})
	}
}

// refusingIDLists answers exports of ids alone by 400.
func refusingIDLists(next http.RoundTripper) http.RoundTripper {
	return tripper(func(r *http.Request) (*http.Response, error) {
		if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/export-responses") {
			return next.RoundTrip(r)
		}
		text, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		if bytes.Contains(text, []byte(`"questionIds":[]`)) && bytes.Contains(text, []byte(`"embeddedDataIds":[]`)) {
			return answer(r, 400, `{"meta":{"httpStatus":"400 - Bad Request","error":{"errorCode":"X","errorMessage":"Invalid request. Missing or invalid parameter questionIds."}}}`), nil
		}
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(text))
		return next.RoundTrip(r)
	})
}

// A record that cannot be read is not filtered. Its hash in the state is short, so that it confirms
// no guess of what the record holds.
func TestPrivacy_TheHashOfAnUnreadableRecordIsShort(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, personal)
		tn.config["privacy"] = strictPrivacy()
		for _, id := range keysOfTruth(t, tn, "responses")[:3] {
			if !tn.DamageResponse(id[strings.IndexByte(id, '/')+1:], sandbox.RecordNotJSON) {
				t.Fatal("no response was damaged")
			}
		}
		first := tn.read(t, nil, "responses")
		kept := regexp.MustCompile(`"k":"([^"]+)"`).FindAllSubmatch(first.states, -1)
		if len(kept) == 0 || first.code == 0 {
			t.Fatalf("got code %d and %s", first.code, first.states)
		}
		for _, one := range kept {
			raw, err := base64.RawStdEncoding.DecodeString(string(one[1]))
			if err != nil {
				t.Fatal(err)
			}
			for ; len(raw) > 0; raw = raw[8:] {
				if hash := binary.BigEndian.Uint64(raw); hash > 0xffff {
					t.Errorf("the state has the hash %x", hash)
				}
			}
		}
	})
}

// A late response is read by its own call, which cannot ask for less than all of it.
func TestPrivacy_SingleResponsesAreFiltered(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, personal)
		tn.config["privacy"], tn.config["deletions"] = strictPrivacy(), map[string]any{"audit_days": 1}
		r := tn.readComplete(t, nil, "responses")
		tables, survey := merge(nil, r), tn.surveyIDs(t)[0]
		tn.Advance(5*time.Hour, true)
		r = tn.readComplete(t, r.states, "responses")
		late := tn.RecordResponses(survey, 12, tn.Now().Add(-4*time.Hour), tn.Now())
		single := 0
		tn.transport = altered{tn.transport, func(r *http.Request, answer *http.Response) {
			if slices.ContainsFunc(late, func(id string) bool { return strings.HasSuffix(r.URL.Path, "/responses/"+id) }) && answer.StatusCode == http.StatusOK {
				single++
			}
		}}
		for range 3 {
			tn.Advance(25*time.Hour, true)
			r = tn.readComplete(t, r.states, "responses")
			nothingPersonal(t, "the output", r.output)
			nothingPersonal(t, "the state", string(r.states))
			tables = merge(tables, r)
		}
		if single == 0 || len(late) != 12 {
			t.Fatalf("%d of %d late responses were read one by one", single, len(late))
		}
		tn.keptEqualsTruth(t, tables["responses"])
	})
}
