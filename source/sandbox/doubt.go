package sandbox

import "time"

// Doubt switches the behaviors that public material leaves open (API §11).
// The zero value is the most plausible tenant; every other value is *assumed*
// to be possible, and a program that reads Qualtrics has to be right, or to
// stop loudly, under all of them.
type Doubt struct {
	ModifiedKey          string        // value key of the modified date: "" = "_lastModifiedDate"; "lastModifiedDate"; "none" = rows carry no modified date
	SnapshotAtCompletion bool          // an export holds what is visible when the job completes (else: when it starts)
	StartExclusive       bool          // startDate exclusive
	EndInclusive         bool          // endDate inclusive
	ResponsesMoveSurvey  bool          // a new response moves surveys.lastModified
	NoRetryAfter         bool          // 429 without Retry-After
	RetryAfterDate       bool          // Retry-After as an HTTP date
	NextPageForeignHost  bool          // nextPage links name another host
	NextPageRelative     bool          // nextPage is a path
	EmptyNDJSONLine      bool          // an export of nothing is a "{}" line instead of an empty file
	RejectSort           bool          // sortByLastModifiedDate is refused with 400
	WhoAmINeedsScope     bool          // /whoami answers 403 to OAuth clients
	ExpiredTokenCode     int           // status for an expired bearer token: 0 = 401
	TokenLifetime        time.Duration // 0 = 3600 s
	IgnoreCompressFalse  bool          // the server compresses although compress:false was asked
	SearchDateFormat     string        // layout of creationDate/lastModified in contact search: "" = RFC 3339 with Z; "2006-01-02 15:04:05"; "ms" = epoch milliseconds number
	LiteDirectory        bool          // the directories are XMD Lite: search answers 403, listing works
	OptOutKeepsModified  bool          // an opt-out does not move a contact's lastModified
	BackdatedImports     bool          // an import carries the recorded date of its answers (else: of the import)
	InflatedCounts       int           // a survey's counters hold so many responses that no export has
	ForeignExport200     bool          // in foreign data-center mode the export POST works instead of answering 400
}
