package sandbox

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"
	_ "time/tzdata" // for systems without time zones
)

// tableParameters lists parameters that exports of json and ndjson refuse with
// 400 (*documented*, API §3.1).
var tableParameters = []string{
	"breakoutSets", "formatDecimalAsComma", "includeDisplayOrder", "multiselectSeenUnansweredRecode",
	"newlineReplacement", "seenUnansweredRecode", "timeZone", "useLabels",
}

// refuseTableParameters refuses the parameters of tables. It accepts false and
// null, which clients send with every format. That Qualtrics accepts them is
// *assumed*.
func (p *exportParameters) refuseTableParameters(doubt Doubt) {
	for _, name := range tableParameters {
		raw, sent := p.take(name)
		value := string(bytes.Trim(raw, `"`))
		if sent && (doubt.RefuseFalseWithJSON || (value != "false" && value != "null")) {
			p.fail(badRequest("Invalid request. The parameter %s cannot be combined with the formats json and ndjson.", name))
		}
	}
}

// table reads the parameters of tables.
func (p *exportParameters) table() tableOptions {
	o := tableOptions{
		labels:       p.boolean("useLabels", false),
		labelColumns: p.boolean("includeLabelColumns", false),
		breakout:     p.boolean("breakoutSets", true),
		order:        p.boolean("includeDisplayOrder", false),
		commas:       p.boolean("formatDecimalAsComma", false),
		zone:         p.zone(),
		unanswered:   p.code("seenUnansweredRecode"),
		unticked:     p.code("multiselectSeenUnansweredRecode"),
	}
	if o.labels && o.labelColumns {
		p.fail(badRequest("Invalid request. useLabels cannot be combined with includeLabelColumns."))
	}
	if o.unticked == "" {
		o.unticked = o.unanswered
	}
	if raw, sent := p.take("newlineReplacement"); sent && string(raw) != "null" {
		if json.Unmarshal(raw, &o.newline) != nil {
			p.fail(invalidParameter("newlineReplacement"))
		}
	}
	return o
}

// zone reads an IANA time zone name. The refusal of other names is *assumed*.
func (p *exportParameters) zone() zone {
	raw, sent := p.take("timeZone")
	if !sent || string(raw) == "null" {
		return utcZone
	}
	var name string
	if json.Unmarshal(raw, &name) != nil || name == "" || name == "Local" {
		p.fail(invalidParameter("timeZone"))
		return utcZone
	}
	if name == utcZone.name {
		return utcZone
	}
	location, err := time.LoadLocation(name)
	if err != nil {
		p.fail(invalidParameter("timeZone"))
		return utcZone
	}
	return zone{name, location}
}

// code reads a whole number that marks a missing answer. It returns "" if the
// parameter is missing. An empty text is refused (*documented*).
func (p *exportParameters) code(name string) string {
	raw, sent := p.take(name)
	if !sent || string(raw) == "null" {
		return ""
	}
	number, err := strconv.Atoi(string(bytes.Trim(raw, `"`)))
	if err != nil {
		p.fail(invalidParameter(name))
		return ""
	}
	return strconv.Itoa(number)
}
