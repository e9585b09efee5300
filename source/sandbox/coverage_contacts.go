package sandbox

var directoriesCoverage = []Behavior{
	{"lists the directories with `contactCount`", Documented, "4.1", "TestContacts_PageBySkipTokenInBothSchemes", ""},
	{"has `name`, which can be null, `isDefault` and `deduplicationCriteria`", Documented, "4.1", "TestTruth_OfListsAndUsersIsThatOfTheEndpoints", ""},
}

var contactsCoverage = []Behavior{
	{"lists contacts without dates", Documented, "4.2", "TestContacts_ShapesFollowTheEndpoint", ""},
	{"pages by 100 with `skipToken` in a full URL", Documented, "4.2", "TestContacts_PageBySkipTokenInBothSchemes", ""},
	{"accepts a `pageSize` up to 1,000", Assumed, "4.2", "TestContacts_PageBySkipTokenInBothSchemes", ""},
	{"has opaque tokens with `useNewPaginationScheme=true`, otherwise plain numbers", Assumed, "7.1", "TestContacts_PageBySkipTokenInBothSchemes", ""},
	{"lists the contacts of an XMD Lite directory", Assumed, "4", "TestSearch_IsMissingInALiteDirectory", "--doubt LiteDirectory"},
}

var contactCoverage = []Behavior{
	{"has dates in epoch milliseconds", Documented, "4.2", "TestContacts_SingleOneHasEpochMilliseconds", ""},
	{"answers 404 to an unknown contact", Assumed, "4.2", "TestContacts_SingleOneHasEpochMilliseconds", ""},
}

var searchCoverage = []Behavior{
	{"accepts the published filters, and combinations of 2 to 5 with `and`", Documented, "4.2", "TestSearch_FiltersByTheTable", ""},
	{"has member names that differ from the list", Documented, "4.2", "TestContacts_ShapesFollowTheEndpoint", ""},
	{"pages by `skipToken`, the offset in base64 and not a URL; an empty page follows a full last page", Documented, "4.2", "TestSearch_PagesByBareToken", ""},
	{"answers 400 beyond 10,000 contacts", Documented, "4.2", "TestSearch_EndsAtItsDepth", ""},
	{"writes dates in RFC 3339", Assumed, "4.2", "TestContacts_ShapesFollowTheEndpoint", ""},
	{"writes dates in another format", Assumed, "4.2", "TestContacts_ShapesFollowTheEndpoint", "--doubt SearchDateFormat"},
	{"answers 403 in an XMD Lite directory", Assumed, "4", "TestSearch_IsMissingInALiteDirectory", "--doubt LiteDirectory"},
}

var mailingListsCoverage = []Behavior{
	{"counts 0 members unless `includeCount=true` is sent", Documented, "4.4", "TestMailingLists_CutPagesOfMembersAt50", ""},
	{"has dates in epoch milliseconds", Documented, "4.4", "TestMailingLists_DatesAreInDoubt", ""},
	{"has dates as text", Assumed, "4.4", "TestMailingLists_DatesAreInDoubt", "--doubt MailingListDates"},
	{"counts exactly", Assumed, "4.4", "TestMailingLists_CountTheirMembers", ""},
	{"counts deleted contacts, too", Assumed, "4.4", "TestMailingLists_TheirCountsAndDatesAreInDoubt", "--doubt StaleMemberCounts"},
	{"has `mailingListId`, `name`, `ownerId` and two dates", Documented, "4.4", "TestMailingLists_AreRenamedAddedAndRemoved", ""},
	{"answers 403 to an account without the right to mailing lists", Assumed, "8", "TestRights_AnAccountCanLackThem", ""},
	{"answers another status to an account without the right", Assumed, "8", "TestRights_AnAccountCanLackThem", "--doubt MissingRightCode"},
}

var mailingListCoverage = []Behavior{
	{"returns one mailing list", Documented, "4.4", "TestMailingLists_CutPagesOfMembersAt50", ""},
	{"answers 404 to an unknown or deleted list", Assumed, "4.4", "TestMailingLists_AreRenamedAddedAndRemoved", ""},
}

var membersCoverage = []Behavior{
	{"pages by 50 at most, even with a larger `pageSize`", Documented, "4.4", "TestMailingLists_CutPagesOfMembersAt50", ""},
	{"answers 404 to an unknown list", Assumed, "4.4", "TestMailingLists_CutPagesOfMembersAt50", ""},
	{"has `contactLookupId` and `mailingListUnsubscribed` in addition to the members of a contact", Documented, "4.4", "TestMailingLists_MembersLeaveJoinAndOptOut", ""},
	{"has only the members of a contact", Assumed, "4.4", "TestMailingLists_MembersCanLackTheirMembership", "--doubt PlainMembers"},
	{"keeps the `contactLookupId` of a contact that joins again", Assumed, "4.4", "TestMailingLists_MembersLeaveJoinAndOptOut", ""},
}

var memberCoverage = []Behavior{
	{"returns the contact with `contactLookupId` and its opt-out of the list in milliseconds", Documented, "4.4", "TestMailingLists_OneMemberIsFoundByItsID", ""},
	{"answers 404 to a contact that is not on the list", Assumed, "4.4", "TestMailingLists_OneMemberIsFoundByItsID", ""},
}
