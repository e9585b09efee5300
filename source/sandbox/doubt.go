package sandbox

import "time"

// Doubt switches the behaviors that public material leaves open (API §11). The
// zero value is the most plausible tenant. Every other value is *assumed* to be
// possible. For each of them a program that reads Qualtrics has to be right, or
// to stop with an error.
type Doubt struct {
	ModifiedKey          string        // value key of the modified date: "" = "_lastModifiedDate"; "lastModifiedDate"; "none" = rows carry no modified date
	SnapshotAtCompletion bool          // an export holds the responses that are visible when the job completes (else: when it starts)
	StartExclusive       bool          // startDate exclusive
	EndInclusive         bool          // endDate inclusive
	ResponsesMoveSurvey  bool          // a new response moves surveys.lastModified
	NoRetryAfter         bool          // 429 without Retry-After
	RetryAfterDate       bool          // Retry-After as an HTTP date
	NextPageForeignHost  bool          // nextPage links name another host
	NextPageRelative     bool          // nextPage is a path
	EmptyNDJSONLine      bool          // an empty export is a "{}" line instead of an empty file
	RejectSort           bool          // sortByLastModifiedDate is refused with 400
	WhoAmINeedsScope     bool          // /whoami returns 403 to OAuth clients
	ExpiredTokenCode     int           // status for an expired bearer token: 0 = 401
	TokenBelowAPI        bool          // the token endpoint answers below /API/v3, too
	TokenLifetime        time.Duration // 0 = 3600 s
	IgnoreCompressFalse  bool          // the server compresses despite compress:false
	SearchDateFormat     string        // layout of creationDate/lastModified in contact search: "" = RFC 3339 with Z; "2006-01-02 15:04:05"; "ms" = epoch milliseconds number
	LiteDirectory        bool          // the directories are XMD Lite: search answers 403, listing works
	OptOutKeepsModified  bool          // an opt-out does not move a contact's lastModified
	BackdatedImports     bool          // an import carries the recorded date of its answers (else: of the import)
	TopicsAfter          time.Duration // Text iQ shows its results that long after the recorded date, and moves no modified date (else: at once)
	InflatedCounts       int           // the response counters of a survey are higher than its export by this number
	RefuseFalseWithJSON  bool          // JSON exports refuse a parameter of tables even when it is false or null
	LabelsMark           string        // member of the third header row that marks columns of labels: "" = IsLabelsColumn
	TableWithBOM         bool          // CSV and TSV files begin with a byte order mark
	QuoteEveryCell       bool          // CSV and TSV files have quotes around every cell
	TSVInUTF16           bool          // TSV files are UTF-16, little endian, with a byte order mark
	ContinuationCode     int           // status for an expired or unknown continuation token: 0 = 400
	MailingListDates     string        // layout of the dates of mailing lists: "" = epoch milliseconds
	MembersMoveList      bool          // a contact that joins, leaves or opts out of a mailing list moves the list's lastModifiedDate
	StaleMemberCounts    bool          // contactCount of a mailing list counts deleted contacts
	PlainMembers         bool          // members of a mailing list come without contactLookupId and mailingListUnsubscribed
	MissingRightCode     int           // status where the account lacks the right to an area (Options.Without): 0 = 403
	EmptyPages           bool          // lists that have pages begin with an empty one that has a nextPage
	ForeignExport200     bool          // in foreign data-center mode the export POST works instead of answering 400
}
