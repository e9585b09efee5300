package sandbox

var requestCoverage = []Behavior{
	{"answers `{result, meta}` with a fresh UUID as `requestId` and an `httpStatus` such as `200 - OK`", Recorded, "1.2", "TestAnswer_HasEnvelopeAndRecordedHeaders", ""},
	{"has the headers of a real answer, `Content-Type` without charset among them", Recorded, "1.2", "TestAnswer_HasEnvelopeAndRecordedHeaders", ""},
	{"refuses with `meta.error {errorMessage, errorCode}` and no `result`", Recorded, "1.2", "TestCredentials_AreChecked", ""},
	{"compresses with gzip when asked to", Documented, "1.1", "TestAnswer_IsCompressedOnRequest", ""},
	{"accepts a slash at the end of a path", Recorded, "1.1", "TestPaths_AreCaseSensitiveAndTakeSlashes", ""},
	{"accepts two slashes as one", Documented, "1.1", "TestPaths_AreCaseSensitiveAndTakeSlashes", ""},
	{"distinguishes upper and lower case in paths", Documented, "1.1", "TestPaths_AreCaseSensitiveAndTakeSlashes", ""},
	{"answers 404 `UNF_9` to an unknown path", Recorded, "7.3", "TestPaths_AreCaseSensitiveAndTakeSlashes", ""},
	{"answers 405 to another method, 413 to a body above 1 MiB", Assumed, "7.3", "TestPaths_AreCaseSensitiveAndTakeSlashes", ""},
	{"answers 400 `ATC_1` without credentials", Recorded, "1.3", "TestCredentials_AreChecked", ""},
	{"answers 401 `DCD_7` to an unknown API token", Recorded, "1.3", "TestCredentials_AreChecked", ""},
	{"answers 401 to an unknown or revoked bearer token", Documented, "1.4", "TestToken_CanBeRevoked", ""},
	{"accepts bearer tokens, with `Bearer` in any letter case", Documented, "1.4", "TestToken_IsIssuedByBasicAuthAndForm", ""},
	{"answers 403 to a bearer token without the endpoint's scope, with a text that names it", Documented, "1.4", "TestToken_IsIssuedByBasicAuthAndForm", ""},
	{"answers 401 to an expired bearer token", Documented, "1.4", "TestToken_ExpiresByTheServerClock", ""},
	{"answers another status to an expired bearer token", Assumed, "1.4", "TestToken_ExpiresByTheServerClock", "--doubt ExpiredTokenCode"},
	{"names the host to use in `meta.notice` if called as another data center", Recorded, "1.1", "TestForeignHost_AnswersWithNoticeAndRefusesExports", "--foreign-hosts"},
	{"answers 429 over the endpoint's own limit", Documented, "7.2", "TestLimits_EachEndpointAnswers429OverItsOwn", "--limits published"},
	{"answers 429 over 3,000 calls a minute of the brand", Documented, "7.2", "TestLimits_TheBrandHas3000PerMinute", "--limits published"},
	{"accepts a minute's calls at once, and refills the limit evenly", Assumed, "7.2", "TestLimits_EachEndpointAnswers429OverItsOwn", "--limits published"},
	{"sends `Retry-After` in seconds with 429", Assumed, "7.2", "TestLimits_RetryAfterIsInDoubt", ""},
	{"sends no `Retry-After`", Assumed, "7.2", "TestLimits_RetryAfterIsInDoubt", "--doubt NoRetryAfter"},
	{"sends `Retry-After` as a date", Assumed, "7.2", "TestLimits_RetryAfterIsInDoubt", "--doubt RetryAfterDate"},
	{"begins a list with an empty page that has a `nextPage`", Assumed, "7.1", "TestLists_CanBeginWithAnEmptyPage", "--doubt EmptyPages"},
	{"speaks TLS under every name of `qualtrics.com`", Documented, "1.1", "TestServe_HasACertificateForEveryNameOfQualtrics", "--tls"},
	{"speaks HTTP/1.1, and not HTTP/2", Assumed, "1.1", "TestServe_HasACertificateForEveryNameOfQualtrics", ""},
}

var tokenCoverage = []Behavior{
	{"issues a token to client credentials, by HTTP Basic or in the form", Documented, "1.4", "TestToken_IsIssuedByBasicAuthAndForm", ""},
	{"accepts scopes separated by spaces; without scopes it grants those of the client", Documented, "1.4", "TestToken_IsIssuedByBasicAuthAndForm", ""},
	{"is not below `/API/v3`", Documented, "1.4", "TestToken_EndpointBelowTheAPIIsInDoubt", ""},
	{"is below `/API/v3`, too", Assumed, "1.4", "TestToken_EndpointBelowTheAPIIsInDoubt", "--doubt TokenBelowAPI"},
	{"returns `expires_in` 3600", Documented, "1.4", "TestToken_IsIssuedByBasicAuthAndForm", ""},
	{"issues tokens of another lifetime", Assumed, "1.4", "TestToken_ExpiresByTheServerClock", "--doubt TokenLifetime"},
	{"refuses with `{error, error_description}`: 401 `invalid_client`, 400 otherwise", Documented, "1.4", "TestToken_IsRefusedInTheShapeOfTheProtocol", ""},
	{"refuses a scope that the client does not have", Assumed, "1.4", "TestToken_IsRefusedInTheShapeOfTheProtocol", ""},
}

var whoamiCoverage = []Behavior{
	{"returns brand, user, account type and data center", Recorded, "1.5", "TestBodies_HaveTheRecordedMembers", ""},
	{"needs no scope", Assumed, "1.5", "TestBodies_HaveTheRecordedMembers", ""},
	{"answers 403 to every OAuth client", Assumed, "1.5", "TestToken_CanBeRevoked", "--doubt WhoAmINeedsScope"},
}
