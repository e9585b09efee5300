package sandbox

import "strings"

// tableOptions holds the export parameters of tables: files of the formats csv,
// tsv and xml (API §3.1).
type tableOptions struct {
	labels       bool // choice texts instead of codes
	labelColumns bool // choice texts beside codes
	breakout     bool // one column for each choice of a set
	order        bool // display orders
	zone         zone
	unanswered   string // cell of a question that was shown and not answered
	unticked     string // cell of an unticked choice in an answered set
	newline      *string
	commas       bool // in decimal numbers
	apostrophe   bool // before texts that begin with a minus
}

// tableColumn is one column of a table.
type tableColumn struct {
	tag, text string // the first two header rows
	key       string // of the record's values; the ImportId of the third row
	choiceID  string // in the third row, "" unless the column is about one choice
	kind      cellKind
	code      string   // a choice's JSON code in the record, for choiceID
	former    []string // its earlier codes
	choices   []choice // of a display order in one cell
	seenBy    string   // member of displayedFields if the question was shown; "" for columns without recode
	label     bool     // holds the labels of the column before it
}

// cellKind selects the conversion of a value into a cell.
type cellKind uint8

const (
	cellText       cellKind = iota
	cellNumber              // as in the record
	cellCode                // a code, or its label
	cellSet                 // codes, or their labels: one cell for all, or for one choice
	cellOrder               // the order of ids: one cell for all, or the position of one
	cellDate                // in the zone of the export
	cellCoordinate          // text in records, the whole binary expansion in tables
	cellTiming              // seconds
	cellX                   // of points
	cellY
)

// metadataColumns lists the columns in the recorded order (API §3.5).
var metadataColumns = []tableColumn{
	{tag: "StartDate", text: "Start Date", key: "startDate", kind: cellDate},
	{tag: "EndDate", text: "End Date", key: "endDate", kind: cellDate},
	{tag: "Status", text: "Response Type", key: "status", kind: cellCode},
	{tag: "IPAddress", text: "IP Address", key: "ipAddress"},
	{tag: "Progress", text: "Progress", key: "progress", kind: cellNumber},
	{tag: "Duration (in seconds)", text: "Duration (in seconds)", key: "duration", kind: cellNumber},
	{tag: "Finished", text: "Finished", key: "finished", kind: cellCode},
	{tag: "RecordedDate", text: "Recorded Date", key: "recordedDate", kind: cellDate},
	{tag: "ResponseId", text: "Response ID", key: "_recordId"},
	{tag: "RecipientLastName", text: "Recipient Last Name", key: "recipientLastName"},
	{tag: "RecipientFirstName", text: "Recipient First Name", key: "recipientFirstName"},
	{tag: "RecipientEmail", text: "Recipient Email", key: "recipientEmail"},
	{tag: "ExternalReference", text: "External Data Reference", key: "externalDataReference"},
	{tag: "LocationLatitude", text: "Location Latitude", key: "locationLatitude", kind: cellCoordinate},
	{tag: "LocationLongitude", text: "Location Longitude", key: "locationLongitude", kind: cellCoordinate},
	{tag: "DistributionChannel", text: "Distribution Channel", key: "distributionChannel"},
	{tag: "UserLanguage", text: "User Language", key: "userLanguage"},
}

// personal reports whether a metadata key identifies the respondent. Anonymized
// surveys have no columns for these keys (*recorded*).
func personal(key string) bool {
	return key == "ipAddress" || key == "externalDataReference" || strings.HasPrefix(key, "recipient") || strings.HasPrefix(key, "location")
}

// tableColumns returns the columns of an export in the recorded order. Metadata
// comes first, then questions in flow order, embedded data, Text iQ, and the
// display orders of flow and blocks. The positions of the modified date, of scores and of
// derived fields are *assumed*.
func (r *record) tableColumns(o tableOptions) []tableColumn {
	var columns []tableColumn
	for _, c := range metadataColumns {
		if r.wants(c.key) && !(r.kind.anonymous && personal(c.key)) {
			columns = append(columns, c)
		}
	}
	if r.modifiedKey != "" {
		key := strings.Trim(r.modifiedKey, `":`)
		columns = append(columns, tableColumn{tag: "LastModifiedDate", text: "Last Modified Date", key: key, kind: cellDate})
	}
	b := &tableBuilder{options: o, columns: columns}
	form := newView(r.survey.everySheet(), r.query)
	for i := range form.questions {
		if form.asked[i] {
			b.question(&form.questions[i])
		}
	}
	for i, f := range form.fields {
		if form.kept[i] {
			kind := cellText
			if f.value == valueLarge || f.value == valueBoolean {
				kind = cellNumber
			}
			b.columns = append(b.columns, tableColumn{tag: f.name, text: f.name, key: f.name, kind: kind})
		}
	}
	b.columns = append(append(append(b.columns, b.topics...), b.derived...), b.orders...)
	if !o.labelColumns {
		return b.columns
	}
	return withLabelColumns(b.columns)
}

// withLabelColumns adds a column of labels after each column of codes. The mark
// in the third header row is *documented*. Position and tag are *assumed*.
func withLabelColumns(columns []tableColumn) []tableColumn {
	var all []tableColumn
	for _, c := range columns {
		all = append(all, c)
		if c.kind == cellCode || c.kind == cellSet {
			c.label = true
			all = append(all, c)
		}
	}
	return all
}
