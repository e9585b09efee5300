package sandbox

import (
	"encoding/json"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

type row struct {
	ResponseID      string                     `json:"responseId"`
	Values          map[string]json.RawMessage `json:"values"`
	Labels          map[string]any             `json:"labels"`
	DisplayedFields []string                   `json:"displayedFields"`
	DisplayedValues map[string][]any           `json:"displayedValues"`
}

func (r row) text(t testing.TB, key string) string {
	t.Helper()
	var s string
	if err := json.Unmarshal(r.Values[key], &s); err != nil {
		t.Fatalf("%s: key %s is %s, want a string", r.ResponseID, key, r.Values[key])
	}
	return s
}

func (r row) date(t testing.TB, key string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, r.text(t, key))
	if err != nil {
		t.Fatalf("%s: %v", r.ResponseID, err)
	}
	return at
}

func rows(t testing.TB, s *survey, q exportQuery) []row {
	t.Helper()
	var all []row
	for line := range s.export(q).records {
		if !utf8.Valid(line) || slices.Contains(line, '\n') {
			t.Fatalf("record is not one line of UTF-8: %q", line)
		}
		var r row
		decoder := json.NewDecoder(strings.NewReader(string(line)))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&r); err != nil {
			t.Fatalf("decoding %s: %v", line, err)
		}
		all = append(all, r)
	}
	return all
}

func ids(all []row) []string {
	var out []string
	for _, r := range all {
		out = append(out, r.ResponseID)
	}
	return out
}

func TestExport_AWindowIsAFilterOfEverything(t *testing.T) {
	t.Parallel()
	for _, d := range []Doubt{{}, {StartExclusive: true}, {EndInclusive: true}, {StartExclusive: true, EndInclusive: true}} {
		w := testWorld(t, worldOptions{Surveys: 2, Responses: 240, Contacts: 60, Doubt: d})
		w.advance(testEpoch, testEpoch.Add(30*time.Hour), false)
		w.advance(testEpoch.Add(30*time.Hour), testEpoch.Add(31*time.Hour), true)
		for _, s := range w.listed()[:2] {
			for _, sorted := range []bool{false, true} {
				key := "recordedDate"
				if sorted {
					key = "_lastModifiedDate"
				}
				all := rows(t, s, exportQuery{Sort: sorted})
				if len(all) < 10 {
					t.Fatalf("survey has %d responses only", len(all))
				}
				for i := 0; i < len(all); i += len(all)/8 + 1 {
					start, end := all[i].date(t, key), all[(i*7+3)%len(all)].date(t, key)
					var want []string
					for _, r := range all {
						at := r.date(t, key)
						after := at.After(start) || at.Equal(start) && !d.StartExclusive
						before := at.Before(end) || at.Equal(end) && d.EndInclusive
						if after && before {
							want = append(want, r.ResponseID)
						}
					}
					got := ids(rows(t, s, exportQuery{Sort: sorted, Start: start, End: end}))
					if !slices.Equal(got, want) {
						t.Fatalf("%+v sort=%v [%s, %s): got %d responses, want %d", d, sorted, start, end, len(got), len(want))
					}
				}
			}
		}
	}
}

func TestExport_SortOrdersByModifiedDate(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{"": "_lastModifiedDate", "lastModifiedDate": "lastModifiedDate"} {
		w := testWorld(t, worldOptions{Surveys: 2, Responses: 500, Doubt: Doubt{ModifiedKey: key}})
		w.advance(testEpoch, testEpoch.Add(24*time.Hour), false)
		none := []string{}
		var last time.Time
		for _, r := range rows(t, w.listed()[0], exportQuery{Sort: true, Questions: &none, Embedded: &none, Metadata: &none}) {
			if len(r.Values) != 1 {
				t.Fatalf("excluded categories are present: %v", r.Values)
			}
			at := r.date(t, want)
			if at.Before(last) {
				t.Fatalf("%s is out of order: %s after %s", r.ResponseID, at, last)
			}
			last = at
		}
		if last.Before(testEpoch) {
			t.Error("no response was modified after the epoch")
		}
	}
	w := testWorld(t, worldOptions{Surveys: 1, Responses: 5, Doubt: Doubt{ModifiedKey: "none"}})
	for _, r := range rows(t, w.listed()[0], exportQuery{Sort: true}) {
		if r.Values["_lastModifiedDate"] != nil {
			t.Error("a row carries the modified date although the tenant has none")
		}
	}
}

func TestExport_ListsChooseKeys(t *testing.T) {
	t.Parallel()
	w := testWorld(t, worldOptions{Surveys: 1, Responses: 200})
	questions, fields, metadata := []string{"QID1"}, []string{"Region"}, []string{"recordedDate"}
	all := rows(t, w.listed()[0], exportQuery{Questions: &questions, Embedded: &fields, Metadata: &metadata, Limit: 150})
	if len(all) != 150 {
		t.Errorf("got %d responses, want the limit of 150", len(all))
	}
	for _, r := range all {
		for key := range r.Values {
			switch key {
			case "QID1", "QID1_10_TEXT", "Region", "recordedDate":
			default:
				t.Fatalf("key %s was not asked for", key)
			}
		}
	}
}

