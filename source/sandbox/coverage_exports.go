package sandbox

var startCoverage = []Behavior{
	{"starts a job: `progressId` `ES_…`, `percentComplete` 0.0, `inProgress`", Recorded, "3.1", "TestExport_PollsAnswerZeroThenAFractionThenComplete", ""},
	{"refuses the eight parameters that JSON and NDJSON exclude", Documented, "3.1", "TestExportRequest_IsChecked", ""},
	{"refuses names in another letter case, retired names, and ids that are no array", Documented, "3.1", "TestExportRequest_IsChecked", ""},
	{"refuses every other unknown name, dates without zone, ids of another shape", Assumed, "3.1", "TestExportRequest_IsChecked", ""},
	{"refuses `allowContinuation` beside `continuationToken`, and `filterId` beside `sortByLastModifiedDate`", Documented, "3.1", "TestExportRequest_IsChecked", ""},
	{"takes booleans as text", Documented, "3.1", "TestExportRequest_IsChecked", ""},
	{"leaves a category out whose list is empty", Recorded, "3.1", "TestExportRequest_EmptyListsExcludeTheirCategory", ""},
	{"exports the questions, fields and metadata that are listed", Documented, "3.1", "TestExport_ListsChooseKeys", ""},
	{"exports the first responses up to `limit`", Assumed, "3.1", "TestExport_ListsChooseKeys", ""},
	{"takes `startDate` as inclusive and `endDate` as exclusive, on the recorded date", Documented, "3.1", "TestExport_WindowIsHalfOpenAndFollowsSort", ""},
	{"takes them on the modified date with `sortByLastModifiedDate`, and orders by it", Documented, "3.1", "TestExport_WindowIsHalfOpenAndFollowsSort", ""},
	{"takes `startDate` as exclusive", Assumed, "3.1", "TestExport_AWindowIsAFilterOfEverything", "--doubt StartExclusive"},
	{"takes `endDate` as inclusive", Assumed, "3.1", "TestExport_AWindowIsAFilterOfEverything", "--doubt EndInclusive"},
	{"refuses `sortByLastModifiedDate`", Assumed, "3.1", "TestExportRequest_SortCanBeRefused", "--doubt RejectSort"},
	{"exports open sessions, and only those, with `exportResponsesInProgress`", Documented, "3.1", "TestExport_InProgressHoldsOpenSessionsOnly", ""},
	{"exports what is visible when the job starts", Assumed, "3.4", "TestExport_SnapshotIsThatOfTheStartOrOfCompletion", ""},
	{"exports what is visible when the job completes", Assumed, "3.4", "TestExport_SnapshotIsThatOfTheStartOrOfCompletion", "--doubt SnapshotAtCompletion"},
	{"answers 404 `GSI_2` to an unknown survey", Documented, "3.1", "TestExport_UnknownIDsAnd403", ""},
	{"answers 403 `QMST_2.1` to a survey that may be read and not exported", Assumed, "8", "TestExport_UnknownIDsAnd403", ""},
	{"answers 400 when called as another data center", Documented, "1.1", "TestForeignHost_AnswersWithNoticeAndRefusesExports", "--foreign-hosts"},
	{"works when called as another data center", Assumed, "1.1", "TestForeignHost_AnswersWithNoticeAndRefusesExports", "--doubt ForeignExport200"},
}

var progressCoverage = []Behavior{
	{"answers 0.0, then a fraction, without `fileId`; then `complete`, 100.0 and `fileId` `…-def`", Recorded, "3.2", "TestExport_PollsAnswerZeroThenAFractionThenComplete", ""},
	{"completes at the third poll", Assumed, "3.2", "TestExport_PollsAnswerZeroThenAFractionThenComplete", ""},
	{"completes after a time", Assumed, "3.2", "TestExport_DelayRunsOnTheServerClock", "--export-delay"},
	{"answers a failed job with status 200, `failed`, 100 and `fileId` null", Documented, "3.2", "TestExport_TooLargeFails", ""},
	{"fails a job above 1.8 GB of rows", Documented, "3.3", "TestExport_TooLargeFails", ""},
	{"answers 404 to an unknown job, and to one of another survey", Documented, "3.2", "TestExport_UnknownIDsAnd403", ""},
}

var fileCoverage = []Behavior{
	{"is a ZIP file with one entry: named after the survey, UTF-8, deflated, sizes in a data descriptor", Recorded, "3.3", "TestExport_FileIsAZIPAsRecorded", ""},
	{"tells its length, and the survey's name form-encoded in `Content-Disposition`", Recorded, "3.3", "TestExport_FileIsAZIPAsRecorded", ""},
	{"is named after surveys whose names hold slashes", Recorded, "3.3", "TestExport_FileIsAZIPAsRecorded", ""},
	{"ends a week after completion with 404", Documented, "3.3", "TestExport_FileExpiresAfterAWeek", ""},
	{"is a bare file with `compress: false`", Documented, "3.3", "TestExport_FormatsHoldTheSameRecords", ""},
	{"is a ZIP file with `compress: false`, too", Assumed, "3.1", "TestExport_CompressFalseCanBeIgnored", "--doubt IgnoreCompressFalse"},
	{"holds `{\"responses\": […]}` as JSON, a record per line as NDJSON", Documented, "3.6", "TestExport_FormatsHoldTheSameRecords", ""},
	{"holds blank lines and `{}` lines as NDJSON", Documented, "3.6", "TestExport_FormatsHoldTheSameRecords", ""},
	{"is empty as NDJSON when nothing matches", Assumed, "3.6", "TestExport_OfNothing", ""},
	{"holds a `{}` line as NDJSON when nothing matches", Assumed, "3.6", "TestExport_OfNothing", "--doubt EmptyNDJSONLine"},
	{"has the value keys and JSON types of every question type, of loops, carried-forward items, Text iQ and scores", Documented, "3.6", "TestExport_HoldsEveryValueKeyOfTheReference", ""},
	{"has those of heat maps, hot spots, highlights and uploaded files", Assumed, "3.6", "TestExport_HoldsEveryValueKeyOfTheReference", ""},
	{"has embedded data beside the answers, under hostile names", Documented, "3.6", "TestExport_HoldsEveryValueKeyOfTheReference", ""},
	{"has neither addresses nor recipients of anonymized surveys", Recorded, "3.5", "TestExport_AnonymousSurveysTellNobody", ""},
	{"has `_lastModifiedDate` with `sortByLastModifiedDate` only", Documented, "3.6", "TestExport_WindowIsHalfOpenAndFollowsSort", ""},
	{"has the modified date under another key, or not at all", Assumed, "3.6", "TestExport_SortOrdersByModifiedDate", "--doubt ModifiedKey"},
	{"answers 404 to an unknown file", Assumed, "3.3", "TestExport_UnknownIDsAnd403", ""},
}
