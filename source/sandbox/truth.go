package sandbox

import (
	"iter"
	"maps"
	"slices"
	"time"
)

// truth yields what exists and is visible at the moment of the call, one
// compact JSON object each: kind surveys, responses (of the listed surveys that
// can be exported) or contacts. A slice is valid until the next one.
func (w *world) truth(kind string) (iter.Seq[[]byte], bool) {
	switch kind {
	case "surveys":
		return w.surveyTruth(), true
	case "responses":
		return w.responseTruth(), true
	case "contacts":
		return w.contactTruth(), true
	}
	return nil, false
}

func (w *world) surveyTruth() iter.Seq[[]byte] {
	w.mutex.RLock()
	defer w.mutex.RUnlock()
	var rows [][]byte
	for _, s := range w.listedLocked() {
		b := appendQuoted([]byte(`{"survey_id":`), s.ident)
		b = appendQuoted(append(b, `,"name":`...), s.title)
		b = appendQuoted(append(b, `,"owner_id":`...), s.owner)
		if s.active {
			b = append(b, `,"is_active":true`...)
		} else {
			b = append(b, `,"is_active":false`...)
		}
		b = appendSeconds(append(b, `,"creation_date":`...), s.created)
		b = appendSeconds(append(b, `,"last_modified":`...), s.modified)
		rows = append(rows, append(b, '}'))
	}
	return slices.Values(rows)
}

func (w *world) responseTruth() iter.Seq[[]byte] {
	type moment struct {
		survey *survey
		shot   snapshot
	}
	w.mutex.RLock()
	defer w.mutex.RUnlock()
	var moments []moment
	for _, s := range w.listedLocked() {
		if s.canExport() {
			moments = append(moments, moment{s, s.responses.snapshot()})
		}
	}
	return func(yield func([]byte) bool) {
		var b []byte
		q := exportQuery{Sort: true}
		for _, m := range moments {
			record := newRecord(m.survey, q)
			for f := range m.shot.query(q, w.doubt) {
				record.fill(f)
				b = appendQuoted(append(b[:0], `{"survey_id":`...), m.survey.ident)
				b = append(append(b, `,"response_id":`...), record.id...)
				b = appendExact(append(b, `,"recorded_date":`...), f.recorded)
				b = appendExact(append(b, `,"last_modified_date":`...), f.modified)
				b = append(append(b, `,"values":`...), record.values...)
				b = append(b, '}')
				if !yield(b) {
					return
				}
			}
		}
	}
}

// versions is responseTruth without what the responses say.
func (w *world) versions(each func(surveyID, responseID string, modified time.Time)) {
	w.mutex.RLock()
	defer w.mutex.RUnlock()
	for _, s := range w.listedLocked() {
		if !s.canExport() {
			continue
		}
		for f := range s.responses.snapshot().query(exportQuery{Sort: true}, w.doubt) {
			each(s.ident, w.responseIDs.format(s.index, f.index), time.UnixMilli(f.modified))
		}
	}
}

func (w *world) contactTruth() iter.Seq[[]byte] {
	all := make([]iter.Seq[*contact], len(w.pools))
	for i, d := range w.pools {
		all[i] = d.contacts()
	}
	return func(yield func([]byte) bool) {
		var b []byte
		for _, contacts := range all {
			for c := range contacts {
				b = c.appendTruth(b[:0])
				if !yield(b) {
					return
				}
			}
		}
	}
}

func (c *contact) appendTruth(b []byte) []byte {
	who := c.identity()
	b = appendQuoted(append(b, `{"directory_id":`...), c.directory.ident)
	b = appendQuoted(append(b, `,"contact_id":`...), c.id())
	b = appendSeconds(append(b, `,"creation_date":`...), c.created)
	b = appendSeconds(append(b, `,"last_modified":`...), c.modified())
	b = appendQuotedOrNull(append(b, `,"email":`...), who.email)
	b = appendQuotedOrNull(append(b, `,"first_name":`...), c.firstName())
	b = appendQuotedOrNull(append(b, `,"last_name":`...), who.last)
	b = appendQuotedOrNull(append(b, `,"external_data_reference":`...), who.reference)
	b = appendQuotedOrNull(append(b, `,"language":`...), c.language())
	b = appendQuotedOrNull(append(b, `,"phone":`...), c.phone())
	if c.optOut() != 0 {
		b = append(b, `,"unsubscribed":true,"embedded_data":{`...)
	} else {
		b = append(b, `,"unsubscribed":false,"embedded_data":{`...)
	}
	data := c.embeddedData()
	for _, key := range slices.Sorted(maps.Keys(data)) {
		b = append(put(b, quoted(key)), ':')
		b = appendQuoted(b, data[key])
	}
	return append(b, "}}"...)
}
