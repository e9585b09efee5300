package sandbox

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// exportRequest is a valid body of POST export-responses.
type exportRequest struct {
	query    exportQuery
	format   string // json, ndjson, csv, tsv or xml
	table    tableOptions
	compress bool
	allow    bool   // asks for a continuation token
	token    string // continues an earlier export, "" for none
	filter   string // id of a saved filter, "" for none

	parameters string // must be equal in a continuation of the export
}

// isTable reports whether the file is a table of columns.
func (r exportRequest) isTable() bool { return r.format != "json" && r.format != "ndjson" }

// surveyMetadataIDs lists the values of surveyMetadataIds (*documented*).
var surveyMetadataIDs = []string{
	"startDate", "endDate", "status", "ipAddress", "progress", "duration", "finished", "recordedDate", "_recordId",
	"locationLatitude", "locationLongitude", "recipientLastName", "recipientFirstName", "recipientEmail",
	"externalDataReference", "distributionChannel", "userLanguage",
}

var questionID = regexp.MustCompile(`^QID[0-9]+$`)

// invalidParameter returns the *documented* text. The position of the
// parameter's name in it is *assumed*.
func invalidParameter(name string) error {
	return badRequest("Invalid request. Missing or invalid parameter %s.", name)
}

// parseExport checks a body. Names are case-sensitive, and retired names are
// refused (*documented*). That every unknown name is refused is *assumed*.
func parseExport(body []byte, doubt Doubt) (exportRequest, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil || members == nil {
		return exportRequest{}, badRequest("Invalid request. The body must be a JSON object.")
	}
	p := &exportParameters{members: members, seen: make(map[string]bool)}
	request := exportRequest{format: p.format()}
	if request.isTable() {
		request.table = p.table()
		request.table.apostrophe = request.format != "xml"
		request.query.Table = true
	} else {
		p.refuseTableParameters(doubt)
	}
	request.compress = p.boolean("compress", true) || doubt.IgnoreCompressFalse
	q := &request.query
	q.Start, q.End = p.date("startDate"), p.date("endDate")
	q.Limit = p.limit()
	q.Sort = p.boolean("sortByLastModifiedDate", false)
	q.InProgress = p.boolean("exportResponsesInProgress", false)
	q.Questions = p.ids("questionIds", questionID.MatchString)
	q.Embedded = p.ids("embeddedDataIds", func(string) bool { return true })
	q.Metadata = p.metadata()
	p.boolean("includeLabelColumns", false) // *assumed* to have no effect on records
	p.boolean("includeWaveWeights", false)  // *assumed* to have no effect here
	request.allow, request.token = p.continuation()
	request.filter = p.filter(q.Sort, request.allow || request.token != "")
	request.parameters = p.lasting()
	if q.Sort && doubt.RejectSort {
		p.fail(invalidParameter("sortByLastModifiedDate"))
	}
	for name := range members {
		if !p.seen[name] {
			p.unknown = append(p.unknown, name)
		}
	}
	if len(p.unknown) > 0 {
		p.fail(invalidParameter(slices.Min(p.unknown)))
	}
	if q.InProgress {
		q.Sort = false // *documented*: without effect on open sessions
	}
	return request, p.err
}

// exportParameters reads the members of a body one by one and keeps the first
// error.
type exportParameters struct {
	members map[string]json.RawMessage
	seen    map[string]bool
	unknown []string
	err     error
}

func (p *exportParameters) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

func (p *exportParameters) take(name string) (json.RawMessage, bool) {
	p.seen[name] = true
	value, sent := p.members[name]
	return value, sent
}

func (p *exportParameters) format() string {
	var format string
	raw, sent := p.take("format")
	if !sent || json.Unmarshal(raw, &format) != nil {
		p.fail(invalidParameter("format"))
		return ""
	}
	switch format {
	case "json", "ndjson", "csv", "tsv", "xml":
	case "spss":
		p.fail(badRequest("The sandbox has no exports of the format spss: use csv, tsv, xml, json or ndjson."))
	default:
		p.fail(invalidParameter("format"))
	}
	return format
}

// boolean also accepts the texts "true" and "false" (*documented*: a client in
// use sends them).
func (p *exportParameters) boolean(name string, otherwise bool) bool {
	raw, sent := p.take(name)
	if !sent {
		return otherwise
	}
	switch string(bytes.Trim(raw, `"`)) {
	case "true":
		return true
	case "false":
		return false
	}
	p.fail(invalidParameter(name))
	return otherwise
}

// date accepts ISO 8601 with Z or an offset, with or without fractions
// (*documented*). That a date without a zone is refused is *assumed*.
func (p *exportParameters) date(name string) time.Time {
	raw, sent := p.take(name)
	if !sent {
		return time.Time{}
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		p.fail(invalidParameter(name))
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		p.fail(invalidParameter(name))
	}
	return at
}

func (p *exportParameters) limit() int {
	raw, sent := p.take("limit")
	if !sent {
		return 0
	}
	limit, err := strconv.Atoi(string(bytes.Trim(raw, `"`)))
	if err != nil || limit < 1 {
		p.fail(invalidParameter("limit"))
	}
	return limit
}

// ids accepts an array of texts. An empty array excludes the category
// (*recorded*). Other types are refused (*documented*). That ids of another
// form are refused is *assumed*.
func (p *exportParameters) ids(name string, valid func(string) bool) *[]string {
	raw, sent := p.take(name)
	if !sent {
		return nil
	}
	var list []string
	if err := json.Unmarshal(raw, &list); err != nil || list == nil {
		p.fail(invalidParameter(name))
		return nil
	}
	for _, id := range list {
		if !valid(id) {
			p.fail(invalidParameter(name))
		}
	}
	return &list
}

func (p *exportParameters) metadata() *[]string {
	// The published text and the recordings spell this id differently.
	const alias, recorded = "externalReference", "externalDataReference"
	list := p.ids("surveyMetadataIds", func(id string) bool { return id == alias || slices.Contains(surveyMetadataIDs, id) })
	if list != nil {
		for i, id := range *list {
			if id == alias {
				(*list)[i] = recorded
			}
		}
	}
	return list
}
