package stream_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/schemas"
	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/stream"
)

// Names, keys and cursors are what users configured and destinations made
// tables of: whoever changes one here breaks theirs.
func TestAll_StreamsStayWhatUsersConfigured(t *testing.T) {
	t.Parallel()
	type promise struct {
		Name, Key, Cursor, Scopes string
		Feed                      feed.Kind
		Incremental               bool
	}
	want := []promise{
		{"contacts", "directory_id contact_id", "last_modified", "read:directories read:directory_contacts", feed.Contacts, true},
		{"response_deletions", "survey_id response_id", "deleted_at", "read:survey_responses read:surveys", feed.Responses, true},
		{"responses", "survey_id response_id", "last_modified_date", "read:survey_responses read:surveys", feed.Responses, true},
		{"surveys", "survey_id", "last_modified", "read:surveys", feed.SurveyList, true},
		{"sync_audit", "run_id survey_id", "finished_at", "read:survey_responses read:surveys", feed.SyncAudit, true},
	}
	var got []promise
	for _, s := range stream.All() {
		got = append(got, promise{s.Name, strings.Join(s.Key, " "), s.Cursor, strings.Join(s.Scopes, " "), s.Feed, s.Incremental()})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("streams (-want +got):\n%s", diff)
	}
}

func TestAll_StreamsCanBeFoundReadAndExplained(t *testing.T) {
	t.Parallel()
	published := schemas.Published()
	for _, s := range stream.All() {
		if found, ok := stream.ByName(s.Name); !ok || found != s {
			t.Errorf("%s is not found by its name", s.Name)
		}
		if source, ok := feed.ByKind(s.Feed); s.Feed != feed.SyncAudit && (!ok || source.Kind() != s.Feed) {
			t.Errorf("%s projects the feed %q, which is none", s.Name, s.Feed)
		}
		if s.Summary == "" || len(s.Scopes) == 0 {
			t.Errorf("%s has the summary %q and the scopes %v", s.Name, s.Summary, s.Scopes)
		}
		for _, column := range s.Table().Columns {
			if (slices.Contains(s.Key, column.Name) || column.Name == s.Cursor) && column.Nullable {
				t.Errorf("%s.%s is of the key or the cursor and may be null", s.Name, column.Name)
			}
			if column.Name == s.Cursor && column.Kind != record.Timestamp {
				t.Errorf("the cursor %s.%s is a %s", s.Name, column.Name, column.Kind)
			}
		}
		columns, err := schemas.Columns(s.Record, published)
		if err != nil || len(columns) != len(s.Table().Columns) {
			t.Fatalf("%s: %d columns of %d in the schema, %v", s.Name, len(columns), len(s.Table().Columns), err)
		}
		for i, column := range columns {
			if strings.TrimSpace(column.Description) == "" {
				t.Errorf("%s.%s has no description", s.Name, column.Name)
			}
			declared := s.Table().Columns[i]
			if column.Name != declared.Name || column.Type != declared.Kind.String() || column.Nullable != declared.Nullable {
				t.Errorf("the schema has %+v where the table has %+v", column, declared)
			}
		}
	}
}

func TestByName_KnowsNoOtherStream(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "Responses", "response", "responses "} {
		if s, ok := stream.ByName(name); ok {
			t.Errorf("%q is the stream %s", name, s.Name)
		}
	}
}
