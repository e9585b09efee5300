package sandbox

var surveysCoverage = []Behavior{
	{"lists `id`, `name`, `ownerId`, `lastModified`, `creationDate` and `isActive`", Recorded, "2.1", "TestBodies_HaveTheRecordedMembers", ""},
	{"pages by 100 with `offset`", Recorded, "2.1", "TestSurveys_ComeInPagesOf100", ""},
	{"links the next page with a full URL at the scheme and host that were called, null at the end", Recorded, "2.1", "TestHandler_LinksNameTheHostThatWasCalled", ""},
	{"links the next page at another host", Assumed, "2.1", "TestSurveys_ComeInPagesOf100", "--doubt NextPageForeignHost"},
	{"links the next page by its path only", Assumed, "2.1", "TestSurveys_ComeInPagesOf100", "--doubt NextPageRelative"},
	{"answers 400 to an offset that is no number", Assumed, "2.1", "TestSurveys_ComeInPagesOf100", ""},
	{"keeps `lastModified` when responses arrive", Assumed, "2.1", "TestAdvance_ResponsesMoveSurveysOnlyWhenInDoubt", ""},
	{"moves `lastModified` when responses arrive", Assumed, "2.1", "TestAdvance_ResponsesMoveSurveysOnlyWhenInDoubt", "--doubt ResponsesMoveSurvey"},
}

var legacySurveyCoverage = []Behavior{
	{"has every member of the recorded answers", Recorded, "2.3", "TestSurvey_BodiesHaveTheRecordedKeys", ""},
	{"counts responses as `auditable`, `generated` and `deleted`", Recorded, "2.3", "TestAdvance_ResponsesArriveChangeAndVanish", ""},
	{"counts responses that no export holds", Assumed, "2.3", "TestSurvey_CountersCanPromiseMore", "--doubt InflatedCounts"},
	{"answers 404 `GSI_2` to an unknown id", Assumed, "2.3", "TestSurvey_IsReadByItsFourRoutes", ""},
}

var definitionCoverage = []Behavior{
	{"begins with `meta`", Recorded, "1.2", "TestSurvey_IsReadByItsFourRoutes", ""},
	{"has every member of the recorded answer", Recorded, "2.2", "TestSurvey_BodiesHaveTheRecordedKeys", ""},
	{"changes types as PHP does: lists for maps, texts for numbers and booleans, `Validation: \"None\"`", Recorded, "2.2", "TestSurvey_DefinitionHasTheRecordedTypeInstabilities", ""},
	{"answers 403 `QMST_2.1` where the user may not read", Recorded, "2.2", "TestExport_UnknownIDsAnd403", ""},
	{"answers 404 `GSI_2` to an unknown id", Assumed, "2.2", "TestSurvey_IsReadByItsFourRoutes", ""},
}

var languagesCoverage = []Behavior{
	{"lists `AvailableLanguages`", Assumed, "2.2", "TestSurvey_IsReadByItsFourRoutes", ""},
}

var schemaCoverage = []Behavior{
	{"describes every value key that exports have, with its type", Documented, "2.4", "TestExport_AgreesWithTheResponseSchema", ""},
	{"answers 404 `GSI_2` to an unknown id", Assumed, "2.4", "TestSurvey_IsReadByItsFourRoutes", ""},
}

var responseCoverage = []Behavior{
	{"answers one record as exports have it", Documented, "3.7", "TestSingleResponse_IsTheExportedOne", ""},
	{"answers 404 to an unknown or deleted response", Documented, "3.7", "TestDeleteResponses_TheyAreGoneFromEverything", ""},
}
