package sandbox

// RemoveUser deletes a user: it is not listed, and calls that name it return
// 404 (*assumed*). It returns false if the user does not exist. The account
// itself cannot be deleted.
func (s *Sandbox) RemoveUser(userID string) bool {
	return s.changeUser(userID, func(c *userChange) { c.gone = true })
}

// ChangeUser replaces the type, status and division of a user. An empty text
// keeps the present value, and the division "-" removes it. The account itself
// cannot be changed.
func (s *Sandbox) ChangeUser(userID, userType, status, division string) bool {
	return s.changeUser(userID, func(c *userChange) {
		for member, value := range map[*string]string{&c.kind: userType, &c.status: status, &c.division: division} {
			if value != "" {
				*member = value
			}
		}
	})
}

// changeUser changes an existing user, but not the account itself.
func (s *Sandbox) changeUser(id string, change func(*userChange)) bool {
	u := s.world.people
	s.world.mutex.Lock()
	defer s.world.mutex.Unlock()
	number, ok := u.numberLocked(id)
	if !ok || number == 0 {
		return false
	}
	c := u.changes[number]
	change(&c)
	u.setLocked(number, c)
	return true
}
