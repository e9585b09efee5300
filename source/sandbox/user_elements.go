package sandbox

// element returns an element of GET /users (*documented*, API §6).
func (u *user) element() map[string]any {
	first, last := u.name()
	return map[string]any{
		"id": u.id(), "divisionId": nullable(u.division()), "username": u.username(), "firstName": first, "lastName": last,
		"userType": u.kind(), "email": u.email(), "accountStatus": u.status(),
	}
}

// detail returns the result of GET /users/{id}. It has more members than the
// list, and dates in RFC 3339 (*documented*, API §6). The values of permissions
// and identityProvider are *assumed*. It never includes a token or a password.
func (u *user) detail() any {
	r := u.dice(6)
	created := u.created()
	last := created + r.span(max(u.all.end-created, 1))
	detail := u.element()
	for name, value := range map[string]any{
		"organizationId": u.all.world.brandID(), "language": pick(&r, []string{"EN", "DE", "FR"}), "unsubscribed": false,
		"accountCreationDate": isoSeconds(created), "accountExpirationDate": nil,
		"passwordLastChangedDate": isoSeconds(created), "passwordExpirationDate": nil, "lastLoginDate": isoSeconds(last),
		"timeZone":         pick(&r, []string{"America/Denver", "Europe/Berlin", "Asia/Tokyo"}),
		"responseCounts":   map[string]any{"auditable": r.intn(5000), "generated": r.intn(50), "deleted": r.intn(100)},
		"permissions":      map[string]any{"controlPanel": map[string]any{"surveyPermissions": map[string]any{"createSurveys": map[string]any{"state": []any{"on"}}}}},
		"identityProvider": nil,
	} {
		detail[name] = value
	}
	return detail
}
