package sandbox

import "iter"

// sessionTruth yields the open sessions of the listed surveys that can be exported, with
// the values of an export.
func (w *world) sessionTruth() iter.Seq[[]byte] {
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
		q := exportQuery{InProgress: true}
		for _, m := range moments {
			record := newRecord(m.survey, q)
			for f := range m.shot.query(q, w.doubt) {
				record.fill(f)
				var row rowWriter
				row.text("survey_id", m.survey.ident)
				row.json("session_id", record.id)
				row.date("start_date", f.start)
				row.date("end_date", f.end)
				row.number("progress", f.progress)
				row.json("answer_values", record.values)
				if !yield(row.done()) {
					return
				}
			}
		}
	}
}
