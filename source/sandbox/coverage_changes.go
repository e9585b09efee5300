package sandbox

var timeCoverage = []Behavior{
	{"brings responses, edits that move the modified date, imports, and open sessions that close later", Documented, "3.4", "TestAdvance_ResponsesArriveChangeAndVanish", ""},
	{"dates imports by when they were imported", Assumed, "3.4", "TestAdvance_ImportsAreDatedByTheirAnswersWhenInDoubt", ""},
	{"dates imports by their answers", Assumed, "3.4", "TestAdvance_ImportsAreDatedByTheirAnswersWhenInDoubt", "--doubt BackdatedImports"},
	{"deletes responses without a trace but the counter", Documented, "3.4", "TestAdvance_ResponsesArriveChangeAndVanish", ""},
	{"shows changes up to ten minutes later than they are dated", Assumed, "3.4", "TestAdvance_QuietShowsWhatIsPendingAndNothingElse", ""},
	{"shows the old version of a response until its edit is visible", Assumed, "3.4", "TestAdvance_LateEditShowsTheOldVersionFirst", ""},
	{"brings, renames and deletes surveys", Documented, "2.1", "TestAdvance_SurveysComeAndAreRenamed", ""},
	{"brings, changes, opts out and deletes contacts", Documented, "4.2", "TestContacts_ChangeWithTime", ""},
	{"opts contacts out without moving `lastModified`", Assumed, "4.2", "TestContacts_ChangeWithTime", "--doubt OptOutKeepsModified"},
}

// That a class exists is as sure as stated; how often it strikes is *assumed*.
var faultCoverage = []Behavior{
	{"429, in bursts", Documented, "7.2", "TestFaults_OfCallsComeInTheirVarieties", "fault rate"},
	{"500, 502, 503 and 504, as JSON, as HTML or with nothing", Documented, "7.3", "TestScript_EachVarietyStrikesInTurn", "fault server"},
	{"a connection that breaks before the answer or in the middle of it", Assumed, "7.3", "TestScript_EachVarietyStrikesInTurn", "fault reset"},
	{"an answer that takes seconds", Assumed, "3.3", "TestScript_EachVarietyStrikesInTurn", "fault slow"},
	{"a page of HTML with status 200", Assumed, "1.2", "TestScript_EachVarietyStrikesInTurn", "fault html"},
	{"a bearer token that is not known any more", Documented, "8", "TestScript_StrikesJobsFilesAndBearerTokens", "fault auth"},
	{"a redirect to another host", Assumed, "1.1", "TestScript_EachVarietyStrikesInTurn", "fault redirect"},
	{"a `Date` header that is wrong or missing", Assumed, "1.2", "TestFaults_OfCallsComeInTheirVarieties", "fault clock"},
	{"no `Date` header", Assumed, "1.2", "TestScript_EachVarietyStrikesInTurn", "fault dateless"},
	{"a ZIP file that is cut although the lengths agree", Assumed, "3.3", "TestFaults_OfFilesAreSeenByAReaderOfZIP", "fault truncate"},
	{"a ZIP file with a wrong bit", Assumed, "3.3", "TestFaults_OfFilesAreSeenByAReaderOfZIP", "fault corrupt"},
	{"an export job that fails", Documented, "3.2", "TestFaults_OfJobsSpareTheNextJob", "fault jobfail"},
	{"an export job or its file that answers 404", Assumed, "3.2", "TestFaults_OfJobsSpareTheNextJob", "fault jobvanish"},
	{"an export job that never ends", Assumed, "3.2", "TestFaults_OfJobsSpareTheNextJob", "fault jobstuck"},
	{"an export job without an id", Assumed, "3.1", "TestScript_StrikesJobsFilesAndBearerTokens", "fault jobnull"},
	{"an export that misses responses, once each", Assumed, "3.4", "TestTorn_AnExportMissesSomeOnceAndTheirOwnReadsLag", "fault torn"},
	{"an export that holds older responses of another survey", Assumed, "3.3", "TestMisfiled_AnExportOfAWindowHoldsAnotherSurveysPast", "fault misfiled"},
	{"503 to one and the same request for half an hour", Assumed, "7.3", "TestFaultRates_AnOutageAndADenialLast", "fault outage"},
	{"403 to a survey for three hours", Assumed, "8", "TestFaultRates_AnOutageAndADenialLast", "fault denied"},
}
