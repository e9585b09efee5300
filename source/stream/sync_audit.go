package stream

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
)

// SurveyRun is a row of sync_audit: the outcome of one survey in one run.
type SurveyRun struct {
	// Id of the run: when it began, in UTC.
	RunID string `json:"run_id"`
	// Id of the survey (SV_…).
	SurveyID string `json:"survey_id"`
	// When the run was done with the survey.
	FinishedAt time.Time `json:"finished_at"`
	// Name of the survey.
	SurveyName *string `json:"survey_name"`
	// How it ended: complete, incomplete, no_access, withdrawn or gone (it was
	// deleted). no_access: the account may see the survey and not export it.
	// withdrawn: the account does not see it any more, and surveys.on_withdrawn
	// is skip.
	Result string `json:"result"`
	// Why it is not complete.
	Problem *string `json:"problem"`
	// Why it was exported: first_load, window, resync or left; or was not:
	// unchanged. resync: the configuration asks for it, or names of its values
	// changed their meaning. left: a last time, because it left the selection.
	Reason *string `json:"reason"`
	// The run asked for responses that were modified since. Null: all.
	WindowFrom *time.Time `json:"window_from"`
	// Everything that was visible before was read. Null: this run read nothing
	// to its end.
	WindowTo *time.Time `json:"window_to"`
	// Recorded responses by Qualtrics' own counter. Its rules are not known for
	// sure: a difference is no proof that a response is missing.
	Counted *int64 `json:"counted"`
	// Versions of responses that were delivered.
	Delivered int64 `json:"delivered"`
	// Of them, responses that had been recorded before the window.
	Edited int64 `json:"edited"`
	// Responses that were read again and had been delivered before.
	Suppressed int64 `json:"suppressed"`
	// Responses that became visible too late for any window.
	Late int64 `json:"late"`
	// How much later than its own date the latest of them was found, in
	// seconds.
	LateSeconds *int64 `json:"late_seconds"`
	// Responses that were reported as deleted.
	Deleted int64 `json:"deleted"`
	// Responses that exist and could not be delivered. Null when the run neither
	// audited the survey nor left out a record of its export.
	Missing *int64 `json:"missing"`
	// Deleted responses that cannot be named: refresh the stream. Of a survey
	// that is gone: about how many of its responses no row reports as deleted.
	DeletionsUnresolved int64 `json:"deletions_unresolved"`
	// Calls by endpoint.
	APICalls json.RawMessage `json:"api_calls"`
	// Time spent waiting for limits, retries and export jobs, in seconds.
	SecondsWaiting int64 `json:"seconds_waiting"`
	// Time spent otherwise, in seconds.
	SecondsWorking int64 `json:"seconds_working"`
}

var _ = Register(&Stream{
	Name:    "sync_audit",
	Summary: "What each run did with each survey: counted, delivered, late, deleted, missing",
	Record:  SurveyRun{},
	Key:     []string{"run_id", "survey_id"},
	Cursor:  "finished_at",
	Feed:    feed.SyncAudit,
	Scopes:  []string{"read:survey_responses", "read:surveys"},
	Project: projectSurveyRun,
})

func projectSurveyRun(doc *feed.Document, emit Emit) error {
	run, ok := doc.Content.(*feed.SurveyRun)
	if !ok {
		return fmt.Errorf("projecting the run of survey %s: unexpected content %T", doc.ID, doc.Content)
	}
	calls, err := json.Marshal(run.Calls)
	if err != nil {
		return fmt.Errorf("projecting the run of survey %s: %w", doc.ID, err)
	}
	row := SurveyRun{
		RunID: run.Run, SurveyID: doc.ID, FinishedAt: doc.ReadAt,
		SurveyName: known(doc.Partition.Name), Result: run.Result, Problem: known(run.Problem), Reason: known(string(run.Reason)),
		WindowFrom: date(run.From), WindowTo: date(run.To),
		Counted: run.Counted, Delivered: run.Delivered, Edited: run.Edited, Suppressed: run.Suppressed, Late: run.Late,
		Deleted: run.Deleted, Missing: run.Missing, DeletionsUnresolved: run.Unresolved,
		APICalls: calls, SecondsWaiting: int64(run.Waited.Seconds()), SecondsWorking: int64((run.Took - run.Waited).Seconds()),
	}
	if run.Late > 0 {
		seconds := int64(run.LatestBy.Seconds())
		row.LateSeconds = &seconds
	}
	return emit(&row)
}
