package record

// Change records that a column differs from the value of Qualtrics. Only the
// functions below make changes, so that each one names the new value.
type Change struct {
	Column  string
	Kind    ChangeKind
	Reason  ChangeReason
	Instead string // description of the new value
}

// ChangeKind is the kind of a change.
type ChangeKind string

// The kinds of changes. The Airbyte protocol has the first two (record meta).
const (
	Nulled    ChangeKind = "NULLED"
	Truncated ChangeKind = "TRUNCATED"
	// Renamed is a member of an object with a repeated name. Its value is
	// unchanged.
	Renamed ChangeKind = "RENAMED"
	// Replaced is a value that another one took the place of.
	Replaced ChangeKind = "REPLACED"
	// Invented is a value that Qualtrics did not send.
	Invented ChangeKind = "INVENTED"
)

// ChangeReason is the reason for a change.
type ChangeReason string

// The reasons for changes. The Airbyte protocol has the first three (record meta).
const (
	// Unfit is a value that its column or the output format cannot hold.
	Unfit ChangeReason = "SOURCE_SERIALIZATION_ERROR"
	// TooLarge is a value above a size limit.
	TooLarge ChangeReason = "SOURCE_FIELD_SIZE_LIMITATION"
	// NotSent is a value that is not in the answer of Qualtrics.
	NotSent ChangeReason = "SOURCE_RETRIEVAL_ERROR"
	// Repeated is a name that occurs twice in an object.
	Repeated ChangeReason = "REPEATED_NAME"
	// Secret is a value that contains a configured secret.
	Secret ChangeReason = "SECRET"
)

// Null is the change of a value that its column cannot hold.
func Null(column string) Change { return Change{column, Nulled, Unfit, "null"} }

// Repair is the change of text with invalid Unicode, or with a NUL that the output
// cannot hold.
func Repair(column string) Change { return Change{column, Truncated, Unfit, "U+FFFD"} }

// Round is the change of a value with more digits than the output can hold.
func Round(column, instead string) Change { return Change{column, Truncated, Unfit, instead} }

// Shorten is the change of a record above the size limit: null replaces its longest
// texts.
func Shorten(column string) Change {
	return Change{column, Truncated, TooLarge, "null in place of the longest texts"}
}

// Drop is the change of a value above a size limit: null replaces it.
func Drop(column string) Change { return Change{column, Nulled, TooLarge, "null"} }

// Rename is the change of a name that occurs twice in an object.
func Rename(column string) Change {
	return Change{column, Renamed, Repeated, "the name with _dup"}
}

// Replace is the change of a value that its column cannot hold, if the column is
// never null.
func Replace(column, instead string) Change { return Change{column, Replaced, Unfit, instead} }

// FoundDeleted describes the cursor of a tombstone, because Qualtrics has no date
// of a deletion.
const FoundDeleted = "when it was found deleted"

// Invent is the change of a missing value, if the column is never null.
func Invent(column, instead string) Change { return Change{column, Invented, NotSent, instead} }

// Mask is the change of text that contains a configured secret.
func Mask(column string) Change { return Change{column, Replaced, Secret, "[redacted]"} }
