package sandbox

import "iter"

// fileTruth yields the uploaded files of all visible responses, and their signatures.
func (w *world) fileTruth() iter.Seq[[]byte] {
	return w.recordTruth(func(s *survey) func(*answered, func([]byte) bool) bool {
		uploads := s.kind.uploads()
		return func(one *answered, yield func([]byte) bool) bool {
			for _, u := range uploads {
				if _, uploaded := one.values[u.part.columns[0].key]; uploaded && !yield(one.upload(u)) {
					return false
				}
			}
			return true
		}
	})
}

// upload is a question that takes a file, in one of its loops.
type upload struct {
	question *question
	part     *part
	key      string // the value keys begin with it
}

// uploads lists the questions that take files.
func (k *blueprint) uploads() (all []upload) {
	for i := range k.questions {
		q := &k.questions[i]
		for j := range q.parts {
			if p := &q.parts[j]; p.shape == shapeFile {
				first := p.columns[0].key
				all = append(all, upload{q, p, first[:len(first)-len("_FILE_ID")]})
			}
		}
	}
	return all
}

func (a *answered) upload(u upload) []byte {
	row := a.begin()
	row.text("file_key", u.key)
	row.text("question_id", u.question.id)
	row.json("file_id", a.values[u.part.columns[0].key])
	row.json("file_name", a.values[u.part.columns[1].key])
	row.json("file_size", a.values[u.part.columns[2].key])
	row.json("file_type", a.values[u.part.columns[3].key])
	if a.form == nil {
		return row.done()
	}
	if at := a.form.at(u.question.id); at >= 0 {
		kind := "file"
		if u.question.kind == "Draw" {
			kind = "signature"
		}
		row.text("kind", kind)
		row.text("question_tag", u.question.tag)
		row.text("question_text", visible(a.form.questions[at].text))
	}
	return row.done()
}
