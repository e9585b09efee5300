package sandbox

import "time"

// listElement returns a contact of GET /directories/{d}/contacts (API §4.2): it
// has no dates, and its texts can be null.
func (c *contact) listElement(embedded bool) any {
	who := c.identity()
	element := map[string]any{
		"contactId": c.id(), "firstName": nullable(c.firstName()), "lastName": nullable(who.last),
		"email": nullable(who.email), "phone": nullable(c.phone()), "extRef": nullable(who.reference),
		"language": nullable(c.language()), "unsubscribed": c.optOut() != 0,
	}
	if embedded {
		element["embeddedData"] = c.embeddedData()
	}
	return element
}

// searchElement returns a contact of POST …/contacts/search (API §4.2). Its
// dates have the format of d.
func (c *contact) searchElement(d Doubt, embedded bool) any {
	who := c.identity()
	element := map[string]any{
		"id": c.id(), "creationDate": searchDate(d, c.created), "lastModified": searchDate(d, c.modified()),
		"firstName": nullable(c.firstName()), "lastName": nullable(who.last), "email": nullable(who.email),
		"phoneNumber": nullable(c.phone()), "externalDataReference": nullable(who.reference),
		"language": nullable(c.language()), "unsubscribed": c.optOut() != 0, "unsubscribeDate": nil,
		"stats": c.stats(),
	}
	if at := c.optOut(); at != 0 {
		element["unsubscribeDate"] = searchDate(d, at)
	}
	if embedded {
		element["embeddedData"] = c.embeddedData()
	}
	return element
}

func searchDate(d Doubt, unix int64) any {
	switch d.SearchDateFormat {
	case "":
		return isoSeconds(unix)
	case "ms":
		return unix * second
	}
	return time.Unix(unix, 0).UTC().Format(d.SearchDateFormat)
}

// detail returns the body of GET /directories/{d}/contacts/{c} (API §4.2). Its
// dates are epoch milliseconds.
func (c *contact) detail() any {
	who := c.identity()
	domain := ""
	if who.email != "" {
		domain = "example.com"
	}
	return map[string]any{
		"contactId": c.id(), "creationDate": c.created * second, "lastModified": c.modified() * second,
		"firstName": nullable(c.firstName()), "lastName": nullable(who.last), "email": nullable(who.email),
		"emailDomain": nullable(domain), "phone": nullable(c.phone()), "extRef": nullable(who.reference),
		"language": nullable(c.language()), "embeddedData": c.embeddedData(),
		"directoryUnsubscribed": c.optOut() != 0, "directoryUnsubscribeDate": millisOrNull(c.optOut()),
		"stats": c.stats(), "mailingListMembership": c.memberships(), "segmentMembership": map[string]any{}, "skipped": nil,
	}
}

func (c *contact) stats() map[string]any {
	r := c.dice(6)
	invited := r.intn(20)
	return map[string]any{"inviteCount": invited, "responseCount": r.intn(invited + 1)}
}

func millisOrNull(unix int64) any {
	if unix == 0 {
		return nil
	}
	return unix * second
}
