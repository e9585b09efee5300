//go:build unix

package integration_tests

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/airbyte/airbytetest"
)

// row is a record's or a truth's members.
type row = map[string]json.RawMessage

// table is what a destination that keeps the newest row of each key holds.
type table map[string]row

// keys are the primary keys of the streams.
var keys = map[string][]string{
	"surveys":   {"survey_id"},
	"responses": {"survey_id", "response_id"},
	"contacts":  {"directory_id", "contact_id"},
}

var allStreams = slices.Sorted(maps.Keys(keys))

func key(stream string, of row) string {
	var parts []string
	for _, name := range keys[stream] {
		parts = append(parts, strings.Trim(string(of[name]), `"`))
	}
	return strings.Join(parts, "/")
}

// catalogOf configures streams for incremental reading.
func catalogOf(streams ...string) any {
	var entries []any
	for _, name := range streams {
		entries = append(entries, map[string]any{
			"stream":    map[string]any{"name": name, "json_schema": map[string]any{}, "supported_sync_modes": []string{"full_refresh", "incremental"}},
			"sync_mode": "incremental", "destination_sync_mode": "append_dedup",
		})
	}
	return map[string]any{"streams": entries}
}

// output is what one read emitted.
type output struct {
	tables   map[string]table
	records  int
	state    []byte // the newest one of every stream, as platforms store them
	statuses map[string]string
	failures []string // failure types
}

// collect checks every line against the protocol and takes it in, over the
// states that the read began with.
func collect(t testing.TB, before, stdout []byte) *output {
	t.Helper()
	o := &output{tables: make(map[string]table), statuses: make(map[string]string)}
	for _, name := range allStreams {
		o.tables[name] = make(table)
	}
	type entry struct {
		Type   string `json:"type"`
		Stream struct {
			Descriptor airbytetest.Descriptor `json:"stream_descriptor"`
			State      json.RawMessage        `json:"stream_state"`
		} `json:"stream"`
	}
	newest := make(map[string]entry)
	if before != nil {
		var entries []entry
		if err := json.Unmarshal(before, &entries); err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			newest[e.Stream.Descriptor.Name] = e
		}
	}
	for _, message := range airbytetest.Validate(t, stdout) {
		switch {
		case message.Record != nil:
			o.records++
			o.tables[message.Record.Stream][key(message.Record.Stream, message.Record.Data)] = message.Record.Data
		case message.State != nil:
			newest[message.State.Stream.Descriptor.Name] = entry{message.State.Type, message.State.Stream}
		case message.Trace != nil && message.Trace.StreamStatus != nil:
			o.statuses[message.Trace.StreamStatus.Stream.Name] = message.Trace.StreamStatus.Status
		case message.Trace != nil && message.Trace.Error != nil:
			o.failures = append(o.failures, message.Trace.Error.FailureType)
		}
	}
	entries := make([]entry, 0, len(newest))
	for _, name := range slices.Sorted(maps.Keys(newest)) {
		entries = append(entries, newest[name])
	}
	var err error
	if o.state, err = json.Marshal(entries); err != nil {
		t.Fatal(err)
	}
	return o
}

// merge puts a read's rows over those of the reads before. A row that says
// that it was deleted takes its key out.
func merge(tables map[string]table, o *output) map[string]table {
	if tables == nil {
		tables = make(map[string]table)
	}
	for stream, rows := range o.tables {
		if tables[stream] == nil {
			tables[stream] = make(table)
		}
		for id, data := range rows {
			if deleted := string(data["deleted_at"]); deleted != "" && deleted != "null" {
				delete(tables[stream], id)
				continue
			}
			tables[stream][id] = data
		}
	}
	return tables
}

// truth asks the tenant what exists now.
func (tn *tenant) truth(t testing.TB) map[string]table {
	t.Helper()
	all := make(map[string]table)
	for _, stream := range allStreams {
		response, err := http.Get(tn.url + "/sandbox/truth/" + stream)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("the truth of %s: %s %v", stream, response.Status, err)
		}
		all[stream] = make(table)
		for line := range bytes.Lines(text) {
			var of row
			if err := json.Unmarshal(line, &of); err != nil {
				t.Fatal(err)
			}
			all[stream][key(stream, of)] = of
		}
		if len(all[stream]) == 0 {
			t.Fatalf("the truth of %s is empty", stream)
		}
	}
	return all
}

// compareTruth demands that every row that exists was read as it is, member by
// member of the truth.
func compareTruth(t testing.TB, truth, read map[string]table) {
	t.Helper()
	for _, stream := range allStreams {
		wrong := 0
		for id, want := range truth[stream] {
			problem := difference(want, read[stream][id])
			if problem == "" {
				continue
			}
			if wrong++; wrong <= 3 {
				t.Errorf("%s %s: %s", stream, id, problem)
			}
		}
		if wrong > 0 {
			t.Fatalf("%d of %d %s are missing or differ", wrong, len(truth[stream]), stream)
		}
	}
}

// difference tells in what a row differs from the truth; "" is in nothing.
func difference(want, got row) string {
	if got == nil {
		return "it was not read"
	}
	for name, value := range want {
		if name == "values" {
			if problem := differentValues(value, got); problem != "" {
				return problem
			}
			continue
		}
		if !same(value, got[name]) {
			return fmt.Sprintf("%s is %s, want %s", name, got[name], value)
		}
	}
	return ""
}

// metadata are the names that an export gives to columns of their own.
var metadataColumns = map[string]string{
	"startDate": "start_date", "endDate": "end_date", "status": "status", "ipAddress": "ip_address", "progress": "progress", "duration": "duration",
	"finished": "finished", "recordedDate": "recorded_date", "_recordId": "response_id", "locationLatitude": "location_latitude",
	"locationLongitude": "location_longitude", "recipientLastName": "recipient_last_name", "recipientFirstName": "recipient_first_name",
	"recipientEmail": "recipient_email", "externalDataReference": "external_data_reference", "distributionChannel": "distribution_channel",
	"userLanguage": "user_language", "_lastModifiedDate": "last_modified_date", "lastModifiedDate": "last_modified_date",
}

// differentValues compares the values of an export with the columns that they
// became.
func differentValues(exported json.RawMessage, got row) string {
	var want, answers, embedded row
	for into, from := range map[*row]json.RawMessage{&want: exported, &answers: got["values"], &embedded: got["embedded_data"]} {
		if len(from) > 0 && json.Unmarshal(from, into) != nil {
			return fmt.Sprintf("%.100s is no object", from)
		}
	}
	for name, value := range want {
		held, ok := answers[name]
		if !ok {
			held, ok = embedded[name]
		}
		if column := metadataColumns[name]; !ok && column != "" {
			held = got[column]
			if string(held) == "true" || string(held) == "false" { // exported as 1 or 0
				held = map[string]json.RawMessage{"true": []byte("1"), "false": []byte("0")}[string(held)]
			}
		}
		if !same(value, held) {
			return fmt.Sprintf("%s is %s, want %s", name, held, value)
		}
	}
	return ""
}

// same compares two JSON values: absent is null, a time is an instant, a
// number may be written as text.
func same(a, b json.RawMessage) bool {
	if bytes.Equal(a, b) {
		return true
	}
	return reflect.DeepEqual(plain(a), plain(b))
}

func plain(raw json.RawMessage) any {
	if len(raw) == 0 {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return err
	}
	switch value := value.(type) {
	case json.Number:
		return value.String()
	case string:
		if at, err := time.Parse(time.RFC3339, value); err == nil {
			return at.UnixNano()
		}
	}
	return value
}
