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
		Name, Key, Cursor, Deletion, Scopes string
		Feed                                feed.Kind
		Incremental                         bool
	}
	want := []promise{
		{"answers", "survey_id response_id answer_key", "last_modified_date", "", "read:survey_responses read:surveys", feed.Responses, true},
		{"block_questions", "survey_id block_id element_id", "last_modified", "deleted_at", "read:surveys", "definitions", true},
		{"blocks", "survey_id block_id", "last_modified", "deleted_at", "read:surveys", "definitions", true},
		{"contacts", "directory_id contact_id", "last_modified", "deleted_at", "read:directories read:directory_contacts", feed.Contacts, true},
		{"directories", "directory_id", "last_modified", "deleted_at", "read:directories", feed.DirectoryList, true},
		{"embedded_data_fields", "survey_id flow_id field", "last_modified", "deleted_at", "read:surveys", "definitions", true},
		{"feedback", "survey_id response_id feedback_key", "last_modified_date", "", "read:survey_responses read:surveys", feed.Responses, true},
		{"mailing_list_memberships", "mailing_list_id contact_id", "last_modified", "deleted_at", "read:directories read:mailing_lists read:mailing_list_contacts", "mailing_list_memberships", true},
		{"mailing_lists", "directory_id mailing_list_id", "last_modified_date", "deleted_at", "read:directories read:mailing_lists", "mailing_lists", true},
		{"question_choices", "survey_id question_id kind choice_id", "last_modified", "deleted_at", "read:surveys", "definitions", true},
		{"questions", "survey_id question_id", "last_modified", "deleted_at", "read:surveys", "definitions", true},
		{"response_deletions", "survey_id response_id", "deleted_at", "deleted_at", "read:survey_responses read:surveys", feed.Responses, true},
		{"response_embedded_data", "survey_id response_id field", "last_modified_date", "", "read:survey_responses read:surveys", feed.Responses, true},
		{"response_files", "survey_id response_id file_key", "last_modified_date", "", "read:survey_responses read:surveys", feed.Responses, true},
		{"responses", "survey_id response_id", "last_modified_date", "deleted_at", "read:survey_responses read:surveys", feed.Responses, true},
		{"responses_in_progress", "survey_id session_id", "last_modified", "deleted_at", "read:surveys read:survey_responses", "responses_in_progress", true},
		{"scoring_categories", "survey_id category_id", "last_modified", "deleted_at", "read:surveys", "definitions", true},
		{"survey_definitions", "survey_id", "last_modified", "deleted_at", "read:surveys", "definitions", true},
		{"survey_flow_elements", "survey_id flow_id", "last_modified", "deleted_at", "read:surveys", "definitions", true},
		{"survey_languages", "survey_id language", "last_modified", "deleted_at", "read:surveys", "definitions", true},
		{"survey_translations", "survey_id language text_key", "last_modified", "deleted_at", "read:surveys", "survey_translations", true},
		{"surveys", "survey_id", "last_modified", "deleted_at", "read:surveys", feed.SurveyList, true},
		{"sync_audit", "run_id survey_id", "finished_at", "", "read:survey_responses read:surveys", feed.SyncAudit, true},
		{"users", "user_id", "last_modified", "deleted_at", "read:users", "users", true},
	}
	var got []promise
	for _, s := range stream.All() {
		got = append(got, promise{s.Name, strings.Join(s.Key, " "), s.Cursor, s.Table().Deletion(), strings.Join(s.Scopes, " "), s.Feed, s.Incremental()})
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
			if own := strings.HasPrefix(column.Name, "_"); own != (column.Protocol != "") {
				t.Errorf("%s.%s is of the protocol %q; names of its columns begin with an underscore, others do not", s.Name, column.Name, column.Protocol)
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

// Each word is reserved in an engine. Some were names of columns once. The client
// tests know all words of ten engines.
func TestAll_NamesAreNoReservedWords(t *testing.T) {
	t.Parallel()
	reserved := []string{
		"analyze", "column", "credentials", "default", "end", "group", "key", "order", "rank", "row", "table", "type", "user", "values",
	}
	for _, s := range stream.All() {
		if slices.Contains(reserved, s.Name) {
			t.Errorf("the stream %s has the name of a reserved word", s.Name)
		}
		for _, column := range s.Table().Columns {
			if slices.Contains(reserved, column.Name) {
				t.Errorf("the column %s.%s has the name of a reserved word", s.Name, column.Name)
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

// Messages name the partitions of each feed by their own noun.
func TestStream_FeedsNameTheirPartitions(t *testing.T) {
	t.Parallel()
	got := make(map[string]string)
	for _, s := range stream.All() {
		got[s.Name] = feed.NounOf(s.Feed)
	}
	want := map[string]string{
		"surveys": "list", "responses": "survey", "response_deletions": "survey", "contacts": "directory", "sync_audit": "survey",
		"directories": "list", "mailing_lists": "directory", "mailing_list_memberships": "mailing list", "users": "list",
		"answers": "survey", "feedback": "survey", "response_embedded_data": "survey", "response_files": "survey",
		"questions": "survey", "question_choices": "survey", "blocks": "survey", "block_questions": "survey", "survey_flow_elements": "survey",
		"embedded_data_fields": "survey", "scoring_categories": "survey", "survey_languages": "survey", "survey_definitions": "survey",
		"survey_translations": "survey", "responses_in_progress": "survey",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("nouns (-want +got):\n%s", diff)
	}
}
