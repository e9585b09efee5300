package sandbox

var timeCoverage = []Behavior{
	{"adds responses, edits that move the modified date, imports, and open sessions that close later", Documented, "3.4", "TestAdvance_ResponsesArriveChangeAndVanish", ""},
	{"dates imports by the time of the import", Assumed, "3.4", "TestAdvance_ImportsAreDatedByTheirAnswersWhenInDoubt", ""},
	{"dates imports by the recorded dates of their answers", Assumed, "3.4", "TestAdvance_ImportsAreDatedByTheirAnswersWhenInDoubt", "--doubt BackdatedImports"},
	{"deletes responses, which only the counter shows", Documented, "3.4", "TestAdvance_ResponsesArriveChangeAndVanish", ""},
	{"shows changes up to ten minutes after their date", Assumed, "3.4", "TestAdvance_QuietShowsWhatIsPendingAndNothingElse", ""},
	{"shows the old version of a response until its edit is visible", Assumed, "3.4", "TestAdvance_LateEditShowsTheOldVersionFirst", ""},
	{"adds, renames and deletes surveys", Documented, "2.1", "TestAdvance_SurveysComeAndAreRenamed", ""},
	{"adds, changes, opts out and deletes contacts", Documented, "4.2", "TestContacts_ChangeWithTime", ""},
	{"adds, rewords, recodes and deletes questions and choices; a deleted question goes to the trash first", Documented, "2.2", "TestTruth_OfQuestionsIsThatOfTheDefinitions", ""},
	{"keeps the answers to deleted questions", Assumed, "2.2", "TestQuestions_GoToTheTrashAndAreDeleted", ""},
	{"creates, renames and deletes mailing lists; members join, leave and opt out", Documented, "4.4", "TestTruth_OfListsAndUsersIsThatOfTheEndpoints", ""},
	{"keeps `lastModifiedDate` of a mailing list when its members change", Assumed, "4.4", "TestMailingLists_TheirCountsAndDatesAreInDoubt", ""},
	{"moves `lastModifiedDate` of a mailing list when its members change", Assumed, "4.4", "TestMailingLists_TheirCountsAndDatesAreInDoubt", "--doubt MembersMoveList"},
	{"adds users, changes their type, status and division, and deletes them", Documented, "6", "TestTruth_OfListsAndUsersIsThatOfTheEndpoints", ""},
	{"opts contacts out without moving `lastModified`", Assumed, "4.2", "TestContacts_ChangeWithTime", "--doubt OptOutKeepsModified"},
}

