package stream_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/response"
)

// unfit marks a value that its column cannot hold: null, and said so.
const unfit = "null, and said so"

// cellColumns is one column of every type that a response's metadata fill.
var cellColumns = map[string]response.Metadata{
	"user_language":     response.UserLanguage,
	"progress":          response.Progress,
	"location_latitude": response.LocationLatitude,
	"finished":          response.Finished,
	"recorded_date":     response.RecordedDate,
}

type cellCase struct{ value, want string } // as JSON; an empty value is absent

func TestCells_HoldWhatFitsAndSayWhatDoesNot(t *testing.T) {
	t.Parallel()
	for column, cases := range map[string][]cellCase{
		"user_language": {
			{`"EN"`, `"EN"`},
			{`""`, `""`},
			{`12`, `"12"`},
			{`1.0`, `"1.0"`},
			{`-0`, `"-0"`},
			{`1e400`, `"1e400"`},
			{`9007199254740993`, `"9007199254740993"`},
			{`true`, `"true"`},
			{`"a\"b\\c\nd"`, `"a\"b\\c\nd"`},
			{`"\u2028"`, `"\u2028"`},
			{`"\ud800"`, "\"\ufffd\""},
			{`"\u00e9"`, `"é"`},
		},
		"progress": {
			{`0`, `0`},
			{`-0`, `0`},
			{`"12"`, `12`},
			{`-7`, `-7`},
			{`1.0`, `1`},
			{`"33.00"`, `33`},
			{`" 33\n"`, `33`},
			{`9007199254740993`, `9007199254740993`},
			{`"9007199254740993"`, `9007199254740993`},
			{`9223372036854775807`, `9223372036854775807`},
			{`-9223372036854775808`, `-9223372036854775808`},
			{`9223372036854775808`, unfit},
			{`1.5`, unfit},
			{`1e400`, unfit},
			{`"1.0.0"`, unfit},
			{`"0x10"`, unfit},
			{`"1_000"`, unfit},
			{`"twelve"`, unfit},
			{`true`, unfit},
			{`""`, `null`},
		},
		"location_latitude": {
			{`"40.5000"`, `40.5000`},
			{`"-111.8000"`, `-111.8000`},
			{`1.0`, `1.0`},
			{`-0`, `-0`},
			{`1e400`, `1e400`},
			{`"12"`, `12`},
			{`9007199254740993`, `9007199254740993`},
			{`0.1000000000000000055511151231257827`, `0.1000000000000000055511151231257827`},
			{`" 40.5 "`, `40.5`},
			{`"40.5\n"`, `40.5`},
			{`"40,5"`, unfit},
			{`"+40.5"`, unfit},
			{`"040.5"`, unfit},
			{`".5"`, unfit},
			{`"NaN"`, unfit},
			{`"-Infinity"`, unfit},
			{`"0x10"`, unfit},
			{`"1 2"`, unfit},
			{`"{}"`, unfit},
			{`"null"`, unfit},
			{`true`, unfit},
			{`""`, `null`},
		},
		"finished": {
			{`1`, `true`},
			{`0`, `false`},
			{`"1"`, `true`},
			{`"0"`, `false`},
			{`true`, `true`},
			{`false`, `false`},
			{`"True"`, `true`},
			{`"FALSE"`, `false`},
			{`2`, unfit},
			{`-1`, unfit},
			{`"yes"`, unfit},
			{`""`, `null`},
		},
		"recorded_date": {
			{`"2024-07-08T15:58:03Z"`, `"2024-07-08T15:58:03Z"`},
			{`"2024-07-08T16:00:23.994Z"`, `"2024-07-08T16:00:23.994Z"`},
			{`"2024-07-08T16:00:23.123456789Z"`, `"2024-07-08T16:00:23.123456789Z"`},
			{`"2024-07-08T16:00:23+02:00"`, `"2024-07-08T14:00:23Z"`},
			{`"2024-07-08T00:00:23.5-07:00"`, `"2024-07-08T07:00:23.500Z"`},
			{`"2024-07-08 16:00:23"`, `"2024-07-08T16:00:23Z"`},
			{`"2024-07-08T16:00:23"`, `"2024-07-08T16:00:23Z"`},
			{`"2024-07-08"`, `"2024-07-08T00:00:00Z"`},
			{`"2024-02-29"`, `"2024-02-29T00:00:00Z"`},
			{`"0001-01-01T00:00:00Z"`, `"0001-01-01T00:00:00Z"`},
			{`"9999-12-31T23:59:59Z"`, `"9999-12-31T23:59:59Z"`},
			{`"9999-12-31T23:59:59-01:00"`, unfit},
			{`"0001-01-01T00:00:00+01:00"`, unfit},
			{`"0000-00-00 00:00:00"`, unfit},
			{`"0000-01-01T00:00:00Z"`, unfit},
			{`"9999-12-31T24:00:00Z"`, unfit},
			{`"2024-07-08T24:00:00Z"`, unfit},
			{`"2023-02-29"`, unfit},
			{`"08/07/2024"`, unfit},
			{`"10000-01-01T00:00:00Z"`, unfit},
			{`"yesterday"`, unfit},
			{`1720454423994`, unfit},
			{`true`, unfit},
			{`""`, `null`},
		},
	} {
		t.Run(column, func(t *testing.T) {
			t.Parallel()
			for _, c := range append(cases, cellCase{``, `null`}, cellCase{`null`, `null`}, cellCase{`{}`, unfit}, cellCase{`[]`, unfit}, cellCase{`[1]`, unfit}) {
				response := &response.Response{ModifiedAt: readAt}
				if c.value != "" {
					response.Metadata[cellColumns[column]] = []byte(c.value)
				}
				got := project(t, "responses", &feed.Document{ID: "R_1", Content: response, ReadAt: readAt})
				want, changes := c.want, []record.Change(nil)
				if want == unfit {
					want, changes = "null", []record.Change{record.Null(column)}
				}
				if cell := got.cell(t, column); cell != want {
					t.Errorf("%s: got %s, want %s", c.value, cell, want)
				}
				if diff := cmp.Diff(changes, got.changes); diff != "" {
					t.Errorf("%s: changes (-want +got):\n%s", c.value, diff)
				}
			}
		})
	}
}
