package sandbox

// The methods of this file change the tenant at once, like another user of the
// account. Advance never calls them. Each reports whether the survey or
// directory exists.

// RenameSurvey gives a survey another name and moves its modified date.
func (s *Sandbox) RenameSurvey(surveyID, name string) bool {
	return s.changeSurvey(surveyID, func(one *survey) {
		one.title = name
		one.modified = max(one.modified, s.Now().Unix())
	})
}

// CloseSurvey makes a survey inactive: it gets no more responses. That this
// moves its modified date is *assumed*.
func (s *Sandbox) CloseSurvey(surveyID string) bool { return s.activate(surveyID, false) }

// ReopenSurvey makes a survey active again.
func (s *Sandbox) ReopenSurvey(surveyID string) bool { return s.activate(surveyID, true) }

func (s *Sandbox) activate(surveyID string, active bool) bool {
	return s.changeSurvey(surveyID, func(one *survey) {
		one.active = active
		one.modified = max(one.modified, s.Now().Unix())
	})
}

// GiveSurvey makes another user the owner of a survey. It stays listed, and its
// modified date stays where it is (*assumed*, both).
func (s *Sandbox) GiveSurvey(surveyID, ownerID string) bool {
	return s.changeSurvey(surveyID, func(one *survey) { one.owner = ownerID })
}

// UnlistSurvey removes a survey from the list. Calls that name it still work,
// as for a survey that is shared through a group (API §2.1).
func (s *Sandbox) UnlistSurvey(surveyID string) bool {
	return s.changeSurvey(surveyID, func(one *survey) { one.shared = true })
}

// WithdrawSurvey removes the account's right to a survey. It is not listed, and
// all calls that name it return 403.
func (s *Sandbox) WithdrawSurvey(surveyID string) bool {
	return s.changeSurvey(surveyID, func(one *survey) { one.withdrawn = true })
}

// RestoreSurvey undoes UnlistSurvey and WithdrawSurvey.
func (s *Sandbox) RestoreSurvey(surveyID string) bool {
	return s.changeSurvey(surveyID, func(one *survey) { one.shared, one.withdrawn = false, false })
}

// RemoveSurvey deletes a survey. It is not listed, and all calls that name it
// return 404.
func (s *Sandbox) RemoveSurvey(surveyID string) bool {
	return s.changeSurvey(surveyID, func(one *survey) { one.deleted = true })
}

// changeSurvey changes an existing survey, listed or not.
func (s *Sandbox) changeSurvey(id string, change func(*survey)) bool {
	s.world.mutex.Lock()
	defer s.world.mutex.Unlock()
	one, ok := s.world.byID[id]
	if !ok || one.deleted {
		return false
	}
	change(one)
	return true
}

// WithdrawDirectory removes the account's right to a directory. It is not
// listed, and all calls that name it return 403 (*assumed*, as for surveys).
func (s *Sandbox) WithdrawDirectory(directoryID string) bool {
	return s.changeDirectory(directoryID, func(one *directory) { one.withdrawn = true })
}

// RestoreDirectory undoes WithdrawDirectory.
func (s *Sandbox) RestoreDirectory(directoryID string) bool {
	return s.changeDirectory(directoryID, func(one *directory) { one.withdrawn = false })
}

// RemoveDirectory deletes a directory with its contacts. It is not listed, and
// all calls that name it return 404 (*assumed*).
func (s *Sandbox) RemoveDirectory(directoryID string) bool {
	return s.changeDirectory(directoryID, func(one *directory) { one.deleted = true })
}

func (s *Sandbox) changeDirectory(id string, change func(*directory)) bool {
	s.world.mutex.Lock()
	defer s.world.mutex.Unlock()
	for _, one := range s.world.pools {
		if one.ident == id && !one.deleted {
			change(one)
			return true
		}
	}
	return false
}