// The certainty is that of the class of fault. Its frequency is *assumed*.
var faultCoverage = []Behavior{
	{"429, in bursts", Documented, "7.2", "TestFaults_OfCallsComeInTheirVarieties", "fault rate"},
	{"500, 502, 503 and 504, as JSON, as HTML or without a body", Documented, "7.3", "TestScript_EachVarietyStrikesInTurn", "fault server"},
	{"a connection that breaks before the answer or in the middle of it", Assumed, "7.3", "TestScript_EachVarietyStrikesInTurn", "fault reset"},
	{"an answer that takes seconds", Assumed, "3.3", "TestScript_EachVarietyStrikesInTurn", "fault slow"},
	{"a page of HTML with status 200", Assumed, "1.2", "TestScript_EachVarietyStrikesInTurn", "fault html"},
	{"a bearer token that becomes unknown", Documented, "8", "TestScript_StrikesJobsFilesAndBearerTokens", "fault auth"},
	{"a redirect to another host", Assumed, "1.1", "TestScript_EachVarietyStrikesInTurn", "fault redirect"},
	{"a `Date` header that is wrong or missing", Assumed, "1.2", "TestFaults_OfCallsComeInTheirVarieties", "fault clock"},
	{"no `Date` header", Assumed, "1.2", "TestScript_EachVarietyStrikesInTurn", "fault dateless"},
	{"a ZIP file that is cut although `Content-Length` agrees", Assumed, "3.3", "TestFaults_OfFilesAreSeenByAReaderOfZIP", "fault truncate"},
	{"a ZIP file with a wrong bit", Assumed, "3.3", "TestFaults_OfFilesAreSeenByAReaderOfZIP", "fault corrupt"},
	{"an export job that fails", Documented, "3.2", "TestFaults_OfJobsSpareTheNextJob", "fault jobfail"},
	{"an export job or its file that answers 404", Assumed, "3.2", "TestFaults_OfJobsSpareTheNextJob", "fault jobvanish"},
	{"an export job that never ends", Assumed, "3.2", "TestFaults_OfJobsSpareTheNextJob", "fault jobstuck"},
	{"an export job without an id", Assumed, "3.1", "TestScript_StrikesJobsFilesAndBearerTokens", "fault jobnull"},
	{"an export that omits responses, each of them once", Assumed, "3.4", "TestTorn_AnExportMissesSomeOnceAndTheirOwnReadsLag", "fault torn"},
	{"an export that holds older responses of another survey", Assumed, "3.3", "TestMisfiled_AnExportOfAWindowHoldsAnotherSurveysPast", "fault misfiled"},
	{"503 to a request and its repetitions for half an hour", Assumed, "7.3", "TestFaultRates_AnOutageAndADenialLast", "fault outage"},
	{"403 to a survey for three hours", Assumed, "8", "TestFaultRates_AnOutageAndADenialLast", "fault denied"},
}

// Only Go tests make these changes. They never happen by chance.
var eventCoverage = []Behavior{
	{"rename, close and reopen a survey, which moves `lastModified`", Assumed, "2.1", "TestEvents_ASurveyIsRenamedClosedAndGivenAway", ""},
	{"give a survey to another owner; it stays listed", Assumed, "2.1", "TestEvents_ASurveyIsRenamedClosedAndGivenAway", ""},
	{"remove a survey from the list; its other calls still work", Documented, "2.1", "TestEvents_ASurveyLeavesTheListAndReturns", ""},
	{"withdraw a survey (403) or delete it (404)", Assumed, "8", "TestEvents_ASurveyLeavesTheListAndReturns", ""},
	{"withdraw a directory (403) or delete it (404)", Assumed, "4.1", "TestEvents_ADirectoryLeavesTheListAndReturns", ""},
	{"rename, add and delete a mailing list; let a contact join, leave or opt out", Assumed, "4.4", "TestMailingLists_MembersLeaveJoinAndOptOut", ""},
	{"change and delete a user", Assumed, "6", "TestUsers_AreChangedAndRemoved", ""},
	{"edit a survey: any edit, or a given edit of a question or choice", Assumed, "2.2", "TestEditSurvey_MakesAnEditThatTheSeedDecides", ""},
	{"edit a survey beside its questions: any edit, or a given element of the flow", Assumed, "2.2", "TestEditStructure_MakesAnEditThatTheSeedDecides", ""},
	{"withdraw the right to users or to mailing lists, and give it back", Assumed, "8", "TestRights_AnAccountCanLackThem", ""},
	{"write records without an id, with a number as id, with raw control characters, or cut in the middle", Assumed, "3.6", "TestDamage_ExportsHoldARecordAgainstTheFormat", ""},
	{"refuse calls of one endpoint, of one object or of all, with any status, for a time or a number of calls", Assumed, "7.3", "TestDisturb_RefusesTheCallsOfOneObject", ""},
	{"refuse exports of more than a number of rows, at the start or at the file", Assumed, "7.3", "TestDisturb_KnowsTheRowsOfAnExport", ""},
	{"let calls hang without an answer", Assumed, "7.3", "TestDisturb_ASilentEndpointHangsUntilTheClientLeaves", ""},
	{"answer a list without `elements`, with `null`, as an object keyed by position, or with an element that lacks its id", Assumed, "2.2", "TestDisturb_AnswersAListInAnotherForm", ""},
}
