package sandbox

import (
	"crypto/subtle"
	"net/http"
	"slices"
	"strings"
)

// authenticate returns the scopes of the caller; nil means all, which an API
// token has (*documented*, API §1.3).
func (x *exchange) authenticate() ([]string, error) {
	if token := x.r.Header.Get("X-API-TOKEN"); token != "" {
		if subtle.ConstantTimeCompare([]byte(token), []byte(x.tenant.credentials.APIToken)) != 1 {
			return nil, &apiError{status: http.StatusUnauthorized, code: "DCD_7", message: "Unrecognized X-API-TOKEN."} // *recorded*
		}
		return nil, nil
	}
	token, ok := bearerToken(x.r)
	if !ok {
		return nil, &apiError{status: http.StatusBadRequest, code: "ATC_1", message: "An apiToken must be provided."} // *recorded*
	}
	x.bearer = true
	grant, known := x.tenant.tokens.find(token)
	if !known {
		// Status *documented*, code and text *assumed*.
		return nil, &apiError{status: http.StatusUnauthorized, code: "DCD_7", message: "Unrecognized access token."}
	}
	if !x.tenant.Now().Before(grant.expires) {
		// Text and code *assumed*, and the status by doubt.
		return nil, &apiError{status: x.tenant.options.Doubt.ExpiredTokenCode, code: "DCD_7", message: "The access token has expired."}
	}
	return grant.scopes, nil
}

// bearerToken returns the token of an Authorization header; the scheme's case
// does not matter (*documented*).
func bearerToken(r *http.Request) (string, bool) {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(token), ok && strings.EqualFold(scheme, "bearer")
}

// authorize checks the scope of the endpoint.
func (x *exchange) authorize(granted []string) error {
	scope := x.route.scope
	if x.route.pattern == "/whoami" && x.tenant.options.Doubt.WhoAmINeedsScope && x.bearer {
		// *assumed*: no scope that a client can get allows it.
		return missingScope("read:users")
	}
	if scope == "" || !x.bearer || hasScope(granted, scope) {
		return nil
	}
	return missingScope(scope)
}

// missingScope begins with the *documented* text; its code is *assumed*.
func missingScope(scope string) error {
	return &apiError{
		status: http.StatusForbidden, code: "ATC_3",
		message: "You are missing the following required scopes: " + scope,
	}
}

// hasScope reports whether a scope was granted. A manage scope includes the
// read scope (*documented*).
func hasScope(granted []string, scope string) bool {
	object := strings.TrimPrefix(scope, "read:")
	return slices.Contains(granted, scope) || slices.Contains(granted, "manage:"+object) || slices.Contains(granted, "manage:all")
}

// scopeObjects lists the objects that scopes name (*documented*, API §1.4).
var scopeObjects = []string{
	"activity_logs", "contact_frequency_rules", "contact_transactions", "directories", "directory_contacts",
	"distributions", "divisions", "groups", "libraries", "mailing_list_contacts", "mailing_lists", "organizations",
	"participants", "samples", "subscriptions", "survey_responses", "survey_sessions", "surveys", "tickets", "users",
}

func readScopes() []string {
	scopes := []string{"read:imported_data_projects"}
	for _, object := range scopeObjects {
		scopes = append(scopes, "read:"+object)
	}
	return scopes
}

// isScope reports whether Qualtrics knows a scope. That every object has a
// write scope is *assumed*.
func isScope(scope string) bool {
	if slices.Contains([]string{
		"read:imported_data_projects", "manage:all", "manage:customer_data_requests",
		"manage:erasure_requests", "openid", "profile",
	}, scope) {
		return true
	}
	verb, object, ok := strings.Cut(scope, ":")
	return ok && slices.Contains([]string{"read", "manage", "write"}, verb) && slices.Contains(scopeObjects, object)
}
