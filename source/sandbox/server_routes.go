package sandbox

import (
	"net/http"
	"strings"
)

// route is one endpoint of the API.
type route struct {
	method    string
	pattern   string // below /API/v3, "{name}" stands for one path segment
	scope     string // required scope of a bearer token; "" for none
	perMinute int    // the published limit, API §7.2
	file      bool   // answers a file
	list      bool   // answers elements
	handle    func(*exchange) (any, error)
	covered   []Behavior

	segments []string
}

func (r *route) endpoint() string { return r.method + " " + r.pattern }

// match returns the path parameters.
func (r *route) match(segments []string) (map[string]string, bool) {
	if len(segments) != len(r.segments) {
		return nil, false
	}
	params := make(map[string]string)
	for i, segment := range r.segments {
		if name, ok := strings.CutPrefix(segment, "{"); ok {
			params[strings.TrimSuffix(name, "}")] = segments[i]
		} else if segment != segments[i] {
			return nil, false
		}
	}
	return params, true
}

const apiPrefix = "/API/v3/"

type router struct{ routes []*route }

// newRouter lists the endpoints. Scopes follow API §1.4 and limits API §7.2
// (*documented*, both). An endpoint without a published limit is *assumed* to
// have the limit of a similar endpoint.
func newRouter(s *Sandbox) *router {
	const get, post = http.MethodGet, http.MethodPost
	routes := []*route{
		{method: get, pattern: "/whoami", perMinute: 3000, handle: s.whoami, covered: whoamiCoverage},
		{method: get, pattern: "/surveys", scope: "read:surveys", perMinute: 3000, list: true, handle: s.listSurveys, covered: surveysCoverage},
		{method: get, pattern: "/surveys/{id}", scope: "read:surveys", perMinute: 3000, handle: s.legacySurvey, covered: legacySurveyCoverage},
		{method: get, pattern: "/survey-definitions/{id}", scope: "read:surveys", perMinute: 3000, handle: s.surveyDefinition, covered: definitionCoverage},
		{method: get, pattern: "/survey-definitions/{id}/questions", scope: "read:surveys", perMinute: 3000, list: true, handle: s.surveyMember(definitionQuestions), covered: questionsCoverage},
		{method: get, pattern: "/survey-definitions/{id}/flow", scope: "read:surveys", perMinute: 3000, handle: s.surveyMember(definitionFlow), covered: flowCoverage},
		{method: get, pattern: "/survey-definitions/{id}/metadata", scope: "read:surveys", perMinute: 3000, handle: s.surveyMember(definitionMetadata), covered: metadataCoverage},
		{method: get, pattern: "/surveys/{id}/quotas", scope: "read:surveys", perMinute: 3000, list: true, handle: s.surveyMember(surveyQuotas), covered: quotasCoverage},
		{method: get, pattern: "/surveys/{id}/filters", scope: "read:survey_responses", perMinute: 100, list: true, handle: s.surveyMember(surveyFilters), covered: filtersCoverage},
		{method: get, pattern: "/surveys/{id}/languages", scope: "read:surveys", perMinute: 2000, handle: s.surveyLanguages, covered: languagesCoverage},
		{method: get, pattern: "/surveys/{id}/translations/{language}", scope: "read:surveys", perMinute: 2000, handle: s.surveyTranslation, covered: translationCoverage},
		{method: get, pattern: "/surveys/{id}/response-schema", scope: "read:survey_responses", perMinute: 60, handle: s.responseSchema, covered: schemaCoverage},
		{method: get, pattern: "/surveys/{id}/responses/{responseId}", scope: "read:survey_responses", perMinute: 240, handle: s.singleResponse, covered: responseCoverage},
		{method: get, pattern: "/surveys/{id}/responses/{responseId}/uploaded-files/{fileId}", scope: "read:survey_responses", perMinute: 120, handle: s.uploadedFile, covered: uploadedFileCoverage},
		{method: post, pattern: "/surveys/{id}/export-responses", scope: "read:survey_responses", perMinute: 100, handle: s.startExport, covered: startCoverage},
		{method: get, pattern: "/surveys/{id}/export-responses/{progressId}", scope: "read:survey_responses", perMinute: 1000, handle: s.pollExport, covered: progressCoverage},
		{method: get, pattern: "/surveys/{id}/export-responses/{fileId}/file", scope: "read:survey_responses", perMinute: 100, file: true, handle: s.exportFile, covered: fileCoverage},
		{method: get, pattern: "/directories", scope: "read:directories", perMinute: 3000, list: true, handle: s.listDirectories, covered: directoriesCoverage},
		{method: get, pattern: "/directories/{id}/contacts", scope: "read:directory_contacts", perMinute: 3000, list: true, handle: s.listContacts, covered: contactsCoverage},
		{method: get, pattern: "/directories/{id}/contacts/{contactId}", scope: "read:directory_contacts", perMinute: 3000, handle: s.singleContact, covered: contactCoverage},
		{method: post, pattern: "/directories/{id}/contacts/search", scope: "read:directory_contacts", perMinute: 500, list: true, handle: s.searchContacts, covered: searchCoverage},
		{method: get, pattern: "/directories/{id}/mailinglists", scope: "read:mailing_lists", perMinute: 3000, list: true, handle: s.guarded(RightMailingLists, s.listMailingLists), covered: mailingListsCoverage},
		{method: get, pattern: "/directories/{id}/mailinglists/{mailingListId}", scope: "read:mailing_lists", perMinute: 3000, handle: s.guarded(RightMailingLists, s.singleMailingList), covered: mailingListCoverage},
		{method: get, pattern: "/directories/{id}/mailinglists/{mailingListId}/contacts", scope: "read:mailing_list_contacts", perMinute: 3000, list: true, handle: s.guarded(RightMailingLists, s.listMembers), covered: membersCoverage},
		{method: get, pattern: "/directories/{id}/mailinglists/{mailingListId}/contacts/{contactId}", scope: "read:mailing_list_contacts", perMinute: 3000, handle: s.guarded(RightMailingLists, s.singleMember), covered: memberCoverage},
		{method: get, pattern: "/users", scope: "read:users", perMinute: 3000, list: true, handle: s.guarded(RightUsers, s.listUsers), covered: usersCoverage},
		{method: get, pattern: "/users/{userId}", scope: "read:users", perMinute: 3000, handle: s.guarded(RightUsers, s.singleUser), covered: userCoverage},
	}
	for _, r := range routes {
		r.segments = strings.Split(strings.Trim(r.pattern, "/"), "/")
	}
	return &router{routes}
}

// find returns the endpoint of a request below /API/v3. The route is nil if
// there is none. Known reports whether the path exists with another method.
//
// A trailing slash is accepted (*recorded*). Two slashes count as one
// (*documented*: clients in use send them). Paths are case-sensitive
// (*documented*).
func (r *router) find(method, path string) (found *route, params map[string]string, known bool) {
	segments := strings.Split(strings.TrimSuffix(path, "/"), "/")
	for _, candidate := range r.routes {
		params, ok := candidate.match(segments)
		if !ok {
			continue
		}
		if candidate.method == method {
			return candidate, params, true
		}
		known = true
	}
	return nil, nil, known
}
