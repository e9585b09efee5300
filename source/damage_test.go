package source_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
)

// tripper is a transport made of a function.
type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// damaging passes a survey's downloads through damage, with lengths that agree.
func (tn *tenant) damaging(survey string, damage func(n int, file []byte) []byte) {
	next, n := tn.RoundTripper(), 0
	tn.transport = tripper(func(r *http.Request) (*http.Response, error) {
		response, err := next.RoundTrip(r)
		if err != nil || !strings.Contains(r.URL.Path, survey+"/") || !strings.HasSuffix(r.URL.Path, "/file") {
			return response, err
		}
		file, err := io.ReadAll(response.Body)
		if err != nil {
			return nil, err
		}
		if err := response.Body.Close(); err != nil {
			return nil, err
		}
		n++
		file = damage(n, file)
		response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(file)), int64(len(file))
		response.Header.Set("Content-Length", fmt.Sprint(len(file)))
		return response, nil
	})
}

// archive makes a ZIP file of members by name.
func archive(t *testing.T, members ...string) []byte {
	t.Helper()
	var file bytes.Buffer
	w := zip.NewWriter(&file)
	for i := 0; i < len(members); i += 2 {
		member, err := w.Create(members[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(member, members[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// content is what a file's first member holds.
func content(t *testing.T, file []byte) string {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	member, err := r.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(member)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// bomb makes a ZIP file whose sizes come to nothing in 64 bits.
func bomb(t *testing.T, text string) []byte {
	t.Helper()
	var file, deflated bytes.Buffer
	w := zip.NewWriter(&file)
	w.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(io.MultiWriter(out, &deflated), flate.BestCompression)
	})
	member, err := w.Create("survey.ndjson")
	if err == nil {
		_, err = io.WriteString(member, text)
	}
	if err == nil {
		member, err = w.CreateRaw(&zip.FileHeader{
			Name: "more.ndjson", Method: zip.Deflate, CompressedSize64: uint64(deflated.Len()), UncompressedSize64: -uint64(len(text)),
		})
	}
	if err == nil {
		_, err = member.Write(deflated.Bytes())
	}
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// directory changes the first entry of a ZIP file's directory.
func directory(file []byte, change func(entry []byte)) []byte {
	changed := bytes.Clone(file)
	change(changed[bytes.Index(changed, []byte("PK\x01\x02")):])
	return changed
}

// Whatever Qualtrics sends instead of a survey's file, its position stays
// where it was, the other surveys are read, and a good file makes it whole.
func TestRead_FilesThatAreDamagedEveryTime(t *testing.T) {
	tests := map[string]struct {
		damage    func(t *testing.T, file []byte) []byte
		downloads int  // until it gives up
		again     bool // the survey was read before
		// says is what the user is told of damage that no retry of a platform
		// can help.
		says string
	}{
		"truncated in the middle":  {func(_ *testing.T, file []byte) []byte { return file[:len(file)/2] }, 5, true, ""},
		"truncated near the end":   {func(_ *testing.T, file []byte) []byte { return file[:len(file)-10] }, 5, false, ""},
		"a flipped bit":            {func(_ *testing.T, file []byte) []byte { file[len(file)/2] ^= 0x10; return file }, 5, true, ""},
		"a checksum that is wrong": {func(_ *testing.T, file []byte) []byte { return directory(file, func(entry []byte) { entry[16] ^= 1 }) }, 5, false, ""},
		"a size that is too small": {func(_ *testing.T, file []byte) []byte {
			return directory(file, func(entry []byte) {
				binary.LittleEndian.PutUint32(entry[24:], binary.LittleEndian.Uint32(entry[24:])/2)
			})
		}, 5, true, ""},
		"a size that is too large": {func(_ *testing.T, file []byte) []byte {
			return directory(file, func(entry []byte) {
				binary.LittleEndian.PutUint32(entry[24:], binary.LittleEndian.Uint32(entry[24:])+1)
			})
		}, 5, false, ""},
		"an encrypted member":  {func(_ *testing.T, file []byte) []byte { return directory(file, func(entry []byte) { entry[8] |= 1 }) }, 5, true, ""},
		"an unknown method":    {func(_ *testing.T, file []byte) []byte { return directory(file, func(entry []byte) { entry[10] = 99 }) }, 5, false, ""},
		"no member":            {func(t *testing.T, _ []byte) []byte { return archive(t) }, 5, true, ""},
		"a page in an archive": {func(t *testing.T, _ []byte) []byte { return archive(t, "survey.ndjson", "<html>Sorry</html>") }, 5, false, "record 1: "},
		"half a record": {func(t *testing.T, file []byte) []byte {
			text := content(t, file)
			return archive(t, "survey.ndjson", text[:len(text)-20])
		}, 5, true, ""},
		"a record in shreds": {func(t *testing.T, file []byte) []byte {
			return archive(t, "survey.ndjson", strings.Replace(content(t, file), `"values":`, `"values"`, 1))
		}, 5, false, "record 1: "},
		"a number that is none": {func(t *testing.T, file []byte) []byte {
			return archive(t, "survey.ndjson", `{"responseId":"R_nan","values":{"QID1":NaN}}`+"\n"+content(t, file))
		}, 5, true, "record 1: "},
		"an abyss": {func(t *testing.T, file []byte) []byte {
			return archive(t, "survey.ndjson", `{"a":`+strings.Repeat("[", 20_000)+strings.Repeat("]", 20_000)+"}\n"+content(t, file))
		}, 5, false, "record 1: "},
		"a record that is too long": {func(t *testing.T, file []byte) []byte {
			return archive(t, "survey.ndjson", `{"a":[1`+strings.Repeat(",1", 16<<20)+"]}\n"+content(t, file))
		}, 1, true, "record 1: "},
		"a bomb":       {func(t *testing.T, file []byte) []byte { return bomb(t, content(t, file)) }, 2, false, "start_date"}, // the second one of its ids
		"another file": {func(*testing.T, []byte) []byte { return []byte("\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 600)) }, 3 * 8, true, ""},
		"a page":       {func(*testing.T, []byte) []byte { return []byte("<html>Sorry</html>") }, 3 * 8, false, ""},
		"blanks":       {func(*testing.T, []byte) []byte { return []byte(strings.Repeat(" ", 40)) }, 3 * 8, true, ""},
	}
	for name, test := range tests {
		if name == "a record that is too long" && !thorough.Asked() {
			continue // its 32 MB are read many times
		}
		t.Run(name, func(t *testing.T) {
			for _, again := range []bool{false, true} {
				if again != test.again && !strings.HasPrefix(name, "truncated") {
					continue // the kind of damage does not matter to the position
				}
				t.Run(fmt.Sprintf("read before %t", again), func(t *testing.T) {
					insideBubble(t, func(t *testing.T) {
						tn := newTenant(t, small)
						failing := tn.surveyIDs(t)[0]
						states := []byte("[]")
						var tables map[string]table
						if again {
							first := tn.readComplete(t, nil, "responses")
							states, tables = first.states, merge(nil, first)
							tn.Advance(48*time.Hour, false)
						}
						downloads := 0
						tn.damaging(failing, func(n int, file []byte) []byte {
							downloads = n
							return test.damage(t, file)
						})
						got := tn.read(t, states, "responses")
						kind := "transient_error"
						if test.says != "" {
							kind = "system_error"
						}
						ending{
							code: 4, kinds: []string{kind}, says: []string{"1 of the stream's parts is not complete: " + failing, test.says},
							statuses: incomplete("responses"),
						}.compare(t, got)
						alone := strings.Contains(test.says, "record") // the damage is that of one record
						// A list of ids may come before the window, with the same damage.
						if downloads != test.downloads && (!alone || downloads != test.downloads+1) {
							t.Errorf("got %d downloads, want %d", downloads, test.downloads)
						}
						before, after := positions(t, states, "responses")[failing], positions(t, got.states, "responses")[failing]
						if string(before) != string(after) && !alone || watermark(t, before) != watermark(t, after) {
							t.Errorf("the position moved from %s to %s", before, after)
						}
						for _, record := range got.records["responses"] {
							// Records in front of the damage are good ones.
							if record["survey_id"] == failing && name != "half a record" && !alone {
								t.Fatalf("got records of a file that is damaged: %v", record["response_id"])
							}
						}
						tn.checkOthers(t, merge(tables, got), failing)
						tn.transport = tn.RoundTripper()
						tn.goesOn(t, tables, got, "responses")
					})
				})
			}
		})
	}
}

// watermark is where a position says that the next window begins, in epoch seconds.
func watermark(t *testing.T, position []byte) int64 {
	t.Helper()
	var p struct {
		Watermark int64 `json:"w"`
	}
	if len(position) > 0 {
		if err := json.Unmarshal(position, &p); err != nil {
			t.Fatal(err)
		}
	}
	return p.Watermark
}

// Without deletions nothing reads a file before its rows go out: those in front
// of a bad record do so once, however often it is exported.
func TestRead_RowsInFrontOfABadRecord(t *testing.T) {
	for name, test := range map[string]struct {
		mode string
		bad  int // files
		most int // times that a row comes
	}{
		"deletions are followed":             {"reconcile", 2, 1},
		"they are not":                       {"off", 2, 2},
		"they are not, and no file is good":  {"off", 9, 1},
		"they are, and no file is good":      {"reconcile", 9, 1},
		"they are not, and one file is good": {"off", 4, 2},
	} {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, small)
				tn.config["deletions"] = map[string]any{"mode": test.mode}
				failing := tn.surveyIDs(t)[0]
				tn.damaging(failing, func(n int, file []byte) []byte {
					if n <= test.bad {
						return archive(t, "survey.ndjson", content(t, file)+"{\"responseId\":}\n")
					}
					return file
				})
				got := tn.read(t, nil, "responses")
				times, most := make(map[any]int), 0
				for _, row := range got.records["responses"] {
					if row["survey_id"] == failing {
						times[row["response_id"]]++
						most = max(most, times[row["response_id"]])
					}
				}
				if most != test.most {
					t.Errorf("got a row %d times, want %d", most, test.most)
				}
				if moved := watermark(t, positions(t, got.states, "responses")[failing]) != 0; moved != (test.bad < 5) {
					t.Errorf("after %d bad files the position moved: %t", test.bad, moved)
				}
				tn.transport = tn.RoundTripper()
				tn.goesOn(t, nil, got, "responses")
			})
		})
	}
}

// An audit begins with an export of ids, which fails in the same ways.
func TestRead_IDsThatAreDamagedEveryTime(t *testing.T) {
	tests := map[string]struct {
		damage func(t *testing.T, file []byte) []byte
		want   ending
	}{
		"truncated": {
			func(_ *testing.T, file []byte) []byte { return file[:len(file)/2] },
			ending{kinds: []string{"transient_error"}, says: []string{"was not read to its end: the list of its ids came damaged 5 times: "}},
		},
		"a record in shreds": {
			func(t *testing.T, file []byte) []byte {
				return archive(t, "survey.ndjson", strings.Replace(content(t, file), `"values":`, `"values"`, 1))
			},
			ending{kinds: []string{"system_error"}, says: []string{"1 record of the export of SV_", "cannot be delivered: record 1: "}},
		},
		"a record that is too long": {
			func(t *testing.T, file []byte) []byte {
				return archive(t, "survey.ndjson", content(t, file)+`{"a":[1`+strings.Repeat(",1", 16<<20)+`]}`)
			},
			ending{kinds: []string{"system_error"}, says: []string{"1 record of the export of SV_", "cannot be delivered: record "}},
		},
	}
	for name, test := range tests {
		if name == "a record that is too long" && !thorough.Asked() {
			continue // its 32 MB are read many times
		}
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, small)
				failing := tn.surveyIDs(t)[0]
				first := tn.readComplete(t, nil, "responses")
				tn.Advance(8*24*time.Hour, false)
				tn.damaging(failing, func(_ int, file []byte) []byte { return test.damage(t, file) })
				got := tn.read(t, first.states, "responses")
				want := test.want
				want.code, want.statuses = 4, incomplete("responses")
				want.compare(t, got)
				if before, after := positions(t, first.states, "responses")[failing], positions(t, got.states, "responses")[failing]; watermark(t, before) != watermark(t, after) {
					t.Errorf("the position moved from %s to %s", before, after)
				}
				tn.transport = tn.RoundTripper()
				tn.goesOn(t, merge(nil, first), got, "responses")
			})
		})
	}
}

