package sandbox

// savedFilter is a filter that a user saved on the web page (API §2.2).
type savedFilter struct {
	id, name string
	created  int64 // Unix seconds
	keep     func(facts) bool
}

// filters returns the saved filters. Every second survey has two.
func (s *survey) filters() []savedFilter {
	if s.index%2 == 1 {
		return nil
	}
	id := func(n uint64) string {
		return fingerprintOf(s.world.seed, "filter", s.ident, string(rune('a'+n))).uuid()
	}
	return []savedFilter{
		{id(0), "Finished", s.created + 7200, func(f facts) bool { return f.progress == 100 }},
		{id(1), "No previews / tests", s.created + 86400, func(f facts) bool { return !f.generated() }},
	}
}

func (s *survey) filter(id string) (savedFilter, bool) {
	for _, one := range s.filters() {
		if one.id == id {
			return one, true
		}
	}
	return savedFilter{}, false
}

// quotas returns the elements of GET /surveys/{id}/quotas (API §2.2). Every
// third survey has two quotas. Their counts grow with the responses.
func (s *survey) quotas() []any {
	all := []any{}
	if s.index%3 != 0 {
		return all
	}
	count := s.responseCount()
	quota := func(n uint64, name, logic string, combinations []any) map[string]any {
		return map[string]any{
			"id": "QO_" + token(idDigits, s.world.seed, kindFileID, uint64(s.index), n), "name": name,
			"count": count, "quota": 10000, "logicType": logic, "combinations": combinations,
		}
	}
	half := map[string]any{"count": count / 2, "quota": 5000, "description": "First half"}
	rest := map[string]any{"count": count - count/2, "quota": 5000, "description": "Second half"}
	return append(all, quota(0, "Everybody", "Simple", []any{}), quota(1, "Halves", "Cross", []any{half, rest}))
}
