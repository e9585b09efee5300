package sandbox

import "strconv"

// statusLabels holds the labels of the states that the sandbox uses (API §3.5).
var statusLabels = map[int]string{
	statusNormal: `"IP Address"`, statusPreview: `"Survey Preview"`, statusTest: `"Survey Test"`,
	statusImported: `"Imported"`, statusSpam: `"Spam"`,
	statusPreview | statusSpam: `"Survey Preview Spam"`, statusImported | statusSpam: `"Imported Spam"`,
	statusTest | statusSpam: `"Survey Test Spam"`, // assumed
}

var distributionChannels = []string{"anonymous", "anonymous", "gl", "qr", "social", "sms"}

// writeMetadata writes the metadata keys of §3.6 in recorded order.
func (r *record) writeMetadata(f facts, seed uint64) {
	dice := random{hash2(seed, 1<<61)}
	link := dice.intn(3)
	if r.wants("startDate") {
		r.values = appendSeconds(put(r.values, `"startDate":`), f.start)
	}
	if r.wants("endDate") {
		r.values = appendSeconds(put(r.values, `"endDate":`), f.end)
	}
	if r.wants("status") {
		r.values = appendInt(put(r.values, `"status":`), f.status)
		r.labels = append(put(r.labels, `"status":`), statusLabels[f.status]...)
	}
	if !r.kind.anonymous {
		// The address is drawn in any case: the channel must not depend on the lists of a request.
		before := len(r.values)
		r.values = appendAddress(put(r.values, `"ipAddress":"`), &dice)
		if !r.wants("ipAddress") {
			r.values = r.values[:before]
		}
	}
	if r.wants("progress") {
		r.values = appendInt(put(r.values, `"progress":`), f.progress)
	}
	if r.wants("duration") {
		r.values = appendInt(put(r.values, `"duration":`), f.end-f.start)
	}
	if r.wants("finished") {
		if f.progress == 100 {
			r.values = put(r.values, `"finished":1`)
			r.labels = put(r.labels, `"finished":"True"`)
		} else {
			r.values = put(r.values, `"finished":0`)
			r.labels = put(r.labels, `"finished":"False"`)
		}
	}
	if r.wants("recordedDate") && !f.session {
		r.values = appendMillis(put(r.values, `"recordedDate":`), f.recorded)
	}
	if r.wants("_recordId") {
		r.values = append(put(r.values, `"_recordId":`), r.id...)
	}
	r.writeLocation(seed)
	identified := link == 0 && !f.generated()
	if identified {
		r.writeRecipient(seed)
	}
	r.writeChannel(f, identified, &dice)
	if r.modifiedKey != "" {
		r.values = appendMillis(put(r.values, r.modifiedKey), f.modified)
	}
}

// appendAddress appends an address of the ranges reserved for documentation,
// and the closing quote.
func appendAddress(b []byte, dice *random) []byte {
	if dice.chance(20) {
		b = append(b, "2001:db8::"...)
		b = strconv.AppendInt(b, int64(1+dice.intn(0xfffe)), 16)
		return append(b, '"')
	}
	b = append(b, "192.0.2."...)
	b = appendInt(b, 1+dice.intn(254))
	return append(b, '"')
}

// writeLocation writes the coordinates as strings. For one response in ten they
// are unknown.
func (r *record) writeLocation(seed uint64) {
	dice := random{hash2(seed, 1<<60)}
	if r.kind.anonymous || dice.chance(10) {
		return
	}
	// Both are drawn in any case: one must not depend on whether the other is asked for.
	latitude, longitude := 1e9+dice.intn(8e9), 1e9+dice.intn(8e9)
	if r.wants("locationLatitude") {
		r.values = append(put(r.values, `"locationLatitude":"`), "40."...)
		r.values = append(appendInt(r.values, latitude), '"')
	}
	if r.wants("locationLongitude") {
		r.values = append(put(r.values, `"locationLongitude":"`), "-111."...)
		r.values = append(appendInt(r.values, longitude), '"')
	}
}

// writeRecipient names a contact of the first directory as the respondent.
func (r *record) writeRecipient(seed uint64) {
	if r.links == nil || r.links.base == 0 {
		return
	}
	dice := random{hash2(seed, 1<<59)}
	who := r.links.identity(dice.intn(r.links.base))
	for _, m := range [...]struct{ name, head, value string }{
		{"recipientLastName", `"recipientLastName":`, who.last},
		{"recipientFirstName", `"recipientFirstName":`, who.first},
		{"recipientEmail", `"recipientEmail":`, who.email},
		{"externalDataReference", `"externalDataReference":`, who.reference},
	} {
		if m.value != "" && r.wants(m.name) {
			r.values = appendQuoted(put(r.values, m.head), m.value)
		}
	}
}

func (r *record) writeChannel(f facts, identified bool, dice *random) {
	channel := pick(dice, distributionChannels)
	switch {
	case f.status&statusPreview != 0:
		channel = "preview"
	case f.status&statusTest != 0:
		channel = "test"
	case identified:
		channel = "email"
	}
	if r.wants("distributionChannel") {
		r.values = append(append(put(r.values, `"distributionChannel":"`), channel...), '"')
	}
	if r.wants("userLanguage") && f.status&statusTest == 0 {
		r.values = append(append(put(r.values, `"userLanguage":"`), pick(dice, r.kind.languages)...), '"')
	}
}
