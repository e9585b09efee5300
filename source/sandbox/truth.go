package sandbox

import (
	"iter"
	"maps"
	"slices"
	"time"
)

// truths lists the kinds of truth, one for each stream with rows of its own.
var truths = []struct {
	kind string
	rows func(*world) iter.Seq[[]byte]
}{
	{"surveys", (*world).surveyTruth},
	{"questions", (*world).questionTruth},
	{"question_choices", (*world).choiceTruth},
	{"blocks", structureTruth(asked.blocks)},
	{"block_questions", structureTruth(asked.blockQuestions)},
	{"survey_flow_elements", structureTruth(asked.flowElements)},
	{"embedded_data_fields", structureTruth(asked.embeddedFields)},
	{"scoring_categories", structureTruth(asked.scoringCategories)},
	{"survey_languages", structureTruth(asked.surveyLanguages)},
	{"survey_definitions", (*world).definitionTruth},
	{"survey_translations", structureTruth(asked.translations)},
	{"responses", (*world).responseTruth},
	{"answers", (*world).answerTruth},
	{"response_embedded_data", (*world).embeddedDataTruth},
	{"response_files", (*world).fileTruth},
	{"responses_in_progress", (*world).sessionTruth},
	{"feedback", (*world).feedbackTruth},
	{"directories", (*world).directoryTruth},
	{"contacts", (*world).contactTruth},
	{"mailing_lists", (*world).mailingListTruth},
	{"mailing_list_memberships", (*world).memberTruth},
	{"users", (*world).userTruth},
}

// TruthKinds lists the kinds of [Sandbox.Truth].
func TruthKinds() []string {
	kinds := make([]string, len(truths))
	for i, truth := range truths {
		kinds[i] = truth.kind
	}
	return kinds
}

// truth yields the objects that the account can see at the moment of the call,
// as compact JSON. Responses need a listed survey that can be exported, and
// questions a listed survey that can be read. A slice is valid until the next
// one.
func (w *world) truth(kind string) (iter.Seq[[]byte], bool) {
	for _, truth := range truths {
		if truth.kind == kind {
			return truth.rows(w), true
		}
	}
	return nil, false
}

func (w *world) surveyTruth() iter.Seq[[]byte] {
	w.mutex.RLock()
	defer w.mutex.RUnlock()
	var rows [][]byte
	for _, s := range w.listedLocked() {
		var row rowWriter
		row.text("survey_id", s.ident)
		row.text("name", s.title)
		row.text("owner_id", s.owner)
		row.yes("is_active", s.active)
		row.date("creation_date", s.created)
		row.date("last_modified", s.modified)
		rows = append(rows, row.done())
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
			moments = append(moments, moment{s, s.snapshot()})
		}
	}
	return func(yield func([]byte) bool) {
		var b []byte
		q := exportQuery{Sort: true}
		for _, m := range moments {
			record := newRecord(m.survey, q)
			record.damaged, record.at = m.shot.damaged, m.shot.at
			for f := range m.shot.query(q, w.doubt) {
				record.fill(f)
				b = appendQuoted(append(b[:0], `{"survey_id":`...), m.survey.ident)
				b = append(append(b, `,"response_id":`...), record.id...)
				b = appendExact(append(b, `,"recorded_date":`...), f.recorded)
				b = appendExact(append(b, `,"last_modified_date":`...), f.modified)
				b = append(append(b, `,"answer_values":`...), record.values...)
				b = append(b, '}')
				if !yield(b) {
					return
				}
			}
		}
	}
}

// versions is responseTruth without the content of the responses.
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
	var all []iter.Seq[*contact]
	for _, d := range w.directories() {
		all = append(all, d.contacts())
	}
	return func(yield func([]byte) bool) {
		var row rowWriter
		for _, contacts := range all {
			for c := range contacts {
				row = row[:0]
				c.appendTruth(&row)
				if !yield(row.done()) {
					return
				}
			}
		}
	}
}

func (c *contact) appendTruth(row *rowWriter) {
	who := c.identity()
	row.text("directory_id", c.directory.ident)
	row.text("contact_id", c.id())
	row.date("creation_date", c.created)
	row.date("last_modified", c.modified())
	row.textOrNull("email", who.email)
	row.textOrNull("first_name", c.firstName())
	row.textOrNull("last_name", who.last)
	row.textOrNull("external_data_reference", who.reference)
	row.textOrNull("language", c.language())
	row.textOrNull("phone", c.phone())
	row.yes("unsubscribed", c.optOut() != 0)
	var b []byte
	data := c.embeddedData()
	b = append(b, '{')
	for _, key := range slices.Sorted(maps.Keys(data)) {
		b = append(put(b, quoted(key)), ':')
		b = appendQuoted(b, data[key])
	}
	row.json("embedded_data", append(b, '}'))
}
