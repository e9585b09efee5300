package frame_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/frame"
)

// countedReader counts the bytes that were read.
type countedReader struct {
	io.ReaderAt
	bytes int
}

func (r *countedReader) ReadAt(p []byte, offset int64) (int, error) {
	n, err := r.ReaderAt.ReadAt(p, offset)
	r.bytes += n
	return n, err
}

// scratch is a temporary file in memory, on a disk with little room.
type scratch struct {
	content     []byte
	room        int
	lost        int // bytes at its end that cannot be read
	opened, got int
}

var errFull = errors.New("no space left on device")

func (s *scratch) Write(p []byte) (int, error) {
	if len(s.content)+len(p) > s.room {
		return 0, errFull
	}
	s.content = append(s.content, p...)
	return len(p), nil
}

func (s *scratch) ReadAt(p []byte, offset int64) (int, error) {
	n, err := bytes.NewReader(s.content[:len(s.content)-s.lost]).ReadAt(p, offset)
	s.got += n
	return n, err
}

func (s *scratch) Close() error { s.opened--; return nil }

func (s *scratch) limits() frame.Limits {
	return frame.Limits{ScratchBytes: 64 << 20, Scratch: func() (frame.Scratch, error) {
		if s.room == 0 {
			return nil, errFull
		}
		s.opened++
		return s, nil
	}}
}

