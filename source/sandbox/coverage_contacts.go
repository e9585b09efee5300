package sandbox

var directoriesCoverage = []Behavior{
	{"lists the directories with `contactCount`", Documented, "4.1", "TestContacts_PageBySkipTokenInBothSchemes", ""},
}

var contactsCoverage = []Behavior{
	{"lists contacts without dates", Documented, "4.2", "TestContacts_ShapesFollowTheEndpoint", ""},
	{"pages by 100 with `skipToken` in a full URL", Documented, "4.2", "TestContacts_PageBySkipTokenInBothSchemes", ""},
	{"takes a `pageSize` up to 1,000", Assumed, "4.2", "TestContacts_PageBySkipTokenInBothSchemes", ""},
	{"has tokens of text with `useNewPaginationScheme=true`, plain numbers else", Assumed, "7.1", "TestContacts_PageBySkipTokenInBothSchemes", ""},
	{"lists the contacts of an XMD Lite directory", Assumed, "4", "TestSearch_IsMissingInALiteDirectory", "--doubt LiteDirectory"},
}

var contactCoverage = []Behavior{
	{"has dates in epoch milliseconds", Documented, "4.2", "TestContacts_SingleOneHasEpochMilliseconds", ""},
	{"answers 404 to an unknown contact", Assumed, "4.2", "TestContacts_SingleOneHasEpochMilliseconds", ""},
}

var searchCoverage = []Behavior{
	{"finds by the published filters, and combinations of 2 to 5 with `and`", Documented, "4.2", "TestSearch_FiltersByTheTable", ""},
	{"has other member names than the list", Documented, "4.2", "TestContacts_ShapesFollowTheEndpoint", ""},
	{"pages by a bare `skipToken`, the offset in base64; an empty page follows a full last one", Documented, "4.2", "TestSearch_PagesByBareToken", ""},
	{"ends with 400 beyond 10,000 contacts", Documented, "4.2", "TestSearch_EndsAtItsDepth", ""},
	{"writes dates in RFC 3339", Assumed, "4.2", "TestContacts_ShapesFollowTheEndpoint", ""},
	{"writes dates in another format", Assumed, "4.2", "TestContacts_ShapesFollowTheEndpoint", "--doubt SearchDateFormat"},
	{"answers 403 in an XMD Lite directory", Assumed, "4", "TestSearch_IsMissingInALiteDirectory", "--doubt LiteDirectory"},
}

var mailingListsCoverage = []Behavior{
	{"counts 0 members unless `includeCount=true` is sent", Documented, "4.4", "TestMailingLists_CutPagesOfMembersAt50", ""},
	{"counts exactly", Assumed, "4.4", "TestMailingLists_CountTheirMembers", ""},
}

var mailingListCoverage = []Behavior{
	{"answers one mailing list", Documented, "4.4", "TestMailingLists_CutPagesOfMembersAt50", ""},
}

var membersCoverage = []Behavior{
	{"pages by 50 at most, whatever `pageSize` says", Documented, "4.4", "TestMailingLists_CutPagesOfMembersAt50", ""},
	{"answers 404 to an unknown list", Assumed, "4.4", "TestMailingLists_CutPagesOfMembersAt50", ""},
}
