package sandbox

var usersCoverage = []Behavior{
	{"lists the users of the brand, the account among them", Documented, "6", "TestUsers_ComeInPagesOf100", ""},
	{"pages by 100 with `offset`", Documented, "6", "TestUsers_ComeInPagesOf100", ""},
	{"needs the scope `read:users`", Documented, "1.4", "TestScopes_OfListsAndUsersAreNeeded", ""},
	{"answers 403 to an account without administration rights", Documented, "6", "TestRights_AnAccountCanLackThem", ""},
}

var userCoverage = []Behavior{
	{"adds dates, language, time zone, counts, `permissions` and `identityProvider`, but no secret", Documented, "6", "TestUsers_OneHasMoreMembersAndNoSecret", ""},
	{"answers 404 to an unknown or deleted user", Assumed, "6", "TestUsers_AreChangedAndRemoved", ""},
}