// A file that was read to its end is verified. Its records are then in memory, or in a
// temporary file.
func TestFile_IsInflatedNoMoreOftenThanItHasToBe(t *testing.T) {
	t.Parallel()
	short, long := strings.Repeat(`{"a":1}`+"\n", 1000), strings.Repeat(`{"a":"`+strings.Repeat("x", 1000)+`"}`+"\n", 2000)
	for name, test := range map[string]struct {
		text           string
		room           int  // of the disk
		stops          bool // the first reading stops early
		verified, kept bool
	}{
		"short":                           {short, 0, false, true, true},
		"short, stopped early":            {short, 0, true, false, false},
		"long":                            {long, 3 << 20, false, true, true},
		"long, stopped early":             {long, 3 << 20, true, false, false},
		"long, no temporary file":         {long, 0, false, true, false},
		"long, the disk is full":          {long, 1 << 20, false, true, false},
		"long, full at its very end":      {long, 2_005_999, false, true, false},
		"with a line that is not valid":   {short + "x\n" + short, 0, false, true, false},
		"long, with a line that is not":   {long + "x\n", 3 << 20, false, true, false},
		"empty objects, which are no row": {strings.Repeat("{}\n", 10) + short, 0, false, true, true},
	} {
		content := archive(t, test.text)
		counted, disk := &countedReader{ReaderAt: bytes.NewReader(content)}, &scratch{room: test.room}
		file, err := frame.Open(counted, int64(len(content)), disk.limits())
		if err != nil {
			t.Fatal(err)
		}
		read := func(stops bool) (records, bytes int) {
			before := counted.bytes
			for _, err := range file.Values(t.Context()) {
				if err != nil && !frame.IsAlone(err) {
					t.Fatalf("%s: %v", name, err)
				}
				if err == nil {
					records++
				}
				if stops {
					break
				}
			}
			return records, counted.bytes - before
		}
		read(test.stops)
		before := counted.bytes
		if err := file.Verify(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if verified := counted.bytes == before; verified != test.verified {
			t.Errorf("%s: it was verified by its first reading: %t, want %t", name, verified, test.verified)
		}
		for range 2 {
			records, bytes := read(false)
			if want := strings.Count(test.text, `"a"`); records != want {
				t.Errorf("%s: the next reading has %d records, want %d", name, records, want)
			}
			if kept := bytes == 0; !test.stops && kept != test.kept {
				t.Errorf("%s: its records were kept: %t, want %t", name, kept, test.kept)
			}
		}
		file.Close()
		if disk.opened != 0 {
			t.Errorf("%s: %d temporary files are left", name, disk.opened)
		}
	}
}

// apart is a copy of a record and of its members.
type apart struct {
	Raw                 string
	Number              int64
	Repaired, Shortened bool
	Members             []string
}

func recordsOf(t *testing.T, file *frame.File) (all []apart, errs []string) {
	t.Helper()
	for value, err := range file.Values(t.Context()) {
		if err != nil {
			errs = append(errs, err.Error())
			continue
		}
		one := apart{string(value.Raw), value.Number, value.Repaired, value.Shortened, nil}
		for i := range value.Object.Members {
			m := &value.Object.Members[i]
			one.Members = append(one.Members, string(m.Name)+"="+string(m.Value)+"="+strconv.FormatBool(m.Escaped))
			inner := value.Object.Of(m)
			for j := range inner {
				run := value.Object.Run(&inner[0], &inner[j])
				one.Members = append(one.Members, " "+string(inner[j].Name)+"="+string(inner[j].Value)+"="+string(run)+strconv.FormatBool(inner[j].Follows(&inner[max(j-1, 0)])))
			}
		}
		all = append(all, one)
	}
	return all, errs
}

var oddRecords = []string{
	`{"responseId":"R_1","values":{"status":0,"QID1":[1,2]},"labels":{},"displayedFields":[],"n":null}`,
	` { "a" : { "b" : 1 , "c" : "x" } } `, `{"a":{"b":1,"b":2},"a":3}`, `{"a\u0062":1,"c":{"d\n":2,"e":3}}`, `{"":{"":{"":{}}}}`,
	"{\"a\":\"\u2028\xff\",\"b\":\"\\ud800\"}", "{\"a\":\"\t\"}", `{"a":[{"b":{"c":1}}],"d":{"e":[{}]}}`, `{"q":"\"{\\","z":-1.5e3}`,
	`{"long":"` + strings.Repeat("x", 300) + `","b":{"long":"` + strings.Repeat("y", 70_000) + `"}}`,
}

// The second reading yields what the first one did.
func TestFile_KeepsRecordsAsTheyAre(t *testing.T) {
	t.Parallel()
	for name, many := range map[string]int{"in memory": 1, "in a temporary file": 40} {
		content := archive(t, strings.Join(slices.Repeat(oddRecords, many), "\n"), strings.Join(oddRecords, "\r\n"))
		disk := &scratch{room: 1 << 30}
		limits := disk.limits()
		limits.RecordBytes = 60_000
		file, err := frame.Open(bytes.NewReader(content), int64(len(content)), limits)
		if err != nil {
			t.Fatal(err)
		}
		first, errs := recordsOf(t, file)
		if len(errs) > 0 || len(first) != len(oddRecords)*(many+1) {
			t.Fatalf("%s: %d records, %q", name, len(first), errs)
		}
		second, _ := recordsOf(t, file)
		if diff := cmp.Diff(first, second); diff != "" {
			t.Errorf("%s (-first +second):\n%s", name, diff)
		}
		if used := disk.got > 0; used != (many > 1) {
			t.Errorf("%s: the temporary file was read: %t", name, used)
		}
	}
}

// A temporary file that cannot be read, or that holds something else, is an error.
func TestFile_ReportsATemporaryFileThatIsDamaged(t *testing.T) {
	t.Parallel()
	content := archive(t, strings.Repeat(`{"a":"`+strings.Repeat("x", 1000)+`"}`+"\n", 2000))
	for name, damage := range map[string]func(*scratch){
		"the end is missing": func(s *scratch) { s.lost = 1000 },
		"zeros":              func(s *scratch) { clear(s.content[:100]) },
		"large numbers":      func(s *scratch) { copy(s.content, bytes.Repeat([]byte{0xff}, 100)) },
	} {
		disk := &scratch{room: 3 << 20}
		file, err := frame.Open(bytes.NewReader(content), int64(len(content)), disk.limits())
		if err != nil {
			t.Fatal(err)
		}
		recordsOf(t, file)
		damage(disk)
		if _, errs := recordsOf(t, file); len(errs) != 1 || !strings.Contains(errs[0], "temporary file") {
			t.Errorf("%s: got %q", name, errs)
		}
	}
}

func FuzzValues_AreTheSameTwice(f *testing.F) {
	for _, record := range oddRecords {
		f.Add([]byte(record + "\n" + record))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		content := archive(t, string(text))
		file, err := frame.Open(bytes.NewReader(content), int64(len(content)), frame.Limits{RecordBytes: 1 << 12})
		if err != nil {
			t.Skip()
		}
		first, firstErrs := recordsOf(t, file)
		second, secondErrs := recordsOf(t, file)
		if diff := cmp.Diff(first, second) + cmp.Diff(firstErrs, secondErrs); diff != "" {
			t.Fatalf("%q (-first +second):\n%s", text, diff)
		}
	})
}