// Twice is not for ever: the run itself goes on.
func TestRead_FilesThatAreDamagedTwice(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small)
		failing := tn.surveyIDs(t)[0]
		tn.damaging(failing, func(n int, file []byte) []byte {
			if n <= 2 {
				return file[:len(file)/2]
			}
			return file
		})
		got := tn.readComplete(t, nil, "responses")
		tn.compareTruth(t, "responses", merge(nil, got)["responses"])
		if log := strings.Join(got.logs, "\n"); strings.Count(log, "the export file cannot be used: exporting again") != 2 {
			t.Errorf("the log does not say it twice:\n%s", log)
		}
	})
}

// recordsOf are the lines of a file that is NDJSON, without blanks.
func recordsOf(t *testing.T, file []byte) []string {
	t.Helper()
	return strings.FieldsFunc(content(t, file), func(r rune) bool { return r == '\n' })
}

// member returns what follows a name in a row, as a string.
func member(t *testing.T, row, name string) string {
	t.Helper()
	_, rest, ok := strings.Cut(row, `"`+name+`":"`)
	value, _, whole := strings.Cut(rest, `"`)
	if !ok || !whole {
		t.Fatalf("no %s in %.300s", name, row)
	}
	return value
}

// A file may list a response twice, in any order: the newest version comes
// last, and it stays the one that was delivered.
func TestRead_AResponseThatIsListedTwice(t *testing.T) {
	tests := map[string]struct {
		older bool // the second one of the file; else the newer one
		same  bool // they have one date
		want  []string
	}{
		"an older version first":         {false, false, []string{"old", "new"}},
		"an older version last":          {true, false, []string{"new"}},
		"two of one date":                {false, true, []string{"old", "new"}},
		"two of one date, the other way": {true, true, []string{"new", "old"}},
	}
	for name, test := range tests {
		for _, mode := range []string{"reconcile", "off"} {
			t.Run(name+", deletions "+mode, func(t *testing.T) {
				insideBubble(t, func(t *testing.T) {
					tn := newTenant(t, small)
					tn.config["deletions"] = map[string]any{"mode": mode, "audit_days": 1}
					survey := tn.surveyIDs(t)[0]
					id := ""
					tn.damaging(survey, func(_ int, file []byte) []byte {
						lines := recordsOf(t, file)
						if id == "" {
							id = member(t, lines[0], "responseId")
						}
						var changed []string
						for _, line := range lines {
							if member(t, line, "responseId") != id || !strings.Contains(line, `"_lastModifiedDate"`) {
								changed = append(changed, line)
								continue
							}
							was := member(t, line, "_lastModifiedDate")
							older := strings.Replace(line, `"values":{`, `"values":{"version":"old",`, 1)
							if !test.same {
								older = strings.Replace(older, `"_lastModifiedDate":"`+was, `"_lastModifiedDate":"2001-01-01T00:00:00Z`, 1)
							}
							pair := []string{older, strings.Replace(line, `"values":{`, `"values":{"version":"new",`, 1)}
							if test.older {
								pair[0], pair[1] = pair[1], pair[0]
							}
							changed = append(changed, pair...)
						}
						return archive(t, "survey.ndjson", strings.Join(changed, "\n"))
					})
					got := tn.readComplete(t, nil, "responses", "sync_audit")
					var versions []string
					for _, row := range got.records["responses"] {
						if row["response_id"] == id {
							versions = append(versions, fmt.Sprint(row["embedded_data"].(map[string]any)["version"]))
						}
					}
					if diff := cmp.Diff(test.want, versions); diff != "" {
						t.Errorf("versions (-want +got):\n%s", diff)
					}
					for _, row := range got.records["sync_audit"] {
						if want := int64(2 - len(test.want)); row["survey_id"] == survey && number(t, row, "suppressed") != want {
							t.Errorf("the audit says %v, want %d suppressed", row, want)
						}
					}
					// Nor does an audit make one of it that was deleted or missed.
					tables, states := merge(nil, got), got.states
					for range 3 {
						tn.Advance(36*time.Hour, true)
						next := tn.readComplete(t, states, "responses")
						tables, states = merge(tables, next), next.states
					}
					row := tables["responses"][survey+"/"+id]
					if row == nil || row["embedded_data"].(map[string]any)["version"] != test.want[len(test.want)-1] {
						t.Errorf("the destination holds %v", row)
					}
				})
			})
		}
	}
}

