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
	questions   []bool // parallel to kind.questions
	fields      []bool // parallel to kind.fields
	damaged     map[int]RecordDamage
	table       bool // the record becomes a table row, without damage

	values, labels, shown, offered []byte
	out, id                        []byte
}

func newRecord(s *survey, q exportQuery) *record {
	r := &record{
		survey: s, kind: s.kind, everything: q.Metadata == nil, table: q.Table,
		questions: make([]bool, len(s.kind.questions)),
		fields:    make([]bool, len(s.kind.fields)),
	}
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
	for i := range r.questions {
		r.questions[i] = q.Questions == nil || slices.Contains(*q.Questions, s.kind.questions[i].id)
	}
	for i := range r.fields {
		r.fields[i] = q.Embedded == nil || slices.Contains(*q.Embedded, s.kind.fields[i].name)
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
	reached := (len(r.kind.questions)*f.progress + 99) / 100
	if f.empty {
		reached = 0
	}
	for i := range r.kind.questions[:reached] {
		if !r.questions[i] {
			continue
		}
		variant := uint64(0)
		if f.revision > 0 && (i+f.revision)%2 == 0 {
			variant = uint64(f.revision)
		}
		dice := random{hash2(seed, variant<<32|uint64(i))}
		r.answer(&r.kind.questions[i], &dice)
	}
	r.writeFields(f, seed)
	r.values = append(r.values, '}')
	if r.damage(f) == RecordWithControl {
		r.values = appendControl(r.values, metadata)
	}
	r.labels = append(r.labels, '}')
	r.shown = append(r.shown, ']')
	r.offered = append(r.offered, '}')
}

func (r *record) writeFields(f facts, seed uint64) {
	for i := range r.kind.fields {
		dice := random{hash2(seed, 1<<62|uint64(i))}
		// A field that was never set is absent.
		if !r.fields[i] || dice.chance(6) || f.empty {
			continue
		}
		r.values = put(r.values, r.kind.fields[i].head)
		r.values = appendField(r.values, r.kind.fields[i].value, &dice, f.revision)
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