func TestExport_ListsChangeNoValueOfAnotherKey(t *testing.T) {
	t.Parallel()
	for _, options := range []worldOptions{{Surveys: 1, Responses: 100}, {Surveys: 1, Responses: 100, Personal: true}} {
		w := testWorld(t, options)
		survey, left := w.listed()[0], 0
		whole := rows(t, survey, exportQuery{})
		for _, name := range surveyMetadataIDs {
			others := slices.DeleteFunc(slices.Clone(surveyMetadataIDs), func(other string) bool { return other == name })
			questions, fields := []string{"QID1"}, []string{"Region"}
			for i, r := range rows(t, survey, exportQuery{Questions: &questions, Embedded: &fields, Metadata: &others}) {
				if r.Values[name] != nil || r.Values["QID2_TEXT"] != nil {
					t.Fatalf("%s or a question was not asked for: %s", name, r.Values)
				}
				for key, value := range r.Values {
					left++
					if string(whole[i].Values[key]) != string(value) {
						t.Fatalf("without %s, %s is %s, not %s", name, key, value, whole[i].Values[key])
					}
				}
			}
		}
		if left == 0 {
			t.Error("no value is left")
		}
	}
}

func TestPersonal_TextsOfItsQuestionsAndFieldsHaveTheMark(t *testing.T) {
	t.Parallel()
	w, marked := testWorld(t, worldOptions{Surveys: 1, Responses: 100, Personal: true}), make(map[string]bool)
	for _, r := range rows(t, w.listed()[0], exportQuery{}) {
		for key, value := range r.Values {
			if strings.Contains(strings.ToLower(string(value)), PersonalMark) {
				marked[key] = true
			}
		}
	}
	want := []string{"Customer Phone", "QID2_TEXT", "QID3_1", "QID3_2", "QID4_3_TEXT", "QID7_TEXT", "contact_ref", "email"}
	if got := slices.Sorted(maps.Keys(marked)); !slices.Equal(got, want) {
		t.Errorf("got the mark in %q, want %q", got, want)
	}
}

func TestExport_InProgressHoldsOpenSessionsOnly(t *testing.T) {
	t.Parallel()
	w := testWorld(t, worldOptions{Surveys: 1, Responses: 100})
	open := rows(t, w.listed()[0], exportQuery{InProgress: true, Sort: true})
	if len(open) == 0 {
		t.Fatal("no open session")
	}
	for _, r := range open {
		if !strings.HasPrefix(r.ResponseID, "FS_") || r.Values["recordedDate"] != nil || string(r.Values["finished"]) != "0" {
			t.Errorf("open session %s: %s", r.ResponseID, r.Values)
		}
	}
	for _, id := range ids(rows(t, w.listed()[0], exportQuery{})) {
		if !strings.HasPrefix(id, "R_") {
			t.Errorf("the export of recorded responses holds %s", id)
		}
	}
}

func TestResponse_IsFoundByItsID(t *testing.T) {
	t.Parallel()
	w := testWorld(t, worldOptions{Surveys: 3, Responses: 300})
	w.advance(testEpoch, testEpoch.Add(12*time.Hour), false)
	for i, s := range w.listed() {
		other := w.listed()[(i+1)%3]
		for line := range s.export(exportQuery{}).records {
			var r row
			if err := json.Unmarshal(line, &r); err != nil {
				t.Fatal(err)
			}
			got, found := s.response(r.ResponseID, time.Time{})
			if !found || string(got) != string(line) {
				t.Fatalf("response(%s) = %s, %v; want %s", r.ResponseID, got, found, line)
			}
			if _, found := other.response(r.ResponseID, time.Time{}); found {
				t.Fatalf("%s is found in another survey", r.ResponseID)
			}
		}
	}
	if _, found := w.listed()[0].response("R_000000000000000", time.Time{}); found {
		t.Error("an unknown id is found")
	}
}

func TestExport_AMillionResponsesNeedNoMemory(t *testing.T) {
	const n = 1_000_000
	w := testWorld(t, worldOptions{Surveys: 1, Responses: n})
	none, metadata := []string{}, []string{"_recordId"}
	var before, during runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	count, highest := 0, uint64(0)
	for range w.listed()[0].export(exportQuery{Sort: true, Questions: &none, Embedded: &none, Metadata: &metadata}).records {
		if count++; count%200_000 == 0 {
			runtime.ReadMemStats(&during)
			highest = max(highest, during.HeapAlloc)
		}
	}
	if count != n {
		t.Errorf("got %d responses, want %d", count, n)
	}
	if highest > before.HeapAlloc+64<<20 {
		t.Errorf("the heap grew by %d bytes", highest-before.HeapAlloc)
	}
}

func BenchmarkExport(b *testing.B) {
	w := testWorld(b, worldOptions{Surveys: 2, Responses: 20000, Contacts: 1000})
	for i, s := range w.listed() {
		b.Run([]string{"large", "small"}[i], func(b *testing.B) {
			b.ReportAllocs()
			var size, count int64
			for b.Loop() {
				size, count = 0, 0
				for line := range s.export(exportQuery{Sort: true}).records {
					size += int64(len(line))
					count++
				}
			}
			b.SetBytes(size)
			b.ReportMetric(float64(size)/float64(count), "B/record")
		})
	}
}
