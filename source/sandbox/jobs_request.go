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
	json     bool // one JSON object instead of a line per record
	compress bool
}

// forbiddenWithJSON answer 400 together with json and ndjson (*documented*,
// API §3.1).
var forbiddenWithJSON = []string{
	"breakoutSets", "formatDecimalAsComma", "includeDisplayOrder", "multiselectSeenUnansweredRecode",
	"newlineReplacement", "seenUnansweredRecode", "timeZone", "useLabels",
}

// surveyMetadataIDs are what surveyMetadataIds takes (*documented*).
var surveyMetadataIDs = []string{
	"startDate", "endDate", "status", "ipAddress", "progress", "duration", "finished", "recordedDate", "_recordId",
	"locationLatitude", "locationLongitude", "recipientLastName", "recipientFirstName", "recipientEmail",
	"externalDataReference", "distributionChannel", "userLanguage",
}

var questionID = regexp.MustCompile(`^QID[0-9]+$`)

// invalidParameter has the *documented* text; whether it names the parameter
// like this is *assumed*.
func invalidParameter(name string) error {
	return badRequest("Invalid request. Missing or invalid parameter %s.", name)
}

// parseExport checks a body. Names are case-sensitive and retired ones are
// refused (*documented*); that every unknown name is refused is *assumed*.
func parseExport(body []byte, doubt Doubt) (exportRequest, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil || members == nil {
		return exportRequest{}, badRequest("Invalid request. The body must be a JSON object.")
	}
	p := &exportParameters{members: members, seen: make(map[string]bool)}
	request := exportRequest{json: p.format() == "json"}
	for _, name := range forbiddenWithJSON {
		if _, sent := p.take(name); sent {
			p.fail(badRequest("Invalid request. The parameter %s cannot be combined with the formats json and ndjson.", name))
		}
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
	p.boolean("includeLabelColumns", false) // *assumed* to have no effect here
	p.boolean("includeWaveWeights", false)  // likewise
	p.continuation()
	if _, sent := p.take("filterId"); sent {
		if q.Sort {
			p.fail(badRequest("Invalid request. filterId cannot be combined with sortByLastModifiedDate."))
		}
		p.fail(badRequest("Invalid request. The filter does not exist: the sandbox has no saved filters."))
	}
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

// exportParameters reads members one by one and keeps the first error.
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
	case "json", "ndjson":
	case "csv", "tsv", "spss", "xml":
		p.fail(badRequest("The sandbox exports the formats json and ndjson only, not %s.", format))
	default:
		p.fail(invalidParameter("format"))
	}
	return format
}

// boolean also takes "true" and "false" as text (*documented*: a client in use
// sends them).
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

// date takes ISO 8601 with Z or an offset, with or without fractions
// (*documented*); that one without a zone is refused is *assumed*.
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

// ids takes an array of texts. An empty one excludes the category (*recorded*);
// anything but an array is refused (*documented*). That ids of another shape
// are refused is *assumed*.
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
	// The published text spells one id in another way than recordings do.
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

// continuation refuses the pair (*documented*), and each alone because the
// sandbox has no continuation tokens.
func (p *exportParameters) continuation() {
	_, allowSent := p.take("allowContinuation")
	allow := p.boolean("allowContinuation", false)
	_, token := p.take("continuationToken")
	switch {
	case allowSent && token:
		p.fail(badRequest("Invalid request. allowContinuation cannot be combined with continuationToken."))
	case allow || token:
		p.fail(badRequest("The sandbox offers no continuation tokens: use startDate with sortByLastModifiedDate."))
	}
}
