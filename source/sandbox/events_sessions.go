package sandbox

import "slices"

// OpenSession opens a session of a survey, and returns its id.
func (s *Sandbox) OpenSession(surveyID string, progress int) (id string, ok bool) {
	ok = s.changeSurvey(surveyID, func(one *survey) {
		of := &one.responses
		of.sessions = append(slices.Clip(of.sessions), session{number: of.opened, start: s.Now().Unix(), progress: uint8(max(0, min(99, progress)))})
		id = s.world.sessionIDs.format(one.index, of.opened)
		of.opened++
	})
	return id, ok
}

// ResumeSession lets the respondent of an open session go on, up to a progress. It reports
// whether the session is open.
func (s *Sandbox) ResumeSession(surveyID, id string, progress int) (open bool) {
	return s.changeSession(surveyID, id, func(of *overlay, at int) {
		of.sessions = slices.Clone(of.sessions)
		of.sessions[at].resumed, of.sessions[at].progress = s.Now().Unix(), uint8(max(0, min(99, progress)))
	})
}

// RecordSession ends an open session: it becomes a response, whose id it returns.
func (s *Sandbox) RecordSession(surveyID, id string) (responseID string, open bool) {
	open = s.changeSession(surveyID, id, func(of *overlay, at int) {
		one, now := of.sessions[at], s.Now()
		of.sessions = slices.Delete(slices.Clone(of.sessions), at, at+1)
		index := of.arrive(arrival{start: one.start, end: max(now.Unix(), one.start+1), recorded: now.UnixMilli(), progress: 100}, false)
		responseID = s.world.responseIDs.format(s.world.byID[surveyID].index, index)
	})
	return responseID, open
}

// ExpireSession ends an open session without a response.
func (s *Sandbox) ExpireSession(surveyID, id string) (open bool) {
	return s.changeSession(surveyID, id, func(of *overlay, at int) { of.sessions = slices.Delete(slices.Clone(of.sessions), at, at+1) })
}

func (s *Sandbox) changeSession(surveyID, id string, change func(of *overlay, at int)) (open bool) {
	s.changeSurvey(surveyID, func(one *survey) {
		at := slices.IndexFunc(one.responses.sessions, func(held session) bool { return s.world.sessionIDs.format(one.index, held.number) == id })
		if open = at >= 0; open {
			change(&one.responses, at)
		}
	})
	return open
}
