package sandbox

var surveysCoverage = []Behavior{
	{"lists `id`, `name`, `ownerId`, `lastModified`, `creationDate` and `isActive`", Recorded, "2.1", "TestBodies_HaveTheRecordedMembers", ""},
	{"pages by 100 with `offset`", Recorded, "2.1", "TestSurveys_ComeInPagesOf100", ""},
	{"links the next page with a full URL at the called scheme and host, null at the end", Recorded, "2.1", "TestHandler_LinksNameTheHostThatWasCalled", ""},
	{"links the next page at another host", Assumed, "2.1", "TestSurveys_ComeInPagesOf100", "--doubt NextPageForeignHost"},
	{"links the next page by its path only", Assumed, "2.1", "TestSurveys_ComeInPagesOf100", "--doubt NextPageRelative"},
	{"answers 400 to an offset that is not a number", Assumed, "2.1", "TestSurveys_ComeInPagesOf100", ""},
	{"keeps `lastModified` when responses arrive", Assumed, "2.1", "TestAdvance_ResponsesMoveSurveysOnlyWhenInDoubt", ""},
	{"moves `lastModified` with every edit of a question", Documented, "2.2", "TestQuestions_ChangeOnlyWithTheModifiedDate", ""},
	{"moves `lastModified` when responses arrive", Assumed, "2.1", "TestAdvance_ResponsesMoveSurveysOnlyWhenInDoubt", "--doubt ResponsesMoveSurvey"},
}

var legacySurveyCoverage = []Behavior{
	{"has every member of the recorded answers", Recorded, "2.3", "TestSurvey_BodiesHaveTheRecordedKeys", ""},
	{"counts responses as `auditable`, `generated` and `deleted`", Recorded, "2.3", "TestAdvance_ResponsesArriveChangeAndVanish", ""},
	{"counts responses that are missing in every export", Assumed, "2.3", "TestSurvey_CountersCanPromiseMore", "--doubt InflatedCounts"},
	{"answers 404 `GSI_2` to an unknown id", Assumed, "2.3", "TestSurvey_IsReadByItsFourRoutes", ""},
}

var definitionCoverage = []Behavior{
	{"begins with `meta`", Recorded, "1.2", "TestSurvey_IsReadByItsFourRoutes", ""},
	{"has every member of the recorded answer", Recorded, "2.2", "TestSurvey_BodiesHaveTheRecordedKeys", ""},
	{"has varying types as PHP writes them: lists for maps, texts for numbers and booleans, `Validation: \"None\"`", Recorded, "2.2", "TestSurvey_DefinitionHasTheRecordedTypeInstabilities", ""},
	{"has `Choices` as an array if the ids are 0 to n, otherwise as an object", Recorded, "2.2", "TestQuestions_ChoicesAreAddedRewordedAndRemoved", ""},
	{"has ids as numbers and as texts in one `ChoiceOrder`", Recorded, "2.2", "TestQuestions_ChoicesAreAddedRewordedAndRemoved", ""},
	{"has columns of side-by-side questions in `AdditionalQuestions`, groups, drill-downs and MaxDiff as recorded", Recorded, "2.2", "TestQuestions_HaveTheTablesOfTheirTypes", ""},
	{"has numbers as `RecodeValues` of some questions", Assumed, "2.2", "TestTruth_OfQuestionsIsThatOfTheDefinitions", ""},
	{"has blocks, a nested flow, embedded data, scoring and languages, each as in its truth", Recorded, "2.2", "TestTruth_OfTheStructureIsThatOfTheDefinitions", ""},
	{"writes blocks in the order of the editor", Assumed, "2.2", "TestTruth_OfTheStructureIsThatOfTheDefinitions", ""},
	{"has web services with a credential in header, parameter, body and address", Assumed, "2.2", "TestFlowElements_AreAddedAndRemoved", ""},
	{"keeps the ids of flow elements over edits, and uses none twice", Assumed, "2.2", "TestFlowElements_AreAddedAndRemoved", ""},
	{"keeps a question in the trash in `Questions`", Documented, "2.2", "TestQuestions_GoToTheTrashAndAreDeleted", ""},
	{"answers 403 `QMST_2.1` if the user has no right to read the survey", Recorded, "2.2", "TestExport_UnknownIDsAnd403", ""},
	{"answers 404 `GSI_2` to an unknown id", Assumed, "2.2", "TestSurvey_IsReadByItsFourRoutes", ""},
}

var questionsCoverage = []Behavior{
	{"lists all questions at once, in the form of the definition, without `nextPage`", Recorded, "2.2", "TestDefinitions_HaveTheirPartsUnderOwnPaths", ""},
}

var flowCoverage = []Behavior{
	{"returns the flow of the definition", Documented, "2.2", "TestDefinitions_HaveTheirPartsUnderOwnPaths", ""},
}

var metadataCoverage = []Behavior{
	{"has the published members, many of them null", Documented, "2.2", "TestDefinitions_HaveTheirPartsUnderOwnPaths", ""},
}

var quotasCoverage = []Behavior{
	{"lists quotas with their counts, `Cross` ones with combinations", Documented, "2.2", "TestSurveys_HaveQuotasAndFilters", ""},
}

var filtersCoverage = []Behavior{
	{"lists saved filters, which exports accept as `filterId`", Documented, "2.2", "TestSurveys_HaveQuotasAndFilters", ""},
}

var languagesCoverage = []Behavior{
	{"lists `AvailableLanguages`", Assumed, "2.2", "TestSurvey_IsReadByItsFourRoutes", ""},
	{"lists the languages of the definition", Assumed, "2.2", "TestLanguages_AreThoseOfTheDefinition", ""},
}

var translationCoverage = []Behavior{
	{"returns the texts of questions, choices and answers by their keys", Documented, "2.2", "TestTranslations_AreThoseOfTheTruth", ""},
	{"answers 404 to a language that the survey does not have", Assumed, "2.2", "TestTranslations_AreThoseOfTheTruth", ""},
}

var schemaCoverage = []Behavior{
	{"describes every value key of exports, with its type", Documented, "2.4", "TestExport_AgreesWithTheResponseSchema", ""},
	{"answers 404 `GSI_2` to an unknown id", Assumed, "2.4", "TestSurvey_IsReadByItsFourRoutes", ""},
}

var responseCoverage = []Behavior{
	{"returns one record in the form of exports", Documented, "3.7", "TestSingleResponse_IsTheExportedOne", ""},
	{"answers 404 to an unknown or deleted response", Documented, "3.7", "TestDeleteResponses_TheyAreGoneFromEverything", ""},
}

var uploadedFileCoverage = []Behavior{
	{"returns the bytes of an uploaded file or signature, with its content type", Documented, "3.7", "TestUploadedFiles_AreAsLongAsTheirResponsesSay", ""},
	{"answers 404 to an unknown file, to one of another response, and to one of a deleted response", Assumed, "3.7", "TestUploadedFiles_AreAsLongAsTheirResponsesSay", ""},
}
