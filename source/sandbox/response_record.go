package sandbox

import "slices"

// record writes the JSON of responses into buffers that it reuses. Each
// iteration of an export has its own record.
type record struct {
	survey      *survey
	kind        *blueprint
	links       *directory // the directory of identified respondents, nil for none
	metadata    map[string]bool
	everything  bool   // all metadata
	modifiedKey string // name of the modified date in JSON, "" = rows have none
	query       exportQuery
	editions    []*edition
	views       []*view // by edition, nil until one is needed
	damaged     map[int]RecordDamage
	at          int64 // Unix milliseconds
	analyzed    bool  // Text iQ has read the response
	table       bool  // the record becomes a table row, without damage

	values, labels, shown, offered []byte
	out, id                        []byte
}

// view is a sheet with the selection of a query.
type view struct {
	*sheet
	asked []bool // parallel to questions
	kept  []bool // parallel to fields
}

func newView(s *sheet, q exportQuery) *view {
	v := &view{sheet: s, asked: make([]bool, len(s.questions)), kept: make([]bool, len(s.fields))}
	for i := range v.asked {
		v.asked[i] = q.Questions == nil || slices.Contains(*q.Questions, s.questions[i].id)
	}
	for i := range v.kept {
		v.kept[i] = q.Embedded == nil || slices.Contains(*q.Embedded, s.fields[i].name)
	}
	return v
}

// view returns the questions and fields that a response can have.
func (r *record) view(f facts) *view {
	at := editionOf(r.editions, f)
	if r.views[at] == nil {
		if at == 0 {
			r.views[at] = newView(r.kind.sheet(), r.query)
		} else {
			r.views[at] = newView(r.editions[at-1].form.sheet(r.kind), r.query)
		}
	}
	return r.views[at]
}

// newRecord must not be called with the world's mutex.
func newRecord(s *survey, q exportQuery) *record {
	r := &record{
		survey: s, kind: s.kind, everything: q.Metadata == nil, table: q.Table,
		query: q,
	}
	s.world.mutex.RLock()
	r.editions = s.editions
	s.world.mutex.RUnlock()
	r.views = make([]*view, len(r.editions)+1)
	if !s.kind.anonymous && len(s.world.pools) > 0 {
		r.links = s.world.pools[0]
	}
	if q.Metadata != nil {
		r.metadata = make(map[string]bool, len(*q.Metadata))
		for _, name := range *q.Metadata {
			r.metadata[name] = true
		}
	}
	if q.Sort && !q.InProgress {
		switch key := s.world.doubt.ModifiedKey; key {
		case "":
			r.modifiedKey = `"_lastModifiedDate":`
		case "none":
		default:
			r.modifiedKey = quoted(key) + ":"
		}
	}
	return r
}

// json returns the record of f (API §3.6), valid until the next call.
func (r *record) json(f facts) []byte {
	r.fill(f)
	b := append(r.out[:0], `{"responseId":`...)
	b = append(b, r.id...)
	b = append(b, `,"values":`...)
	b = append(b, r.values...)
	b = append(b, `,"labels":`...)
	b = append(b, r.labels...)
	b = append(b, `,"displayedFields":`...)
	b = append(b, r.shown...)
	b = append(b, `,"displayedValues":`...)
	b = append(b, r.offered...)
	r.out = append(b, '}')
	if !r.table {
		r.out = r.damage(f).ofRow(r.out, r.id)
	}
	return r.out
}

func (r *record) damage(f facts) RecordDamage {
	if f.session {
		return Undamaged
	}
	return r.damaged[f.index]
}

// fill writes the sections of the record of f.
func (r *record) fill(f facts) {
	r.id = append(r.id[:0], '"')
	ids, kind := &r.survey.world.responseIDs, kindAnswer
	if f.session {
		ids, kind = &r.survey.world.sessionIDs, kindSession
	}
	r.id = append(ids.appendTo(r.id, r.survey.index, f.index), '"')
	seed := hash(r.survey.responses.history.key, kind, uint64(f.index))

	r.values = append(r.values[:0], '{')
	r.labels = append(r.labels[:0], '{')
	r.shown = append(r.shown[:0], '[')
	r.offered = append(r.offered[:0], '{')
	r.writeMetadata(f, seed)
	metadata := len(r.values)
	late := r.survey.world.doubt.TopicsAfter.Milliseconds()
	r.analyzed = late == 0 || f.recorded+late <= r.at
	form := r.view(f)
	reached := (len(form.questions)*f.progress + 99) / 100
	if f.empty {
		reached = 0
	}
	for i := range form.questions[:reached] {
		if !form.asked[i] {
			continue
		}
		draw, variant := form.draws[i], uint64(0)
		if f.revision > 0 && (draw+uint64(f.revision))%2 == 0 {
			variant = uint64(f.revision)
		}
		dice := random{hash2(seed, variant<<32|draw)}
		r.answer(&form.questions[i], &dice)
	}
	r.writeFields(form, f, seed)
	r.values = append(r.values, '}')
	if r.damage(f) == RecordWithControl {
		r.values = appendControl(r.values, metadata)
	}
	r.labels = append(r.labels, '}')
	r.shown = append(r.shown, ']')
	r.offered = append(r.offered, '}')
}

func (r *record) writeFields(form *view, f facts, seed uint64) {
	for i := range form.fields {
		dice := random{hash2(seed, 1<<62|uint64(i))}
		// A field that was never set is absent.
		if !form.kept[i] || dice.chance(6) || f.empty {
			continue
		}
		r.values = put(r.values, form.fields[i].head)
		r.values = appendField(r.values, form.fields[i].value, &dice, f.revision)
	}
}

// put appends head to an unfinished object or array, after a comma unless it is
// the first member.
func put(b []byte, head string) []byte {
	if last := b[len(b)-1]; last != '{' && last != '[' {
		b = append(b, ',')
	}
	return append(b, head...)
}

// wants reports whether the query includes a metadata key.
func (r *record) wants(name string) bool { return r.everything || r.metadata[name] }
