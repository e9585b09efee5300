package sandbox

const usersPerPage = 100 // *documented*; no known parameter changes it

// listUsers returns pages by offset (*documented*, API §6).
func (s *Sandbox) listUsers(x *exchange) (any, error) {
	return pagedByOffset(x, s.world.people.list(), usersPerPage, func(u *user) any { return u.element() })
}

// singleUser returns 404 for an unknown id (*assumed*).
func (s *Sandbox) singleUser(x *exchange) (any, error) {
	found, ok := s.world.people.user(x.params["userId"])
	if !ok {
		return nil, errNotFound()
	}
	return found.detail(), nil
}