// A response that is longer than any record may be comes without its longest
// texts, which its row says, and by its key and date; it holds up nothing.
func TestRead_AResponseThatIsTooLong(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small)
		survey, long := tn.surveyIDs(t)[0], ""
		tn.damaging(survey, func(_ int, file []byte) []byte {
			lines := recordsOf(t, file)
			long = lines[1]
			lines[1] = strings.Replace(lines[1], `"values":{`, `"values":{"QID99_TEXT":"`+strings.Repeat("long \\n", 32<<20/7)+`",`, 1)
			return archive(t, "survey.ndjson", strings.Join(lines, "\n"))
		})
		got := tn.readComplete(t, nil, "responses")
		var want struct {
			ID     string         `json:"responseId"`
			Values map[string]any `json:"values"`
		}
		if err := json.Unmarshal([]byte(long), &want); err != nil {
			t.Fatal(err)
		}
		row := merge(nil, got)["responses"][survey+"/"+want.ID]
		values, _ := row["answer_values"].(map[string]any)
		text, there := values["QID99_TEXT"]
		if row["last_modified_date"] == nil || !there || text != nil || len(values) < 2 {
			t.Errorf("the row is %v", row)
		}
		delete(values, "QID99_TEXT")
		tn.compareTruth(t, "responses", merge(nil, got)["responses"])
		const changed = `"meta":{"changes":[{"field":"answer_values","change":"TRUNCATED","reason":"SOURCE_FIELD_SIZE_LIMITATION"}]}`
		told := slices.ContainsFunc(got.logs, func(line string) bool {
			return strings.Contains(line, "values of responses.answer_values are not as Qualtrics sent them change=truncated reason=SOURCE_FIELD_SIZE_LIMITATION values=1")
		})
		if strings.Count(got.output, changed) != 1 || !told {
			t.Errorf("%d rows say that they are changed, the log says it: %t", strings.Count(got.output, changed), told)
		}
	})
}
